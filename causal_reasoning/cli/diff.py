"""``diff``: what a change of the assumptions does to verdict, sets, estimand and loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from causal_reasoning.cli.options import GraphArgument, JsonOption, emit, emit_json
from causal_reasoning.errors import InputError

if TYPE_CHECKING:
    from causal_reasoning.graph import AssumptionGraph

NAME = "diff"


def command(
    graph: GraphArgument,
    other: Annotated[
        str | None, typer.Argument(metavar="OTHER", help="The graph to compare it with, or leave it out and --edit.")
    ] = None,
    edit: Annotated[
        list[str] | None,
        typer.Option("--edit", metavar="EDIT", help="Compare with the edited graph: 'drop a -> b', … Repeatable."),
    ] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if verdict, sets, estimand or loss differ.")
    ] = False,
    cap: Annotated[int, typer.Option(min=1, help="Most minimal adjustment sets to list.")] = 100,
    json: JsonOption = False,
) -> None:
    """Compare two graphs, or a graph and an edit of it: what is assumed, and what follows."""
    from dataclasses import replace

    from causal_reasoning.graph import load_graph
    from causal_reasoning.graph.edits import edit_graph
    from causal_reasoning.identification.difference import Row, compare

    if (other is None) == (not edit):
        raise InputError.at("diff", "name a second graph, or say with --edit what to change")
    before = load_graph(graph)
    after = load_graph(other) if other is not None else edit_graph(before, edit or ())
    losses = Row("loss", _loss(before), _loss(after))
    found = compare(before, after, cap=cap)
    found = replace(
        found,
        names=(graph, other or f"{graph} with {', '.join(edit or ())}"),
        rows=(*found.rows, losses) if losses.before or losses.after else found.rows,
    )
    if json:
        emit_json(found.to_dict())
    else:
        emit(found.text())
    if exit_code and found.changed:
        raise typer.Exit(1)


def _loss(graph: AssumptionGraph) -> tuple[str, ...]:
    """The compiled loss in one line, or why there is none."""
    from causal_reasoning.errors import NotIdentifiedError, NoValidPlanError
    from causal_reasoning.objective import derive

    try:
        plan = derive(graph).plan
    except NotIdentifiedError:
        return ()
    except NoValidPlanError as error:
        return (f"none: {str(error).removeprefix(f'{graph.source or graph.name}: ')}",)
    return (plan.formula + (f"  by {plan.realisation.replace('_', ' ')}" if plan.realisation else ""),)
