"""Rows of one run from files or hub sets: read, named, filtered, divided, planted, answers in their form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from causal_reasoning.data.answers import AnswerForm, answer_form, check_answer_form, split_form
from causal_reasoning.data.columns import column_mapping, mapped, named
from causal_reasoning.data.duplicates import duplicates, without
from causal_reasoning.data.filters import kept
from causal_reasoning.data.hub import read_hub
from causal_reasoning.data.parts import parts_of
from causal_reasoning.data.plant import Regime, check_plant, complete, plant
from causal_reasoning.data.readers import Raw, read_raw
from causal_reasoning.data.rows import SAME, Duplicates, RunData, Split
from causal_reasoning.data.surrogates import data_columns
from causal_reasoning.data.table import Table, table_of
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment import Experiment, PlantSpec
from causal_reasoning.experiment.data_spec import HUB, Condition, FileData, HubSource, MeasuredSplit, SplitByHash
from causal_reasoning.files.templates import TemplateError, fields_of
from causal_reasoning.files.yaml import Path_

BUILT_IN = (SAME, "do", "reversed")


@dataclass
class Sources:
    """The files and hub sets of an experiment, each read once.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    """

    experiment: Experiment
    _read: dict[str | HubSource, Raw] = field(default_factory=dict)
    _named: frozenset[str] | None = None

    def raw(self, source: str | HubSource, part: str) -> Raw:
        """Rows as a file or a hub set holds them.

        Parameters
        ----------
        source : str or HubSource
            Where.
        part : str
            The split of a hub set that names none.
        """
        if isinstance(source, str) and source.startswith(HUB):
            source = HubSource(hub=source.removeprefix(HUB))
        if isinstance(source, HubSource) and source.split is None:
            source = source.model_copy(update={"split": part})
        if source not in self._read:
            self._named = named(self.experiment) if self._named is None else self._named
            wanted = self._named.__contains__
            self._read[source] = (
                read_hub(source, part, self.experiment.folder, wanted)
                if isinstance(source, HubSource)
                else read_raw(self.experiment.path(source), wanted)
            )
        return self._read[source]


@dataclass(frozen=True)
class Reader:
    """Turns sources into tables in the experiment's own names.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    sources : Sources
        Where rows are kept once they are read.
    mapping : mapping of str to str
        For columns of the experiment those of the files.
    conditions : sequence of Condition
        What every row of the three parts must meet.
    keep : sequence of str
        Columns that are kept though some of their cells are empty.
    """

    experiment: Experiment
    sources: Sources
    mapping: Mapping[str, str] = field(default_factory=dict)
    conditions: Sequence[Condition] = ()
    keep: Sequence[str] = ()

    def raw(self, source: str | HubSource, part: str) -> Raw:
        """Rows of the training, validation or test part that meet the conditions."""
        raw = mapped(self.sources.raw(source, part), self.mapping, required=True, experiment=self.experiment)
        return kept(raw, self.conditions, self.experiment.document, ("data", "filter"))

    def all_of(self, source: str | HubSource) -> Raw:
        """All rows of a source that is only measured on; it may lack columns that nothing there needs."""
        return mapped(self.sources.raw(source, "test"), self.mapping, required=False, experiment=self.experiment)

    def table(self, raw: Raw, needed: set[str], optional: AbstractSet[str] = frozenset()) -> Table:
        """Rows as text; optional columns must be filled in where they are there."""
        return table_of(raw, needed | (optional & set(raw.names)), self.keep)


def reader_of(experiment: Experiment) -> Reader:
    """How an experiment's files are read; one on a world may have files to measure on.

    Raises
    ------
    InputError
        For a mapping of columns that nothing uses.
    """
    data = experiment.spec.data
    sources = Sources(experiment)
    if not isinstance(data, FileData):
        return Reader(experiment, sources)
    return Reader(experiment, sources, column_mapping(experiment, data), data.filter, data.keep)


def from_files(experiment: Experiment, data: FileData, seed: int, interventional: bool) -> RunData:
    """Read the rows of one seed; see `causal_reasoning.data.load.load_data`."""
    reader = reader_of(experiment)
    form = answer_form(experiment)
    parts = _parts(reader, data, seed)
    spec = _plant(experiment, data, parts)
    if spec is None and interventional:
        raise experiment.document.error(
            ("ceiling",),
            "there is no way to draw rows under do(treatment) from files; write 'ceiling: false'",
        )

    def render(table: Table, regime: Regime, stream: int) -> Table:
        table = table if spec is None else plant(spec, table, regime, np.random.default_rng([seed, stream]))
        check_answer_form(experiment, form, table)
        return form.write(table)

    def test_rows() -> tuple[Table, Raw]:
        table = render(shuffled, "observational", 5)
        source = data.train if isinstance(data.test, float) else data.test
        raw = reader.raw(source, "train" if isinstance(data.test, float) else "test")
        place = {number: i for i, number in enumerate(raw.places)}
        raw = raw.rows([place[number] for number in table.lines])
        made = {spec.column, spec.into, *([spec.noise.column] if spec.noise else [])} if spec else set()
        return table, replace(raw, columns={**raw.columns, **{name: table.columns[name] for name in made}})

    regime: Regime = "do" if interventional else "observational"
    shuffled = parts["test"].rows(np.random.default_rng([seed, 9]).permutation(len(parts["test"])).tolist())
    test = shuffled.rows(range(min(len(shuffled), experiment.spec.evaluation.items)))
    splits = [Split(SAME, "same distribution", render(test, "observational", 2))]
    if spec is not None:
        splits.append(Split("do", f"do({spec.by})", render(test, "do", 3)))
        splits.append(Split("reversed", "reversed", render(test, "reversed", 4)))
    train = render(parts["train"], regime, 10 if interventional else 0)
    validation = render(parts["validation"], regime, 11 if interventional else 1)
    splits += own_splits(experiment, reader, form, test_rows)
    train, found = _duplicates(experiment, data, train, validation, splits)
    return RunData(train, validation, tuple(splits), found)


def own_splits(
    experiment: Experiment, reader: Reader, form: AnswerForm, test_rows: Callable[[], tuple[Table, Raw]]
) -> list[Split]:
    """The further splits of an experiment.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    reader : Reader
        Reads files of their own.
    form : AnswerForm
        How their answers are written.
    test_rows : callable
        Gives the rows of the test part in the order in which they are measured, and as they were read.

    Raises
    ------
    InputError
        For a name that is taken, faulty files, or a condition that no row meets.
    """
    limit = experiment.spec.evaluation.items
    found = []
    for name, written in experiment.spec.evaluation.splits.items():
        if name in BUILT_IN:
            raise experiment.document.error(
                ("evaluation", "splits", name),
                f"'{name}' is the name of a built-in split; take another",
                key=True,
            )
        split = written if isinstance(written, MeasuredSplit) else MeasuredSplit(file=written)
        path: Path_ = ("evaluation", "splits", name, "filter")
        if split.file is None:
            table, raw = test_rows()
            chosen = set(kept(raw, split.filter, experiment.document, path).places)
            table = table.rows([i for i, place in enumerate(raw.places) if place in chosen][:limit])
        else:
            raw = kept(reader.all_of(split.file), split.filter, experiment.document, path)
            own = split_form(experiment, form, name)
            table = reader.table(raw, {*experiment.read, *experiment.write}, set(fields_of(own.template or "")))
            at: Path_ = ("data", "answer") if own is form else ("evaluation", "splits", name, "answer")
            check_answer_form(experiment, own, table, at)
            table = own.write(table.rows(range(min(len(table), limit))))
        found.append(Split(name, name, table))
    return found


def _parts(reader: Reader, data: FileData, seed: int) -> dict[str, Table]:
    experiment = reader.experiment
    needed = _needed(experiment, data)
    optional = {*_labels(experiment), *_fields(data)}
    raw = reader.raw(data.train, "train")
    for index, name in enumerate(data.keep):
        if name not in raw.columns:
            hint = did_you_mean(name, raw.names)
            raise experiment.document.error(("data", "keep", index), f"{raw.source} has no column '{name}'; {hint}")
    by = {data.group} if data.group else set()
    if data.split is not None:
        by = {data.split.hash if isinstance(data.split, SplitByHash) else data.split.column}
    files = {
        name: reader.table(reader.raw(value, name), needed, optional)
        for name in ("test", "validation")
        if not isinstance(value := getattr(data, name), float)
    }
    return parts_of(data, reader.table(raw, needed | by, optional), files, seed, experiment.document)


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
    return needed


def _fields(data: FileData) -> set[str]:
    """Fields of templates; a faulty one is told elsewhere, with its place."""
    templates = [data.answer] if data.answer else []
    for written in data.plant.templates.values() if data.plant else ():
        templates += [written] if isinstance(written, str) else written
    found: set[str] = set()
    for template in templates:
        with suppress(TemplateError):
            found |= set(fields_of(template))
    return found


def _labels(experiment: Experiment) -> list[str]:
    """Columns that the evaluation looks at."""
    return [name for name in (experiment.treatment, experiment.strata) if name is not None]


def _plant(experiment: Experiment, data: FileData, parts: Mapping[str, Table]) -> PlantSpec | None:
    """The plant with its pairs, checked."""
    if data.plant is None:
        return None
    values = [value for part in parts.values() for value in part.columns[data.plant.by]]
    spec = complete(data.plant, values)
    check_plant(spec, parts["train"], experiment.document)
    if experiment.treatment not in (None, spec.by):
        raise experiment.document.error(
            ("data", "plant", "by"),
            f"the confounder is planted on '{spec.by}', but the treatment is '{experiment.treatment}'; "
            "they must be the same column",
        )
    if experiment.policy != "marginal":
        # The rows keep their treatments, so only an intervention that keeps their distribution can be rendered.
        raise experiment.document.error(
            ("data", "plant"),
            "planted rows keep their treatments, so the do split and the ceiling exist for 'policy: marginal' only; "
            "change the policy of the graphs, or draw the rows from a world",
        )
    return spec


def _duplicates(
    experiment: Experiment, data: FileData, train: Table, validation: Table, splits: Sequence[Split]
) -> tuple[Table, tuple[Duplicates, ...]]:
    """Look for held-out texts in the training part, and leave them out of it if that is asked for."""
    read, own = experiment.read, experiment.spec.evaluation.splits
    derived = {split.title for split in splits if split.name in ("do", "reversed")}
    derived |= {name for name, split in own.items() if isinstance(split, MeasuredSplit) and split.file is None}
    held_out = [("validation", validation), *((split.title, split.table) for split in splits)]
    twice = [duplicates(train, title, table, read) for title, table in held_out]
    # The test rows in another regime, and some of them as a split of their own, show nothing new.
    found = [one for one in twice if one is not None and one.part not in derived]
    if not any(twice) or data.duplicates != "drop":
        return train, tuple(found)
    left = without(train, [table for _, table in held_out], read)
    if not len(left):
        raise InputError.at(train.source, "no training row is left without those whose text is held out")
    return left, tuple(replace(one, dropped=len(train) - len(left)) for one in found)
