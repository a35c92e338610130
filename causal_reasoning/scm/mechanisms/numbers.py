"""Values of nodes that mechanisms calculate with: whole numbers."""

from __future__ import annotations

from collections.abc import Sequence

from causal_reasoning.scm.quantities import MechanismError, Step


def whole_numbers(node: str, values: Sequence[str], path: tuple[Step, ...]) -> tuple[int, ...]:
    """Read all values of a node as whole numbers; `MechanismError` at ``path`` for the first that is none.

    Examples
    --------
    >>> whole_numbers("wind", ("0", "7"), ())
    (0, 7)
    """
    found = []
    for value in values:
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
            raise MechanismError(path, f"'{node}' has the value '{value}', which is no whole number")
        found.append(int(value))
    return tuple(found)


def shown(number: float) -> str:
    """Write a number as people do: whole numbers without a point.

    Examples
    --------
    >>> shown(12.0), shown(0.5)
    ('12', '0.5')
    """
    return f"{number:.12g}"
