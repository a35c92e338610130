"""The demo, on a model of a few thousand weights and in this process; and the bars of a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from causal_reasoning.cli import progress
from causal_reasoning.experiment import load_experiment
from causal_reasoning.sweeps.engines import Done
from tests.cli.program import call
from tests.tiny import make_experiment, make_model

SHORT = {"training.steps": "2", "training.evaluate_every": "2", "evaluation.items": "6", "seeds": "[1]"}


def here(work: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], workers: int, threads: int) -> Iterator[Done]:
    """An engine without processes."""
    for job, arguments in enumerate(jobs):
        yield Done(job, work(*arguments), None)


def test_the_demo_prints_derivation_and_table_and_says_where_the_page_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_experiment(tmp_path, make_model(tmp_path / "model"))
    tiny = load_experiment(path, SHORT)
    monkeypatch.setattr("causal_reasoning.experiment.load_experiment", lambda name: tiny)
    monkeypatch.setattr("causal_reasoning.sweeps.sweep.local", here)
    code, out, err = call("demo", "--runs", str(tmp_path / "runs"))
    assert code == 0, err
    assert "w = P(skill) / P(skill | confounder)" in out
    for arm in ("untrained base", "erm", "reasoning", "ceiling"):
        assert arm in out.partition("3. Exact match")[2]
    page = Path(out.strip().splitlines()[-1].rpartition(": ")[2])
    assert "<html" in page.read_text()
    # The same command again trains nothing; on a terminal the bar is full at once.
    screen = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda **_: Console(file=screen, force_terminal=True, width=120))
    progress.run_sweep(tiny, tmp_path / "runs")
    assert "found finished" in screen.getvalue()
    assert "training steps" in screen.getvalue()
    with progress.step_bar("one run", 2) as step:
        step(2, 2)
    assert "one run" in screen.getvalue()
