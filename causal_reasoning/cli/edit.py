"""``edit``: change the assumptions of a graph file and leave the rest of it as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causal_reasoning.cli.options import GraphArgument, JsonOption, OutputOption, emit, emit_json
from causal_reasoning.errors import InputError
from causal_reasoning.files import write_atomic

NAME = "edit"


def command(
    graph: GraphArgument,
    edits: Annotated[
        list[str],
        typer.Argument(
            metavar="EDIT",
            help="What to change, in quotes: 'drop a -> b', 'add a <-> b', 'reverse a -> b', 'drop n', 'add n', "
            "'hide n', 'observe n as column:NAME', 'merge a b into c', 'split n into a b'.",
        ),
    ],
    output: OutputOption = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write the file itself.")] = False,
    name: Annotated[str | None, typer.Option(help="Give the graph another name.")] = None,
    json: JsonOption = False,
) -> None:
    """Edit a graph file: the lines that no edit touches stay as they are. Prints the new file by default."""
    from causal_reasoning.graph import load_graph
    from causal_reasoning.graph.edits import edit_graph, read_edits

    if in_place and output is not None:
        raise InputError.at("edit", "choose one of --in-place and --output")
    if in_place and not Path(graph).is_file():
        raise InputError.at(graph, "only a file can be edited in place; name one with --output instead")
    loaded = load_graph(graph)
    made = read_edits(edits)
    edited = edit_graph(loaded, made, name=name)
    if in_place:
        write_atomic(Path(graph).resolve(), edited.text)  # a link stays a link
        typer.echo(f"wrote {graph}", err=True)
    elif output is not None:
        emit(edited.text, output)
    if json:
        emit_json(
            {
                "graph": edited.name,
                "digest": {"before": loaded.digest, "after": edited.digest},
                "edits": [edit.text() for edit in made],
                "cost": sum(edit.cost for edit in made),
                "text": edited.text,
            }
        )
    elif not in_place and output is None:
        emit(edited.text)
