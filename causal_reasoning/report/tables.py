"""The results as a table: for the terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from causal_reasoning.report.numbers import compact, percent_interval
from causal_reasoning.report.results import Arm, Results, read_results

if TYPE_CHECKING:
    from rich.table import Table

_TEXTS = ("arm", "estimator", "adapter")


def terminal_table(summary: Mapping[str, Any], width: int | None = None) -> Table:
    """Show the results in a terminal.

    Parameters
    ----------
    summary : mapping
        The summary of a sweep.
    width : int, optional
        Columns of the terminal; by default those of the one that the program runs in.

    Returns
    -------
    rich.table.Table
        One row an arm, exact match in percent; the untrained base and the ceiling stand apart.

    Examples
    --------
    >>> table = terminal_table({"experiment": "letters", "arms": [{"name": "erm", "seeds": [1]}]})
    >>> table.row_count
    1
    """
    from rich import box, get_console
    from rich.table import Table
    from rich.text import Text

    results = read_results(summary)
    headings, full = _cells(results)
    # A terminal is narrow: estimator and adapter are left out, and the number of seeds where it is the same everywhere.
    seeds = {len(arm.seeds) for arm in results.arms}
    hidden = {"estimator", "adapter", "seeds"} if len(seeds) == 1 else {"estimator", "adapter"}
    shown = [i for i, heading in enumerate(headings) if heading not in hidden]
    shown = _fitting(headings, [row for _, row in full], shown, width or get_console().width)
    rows = [(arm, [row[i] for i in shown]) for arm, row in full]
    caption = _caption(results)
    if len(seeds) == 1:
        caption = caption.replace("over seeds", f"over {min(seeds)} seed" + "s" * (min(seeds) > 1), 1)
    table = Table(title=Text(results.experiment), caption=Text(caption), box=box.SIMPLE_HEAD, padding=(0, 1))
    for column, i in enumerate(shown):
        widest = max((len(row[column]) for _, row in rows), default=0)
        heading, room = _short(headings[i]), _room(headings[i], [row[column] for _, row in rows])
        if column == 0:
            table.add_column(Text(heading), overflow="fold", min_width=min(widest, _NAME))
        else:
            table.add_column(Text(heading), justify="right", width=room)
    for i, (arm, row) in enumerate(rows):
        style = "bold" if arm is best_arm(results) else ("dim" if arm.kind != "graph" else "")
        ends = i + 1 < len(rows) and rows[i + 1][0].kind != arm.kind
        table.add_row(*(Text(cell, style=style) for cell in row), end_section=ends)
    return table


_NAME = 22
"""Columns of a terminal that the name of an arm gets at least, if it is as long."""
_SPARE = ("worst stratum", "trained parameters", "reversed", "gap closed")
"""What a narrow terminal leaves out, the first first; the page and the Markdown table have everything."""


def _short(heading: str) -> str:
    return heading.replace("distribution", "distr.")


def _room(heading: str, cells: Sequence[str]) -> int:
    return max(max((len(cell) for cell in cells), default=0), max(len(word) for word in _short(heading).split()))


def _fitting(headings: list[str], rows: list[list[str]], shown: list[int], width: int) -> list[int]:
    """The columns that a terminal has room for beside the names of the arms."""
    names = min(_NAME, max((len(row[0]) for row in rows), default=0))
    for spare in ("", *_SPARE):
        shown = [i for i in shown if headings[i] != spare]
        if names + 3 + sum(2 + _room(headings[i], [row[i] for row in rows]) for i in shown[1:]) <= width:
            break
    return shown


def markdown_table(summary: Mapping[str, Any]) -> str:
    """Write the results as a Markdown table.

    Parameters
    ----------
    summary : mapping
        The summary of a sweep.

    Returns
    -------
    str
        The table, one line below it that says what the numbers are, and one line for each failed run.

    Examples
    --------
    >>> print(markdown_table({"arms": [{"name": "erm", "seeds": [1]}]}).splitlines()[2])
    | erm |  | 1 |
    """
    results = read_results(summary)
    headings, rows = _cells(results)
    best = best_arm(results)
    lines = [
        "| " + " | ".join(_cell(h) for h in headings) + " |",
        "|" + "|".join("---" if h in _TEXTS else "---:" for h in headings) + "|",
    ]
    for arm, row in rows:
        cells = [_cell(cell) for cell in row]
        if arm is best:
            cells[0] = f"**{cells[0]}**"
        elif arm.kind != "graph":
            cells[0] = f"*{cells[0]}*"
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", _cell(_caption(results))]
    lines += [f"- failed: {_cell(f.arm)}, seed {_cell(f.seed)}: {_cell(f.error)}" for f in results.failed]
    return "\n".join(lines).rstrip() + "\n"


def best_arm(results: Results) -> Arm | None:
    """Find the trained arm, ceiling apart, with the highest exact match under the intervention.

    Parameters
    ----------
    results : Results
        The results.

    Returns
    -------
    Arm or None
        ``None`` where fewer than two arms can be compared.
    """
    scored = []
    for arm in results.arms:
        score = arm.exact(results.split) if results.split and arm.kind == "graph" else None
        if score is not None:
            scored.append((score.mean, arm))
    return max(scored, key=lambda pair: pair[0])[1] if len(scored) > 1 else None


def _cells(results: Results) -> tuple[list[str], list[tuple[Arm, list[str]]]]:
    worst = any(s.worst for arm in results.arms for name, s in arm.splits.items() if name == results.split)
    gap = any(arm.gap for arm in results.arms)
    # Where every objective is one that its graph licenses, there is nothing to tell apart.
    licence = any(arm.licensed is False for arm in results.arms)
    sizes = results.sizes_differ
    headings = ["arm", "estimator", *(["licensed"] * licence), *(["adapter", "trained parameters"] * sizes), "seeds"]
    headings += results.titles.values()
    headings += ["worst stratum"] * worst + ["gap closed"] * gap
    rows = []
    for arm in results.arms:
        licensed = {True: "yes", False: "no", None: ""}[arm.licensed if arm.kind == "graph" else None]
        row = [arm.name, arm.estimator, *([licensed] * licence)]
        if sizes:
            row += [arm.adapter or "", compact(arm.trainable) if arm.trainable else ""]
        row.append(str(len(arm.seeds)))
        row += [percent_interval(arm.exact(split)) for split in results.titles]
        if worst:
            there = arm.splits.get(results.split or "")
            row.append(percent_interval(there.worst if there else None))
        if gap:
            row.append(percent_interval(arm.gap))
        rows.append((arm, row))
    return headings, rows


def _caption(results: Results) -> str:
    parts = ["Exact match in percent, mean over seeds"]
    if results.interval and any(
        number and number.half is not None for arm in results.arms for number in map(arm.exact, results.titles)
    ):
        parts.append(f"± half of the {results.interval}")
    text = ", ".join(parts) + "."
    if any(arm.gap for arm in results.arms):
        title = results.titles.get(results.split or "", results.split)
        text += f" Gap closed: share of the way from {results.floor} to {results.ceiling} on {title}."
    if any(arm.licensed is False for arm in results.arms):
        text += " Licensed: the arm's graph implies that the minimiser is what the query asks for."
    if results.failed:
        text += f" {len(results.failed)} run{'s' * (len(results.failed) > 1)} failed."
    return text


def _cell(text: str) -> str:
    kept = " ".join(text.split())
    for sign in "\\`*_<>[]|":
        kept = kept.replace(sign, "\\" + sign)
    return kept
