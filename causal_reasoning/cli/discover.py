"""``discover``: a graph that data suggest, as a file to edit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from causal_reasoning.cli.options import JsonOption, OutputOption, emit, emit_json

NAME = "discover"
Repeatable = list[str] | None


def command(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="JSON Lines file.")],
    columns: Annotated[str, typer.Option(help="Categorical columns, with commas between them.")],
    method: Annotated[
        Literal["pc", "fci", "ges"],
        typer.Option(help="pc: no hidden common causes; fci: with them; ges: by score, no hidden common causes."),
    ] = "pc",
    level: Annotated[
        float, typer.Option("--alpha", min=1e-12, max=0.5, help="Level of each independence test.")
    ] = 0.01,
    bootstrap: Annotated[int, typer.Option(min=0, max=10_000, help="Random halves of the rows to repeat it on.")] = 50,
    tiers: Annotated[
        Repeatable,
        typer.Option("--tiers", "--tier", metavar="A,B<C", help="Order of time: nothing causes what is earlier."),
    ] = None,
    forbid: Annotated[Repeatable, typer.Option(metavar="'A -> B'", help="An arrow that cannot be. Repeatable.")] = None,
    require: Annotated[Repeatable, typer.Option(metavar="'A -> B'", help="An arrow that must be. Repeatable.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the halves.")] = 0,
    budget: Annotated[float, typer.Option(min=1, help="Most seconds.")] = 120.0,
    name: Annotated[str, typer.Option(help="Name of the graph.")] = "draft",
    output: OutputOption = None,
    json: JsonOption = False,
) -> None:
    """Search for a graph in data, with causal-learn, and write it as a graph file to edit."""
    from causal_reasoning.cli.bars import counter
    from causal_reasoning.data.table import read_table
    from causal_reasoning.discovery.graph_draft import graph_draft
    from causal_reasoning.discovery.knowledge import parse_knowledge
    from causal_reasoning.discovery.search import discover
    from causal_reasoning.errors import InputError

    names = [part.strip() for part in columns.split(",") if part.strip()]
    if twice := sorted({part for part in names if names.count(part) > 1}):
        raise InputError.at("--columns", f"'{twice[0]}' stands twice; keep one")
    table = read_table(data, names)
    known = parse_knowledge(names, tiers or (), forbid or (), require or ())
    with counter("searches", bootstrap + 1) as done:
        found = discover(
            table,
            names,
            method=method,
            level=level,
            halves=bootstrap,
            knowledge=known,
            seed=seed,
            seconds=budget,
            on_progress=done,
        )
    draft = graph_draft(found, name)
    if output is not None:
        emit(draft, output)
    if json:
        emit_json({**found.to_dict(), "draft": draft})
    elif output is not None:
        emit(found.text())
    else:
        emit(draft)
