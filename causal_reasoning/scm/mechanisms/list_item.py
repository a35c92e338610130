"""``list_item``: one number of a list, by its place or by its size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import InputError
from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.quantities import MechanismError, Step

RULES: dict[str, Callable[[Sequence[int]], int]] = {
    "first": lambda numbers: numbers[0],
    "second": lambda numbers: numbers[1],
    "last": lambda numbers: numbers[-1],
    "smallest": min,
    "largest": max,
}


class ListItem(TextMechanism):
    """A number that a rule picks from a list.

    Parameters
    ----------
    kind : "list_item"
        Names the mechanism.
    of : str
        A text of whole numbers, as `number_list` writes it.
    pick : "first", "second", "last", "smallest" or "largest"
        The rule.

    Examples
    --------
    >>> ListItem(kind="list_item", of="l", pick="largest").write(1, {"l": ["7 2 9 4"]}, {})
    ['9']
    """

    kind: Literal["list_item"]
    of: str
    pick: Literal["first", "second", "last", "smallest", "largest"]

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the list."""
        return ((self.of, ("of",)),)

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the list."""
        if self.of in scope.values:
            raise MechanismError(("of",), f"'{self.of}' is no list; name a node with the kind 'number_list'")
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Pick."""
        rule = RULES[self.pick]
        return [str(rule(self._numbers(text))) for text in columns[self.of]]

    def _numbers(self, text: str) -> list[int]:
        words = text.split()
        if len(words) < 2 or not all(word.isascii() and word.isdigit() for word in words):
            raise InputError.at(
                self.of, f"{text[:40]!r} is no list of numbers; name a node with the kind 'number_list'"
            )
        return [int(word) for word in words]
