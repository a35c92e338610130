"""A scatter of texts on a plane: what a router reads, coloured by a category."""

from __future__ import annotations

from collections.abc import Sequence

from causal_reasoning.graph.markup import escape

_SIZE = 230.0
_COLOURS = 8


def scatter(title: str, points: Sequence[Sequence[float]], groups: Sequence[str]) -> str:
    """Draw points on a square, coloured by group, with a legend.

    Parameters
    ----------
    title : str
        What is shown.
    points : sequence of (float, float)
        N places, each between −1 and 1.
    groups : sequence of str
        The group of each; more than eight share colours.

    Returns
    -------
    str
        A figure with an SVG element; empty text without points.

    Examples
    --------
    >>> scatter("by part", [(0.0, 0.5)], ["1"]).count("<circle")
    1
    """
    pairs = [(p, str(g)) for p, g in zip(points, groups, strict=False) if len(p) == 2]
    if not pairs:
        return ""
    names = sorted({group for _, group in pairs})
    tones = {name: f"arm-{i % _COLOURS}" for i, name in enumerate(names)}
    middle, reach = _SIZE / 2, _SIZE / 2 - 8
    dots = "".join(
        f'<g class="{tones[group]}"><circle cx="{middle + reach * x:.1f}" cy="{middle - reach * y:.1f}" r="2.6">'
        f"<title>{escape(group)}</title></circle></g>"
        for (x, y), group in pairs
    )
    legend = "".join(
        f'<span class="{tones[name]}"><span class="swatch"></span>{escape(name)}</span> ' for name in names
    )
    frame = f'<rect class="frame" x="1" y="1" width="{_SIZE - 2:g}" height="{_SIZE - 2:g}" rx="8"/>'
    words = f"{escape(title)}: {len(pairs)} texts"
    return (
        f'<figure class="scatter"><figcaption>{escape(title)}</figcaption>'
        f'<svg class="chart" role="img" viewBox="0 0 {_SIZE:g} {_SIZE:g}" aria-label="{words}">{frame}{dots}</svg>'
        f'<div class="legend small">{legend}</div></figure>'
    )
