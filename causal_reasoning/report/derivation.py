"""One graph on the page: its drawing, the loss derived from it, the proof, and what the data can carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causal_reasoning.errors import InputError
from causal_reasoning.graph.assumptions import AssumptionGraph
from causal_reasoning.graph.draw import draw_svg
from causal_reasoning.graph.markup import escape
from causal_reasoning.graph.reader import parse_graph
from causal_reasoning.report.estimates import estimates
from causal_reasoning.report.markup import details, formula, listing, mapping, raw_table, tag
from causal_reasoning.report.numbers import percent, plain
from causal_reasoning.report.slots import slots_section

_MANY_CELLS = 36
_VERDICTS = {"identified": "identified", "zero_effect": "zero effect", "not_identified": "not identified"}


def graph_section(record: Mapping[str, Any], arms: list[str]) -> str:
    """Show one graph and what follows from it.

    Parameters
    ----------
    record : mapping
        A finished run with this graph.
    arms : list of str
        All arms that use it.

    Returns
    -------
    str
        Markup.
    """
    graph = mapping(record.get("graph"))
    derivation = mapping(record.get("derivation"))
    text = str(graph.get("text") or "")
    parts = [f'<h3 id="{_anchor(graph)}">{escape(graph.get("name") or "graph")}</h3>']
    digest = str(graph.get("digest") or "")
    used = f"Used by {', '.join(arms)}" + (f" · digest {digest[:12]}" if digest else "")
    try:
        parsed: AssumptionGraph | None = parse_graph(text) if text else None
    except InputError:
        parsed = None
    if parsed and parsed.description:
        parts.append(tag("p", escape(parsed.description)))
    parts.append(tag("p", escape(used), "small"))
    if parsed:
        parts.append(_drawing(parsed, derivation))
    elif text:
        parts.append(tag("p", "The stored file cannot be read by this version, so it is not drawn.", "note"))
    parts += [_loss(derivation), _proof(derivation), _overlap(record), estimates(record), slots_section(record)]
    if text:
        parts.append(details("Graph file (YAML)", f"<pre><code>{escape(text)}</code></pre>"))
    return tag("section", "".join(parts), "card")


def _anchor(graph: Mapping[str, Any]) -> str:
    return "graph-" + escape(str(graph.get("digest") or graph.get("name") or "")[:16])


def _drawing(graph: AssumptionGraph, derivation: Mapping[str, Any]) -> str:
    chosen = [str(name) for name in listing(mapping(derivation.get("adjustment")).get("chosen"))]
    svg = draw_svg(graph, adjustment=[n for n in chosen if n in graph.causal], cut=True)
    do = ", ".join(graph.query.do)
    note = f"The assumptions. Under do({do}) the struck arrows, if there are any, are cut."
    return f'<figure class="graph"><div class="scroll">{svg}</div><figcaption>{escape(note)}</figcaption></figure>'


# -- the loss ----------------------------------------------------------------------------------------


def _loss(derivation: Mapping[str, Any]) -> str:
    plan = mapping(derivation.get("plan"))
    parts = [_verdict(derivation)]
    if plan:
        how = str(plan.get("realisation") or "").replace("_", " ")
        name = str(plan.get("estimator") or "?") + (f" by {how}" if how else "")
        passes = mapping(plan.get("forward_passes"))
        cost = ""
        if passes:
            cost = (
                f" · forward passes per example: {plain(passes.get('train'))} in training, "
                f"{plain(passes.get('inference'))} in use"
            )
        parts.append(tag("h4", "Derived loss"))
        parts.append(tag("p", f"<strong>{escape(name)}</strong>{escape(cost)}"))
        parts.append(formula(plan.get("latex"), plan.get("formula")))
        parts.append(_terms(plan))
        refused = [mapping(r) for r in listing(plan.get("refused"))]
        if refused:
            items = "".join(
                f"<li><strong>{escape(r.get('estimator'))}</strong>: {escape(r.get('because'))}</li>" for r in refused
            )
            parts.append(details(f"Estimators that do not apply ({len(refused)})", f"<ul>{items}</ul>"))
    return "".join(parts)


def _verdict(derivation: Mapping[str, Any]) -> str:
    if not derivation:
        return ""
    verdict = str(derivation.get("verdict") or "")
    query = mapping(derivation.get("query"))
    of = ", ".join(str(n) for n in listing(query.get("on"))) or "?"
    do = ", ".join(str(n) for n in listing(query.get("do"))) or "?"
    good = "bad" if verdict == "not_identified" else "good"
    words = f'<span class="badge {good}">{escape(_VERDICTS.get(verdict, verdict or "unknown"))}</span> '
    words += f"<code>P({escape(of)} | do({escape(do)}))</code>"
    method = derivation.get("method")
    if method:
        words += f" by {escape(method)}"
    if derivation.get("open"):
        words += f", leaving <code>{escape(derivation.get('open'))}</code> open"
    chosen = mapping(derivation.get("adjustment")).get("chosen")
    if isinstance(chosen, list | tuple):
        words += ", adjusting for " + (
            ", ".join(f"<code>{escape(n)}</code>" for n in chosen) if chosen else "nothing (the empty set is enough)"
        )
    parts = [tag("h4", "Identification"), tag("p", words)]
    estimand = mapping(derivation.get("estimand"))
    parts.append(formula(estimand.get("latex"), estimand.get("text")))
    if derivation.get("hedge"):
        parts.append(tag("p", f"Why not: {escape(plain(derivation['hedge']))}", "note"))
    repairs = listing(derivation.get("repairs"))
    if repairs:
        parts.append("<ul>" + "".join(f"<li>{escape(plain(r))}</li>" for r in repairs) + "</ul>")
    return "".join(parts)


def _terms(plan: Mapping[str, Any]) -> str:
    rows = []
    for term in map(mapping, listing(plan.get("terms"))):
        weight = term.get("weight")
        factor = f" × {plain(weight)}" if weight not in (None, 1, 1.0) else ""
        kind = f'<br><span class="small">{escape(term.get("kind"))}</span>' * (term.get("kind") != term.get("name"))
        rows.append(
            f'<tr><th scope="row">{escape(term.get("name"))}{escape(factor)}{kind}</th>'
            f"<td>{formula(term.get('latex'), term.get('formula'))}</td><td>{escape(term.get('because'))}</td></tr>"
        )
    if not rows:
        return ""
    head = '<th scope="col">term</th><th scope="col">formula</th><th scope="col">because</th>'
    return raw_table(head, "".join(rows), "terms")


def _proof(derivation: Mapping[str, Any]) -> str:
    rows = []
    for step in map(mapping, listing(derivation.get("proof"))):
        status = str(step.get("status") or "?")
        kind = {"open": "bad", "blocked": "good", "causal": "calm"}.get(status, "calm")
        by = step.get("by")
        by = ", ".join(map(str, by)) if isinstance(by, list | tuple) else by
        reason = str(step.get("because") or "").removeprefix(f"{step.get('path')}: ")
        if by and str(by) not in reason:
            reason = f"by {by}" + (f": {reason}" if reason else "")
        rows.append(
            f'<tr><td class="path"><code>{escape(step.get("path"))}</code></td>'
            f'<td><span class="badge {kind}">{escape(status)}</span></td><td>{escape(reason)}</td></tr>'
        )
    if not rows:
        return ""
    head = '<th scope="col">path</th><th scope="col">status</th><th scope="col">why</th>'
    note = "Each path from the treatment: causal ones must stay open, all others must be blocked."
    if derivation.get("method") == "construction":
        note = "What the adapter sees to, and what it leaves open."
    return tag("h4", "Proof") + tag("p", note, "small") + raw_table(head, "".join(rows), "proof")


# -- overlap -----------------------------------------------------------------------------------------


def _overlap(record: Mapping[str, Any]) -> str:
    overlap = mapping(record.get("overlap"))
    if not overlap:
        return ""
    share = overlap.get("effective_share")
    facts = [
        ("training rows", plain(overlap.get("rows"))),
        ("effective after weighting", plain(overlap.get("effective_sample_size"))),
        ("effective share", percent(share) + " %" if isinstance(share, int | float) else "–"),
        ("largest weight", plain(overlap.get("largest_weight"))),
        ("empty cells", plain(len(listing(overlap.get("empty_cells"))))),
    ]
    tiles = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    seed = record.get("seed")
    heading = "Overlap" + (f" (seed {seed})" if seed is not None else "")
    parts = [tag("h4", escape(heading)), f'<dl class="tiles">{tiles}</dl>']
    parts += [tag("p", escape(warning), "note") for warning in listing(overlap.get("warnings"))]
    empty = [_where(cell) for cell in listing(overlap.get("empty_cells"))]
    if empty:
        parts.append(tag("p", escape("Empty cells: " + "; ".join(empty)), "note"))
    cells = [mapping(cell) for cell in listing(overlap.get("cells"))]
    if cells:
        shown = _cells(cells)
        parts.append(details(f"Cells ({len(cells)})", shown) if len(cells) > _MANY_CELLS else shown)
    return "".join(parts)


def _cells(cells: list[Mapping[str, Any]]) -> str:
    """Show strata as rows and values of the treatment as columns, each cell with its rows and its weight."""
    spots = {(_where(cell.get("stratum")), _where(cell.get("treatment"))): cell for cell in cells}
    treatments = list(dict.fromkeys(treatment for _, treatment in spots))
    head = '<th scope="col">rows, P(t | z) and weight</th>'
    head += "".join(f'<th scope="col">{escape(treatment)}</th>' for treatment in treatments)
    body = []
    for stratum in dict.fromkeys(stratum for stratum, _ in spots):
        row = [f'<th scope="row">{escape(stratum or "all rows")}</th>']
        for treatment in treatments:
            cell = spots.get((stratum, treatment))
            if cell is None:
                row.append("<td>–</td>")
                continue
            small = f"P {plain(cell.get('probability'))} · w {plain(cell.get('weight'))}"
            row.append(f'<td>{plain(cell.get("rows"))}<br><span class="small">{small}</span></td>')
        body.append(f"<tr>{''.join(row)}</tr>")
    return raw_table(head, "".join(body), "cells")


def _where(cell: Any) -> str:
    if isinstance(cell, Mapping):
        return ", ".join(
            f"{name} = {_where(value) if isinstance(value, Mapping) else value}" for name, value in cell.items()
        )
    if isinstance(cell, list | tuple):
        return ", ".join(map(str, cell))
    return str(cell) if cell is not None else "–"
