"""Numbers that mechanisms calculate with: settings, and values of nodes that are whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from causal_reasoning.errors import did_you_mean
from causal_reasoning.scm.quantities import MechanismError, Step


def real(number: float | str, parameters: Mapping[str, float], path: tuple[Step, ...]) -> float:
    """Resolve a number that may be a parameter.

    Parameters
    ----------
    number : float or str
        The number, or ``"$name"``.
    parameters : mapping of str to float
        The values of the world's parameters.
    path : tuple
        Where it stands in the mechanism.

    Returns
    -------
    float
        Its value.

    Raises
    ------
    MechanismError
        For an unknown parameter.

    Examples
    --------
    >>> real("$theta", {"theta": 12}, ())
    12.0
    """
    if isinstance(number, str):
        name = number[1:]
        if name not in parameters:
            raise MechanismError(path, f"unknown parameter '{name}'; {did_you_mean(name, parameters)}")
        return float(parameters[name])
    return float(number)


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
