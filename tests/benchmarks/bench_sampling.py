"""Rows a second and peak memory of sampling, for every shipped world and every kind of request.

Each figure comes from a process of its own, so that peak memory is that of the request alone; "base" is the memory
after the world was loaded and a few rows were drawn.

Usage: python -m tests.benchmarks.bench_sampling [--rows 100000] [--worlds letters arithmetic]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from causal_reasoning.cli.row_formats import write_rows
from causal_reasoning.scm import load_world
from causal_reasoning.scm.reader import SHIPPED

REQUESTS = ("sample", "stream", "given", "pairs", "jsonl", "csv", "parquet")


def measure(name: str, request: str, rows: int) -> dict[str, float]:
    """Rows a second and memory in MiB of one request in this process."""
    world = load_world(name)
    world.sample(50, 0)
    base = _peak()
    query = world.query
    treatment = next(node for node in (query.do if query else world.nodes) if world.is_categorical(node))
    value = world.values(treatment)[0]
    start = time.perf_counter()
    if request == "sample":
        world.sample(rows, 1)
    elif request == "stream":
        for _ in world.stream(rows, 1):
            pass
    elif request == "given":
        for _ in world.stream(rows, 1, given={treatment: value}):
            pass
    elif request == "pairs":
        for _ in world.stream_counterfactual(rows, 1, {treatment: value}):
            pass
    else:
        with tempfile.TemporaryDirectory() as folder:
            write_rows(Path(folder) / f"rows.{request}", world.stream(rows, 1))
    return {"rate": rows / (time.perf_counter() - start), "base": base, "peak": _peak()}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--worlds", nargs="*", default=sorted(path.stem for path in SHIPPED.glob("*.yaml")))
    parser.add_argument("--requests", nargs="*", default=list(REQUESTS))
    parser.add_argument("--one", nargs=2, metavar=("WORLD", "REQUEST"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        name, request = options.one
        print(json.dumps(measure(name, request, options.rows)))
        return
    table = Table(title=f"Sampling, {options.rows:,} rows")
    for heading in ("world", "request", "rows / s", "peak MiB", "of which base"):
        table.add_column(heading, justify="left" if heading in ("world", "request") else "right")
    for name in options.worlds:
        for request in options.requests:
            call = [sys.executable, "-m", __spec__.name, "--one", name, request, "--rows", str(options.rows)]
            found = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
            table.add_row(name, request, f"{found['rate']:,.0f}", f"{found['peak']:.0f}", f"{found['base']:.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
