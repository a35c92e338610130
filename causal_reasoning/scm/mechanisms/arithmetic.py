"""``arithmetic``: the result of an operation that a node names, on two whole numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.mechanisms.numbers import whole_numbers
from causal_reasoning.scm.mechanisms.single_field import check_single_field, single_field_writer
from causal_reasoning.scm.quantities import MechanismError, Step

#: What a value of the operation's node does; ``divide`` gives the whole part.
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.floordiv,
}


def check_operands(scope: Scope, operation: str, left: str, right: str, *, natural: bool = False) -> None:
    """Refuse operations that are none and operands that are no whole numbers.

    Parameters
    ----------
    scope : Scope
        What is known of the nodes before.
    operation, left, right : str
        Names of the nodes; keys of the same names are in the mechanism.
    natural : bool
        Whether operands, and the result of a subtraction, must not be below zero.

    Raises
    ------
    MechanismError
        At ``operation``, ``left`` or ``right``.
    """
    operations = scope.values_among(operation, ("operation",), OPERATIONS, "no operation")
    numbers = {}
    for key, node in (("left", left), ("right", right)):
        numbers[key] = whole_numbers(node, scope.values_of(node, (key,)), (key,))
        if natural and min(numbers[key]) < 0:
            raise MechanismError((key,), f"'{node}' can be {min(numbers[key])}; steps are written from 0 up")
    if "divide" in operations and 0 in numbers["right"]:
        raise MechanismError(("right",), f"'{right}' can be 0, and '{operation}' divides by it; start at 1")
    if natural and "subtract" in operations and min(numbers["left"]) < max(numbers["right"]):
        shown = f"{min(numbers['left'])} - {max(numbers['right'])}"
        raise MechanismError(("right",), f"'{operation}' can ask for {shown}; steps need a result from 0 up")


class Arithmetic(TextMechanism):
    """The result of adding, subtracting, multiplying or dividing two whole numbers.

    Parameters
    ----------
    kind : "arithmetic"
        Names the mechanism.
    operation : str
        The node that names the operation; its values are among add, subtract, multiply and divide (whole part,
        rounded down).
    left, right : str
        Nodes whose values are whole numbers.
    format : str
        A template with the one field ``{result}``.

    Examples
    --------
    >>> product = Arithmetic(kind="arithmetic", operation="skill", left="a", right="b", format="= {result} =")
    >>> product.write(2, {"skill": ["multiply", "divide"], "a": ["47", "47"], "b": ["6", "6"]}, {})
    ['= 282 =', '= 7 =']
    """

    kind: Literal["arithmetic"]
    operation: str
    left: str
    right: str
    format: str = "{result}"

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the operation and the two operands."""
        return ((self.operation, ("operation",)), (self.left, ("left",)), (self.right, ("right",)))

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the parents."""
        check_single_field(self.format, "result")
        check_operands(scope, self.operation, self.left, self.right)
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Compute the results and put them into the format."""
        fill = single_field_writer(self.format)
        parents = zip(columns[self.operation], columns[self.left], columns[self.right], strict=True)
        return [fill(OPERATIONS[operation](int(left), int(right))) for operation, left, right in parents]
