"""``evaluate``: measure a saved adapter on the splits of an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from causal_reasoning.cli.options import ExperimentArgument, JsonOption, SetOption, emit, emit_json, pairs
from causal_reasoning.errors import InputError

NAME = "evaluate"


def command(
    experiment: ExperimentArgument,
    adapter: Annotated[
        Path | None,
        typer.Option(help="Folder of a saved adapter; without it the untrained model is measured."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the rows; by default the file's first.")] = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", "--items", help="Write the evaluation table to this JSON Lines file.")
    ] = None,
    set_: SetOption = None,
    json: JsonOption = False,
) -> None:
    """Measure exact match and answer likelihood of an adapter on every split."""
    from causal_reasoning.evaluation.splits import evaluate
    from causal_reasoning.experiment import load_experiment
    from causal_reasoning.files import write_jsonl
    from causal_reasoning.training.adapters import is_whole_model

    loaded = load_experiment(experiment, pairs(set_, "--set"))
    if adapter is not None and not ((adapter / "adapter_config.json").is_file() or is_whole_model(adapter)):
        raise InputError.at(str(adapter), "is not an adapter folder (adapter_config.json is missing)")
    number = loaded.spec.seeds[0] if seed is None else seed
    splits, listed = evaluate(loaded, adapter=adapter, seed=number)
    if answers is not None:
        write_jsonl(answers, listed)
        typer.echo(f"wrote {answers}", err=True)
    if json:
        emit_json(splits)
        return
    for split in splits.values():
        line = f"{split['title']:<20} exact match {split['exact_match']:.3f}   NLL {split['nll']:.3f} nats/answer"
        worst = split.get("worst_stratum")
        emit(line + (f"   worst: {worst['name']} {worst['exact_match']:.3f}" if worst else ""))
