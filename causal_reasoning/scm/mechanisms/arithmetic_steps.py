"""``arithmetic_steps``: written arithmetic, digit by digit, each line with the result so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms.arithmetic import check_operands
from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.quantities import MechanismError, Step


class ArithmeticSteps(TextMechanism):
    """The working of an operation on two whole numbers, one digit of the left one a line.

    The first line is the task in signs, such as ``487*6``. Every further line needs one look at it and one at the
    line before, and ends in the digits of the result that are known so far. Partial results have two digits; the tens
    carry over:

    - add ``7+6+0=13 3``: two digits and the carry;
    - subtract ``17-9-0=08 8``: a digit, with ten before it if ten is borrowed, less a digit and what the line before
      borrowed;
    - multiply ``8*6=48+4=52 22``: a digit times the right number, and the carry;
    - divide ``48/6=8r0 8``: remainder of the line before and a digit, the quotient and the remainder.

    Parameters
    ----------
    kind : "arithmetic_steps"
        Names the mechanism.
    operation : str
        The node that names the operation; its values are among add, subtract, multiply and divide.
    left, right : str
        Nodes whose values are whole numbers from 0 up. Where there is multiplication or division the right
        one has a single digit.

    Examples
    --------
    >>> steps = ArithmeticSteps(kind="arithmetic_steps", operation="skill", left="a", right="b")
    >>> print(steps.write(1, {"skill": ["multiply"], "a": ["487"], "b": ["6"]}, {})[0])
    487*6
    7*6=42+0=42 2
    8*6=48+4=52 22
    4*6=24+5=29 2922
    """

    kind: Literal["arithmetic_steps"]
    operation: str
    left: str
    right: str

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the operation and the two operands."""
        return ((self.operation, ("operation",)), (self.left, ("left",)), (self.right, ("right",)))

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the parents."""
        check_operands(scope, self.operation, self.left, self.right, natural=True)
        operations = scope.values_of(self.operation, ("operation",))
        single = next((name for name in ("multiply", "divide") if name in operations), None)
        greatest = max(int(value) for value in scope.values_of(self.right, ("right",)))
        if single is not None and greatest > 9:
            message = f"'{self.right}' can be {greatest}; the steps of {single} need a single digit"
            raise MechanismError(("right",), message)
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Write the lines of every row."""
        parents = zip(columns[self.operation], columns[self.left], columns[self.right], strict=True)
        return [working(operation, str(int(left)), str(int(right))) for operation, left, right in parents]


def working(operation: str, left: str, right: str) -> str:
    """Write the task and its lines.

    Parameters
    ----------
    operation : str
        One of add, subtract, multiply and divide.
    left, right : str
        The digits of the two numbers.

    Examples
    --------
    >>> working("subtract", "12", "3").split()[:2]
    ['12-3', '12-3-0=09']
    """
    return "\n".join([f"{left}{SIGNS[operation]}{right}", *STEPS[operation](left, right)])


def add_steps(left: str, right: str) -> list[str]:
    """Add from the last digit to the first.

    Examples
    --------
    >>> add_steps("487", "9")
    ['7+9+0=16 6', '8+0+1=09 96', '4+0+0=04 496']
    """
    lines: list[str] = []
    done, carry = "", 0
    for upper, lower in _columns(left, right):
        total = upper + lower + carry
        done = _before(total, done, last=len(lines) + 1 == max(len(left), len(right)))
        lines.append(f"{upper}+{lower}+{carry}={total:02d} {done}")
        carry = total // 10
    return lines


def subtract_steps(left: str, right: str) -> list[str]:
    """Subtract from the last digit to the first; the result must not be below zero.

    Examples
    --------
    >>> subtract_steps("487", "9")
    ['17-9-0=08 8', '08-0-1=07 78', '04-0-0=04 478']
    """
    lines: list[str] = []
    done, borrowed = "", 0
    for upper, lower in _columns(left, right):
        borrow = int(upper < lower + borrowed)
        rest = upper + 10 * borrow - lower - borrowed
        done = f"{rest}{done}"
        if len(lines) + 1 == len(left):
            done = str(int(done))
        lines.append(f"{upper + 10 * borrow:02d}-{lower}-{borrowed}={rest:02d} {done}")
        borrowed = borrow
    return lines


def multiply_steps(left: str, right: str) -> list[str]:
    """Multiply by a single digit, from the last digit to the first.

    Examples
    --------
    >>> multiply_steps("12", "3")
    ['2*3=06+0=06 6', '1*3=03+0=03 36']
    """
    lines: list[str] = []
    done, carry = "", 0
    for digit in map(int, reversed(left)):
        product = digit * int(right)
        total = product + carry
        done = _before(total, done, last=len(lines) + 1 == len(left))
        lines.append(f"{digit}*{right}={product:02d}+{carry}={total:02d} {done}")
        carry = total // 10
    return lines


def divide_steps(left: str, right: str) -> list[str]:
    """Divide by a single digit, from the first digit to the last.

    Examples
    --------
    >>> divide_steps("487", "6")
    ['04/6=0r4 0', '48/6=8r0 8', '07/6=1r1 81']
    """
    lines: list[str] = []
    done, rest = 0, 0
    for digit in map(int, left):
        part = 10 * rest + digit
        quotient, rest = divmod(part, int(right))
        done = 10 * done + quotient
        lines.append(f"{part:02d}/{right}={quotient}r{rest} {done}")
    return lines


SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
#: How the lines of each operation are written.
STEPS: dict[str, Callable[[str, str], list[str]]] = {
    "add": add_steps,
    "subtract": subtract_steps,
    "multiply": multiply_steps,
    "divide": divide_steps,
}


def _columns(left: str, right: str) -> list[tuple[int, int]]:
    """Pair the digits of two numbers, last ones first, with zeros before the shorter one."""
    width = max(len(left), len(right))
    return list(zip(map(int, reversed(left.zfill(width))), map(int, reversed(right.zfill(width))), strict=True))


def _before(total: int, done: str, *, last: bool) -> str:
    """Put the last digit of a sum before the digits that are done; in the last line all of it, without zeros."""
    return str(int(f"{total}{done}")) if last else f"{total % 10}{done}"
