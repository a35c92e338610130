"""``falsify``: hold a graph against data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from causal_reasoning.cli.options import GraphArgument, JsonOption, emit, emit_json

if TYPE_CHECKING:
    from causal_reasoning.data.surrogates import Embed
    from causal_reasoning.graph import AssumptionGraph

NAME = "falsify"
CONTRADICTED = 5


def command(
    graph: GraphArgument,
    data: Annotated[Path, typer.Argument(metavar="DATA", help="JSON Lines file with the columns that it binds.")],
    level: Annotated[
        float, typer.Option("--alpha", min=1e-6, max=0.5, help="Level of all tests together (Holm).")
    ] = 0.05,
    permutations: Annotated[
        int, typer.Option(min=0, max=100_000, help="Graphs with permuted nodes for dowhy's test; 0 leaves it out.")
    ] = 100,
    budget: Annotated[float, typer.Option(min=1, help="Most seconds for dowhy.")] = 60.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all permutations.")] = 0,
    json: JsonOption = False,
) -> None:
    """Test every independence that a graph implies among categorical columns; exit code 5 if data contradict one."""
    from causal_reasoning.cli.bars import counter
    from causal_reasoning.discovery.against_data import falsify
    from causal_reasoning.discovery.columns import read_categorical_part
    from causal_reasoning.graph import load_graph

    loaded = load_graph(graph)
    part = read_categorical_part(data, loaded, _embedder(loaded))
    with counter("statements", 1) as done:
        found = falsify(loaded, part, level=level, permutations=permutations, seconds=budget, seed=seed, on_test=done)
    if json:
        emit_json(found.to_dict())
    else:
        emit(found.text())
    if found.contradicted:
        raise typer.Exit(CONTRADICTED)


def _embedder(graph: AssumptionGraph) -> Embed | None:
    """What surrogates by cluster are computed with; the model is loaded only if one asks."""
    if not graph.surrogates:
        return None
    from causal_reasoning.training.embeddings import embedder

    return embedder("default")
