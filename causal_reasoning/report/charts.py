"""Charts of a page: small SVG elements whose colours are the page's variables, so that they follow its theme."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from causal_reasoning.graph.markup import escape, shorten, text_width
from causal_reasoning.report.numbers import percent, percent_interval, plain
from causal_reasoning.report.results import Number

_ROW = 30.0
_WIDTH = 460.0


@dataclass(frozen=True)
class Dots:
    """One row of a chart of dots: an arm and its number; ``tone`` is the CSS class of its colour."""

    label: str
    number: Number | None
    tone: str


@dataclass(frozen=True)
class Line:
    """One arm of a chart of curves.

    Parameters
    ----------
    label, tone : str
        The arm and the CSS class of its colour.
    runs : tuple of tuples of (float, float)
        One polyline a seed.
    """

    label: str
    tone: str
    runs: tuple[tuple[tuple[float, float], ...], ...]


def dot_chart(
    title: str, rows: Sequence[Dots], marks: Mapping[str, float] | None = None, *, label_share: float = 0.36
) -> str:
    """Draw every seed as a dot, with the mean and its interval.

    Parameters
    ----------
    title : str
        What is shown.
    rows : sequence of Dots
        From top to bottom; numbers are shares between 0 and 1.
    marks : mapping of str to float, optional
        Shares to mark with a line across all rows, by what they are.
    label_share : float, optional
        Most of the width that labels may take.

    Returns
    -------
    str
        An SVG element on a fixed scale from 0 to 100 percent.

    Examples
    --------
    >>> "<circle" in dot_chart("do", [Dots("erm", Number(0.5, values=(0.5,)), "arm-0")])
    True
    """
    room = min(_WIDTH * label_share, max((text_width(r.label, 12.5) for r in rows), default=0) + 6)
    left, right, top = room + 8, _WIDTH - 96, 12.0
    bottom = top + _ROW * len(rows)

    def x(share: float) -> float:
        return left + (right - left) * min(1.0, max(0.0, share))

    parts = [_open(title, _WIDTH, bottom + 34, "; ".join(f"{r.label}: {percent_interval(r.number)}" for r in rows))]
    for tick in range(0, 101, 25):
        at = x(tick / 100)
        parts.append(f'<path class="grid" d="M{_n(at)} {_n(top)}V{_n(bottom)}"/>')
        parts.append(f'<text class="tick" x="{_n(at)}" y="{_n(bottom + 15)}" text-anchor="middle">{tick}</text>')
    middle = (left + right) / 2
    parts.append(
        f'<text class="tick" x="{_n(middle)}" y="{_n(bottom + 30)}" text-anchor="middle">exact match, %</text>'
    )
    for name, share in (marks or {}).items():
        parts.append(
            f'<path class="mark" d="M{_n(x(share))} {_n(top)}V{_n(bottom)}"><title>{escape(name)}: '
            f"{percent(share)}</title></path>"
        )
    for i, row in enumerate(rows):
        y = top + _ROW * (i + 0.5)
        parts.append(f'<g class="{row.tone}"><title>{escape(row.label)}: {percent_interval(row.number)}</title>')
        label = escape(shorten(row.label, 12.5, room))
        parts.append(f'<text class="label" x="{_n(room)}" y="{_n(y + 4)}" text-anchor="end">{label}</text>')
        parts.append(f'<text class="value" x="{_n(right + 12)}" y="{_n(y + 4)}">{percent_interval(row.number)}</text>')
        if row.number:
            parts.append(_dots(row.number, x, y))
        parts.append("</g>")
    return "".join(parts) + "</svg>"


def _dots(number: Number, x: Callable[[float], float], y: float) -> str:
    parts = []
    if number.low is not None and number.high is not None:
        ends = f"M{_n(x(number.low))} {_n(y)}H{_n(x(number.high))}"
        caps = "".join(f"M{_n(x(end))} {_n(y - 4)}V{_n(y + 4)}" for end in (number.low, number.high) if 0 <= end <= 1)
        parts.append(f'<path class="whisker" d="{ends}{caps}"/>')
    parts.append(f'<path class="mean" d="M{_n(x(number.mean))} {_n(y - 8)}V{_n(y + 8)}"/>')
    values = number.values or (number.mean,)
    for i, value in enumerate(values):
        lift = 0.0 if len(values) == 1 else -5.0 + 10.0 * (i % 5) / min(4, len(values) - 1)
        parts.append(f'<circle cx="{_n(x(value))}" cy="{_n(y + lift)}" r="3.6"/>')
    return "".join(parts)


def curve_chart(title: str, lines: Sequence[Line], *, share: bool = False) -> str:
    """Draw curves over training steps: each seed thin, the mean over seeds thick.

    Parameters
    ----------
    title : str
        What is shown.
    lines : sequence of Line
        The arms.
    share : bool, optional
        Whether values are shares, drawn from 0 to 100 percent.

    Returns
    -------
    str
        An SVG element; empty text if there is nothing to draw.

    Examples
    --------
    >>> curve_chart("loss", [])
    ''
    """
    points = [p for line in lines for run in line.runs for p in run]
    if not points:
        return ""
    height, left, right, top = 270.0, 46.0, _WIDTH - 12, 12.0
    bottom = height - 38
    steps = ticks(0.0, max(p[0] for p in points), 5)
    values = [0.0, 0.25, 0.5, 0.75, 1.0] if share else ticks(min(p[1] for p in points), max(p[1] for p in points), 5)
    x_end = max(max(p[0] for p in points), 1e-9)
    y_low, y_high = values[0], values[-1]

    def spot(point: tuple[float, float]) -> str:
        x = left + (right - left) * point[0] / x_end
        y = bottom - (bottom - top) * (point[1] - y_low) / ((y_high - y_low) or 1.0)
        return f"{_n(x)} {_n(y)}"

    parts = [_open(title, _WIDTH, height, ", ".join(line.label for line in lines))]
    for value in values:
        text = percent(value).removesuffix(".0") if share else plain(value)
        _, y = spot((0, value)).split()
        parts.append(f'<path class="grid" d="M{_n(left)} {y}H{_n(right)}"/>')
        parts.append(f'<text class="tick" x="{_n(left - 7)}" y="{_n(float(y) + 4)}" text-anchor="end">{text}</text>')
    for step in steps:
        if step <= x_end:
            at, _ = spot((step, y_low)).split()
            parts.append(
                f'<text class="tick" x="{at}" y="{_n(bottom + 16)}" text-anchor="middle">{plain(int(step))}</text>'
            )
    parts.append(
        f'<text class="tick" x="{_n((left + right) / 2)}" y="{_n(height - 6)}" text-anchor="middle">step</text>'
    )
    for line in lines:
        parts.append(f'<g class="{line.tone}"><title>{escape(line.label)}</title>')
        if len(line.runs) > 1:
            parts += [f'<path class="seed" d="{_polyline(run, spot)}"/>' for run in line.runs if run]
        mean = _mean(line.runs)
        if mean:
            parts.append(f'<path class="curve" d="{_polyline(mean, spot)}"/>')
            end = spot(mean[-1]).split()
            parts.append(f'<circle cx="{end[0]}" cy="{end[1]}" r="3"/>')
        parts.append("</g>")
    return "".join(parts) + "</svg>"


def ticks(low: float, high: float, about: int) -> list[float]:
    """Choose round numbers that enclose a range.

    Parameters
    ----------
    low, high : float
        The range.
    about : int
        How many numbers are wanted, roughly.

    Returns
    -------
    list of float
        At least two.

    Examples
    --------
    >>> ticks(0.0, 300.0, 5)
    [0.0, 100.0, 200.0, 300.0]
    >>> ticks(1.0, 1.0, 5)[0] <= 1.0
    True
    """
    span = (high - low) or max(abs(high), 1.0)
    rough = span / max(1, about - 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= rough * 0.999)
    first = math.floor(low / step + 1e-9)
    last = max(first + 1, math.ceil(high / step - 1e-9))
    return [round(i * step, 12) for i in range(first, last + 1)]


# -- pieces ------------------------------------------------------------------------------------------


def _open(title: str, width: float, height: float, words: str) -> str:
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'aria-label="{escape(title)}. {escape(words)}">'
    )


def _mean(runs: Sequence[Sequence[tuple[float, float]]]) -> tuple[tuple[float, float], ...]:
    """Mean over the seeds at the steps that all of them have."""
    tables = [dict(run) for run in runs if run]
    if not tables:
        return ()
    shared = sorted(set(tables[0]).intersection(*tables[1:]))
    return tuple((step, sum(t[step] for t in tables) / len(tables)) for step in shared)


def _polyline(points: Sequence[tuple[float, float]], spot: Callable[[tuple[float, float]], str]) -> str:
    return "M" + "L".join(spot(point) for point in points)


def _n(value: float) -> str:
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
