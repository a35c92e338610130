"""``demo``: the whole path in a few minutes."""

from __future__ import annotations

from pathlib import Path

import typer

from causal_reasoning.cli.options import RunsOption

NAME = "demo"


def command(runs: RunsOption = Path("runs")) -> None:
    """Derive a loss from a graph, train it beside plain fine-tuning and the ceiling, and write the page."""
    from rich.console import Console

    from causal_reasoning.cli.progress import run_sweep
    from causal_reasoning.experiment import load_experiment
    from causal_reasoning.graph import load_graph
    from causal_reasoning.objective import derive, explain
    from causal_reasoning.report import terminal_table, write_page

    console = Console()
    typer.echo("1. The loss that follows from graphs/reasoning.yaml\n")
    typer.echo(explain.to_text(derive(load_graph("reasoning"))))
    experiment = load_experiment("demo")
    typer.echo("2. Train it beside plain fine-tuning, a wrong graph and the ceiling\n")
    result = run_sweep(experiment, runs)
    typer.echo("\n3. Exact match on the training distribution and under intervention\n")
    console.print(terminal_table(result.summary))
    page = write_page(result.records, result.summary, result.folder / "report.html")
    typer.echo(f"The page with the drawn graphs, the derivations and the figures: {page.resolve()}")
    for failure in result.failed:
        typer.echo(f"failed: {failure['arm']}, seed {failure['seed']}: {failure['error']}", err=True)
    if result.failed:
        raise typer.Exit(1)
