"""``effects``: what confounder and treatment do to right answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from causal_reasoning.cli.options import JsonOption, emit, emit_json
from causal_reasoning.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from causal_reasoning.effects.items import Items
    from causal_reasoning.graph import AssumptionGraph

NAME = "effects"


def command(
    source: Annotated[
        Path,
        typer.Argument(help="A run's folder, a folder of runs, or a JSON Lines file of right and wrong answers."),
    ],
    graph: Annotated[
        str | None, typer.Option(help="Graph by which effects are identified; by default that of the runs.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Which rows; by default those drawn under do(treatment).")] = None,
    against: Annotated[
        str | None, typer.Option(metavar="ARM", help="Tell other arms apart from this one; by default erm.")
    ] = None,
    outcome: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="For a file: which answers are right; by default exact_match.")
    ] = None,
    simulations: Annotated[int, typer.Option(min=0, max=10_000, help="Of each refuter; 0 leaves them out.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of refuters and intervals.")] = 0,
    budget: Annotated[float, typer.Option(min=1, help="Most seconds for dowhy.")] = 120.0,
    export: Annotated[
        Path | None, typer.Option(help="Write the evaluation tables of all runs to one JSON Lines file, too.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Estimate the effect of confounder and treatment on right answers, with dowhy's estimators and refuters."""
    from causal_reasoning.cli.bars import counter
    from causal_reasoning.effects.estimate import effects
    from causal_reasoning.effects.items import read_items, write_items

    items = read_items(source, outcome)
    if export is not None:
        write_items(export, items)
        typer.echo(f"wrote {export}", err=True)
    assumed = _graph(items, graph, source)
    with counter("dowhy", 1) as done:
        found = effects(
            items,
            assumed,
            split=split,
            against=against,
            simulations=simulations,
            seed=seed,
            seconds=budget,
            on_answer=done,
        )
    if json:
        emit_json(found.to_dict())
    else:
        emit(found.text())


def _graph(items: Sequence[Items], named: str | None, source: Path) -> AssumptionGraph:
    """The graph that was named, or the only one of the runs that has a question to ask."""
    from causal_reasoning.effects.questions import confounders
    from causal_reasoning.graph import load_graph

    if named is not None:
        return load_graph(named)
    able = {one.graph.digest: one.graph for one in items if one.graph is not None and confounders(one.graph, one)}
    if len(able) == 1:
        return next(iter(able.values()))
    if not able:
        raise InputError.at(
            str(source), "no graph here has a confounder that is a column of the table; name one with --graph"
        )
    names = ", ".join(sorted({graph.name for graph in able.values()}))
    raise InputError.at(
        str(source),
        f"the runs are of several graphs ({names}), and the graph decides what is adjusted for; name one with --graph",
    )
