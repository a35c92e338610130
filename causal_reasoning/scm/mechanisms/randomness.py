"""A row's own source of randomness, for mechanisms that draw structures and not single values.

A structure (a scene, a graph) is drawn by a small program that asks for as many random numbers as it needs. The noise
of the row is then one number of 32 bits, drawn at an ordinary site of the world's program: the same seed of a sample
gives every row the same number whatever the interventions are, so counterfactual twins share their noise.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms.base import Site

T = TypeVar("T")
_BYTES = 4


def noise_site() -> Site:
    """Return the site of a row's number: four bytes, all equally likely."""
    return Site((), np.full((_BYTES, 256), 1.0 / 256))


def sources(noise: NDArray[np.int64]) -> Iterator[Source]:
    """Yield a source of randomness for every row.

    Parameters
    ----------
    noise : ndarray of shape (rows, 4)
        What was drawn at `noise_site`.

    Yields
    ------
    Source
        Rows with equal noise have equal sources.

    Examples
    --------
    >>> one, two = sources(np.array([[1, 2, 3, 4], [1, 2, 3, 4]]))
    >>> one.pick("abcdef") == two.pick("abcdef")
    True
    """
    for row in noise.tolist():
        yield Source(int.from_bytes(bytes(row), "big"))


class Source:
    """Random choices that depend on a number alone, the same on every machine and version of Python.

    Parameters
    ----------
    number : int
        The row's noise.
    """

    def __init__(self, number: int) -> None:
        # Python promises the sequence of `random()` for a whole number as seed, and of no other method.
        self._next = random.Random(number).random  # noqa: S311 - no secret

    def below(self, bound: int) -> int:
        """Draw a whole number from 0 to ``bound`` − 1."""
        return int(self._next() * bound)

    def share(self) -> float:
        """Draw a number from 0 up to, but not including, 1."""
        return self._next()

    def chance(self, probability: float) -> bool:
        """Return true with a probability."""
        return self._next() < probability

    def pick(self, options: Sequence[T]) -> T:
        """Draw one of some options."""
        return options[self.below(len(options))]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """Draw some different options, in random order."""
        rest = list(options)
        return [rest.pop(self.below(len(rest))) for _ in range(count)]
