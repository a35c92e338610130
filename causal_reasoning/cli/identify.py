"""``identify``: whether a query is identified, and how."""

from __future__ import annotations

from typing import Annotated

import typer

from causal_reasoning.cli.options import GraphArgument, JsonOption, emit, emit_json

NAME = "identify"
Names = Annotated[list[str] | None, typer.Option(help="A node; repeatable. By default the file's query.")]


def command(
    graph: GraphArgument,
    do: Names = None,
    on: Names = None,
    given: Names = None,
    cap: Annotated[int, typer.Option(min=1, help="Most minimal adjustment sets to list.")] = 100,
    json: JsonOption = False,
) -> None:
    """Decide whether the query of a graph is identified; exit code 3 if it is not."""
    from causal_reasoning.graph import load_graph
    from causal_reasoning.identification import identify

    loaded = load_graph(graph)
    verdict = identify(loaded, do or None, on or None, given or (), cap=cap)
    data = verdict.to_dict()
    if json:
        emit_json(data)
    else:
        emit(_text(data, verdict.query.text()))
    if not verdict.identified:
        raise typer.Exit(3)


def _text(data: dict[str, object], query: str) -> str:
    lines = [f"{query}: {str(data['verdict']).replace('_', ' ')}" + (f" by {data['method']}" if data["method"] else "")]
    adjustment = data["adjustment"]
    if isinstance(adjustment, dict):
        lines.append(f"  adjust for      {_set(adjustment['chosen'])}")
        sets = ", ".join(_set(z) for z in adjustment["minimal"])
        lines.append(f"  minimal sets    {sets}" + (" … (capped)" if adjustment["capped"] else ""))
        if adjustment["optimal"] is not None:
            lines.append(f"  least variance  {_set(adjustment['optimal'])}")
    estimand = data["estimand"]
    if isinstance(estimand, dict):
        lines.append(f"  estimand        {estimand['text']}")
    if data.get("reason"):
        lines.append(f"  because         {data['reason']}")
    repairs = data["repairs"]
    if isinstance(repairs, list) and repairs:
        lines.append(f"  what would help {' or '.join(str(r) for r in repairs)}")
    return "\n".join(lines)


def _set(names: list[str]) -> str:
    return "{" + ", ".join(names) + "}"
