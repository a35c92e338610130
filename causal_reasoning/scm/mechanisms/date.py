"""``date``: a day of the Gregorian calendar."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictInt

from causal_reasoning.errors import InputError
from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.quantities import MechanismError, Step

#: The month's number is its position; not taken from the calendar module, whose names follow the locale.
MONTHS = (
    "",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ABBREVIATED = 3  # letters of a month
_MONTHS_READ = {
    name[:length]: number for number, name in enumerate(MONTHS) if name for length in (_ABBREVIATED, len(name))
}
_LENGTHS = (28, 29, 30, 31)
#: What a shift leads to stays inside the calendar.
FIRST_YEAR, LAST_YEAR = 1000, 9000
Style = Literal["long", "numeric", "short", "slashes"]


def write_date(day: datetime.date, style: Style) -> str:
    """Write a date.

    Parameters
    ----------
    day : date
        Which day.
    style : "long", "numeric", "short" or "slashes"
        Month in words, digits with two for month and day, the month's first three letters, or as few digits as will do.

    Examples
    --------
    >>> day = datetime.date(2021, 4, 5)
    >>> write_date(day, "long"), write_date(day, "numeric")
    ('April 5, 2021', '04/05/2021')
    >>> write_date(day, "short"), write_date(day, "slashes")
    ('Apr 5, 2021', '4/5/2021')
    """
    if style == "long":
        return f"{MONTHS[day.month]} {day.day}, {day.year}"
    if style == "short":
        return f"{MONTHS[day.month][:_ABBREVIATED]} {day.day}, {day.year}"
    if style == "slashes":
        return f"{day.month}/{day.day}/{day.year}"
    return f"{day.month:02d}/{day.day:02d}/{day.year}"


def read_date(text: str) -> datetime.date:
    """Read a date in any of the styles.

    Raises
    ------
    InputError
        If the text is no date.

    Examples
    --------
    >>> read_date("April 5, 2021") == read_date("04/05/2021")
    True
    """
    parts = text.replace("/", " ").replace(",", " ").split()
    try:
        month, day, year = parts
        number = int(month) if month.isdigit() else _MONTHS_READ[month]
        found = datetime.date(int(year), number, int(day))
    except (ValueError, KeyError, OverflowError):
        found = None
    if found is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        message = f"'{text}' is no date such as 'April 5, 2021' or '04/05/2021'; name a date node"
        raise InputError.at("date", message)
    return found


class Date(TextMechanism):
    """A day: the year, the month and the day in it each drawn uniformly.

    Parameters
    ----------
    kind : "date"
        Names the mechanism.
    years : (int, int)
        First and last year, at most 1000 years.
    style : "long", "numeric", "short" or "slashes"
        ``April 5, 2021`` (default), ``04/05/2021``, ``Apr 5, 2021`` or ``4/5/2021``.
    """

    kind: Literal["date"]
    years: Annotated[
        tuple[Annotated[StrictInt, Field(ge=FIRST_YEAR, le=LAST_YEAR)], ...], Field(min_length=2, max_length=2)
    ]
    style: Style = "long"

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return nothing: the node is exogenous."""
        return ()

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the draws of the year, of the month, and of a day for every length of a month."""
        first, last = self.years
        if first > last:
            raise MechanismError(("years",), f"the first year {first} is after the last, {last}; swap them")
        count = last - first + 1
        if count > 1000:
            raise MechanismError(("years",), f"these are {count:,} years; at most 1,000 are allowed")
        days = np.zeros((len(_LENGTHS), max(_LENGTHS)))
        for row, length in enumerate(_LENGTHS):
            days[row, :length] = 1.0 / length
        return {
            "year": Site((), np.full(count, 1.0 / count)),
            "month": Site((), np.full(12, 1.0 / 12)),
            "day": Site((), days),
        }

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Take the day that was drawn for the length of the month."""
        texts = []
        for year, month, days in zip(
            (draws["year"] + self.years[0]).tolist(),
            (draws["month"] + 1).tolist(),
            (draws["day"] + 1).tolist(),
            strict=True,
        ):
            length = calendar.monthrange(year, month)[1]
            texts.append(write_date(datetime.date(year, month, days[_LENGTHS.index(length)]), self.style))
        return texts
