"""The trainer: accumulated micro-batches are one batch, in the loss and in its gradient."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from causal_reasoning.experiment import load_experiment
from causal_reasoning.sweeps.run import run
from tests.tiny import make_experiment, make_model


def test_two_micro_batches_are_one_batch(tmp_path: Path) -> None:
    path = make_experiment(tmp_path, make_model(tmp_path / "model"))
    logged = []
    for size, accumulation in ((16, 1), (8, 2)):
        settings = {"training.batch_size": str(size), "training.gradient_accumulation": str(accumulation)}
        experiment = load_experiment(path, {"training.steps": "5", **settings, "evaluation.items": "4"})
        root = tmp_path / str(size)
        run(experiment, "reasoning", 1, root)
        (log,) = root.rglob("metrics.jsonl")
        logged.append(next(row for row in map(json.loads, log.read_text().splitlines()) if "loss" in row))
    whole, halves = logged
    assert halves["loss"] == pytest.approx(whole["loss"], rel=1e-4)
    assert halves["grad_norm"] == pytest.approx(whole["grad_norm"], rel=1e-3)
