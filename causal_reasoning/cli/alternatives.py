"""``alternatives``: the graphs beside a graph, and what becomes of the verdict in each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal_reasoning.cli.options import GraphArgument, JsonOption, emit, emit_json
from causal_reasoning.errors import InputError

if TYPE_CHECKING:
    from causal_reasoning.graph import AssumptionGraph
    from causal_reasoning.graph.causal_graph import CausalGraph
    from causal_reasoning.identification import Identification

NAME = "alternatives"


def command(
    graph: GraphArgument,
    equivalent: Annotated[
        bool,
        typer.Option("--equivalent", help="Graphs that imply the same independences, which no data can tell apart."),
    ] = False,
    cap: Annotated[int, typer.Option(min=1, help="Most graphs to look at.")] = 200,
    json: JsonOption = False,
) -> None:
    """List every graph one edit away, or every equivalent one, with the verdict on the query in each."""
    from causal_reasoning.graph import load_graph
    from causal_reasoning.identification import identify

    loaded = load_graph(graph)
    own = identify(loaded)
    found, capped = _equivalent(loaded, cap) if equivalent else _neighbours(loaded, cap)
    rows = [{"change": change, **_verdict(loaded, other)} for change, other in found]
    if json:
        emit_json({"graph": loaded.name, "own": _summary(own), "alternatives": rows, "capped": capped})
        return
    groups: dict[str, list[str]] = {}
    for row in rows:
        groups.setdefault(row["summary"], []).append(row["change"])
    here = _summary(own)
    what = "equivalent graphs" if equivalent else "graphs one edit away"
    more = f" (the first {cap}; --cap looks at more)" if capped else ""
    lines = [f"{loaded.name}: {own.query.text()} is {here}", f"{len(rows)} {what}{more}"]
    for summary, changes in sorted(groups.items(), key=lambda item: (item[0] != here, -len(item[1]), item[0])):
        lines += ["", f"{summary}{' (as here)' if summary == here else ''}: {len(changes)}"]
        lines += [f"  {change}" for change in changes]
    emit("\n".join(lines))


def _neighbours(loaded: AssumptionGraph, cap: int) -> tuple[list[tuple[str, CausalGraph]], bool]:
    from causal_reasoning.graph.edits import neighbours

    around = neighbours(loaded.causal, cap=cap)
    return [(edit.text(), other) for edit, other in around], around.capped


def _equivalent(loaded: AssumptionGraph, cap: int) -> tuple[list[tuple[str, CausalGraph]], bool]:
    from causal_reasoning.identification import QueryError, equivalence_class

    observed = loaded.causal.latent_projection()
    try:
        members = equivalence_class(observed, cap=cap)
    except QueryError as error:
        raise InputError.at(loaded.source or loaded.name, str(error)) from error
    own = observed.canonical()
    found = [
        ("; ".join(_change(observed, other)) or "no change", other)
        for other in members.members
        if other.canonical() != own
    ]
    return found, members.capped


def _change(before: CausalGraph, after: CausalGraph) -> list[str]:
    """Arrows and hidden causes that one graph has and the other has not."""
    gone = [f"- {a} -> {b}" for a, b in before.directed if (a, b) not in after.directed]
    gone += [f"- {a} <-> {b}" for a, b in before.bidirected if (a, b) not in after.bidirected]
    new = [f"+ {a} -> {b}" for a, b in after.directed if (a, b) not in before.directed]
    new += [f"+ {a} <-> {b}" for a, b in after.bidirected if (a, b) not in before.bidirected]
    return gone + new


def _verdict(loaded: AssumptionGraph, other: CausalGraph) -> dict[str, Any]:
    from causal_reasoning.graph.representations import contradictions
    from causal_reasoning.identification import QueryError, identify_effect
    from causal_reasoning.identification.construction import set_by_the_adapter

    if all(name in other for name in loaded.computed):  # else they were projected out
        impossible = [f"no column holds '{name}'" for name in loaded.computed if name not in other.latent]
        found = contradictions(loaded.nodes, loaded.query, other.directed, other.bidirected)
        impossible += [fault.message for fault in found]
        if impossible:
            reason = {"verdict": None, "method": None, "reason": impossible[0]}
            return {"summary": "nothing that a model computes can be so", **reason}
    query = loaded.query
    selected = [name for name, node in loaded.nodes.items() if node.role == "selection" and name in other]
    treatments = [name for name in query.do if name not in loaded.slots]
    verdict: Identification
    try:
        if treatments:
            verdict = identify_effect(other, treatments, loaded.outcomes, cap=1, selected=selected, advice=False)
        else:
            verdict = set_by_the_adapter(replace(loaded, causal=other), query.do, loaded.outcomes)
    except QueryError as error:
        return {"summary": "no longer a question", "verdict": None, "method": None, "reason": str(error)}
    data = verdict.to_dict()
    return {"summary": _summary(verdict), "verdict": data["verdict"], "method": data["method"]}


def _summary(verdict: Identification) -> str:
    data = verdict.to_dict()
    kind = str(data["verdict"]).replace("_", " ")
    if data["adjustment"]:
        return f"{kind}, adjusting for {{{', '.join(data['adjustment']['chosen'])}}}"
    if data["frontdoor"]:
        return f"{kind} by the front door {{{', '.join(data['frontdoor']['mediators'])}}}"
    if data["method"] == "construction":
        return f"{kind} by construction" + (f", {data['open']} left open" if data["open"] else "")
    return kind + (f" by the {str(data['method']).upper()} algorithm" if data["method"] else "")
