"""How long one waits for each further minimal adjustment set.

Run ``python -m tests.benchmarks.bench_delay``. Random DAGs of expected degree 4 and 8, with and
without latent nodes; only questions with at least ``--many`` minimal sets count. Then graphs made to be hard: chains
side by side (length to the power of width many sets, all of the same size), a grid of chains (every node leads to its
neighbours in the next layer), and a comb (a chain of which every node is a confounder).
Milliseconds of processor time for each of the first ``--sets`` sets.

graphs    how many questions were measured
sets      the median number of sets that were listed
first     median / maximum over the graphs of the time to the first set, which includes building the moral graph
mean      median / maximum over the graphs of the mean delay of the others
longest   median / maximum over the graphs of the longest delay of the others, up to the end of the list included
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from itertools import pairwise
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from causal_reasoning.graph.causal_graph import CausalGraph, Edge
from causal_reasoning.identification import minimal_adjustment_sets

Question = tuple[CausalGraph, str, str]


class Delays(NamedTuple):
    """The waits for the sets of one question, in milliseconds."""

    sets: int
    first: float
    mean: float
    longest: float


def delays(asked: Question, count: int) -> Delays:
    """List sets and look at the clock after each."""
    waits: list[float] = []
    before = time.process_time()
    sets = minimal_adjustment_sets(*asked)
    while len(waits) <= count:
        found = next(sets, None)
        now = time.process_time()
        waits.append(1000 * (now - before))
        if found is None:
            break
        before = time.process_time()
    listed = len(waits) - 1
    return Delays(listed, waits[0], statistics.mean(waits[1:] or [0]), max(waits[1:] or [0]))


def random_question(size: int, degree: float, latent: float, seed: int) -> Question | None:
    """A treatment early or in the middle of the order of a random DAG, and its last observed descendant."""
    rng = random.Random(f"{size} {degree} {latent} {seed}")
    names = [f"n{i:03}" for i in range(size)]
    order = rng.sample(names, size)
    chance = degree / (size - 1)
    edges = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if rng.random() < chance]
    graph = CausalGraph(names, edges, [], [name for name in names if rng.random() < latent])
    hidden = set(graph.latent)
    for treatment in order[size // (10 if seed % 2 else 2) :]:
        below = set(graph.descendants(treatment)) - {treatment} - hidden
        if treatment not in hidden and graph.parents(treatment) and below:
            return graph, treatment, max(below, key=order.index)
    return None


def layered(width: int, length: int, *, crossed: bool) -> Question:
    """Chains from the treatment's causes to the outcome's, side by side or with every node next to its neighbours."""
    name = [[f"c{row:03}_{place:03}" for place in range(length)] for row in range(width)]
    edges: list[Edge] = [("x", "y")]
    for row in range(width):
        edges += [(name[row][0], "x"), (name[row][-1], "y")]
        for other in (row - 1, row, row + 1) if crossed else (row,):
            if 0 <= other < width:
                edges += [(name[row][place], name[other][place + 1]) for place in range(length - 1)]
    return CausalGraph({"x", "y"}.union(*name), edges), "x", "y"


def comb(length: int) -> Question:
    """A chain of confounders, each with an effect of its own on treatment and outcome."""
    chain = [f"c{place:03}" for place in range(length)]
    teeth = [(node, f"{end}{node}") for node in chain for end in "ab"]
    ends = [(tooth, "x" if tooth[0] == "a" else "y") for _, tooth in teeth]
    edges = [*pairwise(chain), *teeth, *ends, ("x", "y")]
    return CausalGraph({node for edge in edges for node in edge}, edges), "x", "y"


def shown(times: list[float]) -> str:
    """Median and maximum."""
    return f"{statistics.median(times):.2f} / {max(times):.2f}" if times else "-"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 300])
    parser.add_argument("--sets", type=int, default=1000, help="how many sets to list at most")
    parser.add_argument("--many", type=int, default=20, help="leave questions out that have fewer sets")
    parser.add_argument("--seeds", type=int, default=100)
    arguments = parser.parse_args()
    table = Table(title="Minimal adjustment sets, one after the other: median / maximum in ms")
    for heading in ("graph", "n", "latent", "graphs", "sets", "first", "mean", "longest"):
        table.add_column(heading, justify="right")

    def add(label: str, size: int, latent: str, questions: list[Question]) -> None:
        measured = [delays(asked, arguments.sets) for asked in questions]
        table.add_row(
            label,
            str(size),
            latent,
            str(len(measured)),
            str(statistics.median_low([one.sets for one in measured])) if measured else "-",
            *(shown([one[i] for one in measured]) for i in (1, 2, 3)),
        )

    for size in arguments.sizes:
        for degree in (4, 8):
            for latent in (0.0, 0.25):
                asked = [random_question(size, degree, latent, seed) for seed in range(arguments.seeds)]
                rich = [one for one in asked if one and delays(one, arguments.many).sets >= arguments.many]
                add(f"random, degree {degree}", size, f"{latent:.0%}", rich)
        for width in (2, 5, size // 5, (size - 2) // 2):
            length = (size - 2) // width
            add(f"{width} chains of {length}", size, "-", [layered(width, length, crossed=False)])
        for width in (3, size // 10):
            length = (size - 2) // width
            add(f"grid, {width} by {length}", size, "-", [layered(width, length, crossed=True)])
        add("comb", size, "-", [comb((size - 2) // 3)])
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
