"""``train``: one arm of an experiment with one seed."""

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

NAME = "train"


def command(
    experiment: ExperimentArgument,
    arm: Annotated[str | None, typer.Option(help="Which arm; by default the last graph.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Which seed; by default the file's first.")] = None,
    runs: RunsOption = Path("runs"),
    set_: SetOption = None,
    json: JsonOption = False,
) -> None:
    """Train and measure one arm; a run that was interrupted is resumed, a finished one is read back."""
    from causal_reasoning.cli.progress import announce, step_bar
    from causal_reasoning.experiment import load_experiment
    from causal_reasoning.report.tables import terminal_table
    from causal_reasoning.sweeps.run import check_rows, prepare, run
    from causal_reasoning.sweeps.statistics import summary_of
    from causal_reasoning.sweeps.store import read_result, run_config, run_folder

    loaded = load_experiment(experiment, pairs(set_, "--set"))
    chosen = loaded.arm(arm) if arm else next(a for a in reversed(loaded.arms) if a.kind == "graph")
    number = loaded.spec.seeds[0] if seed is None else seed
    folder = run_folder(runs, run_config(loaded, chosen, number), chosen)
    announce(prepare(loaded, chosen, number))
    if read_result(folder) is None:
        check_rows(loaded, number)
    with step_bar(f"{chosen.name}, seed {number}", loaded.spec.training.steps) as progress:
        record = run(loaded, chosen, number, runs, progress=progress)
    if json:
        emit_json(record)
        return
    from rich.console import Console

    Console().print(terminal_table(summary_of([record], experiment=loaded.name)))
    if chosen.kind != "base":
        model, kind = record["model"], record["settings"].get("adapter")
        what = f"{kind}, " if kind else ""
        typer.echo(f"trained: {what}{model['trainable']:,} of {model['parameters']:,} parameters")
    where = folder / "adapter" if chosen.kind != "base" else folder
    typer.echo(f"{'adapter' if chosen.kind != 'base' else 'run'}: {where}")
