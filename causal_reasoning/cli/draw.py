"""``draw``: a picture of a graph."""

from __future__ import annotations

from typing import Annotated

import typer

from causal_reasoning.cli.options import GraphArgument, OutputOption, emit

NAME = "draw"


def command(
    graph: GraphArgument,
    output: OutputOption = None,
    adjustment: Annotated[bool, typer.Option(help="Mark the nodes that are adjusted for.")] = True,
    mutilated: Annotated[bool, typer.Option(help="Strike the arrows that the intervention cuts.")] = False,
) -> None:
    """Draw a graph as SVG, for light and dark backgrounds."""
    from causal_reasoning.graph import load_graph
    from causal_reasoning.graph.draw import draw_svg
    from causal_reasoning.identification import IdentifiedByAdjustment, identify

    loaded = load_graph(graph)
    verdict = identify(loaded)
    chosen = verdict.adjustment if adjustment and isinstance(verdict, IdentifiedByAdjustment) else ()
    emit(draw_svg(loaded, adjustment=chosen, cut=mutilated), output)
