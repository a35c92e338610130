"""How long identification takes on random graphs, beside dowhy's default.

Run ``python tests/benchmarks/bench_identify.py``. Graphs: random order, expected degree 4, a share of latent nodes;
treatment the first observed node with causes from n/10 ("early") or n/2 ("middle") of the order, outcome its last
observed descendant. Times are wall-clock milliseconds without import.

found     how many of the effects can be identified by adjustment, and the median number of minimal sets (at most 100)
verdict   verdict and one minimal set
+optimal  verdict, one minimal set and the optimal set
all       `identify_effect` with its default cap of 100 minimal sets, the smallest set, the optimal set, proof, repairs
dowhy     `identify_effect_auto` with defaults, in a process of its own, ended after the cap
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import (
    IdentifiedByAdjustment,
    find_adjustment_set,
    identify_effect,
    optimal_adjustment_set,
)

WORKER = """
import json, logging, sys, time, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import networkx as nx
from dowhy.causal_identifier import EstimandType, identify_effect_auto
print("ready", flush=True)
for line in sys.stdin:
    nodes, edges, do, on, observed = json.loads(line)
    graph = nx.DiGraph(edges)
    graph.add_nodes_from(nodes)
    start = time.perf_counter()
    identify_effect_auto(graph, [do], [on], observed, EstimandType.NONPARAMETRIC_ATE)
    print(time.perf_counter() - start, flush=True)
"""


def random_dag(size: int, latent: float, seed: int) -> tuple[CausalGraph, list[str]]:
    """A random DAG of expected degree four, and its causal order."""
    rng = random.Random(f"{size} {latent} {seed}")
    names = [f"n{i:03}" for i in range(size)]
    order = rng.sample(names, size)
    chance = 4 / (size - 1)
    edges = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if rng.random() < chance]
    return CausalGraph(names, edges, [], [name for name in names if rng.random() < latent]), order


def question(graph: CausalGraph, order: list[str], place: str) -> tuple[str, str] | None:
    """A treatment early or in the middle of the causal order, and its last observed descendant."""
    hidden = set(graph.latent)
    for treatment in order[len(order) // (10 if place == "early" else 2) :]:
        if treatment in hidden or not graph.parents(treatment):
            continue
        below = set(graph.descendants(treatment)) - {treatment} - hidden
        if below:
            return treatment, max(below, key=order.index)
    return None


def clock(work: Callable[[], object]) -> float:
    """Milliseconds, once."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


class Dowhy:
    """A process that answers until it takes too long, and is then started anew."""

    def __init__(self, cap: float) -> None:
        self.cap = cap
        self.process: subprocess.Popen[str] | None = None

    def time(self, graph: CausalGraph, do: str, on: str) -> float | None:
        """Milliseconds, or None if the cap was reached."""
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            assert self.process.stdout is not None
            self.process.stdout.readline()
        process = self.process
        assert process.stdin is not None and process.stdout is not None
        print(json.dumps([graph.nodes, graph.directed, do, on, graph.observed]), file=process.stdin, flush=True)
        fuse = threading.Timer(self.cap, process.kill)
        fuse.start()
        answer = process.stdout.readline()
        fuse.cancel()
        if not answer:
            process.wait()
            self.process = None
            return None
        return 1000 * float(answer)

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def shown(times: list[float]) -> str:
    """Median and maximum."""
    return f"{statistics.median(times):.1f} / {max(times):.1f}" if times else "-"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 30, 50, 100, 300])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--dowhy-seeds", type=int, default=2, help="0 leaves dowhy out")
    parser.add_argument("--dowhy-largest", type=int, default=50)
    parser.add_argument("--cap", type=float, default=20.0, help="seconds for one identification by dowhy")
    arguments = parser.parse_args()
    table = Table(title="Identification: median / maximum in ms")
    for heading in ("n", "latent", "treatment", "found", "verdict", "+optimal", "all", "same by dowhy", "ratio"):
        table.add_column(heading, justify="right")
    other = Dowhy(arguments.cap)
    for size in arguments.sizes:
        for latent in (0.0, 0.25):
            for place in ("early", "middle"):
                table.add_row(str(size), f"{latent:.0%}", place, *measure(arguments, size, latent, place, other))
    other.close()
    Console(width=120).print(table)


def measure(arguments: argparse.Namespace, size: int, latent: float, place: str, other: Dowhy) -> list[str]:
    """One row."""
    verdict: list[float] = []
    optimal: list[float] = []
    everything: list[float] = []
    theirs: list[float] = []
    ratios: list[float] = []
    sets: list[int] = []
    over = 0
    for seed in range(arguments.seeds):
        graph, order = random_dag(size, latent, seed)
        asked = question(graph, order, place)
        if asked is None:
            continue
        do, on = asked
        verdict.append(clock(lambda g=graph, x=do, y=on: find_adjustment_set(g, x, y)))  # type: ignore[misc]
        optimal.append(
            verdict[-1] + clock(lambda g=graph, x=do, y=on: optimal_adjustment_set(g, x, y))  # type: ignore[misc]
        )
        everything.append(clock(lambda g=graph, x=do, y=on: identify_effect(g, x, y)))  # type: ignore[misc]
        answer = identify_effect(graph, do, on)
        if isinstance(answer, IdentifiedByAdjustment):
            sets.append(len(answer.sets.minimal))
        if size <= arguments.dowhy_largest and seed < arguments.dowhy_seeds:
            took = other.time(graph, do, on)
            over += took is None
            theirs.append(1000 * arguments.cap if took is None else took)
            ratios.append(theirs[-1] / everything[-1])
    ratio = f"{'≥ ' if over else ''}{statistics.median(ratios):.0f}" if ratios else "-"
    beside = shown(theirs) + (f" ({over} of {len(theirs)} over)" if over else "")
    found = f"{len(sets)} of {len(verdict)}, {statistics.median(sets or [0]):.0f} sets"
    return [found, shown(verdict), shown(optimal), shown(everything), beside, ratio]


if __name__ == "__main__":
    main()
