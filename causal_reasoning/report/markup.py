"""The few HTML elements that a page is made of; every text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from causal_reasoning.graph.markup import escape
from causal_reasoning.report.mathml import mathml


def tag(name: str, inside: str, kind: str = "") -> str:
    """Wrap markup in an element, with a class where one is given.

    Examples
    --------
    >>> tag("p", escape("a < b"), "lead")
    '<p class="lead">a &lt; b</p>'
    """
    return f'<{name} class="{kind}">{inside}</{name}>' if kind else f"<{name}>{inside}</{name}>"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """Make a table that scrolls sideways where the page is narrow.

    Parameters
    ----------
    headings : sequence of str
        Text of the heads.
    rows : iterable of sequences of str
        Cells as text; the first of each row is its head.
    kind : str, optional
        A class.

    Returns
    -------
    str
        Markup.
    """
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in headings)
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{escape(cell)}</th>' if i == 0 else f"<td>{escape(cell)}</td>"
            for i, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return raw_table(head, body, kind)


def raw_table(head: str, body: str, kind: str = "") -> str:
    """Make a table of ready cells and rows."""
    start = f'<table class="{kind}">' if kind else "<table>"
    return f'<div class="scroll">{start}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def details(summary: str, inside: str) -> str:
    """Make a part that the reader opens; ``summary`` is text."""
    return f"<details><summary>{escape(summary)}</summary>{inside}</details>"


def formula(latex: object, text: object) -> str:
    """Set a formula: in mathematical type where its LaTeX can be converted, as plain text otherwise.

    Parameters
    ----------
    latex, text : object
        The two notations; either may be missing.

    Returns
    -------
    str
        Markup; empty if there is neither.
    """
    words = str(text or latex or "")
    if not words:
        return ""
    math = mathml(str(latex)) if latex else None
    if math is None:
        return f'<pre class="formula"><code>{escape(words)}</code></pre>'
    return f'<div class="formula" title="{escape(words)}">{math}</div>'


def mapping(value: Any) -> Mapping[str, Any]:
    """Give a mapping as it is, anything else as an empty one."""
    return value if isinstance(value, Mapping) else {}


def listing(value: Any) -> list[Any]:
    """Give a list or tuple as a list, anything else as an empty one."""
    return list(value) if isinstance(value, list | tuple) else []
