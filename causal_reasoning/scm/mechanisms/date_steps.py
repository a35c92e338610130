"""``date_steps``: how a date is shifted, in small steps with the calendar."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.mechanisms.date import write_date
from causal_reasoning.scm.mechanisms.date_shift import SHIFTS, Shift, check_shift, dated_parents, shifted, starts
from causal_reasoning.scm.quantities import MechanismError, Step

#: So many days need some ten lines.
_GREATEST_DAYS = 300


class DateSteps(TextMechanism):
    """The working of ``date_shift``: the date in digits, the sum, the months it passes, the date that is reached.

    Days and weeks are added to the day of the month; the length of a month is taken off (or that of the month
    before put on) until a day of the month is left, each line with the month it has come to:

        01/30/2021
        5*7=35
        30+35=65
        65-31=34 02/2021
        34-28=06 03/2021
        03/06/2021

    Months are added to the month, twelve taken off or put on for a year; a day that the month does not have
    becomes its last.

    Parameters
    ----------
    kind : "date_steps"
        Names the mechanism.
    date, operation, count : str
        As for ``date_shift``.

    Examples
    --------
    >>> steps = DateSteps(kind="date_steps", date="today", operation="skill", count="n")
    >>> print(steps.write(1, {"today": ["November 30, 2023"], "skill": ["months later"], "n": ["3"]}, {})[0])
    11/30/2023
    11+03=14
    14-12=02 2024
    30>29
    02/29/2024
    """

    kind: Literal["date_steps"]
    date: str
    operation: str
    count: str | None = None

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the date, the operation and the count."""
        return dated_parents(self.date, self.operation, self.count)

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the parents."""
        check_shift(scope, self.date, self.operation, self.count)
        for name in scope.values_of(self.operation, ("operation",)):
            counts = scope.values_of(self.count, ("count",)) if self.count and SHIFTS[name].counted else ("1",)
            shift, most = SHIFTS[name], max(int(number) for number in counts)
            if abs(shift.size) * most > (_GREATEST_DAYS if shift.unit == "days" else 99):
                message = f"{most} '{name}' are too many for steps; at most {_GREATEST_DAYS} days or 99 months"
                raise MechanismError(("count",), message)
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Write the lines of every row."""
        return [
            "\n".join(date_lines(day, SHIFTS[name], number))
            for day, name, number in starts(columns, self.date, self.operation, self.count)
        ]


def date_lines(day: datetime.date, shift: Shift, count: int) -> list[str]:
    """Write the lines of one shift.

    Parameters
    ----------
    day : date
        Where to start.
    shift : Shift
        The step.
    count : int
        How many times.

    Returns
    -------
    list of str
        The first line is the start and the last one the result, both as ``mm/dd/yyyy``.

    Examples
    --------
    >>> date_lines(datetime.date(2021, 3, 2), SHIFTS["yesterday"], 1)
    ['03/02/2021', '02-01=01', '03/01/2021']
    >>> date_lines(datetime.date(2021, 3, 2), SHIFTS["weeks ago"], 1)[1:]
    ['1*7=07', '02-07=-05', '-05+28=23 02/2021', '02/23/2021']
    """
    lines = [write_date(day, "numeric")]
    amount = abs(shift.size) * count
    if shift.counted and abs(shift.size) > 1:
        lines.append(f"{count}*{abs(shift.size)}={amount:02d}")
    if amount:
        lines += (_days if shift.unit == "days" else _months)(day, amount, 1 if shift.size > 0 else -1)
    lines.append(write_date(shifted(day, shift, count), "numeric"))
    return lines


def _days(day: datetime.date, amount: int, sign: int) -> list[str]:
    """Go forwards or back by days, month by month."""
    year, month, found = day.year, day.month, day.day + sign * amount
    lines = [_sum(day.day, sign, amount)]
    while not 1 <= found <= _length(year, month):
        if sign > 0:
            taken = _length(year, month)
            year, month = _next(year, month, 1)
        else:
            year, month = _next(year, month, -1)
            taken = _length(year, month)
        lines.append(f"{_sum(found, -sign, taken)} {month:02d}/{year}")
        found -= sign * taken
    return lines


def _months(day: datetime.date, amount: int, sign: int) -> list[str]:
    """Go forwards or back by months, year by year; the last line shortens the day if need be."""
    year, found = day.year, day.month + sign * amount
    lines = [_sum(day.month, sign, amount)]
    while not 1 <= found <= 12:
        year += sign
        lines.append(f"{_sum(found, -sign, 12)} {year}")
        found -= sign * 12
    if day.day > _length(year, found):
        lines.append(f"{day.day}>{_length(year, found)}")
    return lines


def _sum(first: int, sign: int, second: int) -> str:
    """Write a sum or difference with two digits a number."""
    total = first + sign * second
    return f"{_two(first)}{'+' if sign > 0 else '-'}{second:02d}={_two(total)}"


def _two(number: int) -> str:
    """Write a number with two digits at least, the sign before them."""
    return f"{'-' if number < 0 else ''}{abs(number):02d}"


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _next(year: int, month: int, step: int) -> tuple[int, int]:
    """Return the month after or before."""
    years, index = divmod(year * 12 + month - 1 + step, 12)
    return years, index + 1
