"""What every mechanism can do: name its parents, and say how its node is drawn or written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from causal_reasoning.errors import did_you_mean
from causal_reasoning.scm.quantities import MechanismError, Step

MAXIMUM_CELLS = 1_000_000


@dataclass(frozen=True)
class Site:
    """One random draw of the program for every row: a categorical distribution given categorical parents.

    Parameters
    ----------
    parents : tuple of str
        The nodes whose values index the first axes of the table.
    table : ndarray of shape (values of each parent …, event …, values)
        Probabilities; the last axis sums to one. The axes between the parents' and the last one are drawn
        independently.
    """

    parents: tuple[str, ...]
    table: NDArray[np.float64]

    @property
    def event_dimensions(self) -> int:
        """How many axes of a row are drawn at once (0 for a single value)."""
        return self.table.ndim - len(self.parents) - 1


@dataclass(frozen=True)
class Scope:
    """What a mechanism may look at while it is compiled.

    Parameters
    ----------
    parameters : mapping of str to float
        The world's parameters, overrides applied.
    values : mapping of str to tuple of str
        For every categorical node before this one, its values.
    shortest_word : mapping of str to int
        For every node before this one that consists of words, the length of the shortest word in letters.
    """

    parameters: Mapping[str, float]
    values: Mapping[str, tuple[str, ...]]
    shortest_word: Mapping[str, int]

    def values_of(self, parent: str, path: tuple[Step, ...]) -> tuple[str, ...]:
        """Values of a parent that must be categorical; `MechanismError` at ``path`` if it is a text."""
        if parent not in self.values:
            raise MechanismError(path, f"'{parent}' is a text; only a node with a list of values can be used here")
        return self.values[parent]

    def values_among(
        self, parent: str, path: tuple[Step, ...], known: Iterable[str], otherwise: str
    ) -> tuple[str, ...]:
        """Values of a parent that takes known ones only; `MechanismError` at ``path``, which says ``otherwise``."""
        names = tuple(known)
        for value in self.values_of(parent, path):
            if value not in names:
                near = did_you_mean(value, names)
                raise MechanismError(path, f"'{parent}' has the value '{value}', {otherwise}; {near}")
        return self.values[parent]


def later(default: Any) -> Any:
    """Give the default of a key that a mechanism got after worlds were in use; left out, it is not in their digests.

    Parameters
    ----------
    default : object
        What worlds without the key mean.

    Returns
    -------
    FieldInfo
        Of pydantic; typed as anything, so that a field can be declared with it.

    Examples
    --------
    >>> class Word(MechanismSpec):
    ...     capital: bool = later(False)
    ...
    ...     def parents(self):
    ...         return ()
    >>> Word().model_dump(), Word(capital=True).model_dump()
    ({}, {'capital': True})
    """
    return Field(default, exclude_if=lambda value: value == default)


class MechanismSpec(BaseModel, ABC):
    """The part of a world file that says where a node's value comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @abstractmethod
    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return direct causes, each with the path of the place where it is named (repeats are allowed)."""

    def check_fields(self, known: Iterable[str]) -> None:
        """Refuse fields in texts that name none of the known nodes; `MechanismError` at the very place."""


class ValueMechanism(MechanismSpec):
    """A mechanism of a node that takes one of a list of values."""

    @abstractmethod
    def values(self, scope: Scope) -> tuple[str, ...]:
        """Return the values, in order."""

    @abstractmethod
    def site(self, scope: Scope) -> Site:
        """Return the conditional probability table; `MechanismError` if the specification is not one."""


class TextMechanism(MechanismSpec):
    """A mechanism of a node that is a text: a function of its parents and of random draws of its own."""

    @abstractmethod
    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the node's own random draws by name; `MechanismError` if the specification is wrong."""

    @abstractmethod
    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Write the text of every row.

        Parameters
        ----------
        rows : int
            How many.
        columns : mapping of str to sequence of str
            The parents' columns (and perhaps more), each of length ``rows``.
        draws : mapping of str to ndarray of shape (rows, event …)
            What was drawn at the sites of `sites`: indices into the last axis of their tables.
        """

    def shortest_word(self, scope: Scope) -> int | None:
        """Length of the shortest word in letters, if the text consists of words; else nothing."""
        return None


def unique_values(values: Sequence[str], path: tuple[Step, ...]) -> tuple[str, ...]:
    """Check that values are different; `MechanismError` at the second of two equal ones."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise MechanismError((*path, index), f"the value '{value}' stands twice; keep one")
    return tuple(values)


def check_cells(shape: Sequence[int], path: tuple[Step, ...]) -> None:
    """Refuse tables of more than a million cells."""
    cells = 1
    for size in shape:
        cells *= size
    if cells > MAXIMUM_CELLS:
        raise MechanismError(path, f"the table would have {cells:,} cells; at most {MAXIMUM_CELLS:,} are allowed")
