"""The pool of processes: what fails fails alone, what is killed is tried again, and nothing outlives the parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from causal_reasoning.sweeps.engines import Done, local
from causal_reasoning.sweeps.sweep import _processes
from tests.sweeps.engine_jobs import timed, work


@pytest.fixture(autouse=True)
def light_torch(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Workers import torch to set its threads; here they find one that is loaded in no time."""
    folder = tmp_path_factory.mktemp("light")
    (folder / "torch.py").write_text("def set_num_threads(number):\n    pass\n")
    monkeypatch.syspath_prepend(folder)
    return folder


def outcomes(folder: Path, names: list[str], workers: int = 2) -> dict[str, Done]:
    done = list(local(work, [(folder, name) for name in names], workers, 1))
    assert sorted(d.job for d in done) == list(range(len(names)))
    return {names[d.job]: d for d in done}


def tries(folder: Path, name: str) -> int:
    return len((folder / name).read_text().splitlines())


def test_every_job_is_done_once_and_a_failure_is_its_own(tmp_path: Path) -> None:
    names = ["a", "raise", "b", "silent", "c", "input", "d"]
    done = outcomes(tmp_path, names)
    assert [done[name].value for name in "abcd"] == ["A", "B", "C", "D"]
    assert [done[name].error for name in "abcd"] == [None] * 4
    assert done["raise"].error == "raise went wrong"
    assert done["silent"].error == "ValueError"
    # The faults of a file come home as they were raised.
    assert done["input"].error == "rows.jsonl:3:7: is bad\nrows.jsonl:4: is worse"
    assert {tries(tmp_path, name) for name in names} == {1}
    processes = {(tmp_path / name).read_text() for name in names}
    assert len(processes) <= 2


def test_a_killed_job_is_tried_again_and_the_one_beside_it_is_not_disturbed(tmp_path: Path) -> None:
    names = ["once", "long", "a", "always", "long2", "b"]
    done = outcomes(tmp_path, names)
    assert {name: done[name].value for name in names if name != "always"} == {
        name: name.upper() for name in names if name != "always"
    }
    assert done["always"].value is None
    assert done["always"].error == "its process died 3 times (killed, or out of memory)"
    assert {name: tries(tmp_path, name) for name in names} == {
        **{"once": 2, "always": 3},
        **dict.fromkeys(["long", "a", "long2", "b"], 1),
    }


def test_no_more_jobs_run_at_a_time_than_there_are_workers(tmp_path: Path) -> None:
    outcomes = local(timed, [(0.1,)] * 5, 2, 3)
    first = next(outcomes)
    handed_over = time.monotonic()
    done = [first, *outcomes]
    spans = [d.value[:2] for d in done]
    for start, _ in spans:
        assert sum(begin <= start < end for begin, end in spans) <= 2
    assert {d.value[2] for d in done} == {"3"}
    assert len({d.value[3] for d in done}) == 2
    # They are handed over as they finish, not when all are done.
    assert first.value[1] <= handed_over < max(begin for begin, _ in spans)


def test_nothing_to_do_is_done_at_once() -> None:
    assert list(local(work, [], 2, 1)) == []


def test_workers_stop_when_their_parent_is_killed(tmp_path: Path, light_torch: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-m", "tests.sweeps.engine_jobs", str(tmp_path)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(light_torch)},
    )
    beats = [tmp_path / "a", tmp_path / "b"]
    try:
        until = time.monotonic() + 30
        while not all(path.exists() for path in beats) and time.monotonic() < until:
            time.sleep(0.05)
        assert all(path.exists() for path in beats)
    finally:
        program.kill()
        program.wait()
    # The watch looks once a second; a slow machine gets a few more.
    sizes = [-1, -1]
    until = time.monotonic() + 10
    while time.monotonic() < until:
        now = [path.stat().st_size for path in beats]
        if now == sizes:
            break
        sizes = now
        time.sleep(1)
    assert [path.stat().st_size for path in beats] == sizes
    assert max(sizes) < 400


@pytest.mark.parametrize(
    ("limit", "workers", "expected"),
    [
        (None, 1, (4, 1)),
        (None, 2, (2, 2)),
        (None, 9, (1, 6)),  # never more processes than jobs
        ("1", 1, (1, 1)),
        ("3,2", 1, (3, 1)),  # OpenMP's form for nested regions: the outermost counts
        ("8", 2, (2, 2)),
        ("many", 2, (2, 2)),
    ],
)
def test_threads_are_shared_and_stay_below_what_the_environment_allows(
    limit: str | None, workers: int, expected: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if limit is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", limit)
    assert _processes(workers, 6) == expected
