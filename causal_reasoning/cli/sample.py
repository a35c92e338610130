"""``sample``: draw rows from a world, with its true graph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from causal_reasoning.cli.options import OutputOption, emit, pairs
from causal_reasoning.errors import InputError
from causal_reasoning.files import write_atomic

NAME = "sample"


def command(
    world: Annotated[str, typer.Argument(help="A world file, or the name of a shipped world such as 'letters'.")],
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="Number of rows.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="Set a parameter. Repeatable.")
    ] = None,
    do: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NODE=POLICY",
            help="Intervene: a value, 'marginal', 'uniform', 'reversed', or a table as JSON. Repeatable.",
        ),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(metavar="NODE=VALUE", help="Keep only rows with this value. Repeatable."),
    ] = None,
    output: OutputOption = None,
    graph: Annotated[
        Path | None,
        typer.Option(help="Where to write the true graph; by default beside --output, as NAME.graph.yaml."),
    ] = None,
) -> None:
    """Draw rows from a world as JSON Lines with every node as a column; the true graph is written beside them."""
    from causal_reasoning.scm import load_world
    from causal_reasoning.scm.true_graph import true_graph_yaml

    loaded = load_world(world, _numbers(set_))
    policies = {node: _policy(node, text) for node, text in pairs(do, "--do").items()}
    columns = loaded.sample(rows, seed, do=policies or None, given=pairs(given, "--given") or None)
    names = list(columns)
    lines = [json.dumps({name: columns[name][i] for name in names}, ensure_ascii=False) for i in range(rows)]
    emit("\n".join(lines), output)
    if graph is None and output is not None:
        graph = output.with_suffix(".graph.yaml")
    if graph is not None:
        write_atomic(graph, true_graph_yaml(loaded))
        typer.echo(f"wrote {graph}", err=True)


def _numbers(written: list[str] | None) -> dict[str, float]:
    found = {}
    for name, text in pairs(written, "--set").items():
        try:
            found[name] = float(text)
        except ValueError:
            raise InputError.at("--set", f"'{text}' is not a number for '{name}'") from None
    return found


def _policy(node: str, text: str) -> Any:
    if not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError.at("--do", f"the table for '{node}' is not JSON: {error}") from None
