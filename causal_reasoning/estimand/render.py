"""How the parts of an expression are put together in print: one class a notation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

Scope = Mapping[str, int]
"""The number of primes that each visible variable carries."""


class Notation(Protocol):
    """What a notation has to say about each kind of expression.

    ``kind`` is ``"sum"``, ``"quotient"`` or ``"plain"``: what decides about brackets.
    """

    def probability(self, of: Sequence[str], given: Sequence[str], scope: Scope, selected: Sequence[str] = ()) -> str:
        """Write a conditional probability, perhaps among the rows where selection nodes are 1."""

    def product(self, parts: Sequence[tuple[str, str]]) -> str:
        """Write factors, each with its kind, side by side."""

    def quotient(self, numerator: str, denominator: str) -> str:
        """Write a fraction."""

    def sum(self, over: Sequence[str], scope: Scope, body: str, kind: str) -> str:
        """Write a sum."""


class Plain:
    """One line of text."""

    def _names(self, names: Sequence[str], scope: Scope) -> str:
        return ", ".join(name + "'" * scope[name] for name in names)

    def probability(self, of: Sequence[str], given: Sequence[str], scope: Scope, selected: Sequence[str] = ()) -> str:
        """Write ``P(y | x, c)``."""
        behind = ", ".join([*([self._names(given, scope)] if given else []), *(f"{name}=1" for name in selected)])
        return f"P({self._names(of, scope)}{f' | {behind}' if behind else ''})"

    def product(self, parts: Sequence[tuple[str, str]]) -> str:
        """Write the factors with blanks between them."""
        return " ".join(text if kind == "plain" else f"[{text}]" for text, kind in parts)

    def quotient(self, numerator: str, denominator: str) -> str:
        """Write both parts in brackets."""
        return f"[{numerator}] / [{denominator}]"

    def sum(self, over: Sequence[str], scope: Scope, body: str, kind: str) -> str:
        """Write ``Σ_{c} …``."""
        return f"Σ_{{{self._names(over, scope)}}} " + (f"({body})" if kind == "quotient" else body)


PLAIN: Notation = Plain()
