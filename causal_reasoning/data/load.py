"""The rows of one run: training and validation rows, and the splits that it is measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causal_reasoning.data.plant import Regime, check_plant, plant
from causal_reasoning.data.surrogates import Embed, data_columns, fit_surrogates
from causal_reasoning.data.table import Table, check_bindings, not_categorical, read_table
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment import Experiment
from causal_reasoning.experiment.spec import FileData, PlantSpec, WorldData
from causal_reasoning.files.templates import fill, template_fields

if TYPE_CHECKING:
    from causal_reasoning.scm import World

SAME = "same"


@dataclass(frozen=True)
class Split:
    """Rows to measure on.

    Parameters
    ----------
    name : str
        Key of the split.
    title : str
        Its name for people, such as ``"do(skill)"``.
    table : Table
        The rows.
    """

    name: str
    title: str
    table: Table


@dataclass(frozen=True)
class RunData:
    """All rows of one seed of an experiment.

    Parameters
    ----------
    train, validation : Table
        Rows of the observational regime; for the ceiling, of the mutilated world.
    splits : tuple of Split
        What is measured: same distribution, do, reversed and the user's own.
    """

    train: Table
    validation: Table
    splits: tuple[Split, ...]


def load_data(
    experiment: Experiment, seed: int, *, interventional: bool = False, embed: Embed | None = None
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

    Returns
    -------
    RunData
        Training, validation and measuring rows.

    Raises
    ------
    InputError
        For faulty files or settings, with their place.
    """
    loaded = _load(experiment, seed, interventional)
    own = tuple(_own_splits(experiment))
    graphs = [arm.graph for arm in experiment.arms if arm.graph is not None]
    if any(graph.surrogates for graph in graphs):
        # A category must mean the same in all arms, so the ceiling's are learnt from the rows of the others.
        fitting = _load(experiment, seed, False) if interventional else loaded
        surrogates = fit_surrogates(graphs, fitting.train, embed)
        loaded = RunData(
            surrogates.add(loaded.train),
            surrogates.add(loaded.validation),
            tuple(replace(split, table=surrogates.add(split.table)) for split in loaded.splits),
        )
        own = tuple(replace(split, table=surrogates.add(split.table, all_of_them=False)) for split in own)
    for arm in experiment.arms:
        if arm.graph is not None:
            check_bindings(loaded.train, arm.graph)
    for key, column in (("treatment", experiment.treatment), ("strata", experiment.strata)):
        path = ("treatment",) if key == "treatment" else ("evaluation", "strata")
        if column is None:
            continue
        if column not in loaded.train.columns:
            hint = did_you_mean(column, loaded.train.columns)
            raise experiment.document.error(path, f"there is no column '{column}'; {hint}")
        found = not_categorical(loaded.train, column)
        if found:
            raise experiment.document.error(path, f"the column '{column}' is not categorical: it {found[1]}")
    return RunData(loaded.train, loaded.validation, (*loaded.splits, *own))


def _load(experiment: Experiment, seed: int, interventional: bool) -> RunData:
    data = experiment.spec.data
    if isinstance(data, WorldData):
        return _from_world(experiment, data, seed, interventional)
    return _from_files(experiment, data, seed, interventional)


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
    intervened: dict[str, Any] = {treatment: experiment.policy} if treatment else {}
    turned: dict[str, Any] = {treatment: "reversed"} if treatment else {}

    def draw(rows: int, stream: int, do: Mapping[str, Any]) -> Table:
        number = int(np.random.SeedSequence([seed, stream]).generate_state(1)[0])
        return Table(world.sample(rows, number, do=do or None), f"world {world.name}")

    if interventional and not intervened:
        raise experiment.document.error(
            ("ceiling",), "there is no categorical treatment, so no ceiling; write 'ceiling: false'"
        )
    held_out = max(1, round(data.rows * data.validation))
    if held_out >= data.rows:
        raise experiment.document.error(("data", "rows"), "too few rows for a training and a validation part")
    rows = draw(data.rows, 1 if interventional else 0, intervened if interventional else {})
    items = experiment.spec.evaluation.items
    splits = [Split(SAME, "same distribution", draw(items, 2, {}))]
    if treatment:
        splits.append(Split("do", f"do({treatment})", draw(items, 3, intervened)))
        splits.append(Split("reversed", "reversed", draw(items, 4, turned)))
    return RunData(
        train=rows.rows(range(held_out, data.rows)),
        validation=rows.rows(range(held_out)),
        splits=tuple(splits),
    )


def _from_files(experiment: Experiment, data: FileData, seed: int, interventional: bool) -> RunData:
    parts = _parts(experiment, data, seed)
    if data.plant is None and interventional:
        raise experiment.document.error(
            ("ceiling",),
            "there is no way to draw rows under do(treatment) from files; write 'ceiling: false'",
        )
    regime: Regime = "do" if interventional else "observational"

    def render(table: Table, regime: Regime, stream: int) -> Table:
        rng = np.random.default_rng([seed, stream])
        if data.plant is not None:
            table = plant(data.plant, table, regime, rng)
        return _with_answer(experiment, data, table)

    if data.plant is not None:
        check_plant(data.plant, parts["train"], experiment.document)
        _check_intervention(experiment, data.plant)
    limit = experiment.spec.evaluation.items
    rng = np.random.default_rng([seed, 9])
    test = parts["test"].rows(rng.permutation(len(parts["test"]))[:limit].tolist())
    splits = [Split(SAME, "same distribution", render(test, "observational", 2))]
    if data.plant is not None:
        splits.append(Split("do", f"do({data.plant.by})", render(test, "do", 3)))
        splits.append(Split("reversed", "reversed", render(test, "reversed", 4)))
    return RunData(
        train=render(parts["train"], regime, 10 if interventional else 0),
        validation=render(parts["validation"], regime, 11 if interventional else 1),
        splits=tuple(splits),
    )


def _check_intervention(experiment: Experiment, spec: PlantSpec) -> None:
    """The rows keep their treatments, so only an intervention that keeps their distribution can be rendered."""
    if experiment.treatment not in (None, spec.by):
        raise experiment.document.error(
            ("data", "plant", "by"),
            f"the confounder is planted on '{spec.by}', but the treatment is '{experiment.treatment}'; "
            "they must be the same column",
        )
    if experiment.policy != "marginal":
        raise experiment.document.error(
            ("data", "plant"),
            "planted rows keep their treatments, so the do split and the ceiling exist for 'policy: marginal' only; "
            "change the policy of the graphs, or draw the rows from a world",
        )


def _needed(experiment: Experiment, data: FileData) -> set[str]:
    """Columns that the files themselves must have."""
    made = {data.plant.column, data.plant.into} if data.plant else set()
    needed = {*experiment.read, *experiment.write} - made
    if data.plant:
        needed |= {data.plant.by} | ({data.plant.noise.of} if data.plant.noise else set())
        made |= {data.plant.noise.column} if data.plant.noise else set()
    for arm in experiment.arms:
        if arm.graph is not None:
            needed |= data_columns(arm.graph) - made
    return needed | ({data.group} if data.group else set())


def _parts(experiment: Experiment, data: FileData, seed: int) -> dict[str, Table]:
    needed = _needed(experiment, data)
    table = read_table(experiment.path(data.train), needed)
    parts: dict[str, Table] = {}
    shares: dict[str, float] = {}
    for name, value in (("test", data.test), ("validation", data.validation)):
        if isinstance(value, str):
            parts[name] = read_table(experiment.path(value), needed)
        else:
            shares[name] = value
    if sum(shares.values()) >= 1:
        raise experiment.document.error(
            ("data",),
            f"the shares of test and validation sum to {sum(shares.values()):g}; leave rows to train on",
        )
    groups = table.columns[data.group] if data.group else [str(i) for i in range(len(table))]
    names = sorted(set(groups))
    order = [names[i] for i in np.random.default_rng([seed, 8]).permutation(len(names))]
    start = 0
    for name, share in shares.items():
        count = round(share * len(order))
        chosen = set(order[start : start + count])
        start += count
        parts[name] = table.rows(i for i, g in enumerate(groups) if g in chosen)
    rest = set(order[start:])
    parts["train"] = table.rows(i for i, g in enumerate(groups) if g in rest)
    for name, part in parts.items():
        if not len(part):
            raise InputError.at(
                table.source,
                f"too few rows for a {name} part ({len(table)} in all); give more rows or another share",
            )
    return parts


def _with_answer(experiment: Experiment, data: FileData, table: Table) -> Table:
    if data.answer is None:
        return table
    path = ("data", "answer")
    if len(experiment.write) > 1:
        raise experiment.document.error(
            path, f"the graphs write {', '.join(experiment.write)}, and a template writes one column; leave it out"
        )
    for name in template_fields(data.answer, experiment.document, path):
        if name not in table.columns:
            raise experiment.document.error(path, f"there is no column '{name}'; {did_you_mean(name, table.columns)}")
    template = data.answer
    column = experiment.write[0]
    rendered = [fill(template, {name: values[i] for name, values in table.columns.items()}) for i in range(len(table))]
    return table.with_columns(**{column: rendered})


def _own_splits(experiment: Experiment) -> list[Split]:
    found = []
    for name, written in experiment.spec.evaluation.splits.items():
        if name in (SAME, "do", "reversed"):
            raise experiment.document.error(
                ("evaluation", "splits", name),
                f"'{name}' is the name of a built-in split; take another",
                key=True,
            )
        path: Path = experiment.path(written)
        table = read_table(path, {*experiment.read, *experiment.write})
        found.append(Split(name, name, table.rows(range(min(len(table), experiment.spec.evaluation.items)))))
    return found
