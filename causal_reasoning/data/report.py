"""What the rows of an experiment are like: sizes, lengths, answers, and what each column tells of the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from causal_reasoning.data.encode import Encoded
from causal_reasoning.data.rows import Duplicates, Finding, RunData
from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Encoder
from causal_reasoning.errors import Fault
from causal_reasoning.experiment import Experiment

MOST_ROWS = 20_000  # of a part that are tokenised for its lengths
MOST_CLASSES = 50  # answers of more kinds are not guessed from a column
_UNBOUNDED = 1 << 30


@dataclass(frozen=True)
class Lengths:
    """Lengths of rows in tokens.

    Parameters
    ----------
    least, median, most : int
        Smallest, middle and largest.
    p95 : int
        Nineteen of twenty rows are not longer.
    """

    least: int
    median: int
    p95: int
    most: int

    @classmethod
    def of(cls, values: Sequence[int]) -> Lengths:
        """Sum up N lengths."""
        found = np.quantile(np.array(values), [0, 0.5, 0.95, 1], method="higher")
        return cls(*(int(value) for value in found))


@dataclass(frozen=True)
class Part:
    """One part of the rows.

    Parameters
    ----------
    title : str
        Its name for people.
    rows : int
        How many rows it has.
    read, written : Lengths
        What the model is shown, and what it must write with the end of the text, in tokens.
    majority : str
        The most frequent answer.
    majority_share : float
        Its share: what a model has right that always gives it.
    classes : int
        Different answers.
    too_long, cut : int
        Rows longer than ``training.max_length`` or than what the model reads, and answers longer than
        ``evaluation.max_new_tokens``.
    """

    title: str
    rows: int
    read: Lengths
    written: Lengths
    majority: str
    majority_share: float
    classes: int
    too_long: int
    cut: int


@dataclass(frozen=True)
class ColumnReport:
    """One categorical column.

    Parameters
    ----------
    name : str
        The column.
    counts : mapping of str to int
        Training rows of each value, the most frequent first.
    guess : mapping of str to float
        For each part the share of rows whose answer is the most frequent one that training rows of the same value
        have: how far the column alone gives the answer away. Empty where answers are too varied to be guessed.
    """

    name: str
    counts: Mapping[str, int]
    guess: Mapping[str, float]


@dataclass(frozen=True)
class DataReport:
    """What is known of the rows before anything is trained on them.

    Parameters
    ----------
    parts : tuple of Part
        Training, validation and every split that is measured.
    columns : tuple of ColumnReport
        The categorical columns that the graphs bind, and those that the evaluation reports by.
    duplicates : tuple of Duplicates
        Texts that stand in two parts.
    findings : tuple of Finding
        What is wrong with the rows, and what might be.
    """

    parts: tuple[Part, ...]
    columns: tuple[ColumnReport, ...]
    duplicates: tuple[Duplicates, ...]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        found = asdict(replace(self, findings=()))
        told = [{"kind": f.kind, "refused": f.refuse, "message": str(f.fault)} for f in self.findings]
        return {**found, "findings": told}


def data_report(experiment: Experiment, data: RunData, encoder: Encoder) -> DataReport:
    """Look at all rows of one seed.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    data : RunData
        The rows, perhaps with findings.
    encoder : Encoder
        How rows become tokens; its limit of length is not applied, but rows beyond it are counted and told.

    Returns
    -------
    DataReport
        Figures for each part and each column.
    """
    tables = [("training", data.train), ("validation", data.validation)]
    tables += [(split.title, split.table) for split in data.splits]
    boundless = replace(encoder, max_length=_UNBOUNDED)
    parts = tuple(_part(experiment, title, table, boundless) for title, table in tables)
    return DataReport(
        parts,
        tuple(_column(experiment, name, tables) for name in _names(experiment, data.train)),
        data.duplicates,
        (*data.findings, *_too_long(experiment, parts, data.train.source, encoder.tokenizer.model_max_length)),
    )


def _part(experiment: Experiment, title: str, table: Table, encoder: Encoder) -> Part:
    spec = experiment.spec
    step = -(-len(table) // MOST_ROWS)
    rows: list[Encoded] = encoder(table.rows(range(0, len(table), step)))
    measured = title not in ("training", "validation")
    answers = Counter(table.columns[experiment.write[-1]])
    limit = min(spec.training.max_length, encoder.tokenizer.model_max_length)
    majority, count = min(answers.items(), key=lambda item: (-item[1], item[0]))
    return Part(
        title=title,
        rows=len(table),
        read=Lengths.of([len(row.prompt) for row in rows]),
        written=Lengths.of([len(row.target) for row in rows]),
        majority=majority,
        majority_share=count / len(table),
        classes=len(answers),
        too_long=sum(len(row.prompt) + len(row.target) > limit for row in rows),
        cut=sum(len(row.target) - 1 > spec.evaluation.max_new_tokens for row in rows) if measured else 0,
    )


def _too_long(experiment: Experiment, parts: Sequence[Part], source: str, most: int) -> list[Finding]:
    spec = experiment.spec
    limit = min(spec.training.max_length, most)
    own = limit == spec.training.max_length
    bound = f"training.max_length = {limit:,} tokens" if own else f"the {limit:,} tokens that the model reads"
    found = []
    for part in parts:
        rows = f"of the {part.rows:,} rows of '{part.title}'"
        if part.too_long:
            said = (
                f"{part.too_long:,} {rows} are longer than {bound} (the longest are read "
                f"{part.read.most:,}, written {part.written.most:,}); raise it if the model can, or filter by length"
            )
            found.append(Finding("length", True, Fault(source, None, None, said)))
        if part.cut:
            said = (
                f"{part.cut:,} {rows} have answers of more than max_new_tokens = {spec.evaluation.max_new_tokens} "
                f"tokens (the longest {part.written.most - 1:,}), which no model could give; raise "
                "evaluation.max_new_tokens"
            )
            found.append(Finding("length", True, Fault(source, None, None, said)))
    return found


def _names(experiment: Experiment, train: Table) -> list[str]:
    names = {name for name in (experiment.treatment, experiment.strata) if name}
    for arm in experiment.arms:
        if arm.graph is not None:
            names |= {arm.graph.column(node) for node in arm.graph.causal.observed if not arm.graph.is_text(node)}
    return sorted(name for name in names if name in train.columns)


def _column(experiment: Experiment, name: str, tables: Sequence[tuple[str, Table]]) -> ColumnReport:
    train = tables[0][1]
    answer = experiment.write[-1]
    counts = Counter(train.columns[name])
    ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    if len(set(train.columns[answer])) > MOST_CLASSES or name == answer:
        return ColumnReport(name, ordered, {})
    answers: dict[str, Counter[str]] = {}
    for value, text in zip(train.columns[name], train.columns[answer], strict=True):
        answers.setdefault(value, Counter())[text] += 1
    best = {value: min(seen.items(), key=lambda item: (-item[1], item[0]))[0] for value, seen in answers.items()}
    guess = {}
    for title, table in tables:
        if name in table.columns:
            pairs = zip(table.columns[name], table.columns[answer], strict=True)
            guess[title] = sum(best.get(value) == text for value, text in pairs) / len(table)
    return ColumnReport(name, ordered, guess)
