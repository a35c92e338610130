"""The rows of one run: training and validation rows, and the splits that it is measured on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from causal_reasoning.data.answers import answer_form
from causal_reasoning.data.checks import check_data
from causal_reasoning.data.environment import split_environment
from causal_reasoning.data.from_files import BUILT_IN, from_files, own_splits, reader_of
from causal_reasoning.data.readers import Raw
from causal_reasoning.data.rows import SAME as SAME
from causal_reasoning.data.rows import RunData as RunData
from causal_reasoning.data.rows import Split as Split
from causal_reasoning.data.surrogates import Embed, fit_surrogates
from causal_reasoning.data.table import Table, check_bindings, not_categorical
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment import Experiment
from causal_reasoning.experiment.data_spec import WorldData
from causal_reasoning.graph.spec import EnvironmentPolicy

if TYPE_CHECKING:
    from causal_reasoning.scm import World


def load_data(
    experiment: Experiment,
    seed: int,
    *,
    interventional: bool = False,
    embed: Embed | None = None,
    strict: bool = True,
) -> RunData:
    """Draw or read the rows of one seed.

    Arms of one seed share all rows; only the ceiling trains on rows of its own.

    Parameters
    ----------
    experiment : Experiment
        The checked experiment.
    seed : int
        Seed of the run.
    interventional : bool
        Train on rows drawn under do(treatment): the ceiling.
    embed : callable, optional
        The base model's embedding of texts; only surrogates that are clusters of embeddings need it.
    strict : bool
        Refuse rows that nothing should be trained on; otherwise they are among the findings.

    Returns
    -------
    RunData
        Training, validation and measuring rows.

    Raises
    ------
    InputError
        For faulty files, settings or rows, with their place.
    """
    loaded = _load(experiment, seed, interventional)
    graphs = [arm.graph for arm in experiment.arms if arm.graph is not None]
    if any(graph.surrogates for graph in graphs):
        # A category must mean the same in all arms, so the ceiling's are learnt from the rows of the others.
        fitting = _load(experiment, seed, False) if interventional else loaded
        surrogates = fit_surrogates(graphs, fitting.train, embed)
        loaded = replace(
            loaded,
            train=surrogates.add(loaded.train),
            validation=surrogates.add(loaded.validation),
            splits=tuple(
                replace(split, table=surrogates.add(split.table, all_of_them=split.name in BUILT_IN))
                for split in loaded.splits
            ),
        )
    for arm in experiment.arms:
        if arm.graph is not None:
            check_bindings(loaded.train, arm.graph)
    for key, column in (("treatment", experiment.treatment), ("strata", experiment.strata)):
        path = ("treatment",) if key == "treatment" else ("evaluation", "strata")
        if column is None:
            continue
        if column not in loaded.train.columns:
            hint = did_you_mean(column, [*loaded.train.columns, *loaded.train.others])
            raise experiment.document.error(path, f"there is no column '{column}'; {hint}")
        found = not_categorical(loaded.train, column)
        if found:
            raise experiment.document.error(path, f"the column '{column}' is not categorical: it {found[1]}")
    findings = () if interventional else check_data(experiment, loaded)
    refused = [finding.fault for finding in findings if finding.refuse]
    if refused and strict:
        raise InputError(refused)
    return replace(loaded, findings=findings)


def _load(experiment: Experiment, seed: int, interventional: bool) -> RunData:
    data = experiment.spec.data
    if isinstance(data, WorldData):
        return _from_world(experiment, data, seed, interventional)
    return from_files(experiment, data, seed, interventional)


def load_world_of(experiment: Experiment, data: WorldData) -> World:
    """Read the world that an experiment names, with the parameters that it sets.

    Raises
    ------
    InputError
        Faults of the world file at their place in it, all others at the place in the experiment file.
    """
    from causal_reasoning.scm import load_world

    source = experiment.named(data.world)
    placed = experiment.document.fault
    try:
        world = load_world(source)
    except InputError as error:
        raise InputError(
            placed(("data", "world"), f"{f.file}: {f.message}") if f.line is None else f for f in error.faults
        ) from error
    try:
        return load_world(source, data.set) if data.set else world
    except InputError as error:
        raise InputError(placed(("data", "set"), f.message) if f.line is None else f for f in error.faults) from error


def _from_world(experiment: Experiment, data: WorldData, seed: int, interventional: bool) -> RunData:
    world = load_world_of(experiment, data)
    treatment = experiment.treatment
    if treatment is not None and treatment not in world.nodes:
        raise experiment.document.error(
            ("treatment",) if experiment.spec.treatment else ("data", "world"),
            f"the world {world.name} has no node '{treatment}'; {did_you_mean(treatment, world.nodes)}",
        )
    turned: dict[str, Any] = {treatment: "reversed"} if treatment else {}

    def draw(rows: int, stream: int, do: Mapping[str, Any]) -> Table:
        number = int(np.random.SeedSequence([seed, stream]).generate_state(1)[0])
        return Table(world.sample(rows, number, do=do or None), f"world {world.name}")

    items = experiment.spec.evaluation.items
    same = draw(items, 2, {})
    whole = Raw(dict(same.columns), f"world {world.name}", tuple(range(1, items + 1)), "row")
    own = own_splits(experiment, reader_of(experiment), answer_form(experiment), lambda: (same, whole))
    intervened: dict[str, Any] = {treatment: _world_policy(experiment, own)} if treatment else {}
    if interventional and not intervened:
        raise experiment.document.error(
            ("ceiling",), "there is no categorical treatment, so no ceiling; write 'ceiling: false'"
        )
    held_out = max(1, round(data.rows * data.validation))
    if held_out >= data.rows:
        raise experiment.document.error(("data", "rows"), "too few rows for a training and a validation part")
    rows = draw(data.rows, 1 if interventional else 0, intervened if interventional else {})
    splits = [Split(SAME, "same distribution", same)]
    if treatment:
        splits.append(Split("do", f"do({treatment})", draw(items, 3, intervened)))
        splits.append(Split("reversed", "reversed", draw(items, 4, turned)))
    return RunData(
        train=rows.rows(range(held_out, data.rows)),
        validation=rows.rows(range(held_out)),
        splits=(*splits, *own),
    )


def _world_policy(experiment: Experiment, own: Sequence[Split]) -> str | dict[str, float]:
    """The policy as a world takes it: a word or a table."""
    policy = experiment.policy
    if not isinstance(policy, EnvironmentPolicy):
        return policy
    counted = split_environment(policy, [str(experiment.treatment)], experiment, own)
    return {values[0]: probability for values, probability in counted}
