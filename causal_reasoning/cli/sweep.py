"""``sweep``: every arm of an experiment with every seed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causal_reasoning.cli.options import (
    ExperimentArgument,
    JsonOption,
    RunsOption,
    SetOption,
    emit_json,
    pairs,
)

NAME = "sweep"


def command(
    experiment: ExperimentArgument,
    runs: RunsOption = Path("runs"),
    seed: Annotated[list[int] | None, typer.Option(min=0, help="Seeds; by default the file's. Repeatable.")] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processes; by default one per processor, one where there is a GPU. They share the "
            "processors, each with at most OMP_NUM_THREADS threads where that is set.",
        ),
    ] = None,
    set_: SetOption = None,
    json: JsonOption = False,
) -> None:
    """Train and measure all arms and seeds, print the table and write the page; run it again to resume."""
    from causal_reasoning.cli.progress import run_sweep
    from causal_reasoning.experiment import load_experiment
    from causal_reasoning.report import write_page

    loaded = load_experiment(experiment, pairs(set_, "--set"))
    result = run_sweep(loaded, runs, seeds=seed or None, workers=workers, quiet=json)
    page = write_page(result.records, result.summary, result.folder / "report.html") if result.records else None
    if json:
        emit_json(result.summary)
    else:
        from rich.console import Console

        from causal_reasoning.report import terminal_table

        if result.records:
            Console().print(terminal_table(result.summary))
            typer.echo(f"page: {page}")
    for failure in result.failed:
        typer.echo(f"failed: {failure['arm']}, seed {failure['seed']}: {failure['error']}", err=True)
    if result.failed:
        raise typer.Exit(1)
