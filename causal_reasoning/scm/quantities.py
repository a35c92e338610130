"""Numbers in a world file: written out, or taken from a parameter such as ``$rho``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictFloat, StrictInt, StringConstraints

from causal_reasoning.errors import did_you_mean

Reference = Annotated[str, StringConstraints(pattern=r"^\$[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]
Number = (
    Annotated[StrictInt, Field(ge=-(10**9), le=10**9)] | Annotated[StrictFloat, Field(allow_inf_nan=False)] | Reference
)
Step = str | int
TOLERANCE = 1e-6


class MechanismError(ValueError):
    """Something in a node is wrong; the loader turns it into a fault with a place in the file.

    Parameters
    ----------
    path : tuple of str or int
        Keys and indices that lead to the value, starting at the node's mechanism.
    message : str
        What is wrong and what would be right.
    offset : int or None
        Characters from the start of the text value to the wrong place, if it is inside a text.
    """

    def __init__(self, path: tuple[Step, ...], message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.offset = offset


def references(value: Any) -> Iterator[str]:
    """Yield the names of all parameters that a dumped mechanism refers to.

    Parameters
    ----------
    value : object
        Plain data; every text that starts with ``$`` counts.

    Yields
    ------
    str
        Names without the ``$``.

    Examples
    --------
    >>> list(references({"fidelity": "$rho", "of": "style"}))
    ['rho']
    """
    if isinstance(value, str) and value.startswith("$"):
        yield value[1:]
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references(item)


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


def probability(number: float | str, parameters: Mapping[str, float], path: tuple[Step, ...]) -> float:
    """Resolve a number that must be a probability.

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
        Between 0 and 1.

    Raises
    ------
    MechanismError
        For an unknown parameter or a value outside [0, 1].

    Examples
    --------
    >>> probability("$rho", {"rho": 0.8}, ())
    0.8
    """
    value = real(number, parameters, path)
    shown = f"{number} = {value:g}" if isinstance(number, str) else f"{value:g}"
    if not 0.0 <= value <= 1.0:
        raise MechanismError(path, f"{shown} is not a probability; it must lie between 0 and 1")
    return value


def distribution(
    written: Mapping[str, float | str],
    values: tuple[str, ...],
    parameters: Mapping[str, float],
    path: tuple[Step, ...],
) -> NDArray[np.float64]:
    """Resolve a mapping from values to probabilities; values that are left out have probability zero.

    Parameters
    ----------
    written : mapping of str to number
        As in the file.
    values : tuple of str
        The values of the node, in order.
    parameters : mapping of str to float
        The values of the world's parameters.
    path : tuple
        Where the mapping stands in the mechanism.

    Returns
    -------
    ndarray of shape (len(values),)
        Sums to one.

    Raises
    ------
    MechanismError
        For an unknown value, a number that is no probability, or a sum other than one.

    Examples
    --------
    >>> distribution({"a": 0.25, "b": "$p"}, ("a", "b"), {"p": 0.75}, ()).tolist()
    [0.25, 0.75]
    """
    result = np.zeros(len(values))
    for value, number in written.items():
        if value not in values:
            raise MechanismError((*path, value), f"unknown value '{value}'; {did_you_mean(value, values)}")
        result[values.index(value)] = probability(number, parameters, (*path, value))
    total = float(result.sum())
    if abs(total - 1.0) > TOLERANCE:
        raise MechanismError(path, f"the probabilities sum to {total:.6g}; they must sum to 1")
    return result / total
