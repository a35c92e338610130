"""``schema``: JSON Schema of the file formats, for editors."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from causal_reasoning.cli.options import OutputOption, emit, emit_json

NAME = "schema"


def command(
    kind: Annotated[
        Literal["graph", "experiment", "world", "mechanisms", "recipe"],
        typer.Argument(help="Which file format ('recipe': of pretraining); 'mechanisms' describes those of worlds."),
    ] = "graph",
    output: OutputOption = None,
) -> None:
    """Print the JSON Schema of a file format."""
    if kind == "graph":
        from causal_reasoning.graph import graph_schema

        emit_json(graph_schema(), output)
    elif kind == "experiment":
        from causal_reasoning.experiment import experiment_schema

        emit_json(experiment_schema(), output)
    elif kind == "mechanisms":
        from causal_reasoning.scm.reference import mechanism_reference

        emit(mechanism_reference(), output)
    elif kind == "recipe":
        from causal_reasoning.base_model.recipe import recipe_schema

        emit_json(recipe_schema(), output)
    else:
        from causal_reasoning.scm.spec import world_schema

        emit_json(world_schema(), output)
