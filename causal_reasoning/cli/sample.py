"""``sample``: draw rows from a world, with its true graph."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from causal_reasoning.cli.options import pairs
from causal_reasoning.errors import InputError
from causal_reasoning.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable

    from causal_reasoning.scm import World

NAME = "sample"
WorldArgument = Annotated[
    str, typer.Argument(metavar="WORLD", help="A world file, or the name of a shipped world such as 'letters'.")
]
ParameterOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=NUMBER", help="Set a parameter. Repeatable.")
]
SUFFIX = "_cf"


def command(
    world: WorldArgument,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, help="Number of rows.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
    set_: ParameterOption = None,
    do: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NODE=POLICY",
            help="Intervene: a value, 'marginal', 'uniform', 'reversed', or a table as JSON; for a node that is a "
            "text, a text or 'marginal' (that of an unrelated row). Repeatable.",
        ),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(metavar="NODE=VALUE", help="Keep only rows with this value. Repeatable."),
    ] = None,
    counterfactual: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NODE=POLICY",
            help="Add, as columns NODE_cf, what would have been had the node been set: same row, same noise. As for "
            "--do, which then holds in both worlds; --given holds in the factual one. Repeatable.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write to this file instead: .jsonl, .csv or .parquet."),
    ] = None,
    graph: Annotated[
        Path | None,
        typer.Option(help="Where to write the true graph; by default beside --output, as NAME.graph.yaml."),
    ] = None,
) -> None:
    """Draw rows from a world, every node a column; the true graph is written beside them."""
    from causal_reasoning.scm import load_world
    from causal_reasoning.scm.true_graph import true_graph_yaml

    loaded = load_world(world, numbers(set_))
    parts = _parts(
        loaded,
        rows,
        seed,
        _policies(do, "--do"),
        pairs(given, "--given"),
        _policies(counterfactual, "--counterfactual"),
    )
    if output is None:
        _print(parts)
    else:
        from causal_reasoning.cli.row_formats import write_rows

        with _progress(rows) as seen:
            write_rows(output, parts, seen=seen)
        typer.echo(f"wrote {output}", err=True)
    if graph is None and output is not None:
        graph = output.with_suffix(".graph.yaml")
    if graph is not None:
        write_atomic(graph, true_graph_yaml(loaded))
        typer.echo(f"wrote {graph}", err=True)


def numbers(written: list[str] | None) -> dict[str, float]:
    """Read ``--set NAME=NUMBER`` options; `InputError` for what is no number."""
    found = {}
    for name, text in pairs(written, "--set").items():
        try:
            found[name] = float(text)
        except ValueError:
            raise InputError.at("--set", f"'{text}' is not a number for '{name}'") from None
    return found


def _parts(
    world: World,
    rows: int,
    seed: int,
    do: dict[str, Any],
    given: dict[str, str],
    counterfactual: dict[str, Any],
) -> Iterator[dict[str, list[str]]]:
    """The rows, part by part."""
    if not counterfactual:
        return world.stream(rows, seed, do=do, given=given)
    for name in world.nodes:
        if name.endswith(SUFFIX) and name.removesuffix(SUFFIX) in world.nodes:
            message = f"the world has a node '{name}', which is the name of a counterfactual column; rename it"
            raise InputError.at(world.file, message)
    found = world.stream_counterfactual(rows, seed, counterfactual, given=given, under=do)
    return (part.columns(SUFFIX) for part in found)


def _policies(written: list[str] | None, option: str) -> dict[str, Any]:
    return {node: _policy(node, text, option) for node, text in pairs(written, option).items()}


def _policy(node: str, text: str, option: str) -> Any:
    if not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise InputError.at(option, f"the table for '{node}' is not JSON: {error}") from None


def _print(parts: Iterator[dict[str, list[str]]]) -> None:
    from causal_reasoning.cli.row_formats import json_lines

    try:
        for part in parts:
            sys.stdout.write(json_lines(part))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has seen enough; do not let Python complain while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None


@contextmanager
def _progress(rows: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing otherwise."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done: None
        return
    with Progress(
        TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
    ) as bars:
        task = bars.add_task("rows", total=rows)
        yield lambda done: bars.update(task, completed=done)
