"""``date_shift``: the date that lies some days, weeks, months or years before or after another."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import InputError
from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism, later
from causal_reasoning.scm.mechanisms.date import Style, read_date, write_date
from causal_reasoning.scm.mechanisms.numbers import whole_numbers
from causal_reasoning.scm.mechanisms.single_field import check_single_field, single_field_writer
from causal_reasoning.scm.quantities import MechanismError, Step

GREATEST_COUNT = 500


@dataclass(frozen=True)
class Shift:
    """A step in the calendar.

    Parameters
    ----------
    unit : "days" or "months"
        What is counted.
    size : int
        How many make one step; below zero towards the past.
    counted : bool
        Whether the step is made a number of times that another node gives, or once.
    """

    unit: Literal["days", "months"]
    size: int
    counted: bool = False


#: What a value of the operation's node does.
SHIFTS: dict[str, Shift] = {
    "today": Shift("days", 0),
    "tomorrow": Shift("days", 1),
    "yesterday": Shift("days", -1),
    "a week later": Shift("days", 7),
    "a week ago": Shift("days", -7),
    "a month later": Shift("months", 1),
    "a month ago": Shift("months", -1),
    "a year later": Shift("months", 12),
    "a year ago": Shift("months", -12),
    "days later": Shift("days", 1, counted=True),
    "days ago": Shift("days", -1, counted=True),
    "weeks later": Shift("days", 7, counted=True),
    "weeks ago": Shift("days", -7, counted=True),
    "months later": Shift("months", 1, counted=True),
    "months ago": Shift("months", -1, counted=True),
    "years later": Shift("months", 12, counted=True),
    "years ago": Shift("months", -12, counted=True),
}


def shifted(day: datetime.date, shift: Shift, count: int = 1) -> datetime.date:
    """Move a date; a day that the month does not have becomes the month's last.

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
    date
        Where one arrives.

    Examples
    --------
    >>> shifted(datetime.date(2023, 11, 30), SHIFTS["months later"], 3)
    datetime.date(2024, 2, 29)
    """
    if shift.unit == "days":
        return day + datetime.timedelta(days=shift.size * count)
    year, month = divmod(day.year * 12 + day.month - 1 + shift.size * count, 12)
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def check_shift(scope: Scope, date: str, operation: str, count: str | None) -> None:
    """Refuse dates and operations that are none, and a count that is missing, not whole or too large.

    Parameters
    ----------
    scope : Scope
        What is known of the nodes before.
    date, operation : str
        The nodes with the date and with the name of the step; keys of the same names are in the mechanism.
    count : str or None
        The node that says how many.

    Raises
    ------
    MechanismError
        At ``date``, ``operation`` or ``count``. Whether a text is a date shows only when it is written.
    """
    for value in scope.values.get(date, ()):
        try:
            read_date(value)
        except InputError:
            raise MechanismError(("date",), f"'{date}' has the value '{value}', no date; name a date node") from None
    for value in scope.values_among(operation, ("operation",), SHIFTS, "no shift"):
        if SHIFTS[value].counted and count is None:
            raise MechanismError(("operation",), f"'{value}' needs a number; name a node under 'count'")
    if count is None:
        return
    numbers = whole_numbers(count, scope.values_of(count, ("count",)), ("count",))
    if min(numbers) < 1 or max(numbers) > GREATEST_COUNT:
        wrong = min(numbers) if min(numbers) < 1 else max(numbers)
        raise MechanismError(("count",), f"'{count}' can be {wrong}; a count lies from 1 to {GREATEST_COUNT}")


def dated_parents(date: str, operation: str, count: str | None) -> tuple[tuple[str, tuple[Step, ...]], ...]:
    """Return the nodes that a shift reads, each with the key that names it."""
    named = ((date, ("date",)), (operation, ("operation",)))
    return named if count is None else (*named, (count, ("count",)))


def starts(
    columns: Mapping[str, Sequence[str]], date: str, operation: str, count: str | None
) -> list[tuple[datetime.date, str, int]]:
    """Read the start, the operation and the count of every row; the count is 1 where there is none."""
    operations = columns[operation]
    counts = [1] * len(operations) if count is None else [int(number) for number in columns[count]]
    return [
        (read_date(text), name, number if SHIFTS[name].counted else 1)
        for text, name, number in zip(columns[date], operations, counts, strict=True)
    ]


class DateShift(TextMechanism):
    """The date that an operation leads to.

    Parameters
    ----------
    kind : "date_shift"
        Names the mechanism.
    date : str
        The node with the date to start from.
    operation : str
        The node that names the step, such as ``tomorrow``, ``a week ago`` or ``months later``.
    count : str, optional
        A node with whole numbers: how many ``days later``, ``weeks ago``, ….
    format : str
        A template with the one field ``{result}``.
    style : "long", "numeric", "short" or "slashes"
        How the result is written: ``April 5, 2021``, ``04/05/2021`` (default), ``Apr 5, 2021`` or ``4/5/2021``.

    Examples
    --------
    >>> shift = DateShift(kind="date_shift", date="today", operation="skill", count="n")
    >>> shift.write(1, {"today": ["February 28, 2024"], "skill": ["days later"], "n": ["2"]}, {})
    ['03/01/2024']
    """

    kind: Literal["date_shift"]
    date: str
    operation: str
    count: str | None = None
    format: str = "{result}"
    style: Style = later("numeric")

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the date, the operation and the count."""
        return dated_parents(self.date, self.operation, self.count)

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the parents."""
        check_single_field(self.format, "result")
        check_shift(scope, self.date, self.operation, self.count)
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Shift the dates and put them into the format."""
        fill = single_field_writer(self.format)
        return [
            fill(write_date(shifted(day, SHIFTS[name], number), self.style))
            for day, name, number in starts(columns, self.date, self.operation, self.count)
        ]
