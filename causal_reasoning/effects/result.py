"""Effects on right answers, and what they say in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from causal_reasoning.effects.strata import Interval

TITLES = {"regression": "regression", "weighting": "propensity weighting", "stratification": "propensity strata"}
REFUTERS = {
    "placebo": "placebo treatment",
    "common cause": "random common cause",
    "subset": "data subset",
}


@dataclass(frozen=True)
class Refutation:
    """One of dowhy's refuters.

    Parameters
    ----------
    refuter : str
        ``placebo``: the treatment is permuted, and the effect should vanish; ``common cause``: a random column is
        adjusted for as well, and ``subset``: the rows are a random 80 %, and the effect should stay.
    mean : float
        Mean effect over the simulations.
    p_value : float
        dowhy's: how plausible zero, or the estimate, is among the simulations, as one-sided normal probability.
    simulations : int
        How many.
    """

    refuter: str
    mean: float
    p_value: float
    simulations: int

    @property
    def passed(self) -> bool:
        """Whether the p-value is above .05."""
        return self.p_value > 0.05

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {**vars(self), "passed": self.passed}


@dataclass(frozen=True)
class Contrast:
    """One value in the place of another.

    Parameters
    ----------
    value, reference : str
        The values.
    strata : Interval
        Our estimate: the adjustment formula on counts, or the identified formula on the empirical table.
    estimates : dict of str to Interval
        dowhy's, by method; weighting and stratification need something to adjust for.
    refutations : tuple of Refutation
        Of the estimate by regression.
    rows, left_out : int
        Rows used, and rows of the two values in strata that hold only one of them.
    because : str
        Why something is missing.
    """

    value: str
    reference: str
    strata: Interval
    estimates: dict[str, Interval]
    refutations: tuple[Refutation, ...]
    rows: int
    left_out: int
    because: str = ""

    def text(self) -> str:
        """One plain sentence."""
        if self.strata.value != self.strata.value:  # not a number
            return f"{self.value} instead of {self.reference}: no estimate, {self.because}"
        parts = [f"{self.value} instead of {self.reference}: right answers {self.strata.text()}"]
        told = [f"{TITLES[name]} {100 * one.value:+.1f}" for name, one in self.estimates.items()]
        if told:
            parts.append(f"dowhy: {', '.join(told)}")
        if self.refutations:
            failed = [REFUTERS[one.refuter] for one in self.refutations if not one.passed]
            count = f"{len(self.refutations)} refuters"
            parts.append(f"fails the {' and the '.join(failed)} refuter" if failed else f"passes {count}")
        if self.left_out:
            parts.append(f"{self.left_out:,} of {self.rows + self.left_out:,} rows have nothing to be compared with")
        if self.because:
            parts.append(self.because)
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "value": self.value,
            "reference": self.reference,
            "strata": None if self.strata.value != self.strata.value else self.strata.to_dict(),
            "dowhy": {name: one.to_dict() for name, one in self.estimates.items()},
            "refutations": [one.to_dict() for one in self.refutations],
            "rows": self.rows,
            "left_out": self.left_out,
            "because": self.because or None,
            "sentence": self.text(),
        }


@dataclass(frozen=True)
class Answered:
    """The effect of one node, by one arm.

    Parameters
    ----------
    title, node, column : str
        What is changed.
    adjusted : tuple of str
        Nodes adjusted for.
    method : str or None
        How it is identified.
    contrasts : tuple of Contrast
        One for each value but the reference.
    refused : str
        Why there is no contrast.
    """

    title: str
    node: str
    column: str
    adjusted: tuple[str, ...]
    method: str | None
    contrasts: tuple[Contrast, ...]
    refused: str = ""

    def text(self) -> str:
        """Print as a heading and a line for each contrast."""
        if self.refused:
            return f"  {self.title}: {self.refused}"
        how = f"adjusted for {', '.join(self.adjusted) or 'nothing'}" if self.method == "adjustment" else self.method
        return "\n".join([f"  {self.title}, {how}", *(f"    {one.text()}" for one in self.contrasts)])

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "title": self.title,
            "node": self.node,
            "column": self.column,
            "adjusted": list(self.adjusted),
            "method": self.method,
            "refused": self.refused or None,
            "contrasts": [one.to_dict() for one in self.contrasts],
        }


@dataclass(frozen=True)
class ArmEffects:
    """All effects of one arm.

    Parameters
    ----------
    arm : str
        Its name.
    rows : int
        Its items in the split.
    right : float
        Share of right answers.
    seeds : tuple of int
        The runs that were put together.
    answered : tuple of Answered
        The effects; empty if all answers are right or all wrong.
    """

    arm: str
    rows: int
    right: float
    seeds: tuple[int, ...]
    answered: tuple[Answered, ...]

    def text(self) -> str:
        """Print for people."""
        runs = f"seed{'' if len(self.seeds) == 1 else 's'} {', '.join(map(str, self.seeds))}"
        head = f"{self.arm}: {self.right:.1%} of {self.rows:,} answers right ({runs})"
        if not self.answered:
            return f"{head}; nothing moves that"
        return "\n".join([head, *(one.text() for one in self.answered)])

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "arm": self.arm,
            "rows": self.rows,
            "right": self.right,
            "seeds": list(self.seeds),
            "effects": [one.to_dict() for one in self.answered],
        }


@dataclass(frozen=True)
class ArmDifference:
    """The effect of one contrast on one arm less that on another, on the same items.

    Parameters
    ----------
    arm, against : str
        The arms.
    title : str
        What is changed.
    value, reference : str
        The values.
    difference : Interval
        Effect on the first less effect on the second; the interval resamples items, the same for both.
    items : int
        How many items both have.
    agreement : bool
        Whether it is about the confounder's agreement with the treatment.
    """

    arm: str
    against: str
    title: str
    value: str
    reference: str
    difference: Interval
    items: int
    agreement: bool = False

    def text(self) -> str:
        """One plain sentence."""
        return (
            f"  {self.title}, {self.value} instead of {self.reference}: the effect on {self.arm} less that on "
            f"{self.against} is {self.difference.text()}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**vars(self), "difference": self.difference.to_dict()}


@dataclass(frozen=True)
class Effects:
    """Effects on right answers for all arms of an experiment.

    Parameters
    ----------
    source, split : str
        The data, and which part of them.
    graph : str
        The graph by which effects are identified.
    arms : tuple of ArmEffects
        One for each arm.
    differences : tuple of ArmDifference
        Between arms, for the confounder.
    simulations : int
        Of each refuter.
    version : str
        Of dowhy; empty if it did not run.
    notes : tuple of str
        What a reader must know.
    """

    source: str
    split: str
    graph: str
    arms: tuple[ArmEffects, ...]
    differences: tuple[ArmDifference, ...]
    simulations: int
    version: str
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """Print for people."""
        lines = [f"Effects on right answers, split '{self.split}' of {self.source}, by the graph {self.graph}"]
        for arm in self.arms:
            lines += ["", arm.text()]
        if self.differences:
            # Where there is an effect of agreement, it is the one that tells arms apart.
            shown = [one for one in self.differences if one.agreement] or list(self.differences)
            more = len(self.differences) - len(shown)
            lines += ["", "Between arms, on the same items" + (f" ({more} more with --json)" if more else "")]
            lines += [one.text() for one in shown]
        if self.notes:
            lines += ["", *(f"note: {note}" for note in self.notes)]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "source": self.source,
            "split": self.split,
            "graph": self.graph,
            "arms": [arm.to_dict() for arm in self.arms],
            "differences": [one.to_dict() for one in self.differences],
            "simulations": self.simulations,
            "dowhy": self.version or None,
            "notes": list(self.notes),
        }
