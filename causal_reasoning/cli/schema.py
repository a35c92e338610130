"""``schema``: JSON Schema of the file formats, for editors."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from causal_reasoning.cli.options import OutputOption, emit_json

NAME = "schema"


def command(
    kind: Annotated[Literal["graph", "experiment", "world"], typer.Argument(help="Which file format.")] = "graph",
    output: OutputOption = None,
) -> None:
    """Print the JSON Schema of a file format."""
    if kind == "graph":
        from causal_reasoning.graph import graph_schema

        emit_json(graph_schema(), output)
    elif kind == "experiment":
        from causal_reasoning.experiment import experiment_schema

        emit_json(experiment_schema(), output)
    else:
        from causal_reasoning.scm.spec import world_schema

        emit_json(world_schema(), output)
