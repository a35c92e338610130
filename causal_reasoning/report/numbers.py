"""How numbers are written: percentages with one digit, half-widths beside means, nothing for what is missing."""

from __future__ import annotations

from causal_reasoning.report.results import Number

MISSING = "–"


def percent(value: float | None) -> str:
    """Write a share as a percentage without the sign.

    Examples
    --------
    >>> percent(0.7234), percent(-0.05), percent(None)
    ('72.3', '−5.0', '–')
    """
    return MISSING if value is None else _minus(f"{100 * value:.1f}")


def percent_interval(number: Number | None) -> str:
    """Write a mean share with the half-width of its interval, as percentages.

    Examples
    --------
    >>> percent_interval(Number(0.7, 0.65, 0.75))
    '70.0 ± 5.0'
    >>> percent_interval(Number(0.7))
    '70.0'
    """
    if number is None:
        return MISSING
    half = number.half
    return percent(number.mean) + ("" if half is None else f" ± {percent(half)}")


def compact(value: int | None) -> str:
    """Write a large number with three digits and k, M or G for thousands, millions and thousands of millions.

    Examples
    --------
    >>> [compact(n) for n in (544, 24576, 999_960, 1_228_830, 7_000_000_000, None)]
    ['544', '24.6 k', '1.00 M', '1.23 M', '7.00 G', '–']
    """
    if value is None:
        return MISSING
    if value < 1000:
        return str(value)
    scaled, unit = value / 1000, "k"
    for following in ("M", "G", "T"):
        if scaled < 999.5:
            break
        scaled, unit = scaled / 1000, following
    return f"{scaled:#.3g} {unit}".replace(". ", " ")


def plain(value: object) -> str:
    """Write a setting or a measured quantity with sensible digits.

    Examples
    --------
    >>> plain(6400), plain(0.001), plain(0.294117), plain(1660.04), plain(True), plain(None)
    ('6,400', '0.001', '0.294', '1,660', 'yes', '–')
    """
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _minus(f"{value:,}")
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return MISSING
        if abs(value) >= 1000:
            return _minus(f"{value:,.0f}")
        return _minus(f"{value:.3g}")
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(plain(item) for item in value) or MISSING
    return str(value)


def _minus(text: str) -> str:
    if text.startswith("-"):
        return text[1:] if not text.strip("-0.,") else "−" + text[1:]
    return text
