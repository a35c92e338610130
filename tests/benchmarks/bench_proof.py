"""The proof table: every shipped graph with every plan, and many random graphs.

Run ``python -m tests.benchmarks.bench_proof --graphs 1000``. Exact plans must be off by at most 1e-6; approximate ones
show their bias. Every random graph ends in a proven plan, in "not identified", or in a refusal that names the binding
in the way; anything else is printed, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter

from rich.console import Console
from rich.table import Table

from causal_reasoning.errors import NotIdentifiedError, NoValidPlanError
from causal_reasoning.files.shipped import shipped_folder
from causal_reasoning.graph import load_graph, parse_graph
from causal_reasoning.objective import derive
from causal_reasoning.objective.proof import EXACT, prove_plan
from tests.objective.test_proof import random_file


def shipped(console: Console, models: int) -> int:
    """Print the table of the shipped graphs; return how many plans fail."""
    table = Table(title=f"Largest error of p(write | read) on {models} random models of each graph")
    for heading in ("graph", "plan", "cost", "error", "plain likelihood", ""):
        table.add_column(heading)
    bad = 0
    for path in sorted(shipped_folder("graphs").glob("*.yaml")):
        graph = load_graph(path)
        try:
            derivation = derive(graph)
        except NotIdentifiedError:
            table.add_row(graph.name, "-", "", "", "", "not identified")
            continue
        for plan in derivation.valid:
            proof = prove_plan(graph, plan, models=models)
            ok = "proven" if proof.error <= EXACT else "approximate" if plan.approximate else "WRONG"
            bad += ok == "WRONG"
            cost = plan.forward_passes.to_dict()
            passes = f"{cost['train']} / {cost['inference']}"
            table.add_row(graph.name, plan.estimator, passes, f"{proof.error:.1e}", f"{proof.plain:.3f}", ok)
    console.print(table)
    return bad


def randomly(console: Console, number: int, seed: int) -> int:
    """Prove the plans of random graphs; return how many fail."""
    rng = random.Random(seed)
    ends: Counter[str] = Counter()
    bad = 0
    start = time.perf_counter()
    for index in range(number):
        text = random_file(rng)
        try:
            derivation = derive(parse_graph(text))
        except NotIdentifiedError:
            ends["not identified"] += 1
            continue
        except NoValidPlanError as error:
            named = "bound to text" in str(error)
            ends["identified, refused naming a binding" if named else "refused without naming a binding"] += 1
            bad += not named
            continue
        for plan in derivation.valid:
            proof = prove_plan(derivation.graph, plan, models=2, seed=index)
            kind = "general weights" if plan.weights and plan.weights.ratio else plan.estimator
            if proof.error > EXACT and not plan.approximate:
                bad += 1
                console.print(f"off by {proof.error:.3g} ({plan.estimator}):\n{text}")
            ends[f"{kind}: {'proven' if proof.error <= EXACT else 'approximate or wrong'}"] += 1
    for name, count in sorted(ends.items()):
        console.print(f"  {count:6,} {name}")
    console.print(f"{number:,} random graphs, {bad} failures, {time.perf_counter() - start:.0f} s")
    return bad


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="Proofs by numbers of all compiled objectives.")
    parser.add_argument("--graphs", type=int, default=1000)
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    console = Console(width=120)
    sys.exit(1 if shipped(console, arguments.models) + randomly(console, arguments.graphs, arguments.seed) else 0)


if __name__ == "__main__":
    main()
