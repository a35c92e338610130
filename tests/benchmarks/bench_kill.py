"""Kill a sweep at random moments and run the same command again until it is done.

A sweep is killed with SIGKILL (the whole of its first process, not its workers) a number of times at random
moments, then left to finish. Its results are compared with those of a sweep that nobody disturbed: every run must
be there once, with the same numbers. Prints what was found.

Usage: python tests/benchmarks/bench_kill.py [--kills 6] [--seed 0] [--steps 150]
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.tiny import make_experiment, make_model


def main() -> int:
    """Run and compare; the exit code is 1 if anything was lost, doubled or changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=150)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        experiment = make_experiment(folder, make_model(folder / "model"))
        calm, disturbed = folder / "calm", folder / "disturbed"
        experiment.write_text(experiment.read_text().replace("steps: 20,", f"steps: {options.steps},"))
        started = time.perf_counter()
        assert start(experiment, calm).wait() == 0
        duration = time.perf_counter() - started
        print(f"undisturbed: {duration:.0f} s")
        for turn in range(options.kills):
            process = start(experiment, disturbed)
            moment = rng.uniform(0.1, 0.6) * duration
            try:
                process.wait(timeout=moment)
                print(f"kill {turn + 1}: the sweep was done before {moment:.1f} s")
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                done = len(list(disturbed.rglob("result.json")))
                print(f"kill {turn + 1}: after {moment:.1f} s, {done} runs finished so far")
        started = time.perf_counter()
        code = start(experiment, disturbed).wait()
        print(f"last call: exit code {code}, {time.perf_counter() - started:.0f} s")
        expected, found = results(calm), results(disturbed)
        equal = sum(found.get(key) == value for key, value in expected.items())
        print(f"runs expected {len(expected)}, found {len(found)}, equal {equal}")
        left = [path.name for path in disturbed.rglob("*.part")] + [p.name for p in disturbed.rglob("checkpoints")]
        print(f"left over: {left or 'nothing'}")
        return int(code != 0 or expected != found or bool(left))


def start(experiment: Path, root: Path) -> subprocess.Popen[bytes]:
    """Start a sweep as a user would."""
    command = [sys.executable, "-m", "causal_reasoning.cli.main", "sweep", str(experiment), "--runs", str(root)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def results(root: Path) -> dict[tuple[str, int], Any]:
    """What was measured, by arm and seed; a run that is there twice is an error."""
    found: dict[tuple[str, int], Any] = {}
    for path in sorted(root.rglob("result.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        key = (record["arm"], record["seed"])
        assert key not in found, f"{key} is there twice"
        found[key] = (record["splits"], record["curve"])
    return found


if __name__ == "__main__":
    raise SystemExit(main())
