"""The parts of an adapter on the page: how active they are, how alike, who is routed where, what each does alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from causal_reasoning.graph.markup import escape
from causal_reasoning.report.markup import details, listing, mapping, raw_table, table, tag
from causal_reasoning.report.numbers import percent, plain
from causal_reasoning.report.scatter import scatter


def slots_section(record: Mapping[str, Any]) -> str:
    """Show what the parts of a run's adapter came to do.

    Parameters
    ----------
    record : mapping
        A finished run.

    Returns
    -------
    str
        Markup; empty for an adapter without slots.

    Examples
    --------
    >>> slots_section({})
    ''
    """
    found = mapping(record.get("slots"))
    if not found:
        return ""
    seed = record.get("seed")
    heading = "Parts of the adapter" + (f" ({record.get('arm')}, seed {seed})" if seed is not None else "")
    words = f"Measured on {plain(found.get('rows'))} validation rows, at the positions that predict the answer."
    parts = [tag("h4", escape(heading)), tag("p", escape(words), "small"), _slots(mapping(found.get("slots")))]
    parts += [_pairs(found), _alone(mapping(found.get("alone")))]
    parts += [_choice(name, mapping(choice)) for name, choice in mapping(found.get("choices")).items()]
    return "".join(parts)


def _slots(slots: Mapping[str, Any]) -> str:
    rows = [
        [name, _share(mapping(slot).get("activity")), _share(mapping(slot).get("spread"))]
        for name, slot in slots.items()
    ]
    if not rows:
        return ""
    note = (
        "Activity: squared length of what the slot adds, relative to what the frozen layers add at the same places; 0 "
        "is a slot that is switched off. Varying: the share of that length that changes from text to text; 0 is a "
        "constant, which listens to nothing."
    )
    shown = table(["slot", "activity, %", "varying, %"], rows, "cells") + tag("p", note, "small")
    for name, slot in slots.items():
        shown += _attention(name, listing(mapping(slot).get("attention")))
    return shown


def _attention(name: str, layers: list[Any]) -> str:
    values = [[float(v) for v in listing(layer)] for layer in layers]
    top = max((v for layer in values for v in layer), default=0.0)
    if not values or not values[0]:
        return ""
    head = '<th scope="col">layer</th>' + "".join(f'<th scope="col">{i}</th>' for i in range(len(values[0])))
    body = "".join(
        f'<tr><th scope="row">{i + 1}</th>'
        + "".join(f'<td class="heat" style="--share:{v / (top or 1):.3f}">{v:.3f}</td>' for v in layer)
        + "</tr>"
        for i, layer in enumerate(values)
    )
    note = "Mean weight of each token behind its gate, |tanh(g)| · softmax, over heads and positions."
    return details(f"Attention to the tokens of {name}", raw_table(head, body, "heat") + tag("p", note, "small"))


def _pairs(found: Mapping[str, Any]) -> str:
    rows = []
    for pair in map(mapping, listing(found.get("pairs"))):
        names = " and ".join(str(name) for name in listing(pair.get("slots")))
        rows.append([names, *(_decimal(pair.get(key)) for key in ("cka", "hsic", "hsic_shuffled"))])
    if not rows:
        return ""
    note = "Dependence of what two slots add; the last column is what HSIC gives where there is none."
    return table(["slots", "CKA", "HSIC", "HSIC, rows shuffled"], rows, "cells") + tag("p", note, "small")


def _alone(alone: Mapping[str, Any]) -> str:
    right = mapping(alone.get("right"))
    there = mapping(alone.get("right_under_do"))
    rows = [[name, _share(value), *([_share(there.get(name))] if there else [])] for name, value in right.items()]
    if not rows:
        return ""
    note = "Answers of which every token is the most probable one, with some parts of the adapter switched off."
    heads = ["parts", "right as observed, %", "right under do, %"] if there else ["parts", "right, %"]
    shown = table(heads, rows, "cells") + tag("p", note, "small")
    kappas = [
        [" and ".join(str(p) for p in listing(one.get("parts"))), _decimal(one.get("kappa"))]
        for one in map(mapping, listing(alone.get("kappa")))
    ]
    if kappas:
        note = "Cohen's kappa of right and wrong answers: 1 where both err on the same rows, 0 as by chance."
        inside = table(["parts", "kappa"], kappas, "cells") + tag("p", note, "small")
        shown += details(f"Agreement of errors ({len(kappas)})", inside)
    return shown


def _choice(name: str, choice: Mapping[str, Any]) -> str:
    shares = [s for s in listing(choice.get("shares")) if isinstance(s, int | float)]
    prior = [s for s in listing(choice.get("prior")) if isinstance(s, int | float)]
    if prior:
        words = f"{name} chooses: all parts in use, weighed by {', '.join(percent(p) for p in prior)} %."
        return tag("p", escape(words))
    if not shares:
        return ""
    dead = [str(int(k) + 1) for k in listing(choice.get("dead"))]
    words = (
        f"{name} chooses by a router ({choice.get('router')}): its parts hold "
        f"{', '.join(percent(s) for s in shares)} % of the rows, as many as {plain(choice.get('effective'))} even ones"
        + (f"; unused: {', '.join(dead)}" if dead else "")
        + "."
    )
    parts = [tag("p", escape(words))]
    plane = mapping(choice.get("plane"))
    points = listing(plane.get("points"))
    routes = [str(int(k) + 1) for k in listing(plane.get("routes"))]
    figures = scatter("what the router reads, by part", points, routes)
    for column, found in mapping(choice.get("columns")).items():
        parts.append(_alignment(str(column), mapping(found)))
        values = listing(mapping(plane.get("values")).get(column))
        figures += scatter(f"the same, by {column}", points, [str(v) for v in values])
    return "".join(parts) + (f'<div class="scatters">{figures}</div>' if figures else "")


def _alignment(column: str, found: Mapping[str, Any]) -> str:
    counts = [listing(row) for row in listing(found.get("counts"))]
    if not counts:
        return ""
    values = [str(v) for v in listing(found.get("values"))]
    most = max((max(row, default=0) for row in counts), default=0) or 1
    head = f'<th scope="col">{escape(column)}</th>'
    head += "".join(f'<th scope="col">part {k + 1}</th>' for k in range(len(counts[0])))
    body = "".join(
        f'<tr><th scope="row">{escape(value)}</th>'
        + "".join(f'<td class="heat" style="--share:{c / most:.3f}">{plain(c)}</td>' for c in row)
        + "</tr>"
        for value, row in zip(values, counts, strict=False)
    )
    words = (
        f"{column}: {_share(found.get('matched'))} % of the rows where each part is named after one value; "
        f"normalised mutual information {_decimal(found.get('information'))}."
    )
    return details(words, raw_table(head, body, "heat"))


def _share(value: Any) -> str:
    return percent(value) if isinstance(value, int | float) else "–"


def _decimal(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "–"
