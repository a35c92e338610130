"""``implications``: what a graph forbids the data to show."""

from __future__ import annotations

from typing import Annotated

import typer

from causal_reasoning.cli.options import GraphArgument, JsonOption, emit, emit_json

NAME = "implications"


def command(
    graph: GraphArgument,
    cap: Annotated[int, typer.Option(min=1, help="Most statements of each kind to list.")] = 100,
    json: JsonOption = False,
) -> None:
    """List independences and Verma constraints that a graph implies; data that contradict one contradict the graph."""
    from causal_reasoning.graph import load_graph
    from causal_reasoning.identification import testable_implications

    loaded = load_graph(graph)
    found = testable_implications(loaded.causal, cap)
    if json:
        emit_json({"graph": loaded.name, "digest": loaded.digest, **found.to_dict()})
    else:
        emit(found.text())
