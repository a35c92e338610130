"""The results as a picture file, for a README or a paper."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from causal_reasoning.errors import InputError
from causal_reasoning.report.results import Arm, Results, read_results

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a7d00", "#7a4b24")
_DARK = ("#56a9e0", "#f07a45", "#2fbf93", "#dd8dbb", "#f0a830", "#7cc8ee", "#e0d24a", "#c79a70")
_FORMATS = (".png", ".svg", ".pdf")


def results_figure(summary: Mapping[str, Any], path: Path | str, dark: bool = False) -> Path:
    """Draw every seed as a dot, the mean and its interval, one panel a split.

    Parameters
    ----------
    summary : mapping
        The summary of a sweep.
    path : path
        Where to write; the suffix (``.png``, ``.svg`` or ``.pdf``) says what.
    dark : bool, optional
        Light lines for a dark background.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        For another suffix, or a summary without results.
    """
    import io

    from matplotlib import rc_context
    from matplotlib.figure import Figure

    from causal_reasoning.files import write_atomic

    target = Path(path)
    if target.suffix not in _FORMATS:
        raise InputError.at(str(path), f"a picture ends in one of {', '.join(_FORMATS)}, not '{target.suffix}'")
    results = read_results(summary)
    if not results.arms or not results.titles:
        raise InputError.at(str(path), "the summary has no results to draw")
    ink, muted, paper = ("#e8edf3", "#9ba7b6", "#12171e") if dark else ("#1b2430", "#566170", "#ffffff")
    style: dict[Any, Any] = {
        "font.family": "sans-serif",
        "font.size": 9,
        "svg.hashsalt": "causal-reasoning",
        "svg.fonttype": "none",
        "text.color": ink,
        "axes.labelcolor": muted,
        "xtick.color": muted,
        "ytick.color": ink,
        "axes.edgecolor": muted,
        "text.parse_math": False,
    }
    with rc_context(style):
        panels = len(results.titles)
        size = (1.7 + 2.6 * panels, 0.9 + 0.36 * len(results.arms))
        figure = Figure(figsize=size, dpi=200, facecolor=paper, layout="constrained")
        axes = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
        for axis, (split, title) in zip(axes, results.titles.items(), strict=True):
            _panel(axis, results, split, title, _DARK if dark else _COLOURS, ink, muted, paper)
        buffer = io.BytesIO()
        metadata = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[target.suffix]
        figure.savefig(buffer, format=target.suffix[1:], facecolor=paper, metadata=metadata)
    return write_atomic(target, buffer.getvalue())


def _panel(
    axis: Any,
    results: Results,
    split: str,
    title: str,
    colours: tuple[str, ...],
    ink: str,
    muted: str,
    paper: str,
) -> None:
    trained = [arm.name for arm in results.arms if arm.kind == "graph"]
    axis.set_facecolor(paper)
    axis.set_title(title, fontsize=10, color=ink, loc="left")
    axis.set_xlim(-3, 103)
    axis.set_xticks(range(0, 101, 25))
    axis.set_xlabel("exact match, %")
    axis.grid(axis="x", color=muted, alpha=0.25, linewidth=0.6)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.set_yticks(range(len(results.arms)), [arm.name for arm in results.arms])
    axis.set_ylim(len(results.arms) - 0.5, -0.5)
    for row, arm in enumerate(results.arms):
        colour = colours[trained.index(arm.name) % len(colours)] if arm.name in trained else muted
        _row(axis, row, arm, split, colour)


def _row(axis: Any, row: int, arm: Arm, split: str, colour: str) -> None:
    number = arm.exact(split)
    if number is None:
        return
    if number.low is not None and number.high is not None:
        ends = [100 * max(0.0, number.low), 100 * min(1.0, number.high)]
        axis.plot(ends, [row, row], color=colour, linewidth=1.6, alpha=0.7)
    axis.plot([100 * number.mean] * 2, [row - 0.26, row + 0.26], color=colour, linewidth=2.2)
    values = number.values or (number.mean,)
    spread = [0.0] if len(values) == 1 else [-0.15 + 0.3 * i / (len(values) - 1) for i in range(len(values))]
    axis.scatter([100 * v for v in values], [row + s for s in spread], s=16, color=colour, alpha=0.75, linewidths=0)
