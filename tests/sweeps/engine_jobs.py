"""Jobs for the tests of engines: functions that a fresh process can import."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from causal_reasoning.errors import Fault, InputError
from causal_reasoning.sweeps.engines import local


def mark(folder: Path, name: str) -> int:
    """Leave one more line in a file and return how many there are."""
    with (folder / name).open("a") as stream:
        stream.write(f"{os.getpid()}\n")
    return len((folder / name).read_text().splitlines())


def work(folder: Path, name: str) -> str:
    """Do what the name says."""
    tries = mark(folder, name)
    if name.startswith("raise"):
        raise ValueError(f"{name} went wrong")
    if name.startswith("silent"):
        raise ValueError
    if name.startswith("input"):
        raise InputError([Fault("rows.jsonl", 3, 7, "is bad"), Fault("rows.jsonl", 4, None, "is worse")])
    if name.startswith("always") or (name.startswith("once") and tries == 1):
        # Long enough for whatever runs beside it to be under way.
        time.sleep(0.2)
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("long"):
        time.sleep(1)
    return name.upper()


def timed(seconds: float) -> tuple[float, float, str, int]:
    """When this ran, with how many threads, and where."""
    start = time.monotonic()
    time.sleep(seconds)
    return start, time.monotonic(), os.environ["OMP_NUM_THREADS"], os.getpid()


def beat(path: Path) -> None:
    """Write a line every twentieth of a second, for a minute at most."""
    for _ in range(1200):
        with path.open("a") as stream:
            stream.write(".")
        time.sleep(0.05)


if __name__ == "__main__":
    # A program that runs two beating jobs, to be killed by a test.
    for _ in local(beat, [(Path(sys.argv[1]) / "a",), (Path(sys.argv[1]) / "b",)], 2, 1):
        pass
