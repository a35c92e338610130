"""The report of a sweep: one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from causal_reasoning.files import write_atomic
from causal_reasoning.graph.markup import escape
from causal_reasoning.report.derivation import graph_section
from causal_reasoning.report.findings import findings
from causal_reasoning.report.markup import mapping, tag
from causal_reasoning.report.results import Results, read_results
from causal_reasoning.report.sections import (
    curves_section,
    failures_section,
    results_section,
    settings_section,
    strata_section,
)

_READING = (
    (
        "Exact match",
        "The share of items whose whole answer is right, letter for letter. Every split has its own "
        "items, which no run was trained on.",
    ),
    (
        "Same distribution and do(…)",
        "The first split is drawn like the training data, so a shortcut through the confounder pays. In "
        "the second the treatment was set from outside, so the shortcut is worthless: this is where a "
        "causal objective must show.",
    ),
    (
        "Floor and ceiling",
        "The floor is plain likelihood on the confounded data. The ceiling is plain likelihood on as many "
        "rows in which the intervention was really made; no method that sees only confounded data is "
        "expected to beat it.",
    ),
    (
        "Gap closed",
        "0 % is the floor, 100 % the ceiling. Negative is worse than the floor; above 100 % is better "
        "than the ceiling, usually by chance. It is a ratio: with a small gap it says little.",
    ),
    (
        "Untrained base",
        "The same model before fine-tuning. A benchmark that it solves would measure nothing.",
    ),
    (
        "Graphs",
        "A graph is an assumption, not a result. The loss is derived from it; if the graph is wrong the "
        "derivation is about another world, and the numbers show it.",
    ),
    (
        "Overlap",
        "Weighting keeps only as much information as the effective sample size says. Few effective rows, "
        "a large weight or an empty cell mean that the derived loss is right and yet cannot be learned "
        "from this data.",
    ),
)


def write_page(records: Sequence[Mapping[str, Any]], summary: Mapping[str, Any], path: Path | str) -> Path:
    """Write the report of a sweep.

    Parameters
    ----------
    records : sequence of mapping
        The finished runs, as in their ``result.json``.
    summary : mapping
        Means and intervals over them.
    path : path
        Where to write the page.

    Returns
    -------
    Path
        The file written: HTML with its style and pictures inside, without scripts and without anything to load.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    return write_atomic(path, render_page(records, summary))


def render_page(records: Sequence[Mapping[str, Any]], summary: Mapping[str, Any]) -> str:
    """Give the report of a sweep as HTML text; see `write_page`.

    Examples
    --------
    >>> render_page([], {"experiment": "letters"}).startswith("<!doctype html>")
    True
    """
    results = read_results(summary)
    runs = sorted(records, key=lambda r: (str(r.get("arm")), str(r.get("seed")).zfill(12)))
    style = files("causal_reasoning.report").joinpath("style.css").read_text(encoding="utf-8")
    title = escape(f"{results.experiment}: results")
    parts = [
        ("summary", "", _head(results, len(runs))),
        ("results", "Results", results_section(results) + failures_section(results)),
        ("curves", "Convergence", curves_section(runs, results)),
        ("strata", "By stratum", strata_section(runs, results)),
        ("graphs", "Graphs and derived losses", _graphs(runs, results)),
        ("settings", "Settings and versions", settings_section(runs)),
        ("reading", "How to read this", _reading()),
    ]
    shown = [part for part in parts if part[2]]
    links = "".join(f'<li><a href="#{name}">{heading}</a></li>' for name, heading, _ in shown if heading)
    body = []
    for name, heading, inside in shown:
        head = f"<h2>{heading}</h2>" if heading else ""
        body.append(f'<section id="{name}">{head}{inside}</section>')
        if not heading:
            body.append(f'<nav aria-label="Sections"><ul>{links}</ul></nav>')
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(body)
        + "\n</main>\n</body>\n</html>\n"
    )


def _head(results: Results, runs: int) -> str:
    said, rest = findings(results)
    lead = tag("p", escape(" ".join(said)), "lead") + (tag("p", escape(" ".join(rest))) if rest else "")
    seeds = sorted({seed for arm in results.arms for seed in arm.seeds})
    facts = f"{runs} finished run{'s' * (runs != 1)}, {len(results.arms)} arms"
    facts += f", seeds {', '.join(map(str, seeds))}" if seeds else ""
    return f"<h1>{escape(results.experiment)}</h1>{tag('p', escape(facts), 'small')}{lead}"


def _graphs(records: Sequence[Mapping[str, Any]], results: Results) -> str:
    """One section for every different graph, in the order of the arms."""
    order = {arm.name: i for i, arm in enumerate(results.arms)}
    first: dict[str, Mapping[str, Any]] = {}
    arms: dict[str, list[str]] = {}
    for record in sorted(records, key=lambda r: order.get(str(r.get("arm")), len(order))):
        graph = mapping(record.get("graph"))
        if not graph:
            continue
        key = str(graph.get("digest") or graph.get("text") or graph.get("name"))
        first.setdefault(key, record)
        names = arms.setdefault(key, [])
        if record.get("arm") not in names:
            names.append(str(record.get("arm")))
    return "".join(graph_section(record, arms[key]) for key, record in first.items())


def _reading() -> str:
    return (
        '<dl class="reading">'
        + "".join(f"<dt>{escape(word)}</dt><dd>{escape(text)}</dd>" for word, text in _READING)
        + "</dl>"
    )
