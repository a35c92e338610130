"""A sweep that is killed goes on where it stopped; `tests/benchmarks/bench_kill.py` does the same at length."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.benchmarks.bench_kill import results, start
from tests.tiny import make_experiment, make_model

PATIENCE = 120.0


@pytest.mark.slow
def test_a_killed_sweep_is_finished_by_the_same_command(tmp_path: Path) -> None:
    experiment = make_experiment(tmp_path, make_model(tmp_path / "model"))
    root = tmp_path / "runs"
    process = start(experiment, root)
    # Kill it with SIGKILL as soon as some run is under way: a checkpoint has been begun.
    deadline = time.monotonic() + PATIENCE
    while not list(root.rglob("checkpoint-*")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in root.rglob("result.json")}
    assert len(before) < 8
    assert start(experiment, root).wait() == 0
    # Four arms (base, erm, reasoning, ceiling) and two seeds, each once; what was finished was not touched.
    assert len(results(root)) == 8
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items())
    assert not list(root.rglob("checkpoints")) and not list(root.rglob("*.part"))
