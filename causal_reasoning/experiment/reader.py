"""From an experiment file to checked settings and the arms of the comparison."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.experiment.adapter_spec import AdapterSpec, SlotsSpec
from causal_reasoning.experiment.data_spec import ChatSpec
from causal_reasoning.experiment.spec import ArmSpec, ExperimentSpec, TrainingSpec
from causal_reasoning.files import Document, parse_yaml, read_yaml, validate
from causal_reasoning.files.shipped import find_shipped
from causal_reasoning.files.templates import template_fields
from causal_reasoning.graph import AssumptionGraph, load_graph
from causal_reasoning.graph.spec import EnvironmentPolicy, ObjectiveSpec

BASE = "untrained base"
CEILING = "ceiling"


@dataclass(frozen=True)
class Arm:
    """One row of the comparison.

    Parameters
    ----------
    name : str
        Its name in tables.
    kind : str
        ``"graph"``, ``"base"`` (the untrained model) or ``"ceiling"`` (plain likelihood on interventional data).
    graph : AssumptionGraph or None
        The graph that is compiled; ``None`` for the base and the ceiling.
    adapter : AdapterSpec or None
        What it trains, where that is not the experiment's adapter; see `Experiment.adapter`.
    """

    name: str
    kind: str
    graph: AssumptionGraph | None
    adapter: AdapterSpec | None = None

    @property
    def slug(self) -> str:
        """The name as part of a folder name."""
        return "".join(c if c.isalnum() else "-" for c in self.name.lower()).strip("-")


@dataclass(frozen=True)
class Experiment:
    """A checked experiment file.

    Parameters
    ----------
    spec : ExperimentSpec
        The settings.
    arms : tuple of Arm
        What is compared, in the order of the table: the base, the graphs, the ceiling.
    floor : str
        Name of the arm from which the gap to the ceiling is measured.
    treatment, strata : str or None
        Columns that the evaluation intervenes on and reports by.
    policy : str, dict or EnvironmentPolicy
        Distribution of the treatment under intervention; an environment where it is that of a split.
    read, write : tuple of str
        Text columns that the model is shown and must produce.
    folder : Path
        Where relative paths in the file start.
    document : Document
        The file with the place of every key.
    """

    spec: ExperimentSpec
    arms: tuple[Arm, ...]
    floor: str
    treatment: str | None
    strata: str | None
    policy: str | dict[str, float] | EnvironmentPolicy
    read: tuple[str, ...]
    write: tuple[str, ...]
    folder: Path
    document: Document

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.spec.name

    @property
    def chat(self) -> ChatSpec | None:
        """How prompts are put into the tokenizer's chat template; ``None`` where they are read as they are."""
        chat = self.spec.chat
        return (ChatSpec() if chat else None) if isinstance(chat, bool) else chat

    def adapter(self, arm: Arm) -> AdapterSpec:
        """What an arm trains: its own adapter, or else the slots of its graph, or else the experiment's."""
        if arm.adapter is not None:
            return arm.adapter
        return SlotsSpec() if arm.graph is not None and arm.graph.slots else self.spec.adapter

    def training(self, arm: Arm) -> TrainingSpec:
        """How an arm is trained: as the experiment says, with the learning rate of its adapter if that has one."""
        rate = self.adapter(arm).learning_rate
        return self.spec.training if rate is None else self.spec.training.model_copy(update={"learning_rate": rate})

    def adapter_place(self, arm: Arm) -> tuple[str | int, ...]:
        """Where the file says what an arm trains."""
        if arm.adapter is None:
            return ("adapter",)
        graphs = [other.name for other in self.arms if other.kind == "graph"]
        return ("arms", graphs.index(arm.name), "adapter")

    def path(self, written: str) -> Path:
        """Resolve a path of the file: beside it, or else below the working directory."""
        beside_it = self.folder / written  # an absolute path stays as it is
        try:
            found = Path(written) if not beside_it.exists() and Path(written).exists() else beside_it
            short = Path(os.path.normpath(found))
            return short if found.exists() and short.exists() and short.samefile(found) else found
        except (OSError, ValueError):  # for instance a name that is too long for a file
            return beside_it

    def named(self, written: str) -> str | Path:
        """Resolve what may be a path of the file or the name of something shipped."""
        return beside(self.folder, written)

    def arm(self, name: str) -> Arm:
        """Find an arm by its name.

        Raises
        ------
        InputError
            If there is none; the message names the nearest one.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        known = [arm.name for arm in self.arms]
        raise InputError.at(self.document.file, f"there is no arm '{name}'; {did_you_mean(name, known)}")


def load_experiment(source: str | Path, overrides: Mapping[str, str] | None = None) -> Experiment:
    """Read and check an experiment file, with the graphs that it names.

    Parameters
    ----------
    source : str or path
        An experiment file, or the name of a shipped example such as ``"letters"``.
    overrides : mapping of str to str, optional
        Other values for settings, as YAML by dotted key, such as ``{"training.steps": "100"}``.

    Returns
    -------
    Experiment
        The checked settings.

    Raises
    ------
    InputError
        Every fault with file, line and column.
    """
    path = find_shipped(source, "examples", "experiment")
    document = read_yaml(path)
    for key, text in (overrides or {}).items():
        _override(document, key, text)
    return _experiment(document, path.parent)


def _override(document: Document, key: str, text: str) -> None:
    """Put a value at a dotted key; a wrong key or value is found by the check that follows."""
    value = parse_yaml(text, f"--set {key}").data
    *parents, last = steps = tuple(key.split("."))
    place = document.data
    for depth, name in enumerate(parents, start=1):
        if isinstance(place, dict) and name not in place:
            document.overrides[steps[:depth]] = f"--set {key}"
        place = place.setdefault(name, {}) if isinstance(place, dict) else None
    document.overrides[steps] = f"--set {key}"
    if not isinstance(place, dict):
        raise InputError.at(f"--set {key}", f"'{'.'.join(parents)}' has no settings inside; see 'schema experiment'")
    place[last] = value


def parse_experiment(text: str, file: str = "<text>", folder: Path | None = None) -> Experiment:
    """Check an experiment given as YAML text; see `load_experiment`."""
    return _experiment(parse_yaml(text, file), folder or Path())


def _experiment(document: Document, folder: Path) -> Experiment:
    spec = validate(ExperimentSpec, document)
    faults: list[Fault] = []
    graphs: list[Arm] = []
    for index, written in enumerate(spec.arms):
        try:
            graph = _graph(written, folder)
            _check_slots(graph, written, document, index)
            graphs.append(Arm(written.name or "", "graph", graph, written.adapter))
        except InputError as error:
            own = [f for f in error.faults if f.line is None]
            faults.extend(f for f in error.faults if f.line is not None)
            faults.extend(document.fault(("arms", index, "graph"), f"{f.file}: {f.message}") for f in own)
    if faults:
        raise InputError(faults)
    graphs = [replace(arm, name=arm.name or arm.graph.name) for arm in graphs if arm.graph]
    arms = [Arm(BASE, "base", None)] if spec.base else []
    arms += graphs
    arms += [Arm(CEILING, "ceiling", None)] if spec.ceiling else []
    _distinct_names(arms, spec, document)
    floor = spec.floor or graphs[0].name
    if floor not in [arm.name for arm in arms]:
        raise document.error(("floor",), f"there is no arm '{floor}'; {did_you_mean(floor, [a.name for a in arms])}")
    _comparable_floor(arms, floor, spec, document)
    compiled = [arm.graph for arm in graphs if arm.graph]
    read = template_fields(spec.prompt, document, ("prompt",))
    write = tuple(compiled[0].column(node) for node in compiled[0].query.write)
    for index, graph in enumerate(compiled):
        _same_text(graph, read, write, document, index)
    treatment = spec.treatment or _treatment(compiled, document)
    return Experiment(
        spec=spec,
        arms=tuple(arms),
        floor=floor,
        treatment=treatment,
        strata=spec.evaluation.strata or _confounder(compiled),
        policy=_policy(compiled, treatment, document),
        read=read,
        write=write,
        folder=folder,
        document=document,
    )


def _distinct_names(arms: list[Arm], spec: ExperimentSpec, document: Document) -> None:
    """Names, and the folders made of them, must differ."""
    for second in range(len(arms)):
        for first in range(second):
            if arms[first].slug != arms[second].slug:
                continue
            what = (
                f"two arms are called '{arms[first].name}'"
                if arms[first].name == arms[second].name
                else f"the arms '{arms[first].name}' and '{arms[second].name}' would share a folder"
            )
            position = (first if arms[second].kind == "ceiling" else second) - (1 if spec.base else 0)
            raise document.error(("arms", position), f"{what}; give one of them another 'name'")


def _comparable_floor(arms: list[Arm], floor: str, spec: ExperimentSpec, document: Document) -> None:
    """The gap is between a floor and a ceiling that train the same adapter."""
    own = [arm.name for arm in arms if arm.adapter is not None or (arm.graph is not None and arm.graph.slots)]
    if not spec.ceiling or floor not in own:
        return
    others = [arm.name for arm in arms if arm.kind == "graph" and arm.name not in own]
    remedy = f"write 'floor: {others[0]}'" if others else "write 'ceiling: false', or give the experiment that adapter"
    index = [arm.name for arm in arms if arm.kind == "graph"].index(floor)
    raise document.error(
        ("arms", index, "adapter"),
        f"the floor '{floor}' has an adapter of its own, and the ceiling trains the experiment's, so the gap between "
        f"them would not be the objective's; {remedy}",
    )


def _check_slots(graph: AssumptionGraph, written: ArmSpec, document: Document, index: int) -> None:
    """A graph with slots says itself what is trained, and no other graph can."""
    if written.adapter is None or (written.adapter.kind == "slots") == bool(graph.slots):
        return
    if graph.slots:
        message = f"'{graph.name}' has slots ({', '.join(graph.slots)}), which are what is trained; leave 'adapter' out"
        message += ", or write {kind: slots, learning_rate: …}"
    else:
        message = f"'{graph.name}' has no slots: no node of it is bound to one; take another kind of adapter"
    raise document.error(("arms", index, "adapter"), message)


def beside(folder: Path, written: str) -> str | Path:
    """A file in a folder if there is one of this name, else what was written."""
    try:
        return folder / written if (folder / written).is_file() else written
    except OSError:  # for instance a name that is too long for a file
        return written


def _graph(arm: ArmSpec, folder: Path) -> AssumptionGraph:
    graph = load_graph(beside(folder, arm.graph))
    changes = arm.objective.model_dump(exclude_none=True)
    if not changes:
        return graph
    return replace(graph, objective=ObjectiveSpec.model_validate({**graph.objective.model_dump(), **changes}))


def _treatment(graphs: list[AssumptionGraph], document: Document) -> str | None:
    """The one categorical column that the graphs intervene on."""
    columns = sorted(
        {g.column(node) for g in graphs for node in g.query.do if not g.is_text(node) and node not in g.slots},
    )
    if len(columns) > 1:
        raise document.error(
            ("arms",),
            f"the graphs have different treatments ({', '.join(columns)}); say with 'treatment:' which column the "
            "evaluation intervenes on",
        )
    return columns[0] if columns else None


def _policy(
    graphs: list[AssumptionGraph], treatment: str | None, document: Document
) -> str | dict[str, float] | EnvironmentPolicy:
    """The one policy of the graphs that intervene on the treatment."""
    columns = [[g.column(n) for n in g.query.do if not g.is_text(n) and n not in g.slots] for g in graphs]
    policies = [_counted(g, treatment) for g, names in zip(graphs, columns, strict=True) if treatment in names]
    if any(policy != policies[0] for policy in policies):
        raise document.error(("arms",), "the graphs have different policies; compare graphs of one policy")
    return policies[0] if policies else "marginal"


def _counted(graph: AssumptionGraph, treatment: str | None) -> str | dict[str, float] | EnvironmentPolicy:
    """The policy over one treatment; where it was counted in a file, as a table."""
    policy = graph.query.policy
    if not isinstance(policy, EnvironmentPolicy) or policy.split is not None:
        return policy
    place = [graph.column(node) for node in graph.treatments].index(str(treatment))
    table: dict[str, float] = {}
    for values, probability in graph.environment:
        table[values[place]] = table.get(values[place], 0.0) + probability
    return table


def _same_text(
    graph: AssumptionGraph, read: tuple[str, ...], write: tuple[str, ...], document: Document, index: int
) -> None:
    """The prompt shows what the graph reads, no less and no more, and all graphs write the same."""
    wanted = sorted(graph.column(node) for node in graph.query.read)
    if wanted != sorted(read):
        raise document.error(
            ("arms", index),
            f"the graph {graph.name} reads {', '.join(wanted)}, but the prompt shows {', '.join(read) or 'nothing'}; "
            "make 'prompt' and the query's 'read' agree",
        )
    written = tuple(graph.column(node) for node in graph.query.write)
    if written != write:
        raise document.error(
            ("arms", index),
            f"the graph {graph.name} writes {', '.join(written)}, the first one {', '.join(write)}; "
            "graphs are compared on the same answer",
        )


def _confounder(graphs: list[AssumptionGraph]) -> str | None:
    columns = sorted(
        {
            g.column(name)
            for g in graphs
            for name, node in g.nodes.items()
            if node.role == "confounder" and node.bind is not None and not g.is_text(name)
        }
    )
    return columns[0] if len(columns) == 1 else None


def digest_of(value: Any) -> str:
    """SHA-256 of plain data in canonical JSON, as 64 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
