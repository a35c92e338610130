"""What a penalty is: a number that is small when a representation is independent of something, in one batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from causal_reasoning.graph.spec import PenaltyKind, PenaltySpec
from causal_reasoning.objective.loss import Array
from causal_reasoning.objective.penalties.statistics import spread


@dataclass(frozen=True)
class Formula:
    """A formula as plain text and as LaTeX."""

    text: str
    latex: str


@dataclass(frozen=True)
class Names:
    """The names that a penalty's formula is about, in one notation.

    Parameters
    ----------
    first : str
        The representation.
    second : str
        What it must be independent of.
    given : str
        The condition, perhaps empty.
    """

    first: str
    second: str
    given: str = ""

    @property
    def bar(self) -> str:
        """The condition behind a bar, as plain text."""
        return f" | {self.given}" if self.given else ""

    @property
    def latex_bar(self) -> str:
        """The condition behind a bar, as LaTeX."""
        return rf" \mid {self.given}" if self.given else ""


class Penalty:
    """A measure of dependence: zero or small where the statement holds, and finite in every batch.

    A penalty is a frozen dataclass with the options of the measure. It is called with arrays of shape (B, D):

    - `first`, the representation of B rows;
    - `second`, another representation, the same one in another view, or a column as indicators of its values;
    - `label`, shape (B,), the index of each row's group where independence is meant within groups.

    Attributes
    ----------
    kind : str
        The name in graph files.
    alone : bool
        Whether it is about one representation and what that is computed from; otherwise about two things.
    paired : bool
        Whether `second` is the same representation in another view.
    each : bool
        Whether it takes every position by itself: arrays of shape (B, T, D).
    """

    kind: ClassVar[PenaltyKind]
    alone: ClassVar[bool] = False
    paired: ClassVar[bool] = False
    each: ClassVar[bool] = False

    @classmethod
    def build(cls, spec: PenaltySpec) -> Self:
        """Make it with the options of a graph file."""
        return cls()

    def __call__(self, first: Array, second: Array | None = None, label: Array | None = None) -> Array:
        """Measure the dependence in one batch: a scalar."""
        raise NotImplementedError

    def activity(self, values: Array, label: Array | None = None) -> Array:
        """What of a representation must not vanish: a scalar, in squared units.

        A representation that is switched off satisfies every independence and teaches nothing. By default its
        variance, within groups if the independence is meant so: a constant is independent of everything.
        """
        return spread(values, label)

    def notes(self, first: Array, second: Array | None = None) -> Mapping[str, Array]:
        """Further scalars for the log, by name."""
        return {}

    def formula(self, names: Names, latex: Names) -> Formula:
        """Write the measure with the names of the nodes, as text and as LaTeX."""
        raise NotImplementedError
