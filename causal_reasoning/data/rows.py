"""What a run is given: training and validation rows, and the splits that it is measured on."""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.data.table import Table
from causal_reasoning.errors import Fault

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
class Duplicates:
    """Texts that stand both in the training part and in a held-out one.

    Parameters
    ----------
    part : str
        The held-out part.
    exact : int
        Its rows whose text stands in the training part letter by letter.
    loose : int
        Those that do when capitals and white space do not count, the exact ones among them.
    first : (str, str)
        Where the first pair stands: in the training part and in the held-out one.
    dropped : int
        Rows that were left out of the training part because of them.
    """

    part: str
    exact: int
    loose: int
    first: tuple[str, str]
    dropped: int = 0

    @property
    def sentence(self) -> str:
        """The finding for the user."""
        rows = "1 row" if self.loose == 1 else f"{self.loose:,} rows"
        also = "" if self.exact == self.loose else f" ({self.exact:,} of them letter by letter)"
        verb = "has its" if self.loose == 1 else "have their"
        return (
            f"{rows} of '{self.part}' {verb} text in the training part too{also}, the first at {self.first[1]} and "
            f"{self.first[0]}"
        )


@dataclass(frozen=True)
class Finding:
    """Something that a look at the rows has shown.

    Parameters
    ----------
    kind : str
        What was looked at, such as ``"duplicates"``.
    refuse : bool
        Whether nothing is trained on such rows.
    fault : Fault
        Where and what.
    """

    kind: str
    refuse: bool
    fault: Fault


@dataclass(frozen=True)
class RunData:
    """All rows of one seed of an experiment.

    Parameters
    ----------
    train, validation : Table
        Rows of the observational regime; for the ceiling, of the mutilated world.
    splits : tuple of Split
        What is measured: same distribution, do, reversed and the user's own.
    duplicates : tuple of Duplicates
        Texts of held-out parts that stand in the training part too.
    findings : tuple of Finding
        What a look at the rows has shown.
    """

    train: Table
    validation: Table
    splits: tuple[Split, ...]
    duplicates: tuple[Duplicates, ...] = ()
    findings: tuple[Finding, ...] = ()
