"""Thousands of random questions, each answer checked against truths from outside the package.

Run ``python -m tests.benchmarks.bench_exactness --graphs 10000 --jobs 2``. Every graph has up to 9 observed nodes,
hidden common causes and latent nodes; the question is about one or several treatments and outcomes, sometimes with
conditions. Checked are

values    the estimand of `identify_effect`, and that of `id_algorithm`, against the exact interventional distribution
          of a random binary model, to 1e-9
verdicts  against identification by fixing; every "not identified" must come with a hedge that is one by definition
sets      minimal adjustment sets and front doors against trying all subsets
y0        verdicts against the ID and IDC algorithms of the package y0, where ``--y0`` names a Python that has it. Its
          formulas are evaluated as well: where the verdicts differ, it is right only if its formula is exact

Prints counts, and for each disagreement code that reproduces it. Exits with 1 if there is any.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice

from rich.console import Console
from rich.table import Table

from tests.identification.exactness import EXACT, Case, difference, examine, random_case
from tests.identification.fixing_oracle import without_latents
from tests.identification.formula import evaluate
from tests.identification.identification_oracle import BinaryModel

# Reads one question a line: nodes, arrows, hidden causes, do, on, given. Answers with a formula, null or an error.
Y0 = """
import json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
from y0.algorithm.identify import Unidentifiable, identify_outcomes
from y0.dsl import Fraction, One, Probability, Product, Sum, Variable
from y0.graph import NxMixedGraph
def names(variables):
    return ", ".join(sorted(str(variable) for variable in variables))
def say(e):
    if isinstance(e, Probability):
        return f"P({names(e.children)} | {names(e.parents)})" if e.parents else f"P({names(e.children)})"
    if isinstance(e, Product):
        return "[" + " ".join(map(say, e.expressions)) + "]"
    if isinstance(e, Fraction):
        return f"([{say(e.numerator)}] / [{say(e.denominator)}])"
    if isinstance(e, Sum):
        return f"[\\u03a3_{{{names(e.ranges)}}} {say(e.expression)}]"
    if isinstance(e, One):
        return "1"
    raise TypeError(type(e).__name__)
for line in sys.stdin:
    nodes, arrows, hidden, do, on, given = json.loads(line)
    graph = NxMixedGraph.from_str_edges(nodes=nodes, directed=arrows, undirected=hidden)
    do, on, given = ({Variable(name) for name in names} for names in (do, on, given))
    try:
        answer = identify_outcomes(graph, do, on, given) if given else identify_outcomes(graph, do, on)
        print(json.dumps([answer and say(answer), None]), flush=True)
    except Unidentifiable:
        print(json.dumps([None, None]), flush=True)
    except Exception as error:
        print(json.dumps([None, type(error).__name__]), flush=True)
"""


@dataclass
class Tally:
    """What came out for a batch of cases."""

    verdicts: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    theirs: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Unite with another batch."""
        self.verdicts += other.verdicts
        self.compared += other.compared
        self.theirs += other.theirs
        self.wrong += other.wrong


def work(batch: tuple[int, int, int, int, str]) -> Tally:
    """Examine the cases with some numbers, in a process of its own."""
    seed, start, stop, largest, python = batch
    tally = Tally()
    cases = [random_case(seed, number, largest) for number in range(start, stop)]
    theirs = ask_y0(python, cases) if python else [None] * len(cases)
    for number, case, answer in zip(range(start, stop), cases, theirs, strict=True):
        try:
            finding = examine(case)
            wrong, verdict = list(finding.wrong), finding.verdict
            tally.compared.update(finding.compared)
            if answer is not None:
                said, mistaken = judge(case, not verdict.startswith("not_identified"), *answer)
                tally.theirs[said] += 1
                wrong += [said] * mistaken
        except Exception as error:  # a crash is a disagreement with a reproducer, not the end of the run
            wrong, verdict = [f"{type(error).__name__}: {error}"], "crash"
        tally.verdicts[verdict] += 1
        tally.wrong += [f"case {number} of seed {seed}: {sentence}\n{case.reproducer()}" for sentence in wrong]
    return tally


def ask_y0(python: str, cases: Iterable[Case]) -> list[list[str | None]]:
    """Answers of y0, whose graphs have no latent nodes: they are projected away first."""
    lines = []
    for case in cases:
        nodes, directed, bidirected = without_latents(case.graph)
        edges = sorted(nodes), sorted(directed), sorted(bidirected)
        lines.append(json.dumps([*edges, case.do, case.on, case.given]))
    done = subprocess.run([python, "-c", Y0], input="\n".join(lines), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(case: Case, identified: bool, text: str | None, error: str | None) -> tuple[str, bool]:
    """Say how y0 did, and whether that speaks against the package."""
    if error is not None:
        return f"fails with {error}", False
    if text is None:
        # Where the package has a formula, that formula has been found exact.
        return ("not identified, but there is a formula" if identified else "not identified, agreed"), False
    model = BinaryModel(case.graph, case.seed)
    exact = difference(evaluate(text, model.observed()), model.effect(case.do, case.on, case.given)) < EXACT
    if identified:
        return ("identified, agreed" if exact else "identified, agreed, but its formula is wrong"), False
    return f"identified, but it is not, and its formula is {'exact' if exact else 'wrong'}", exact


def main() -> int:
    """Run, print, and say by the exit code whether everything agreed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--graphs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--largest", type=int, default=9, help="observed nodes at most")
    parser.add_argument("--y0", default="", metavar="PYTHON", help="a Python with y0, asked as well")
    parser.add_argument("--show", type=int, default=5, help="how many disagreements to print in full")
    options = parser.parse_args()
    start, tally, console = time.perf_counter(), Tally(), Console(width=120)
    step = 200
    ends = range(0, options.graphs, step)
    batches = [(options.seed, low, min(low + step, options.graphs), options.largest, options.y0) for low in ends]
    with ProcessPoolExecutor(options.jobs) as pool:
        for done, found in zip(count(1), pool.map(work, batches)):
            tally.add(found)
            if done % 10 == 0 and done < len(batches):
                said = f"{done * step:,} graphs, {len(tally.wrong)} disagreements, {time.perf_counter() - start:.0f} s"
                print(said, file=sys.stderr, flush=True)
    table = Table("verdict and method", "graphs", title=f"{options.graphs:,} random questions, seed {options.seed}")
    for verdict, number in sorted(tally.verdicts.items()):
        table.add_row(verdict, f"{number:,}")
    console.print(table)
    for what, number in sorted(tally.compared.items()):
        console.print(f"{number:>9,} {what} compared", highlight=False)
    for what, number in sorted(tally.theirs.items()):
        console.print(f"{number:>9,} y0: {what}", highlight=False)
    console.print(f"{len(tally.wrong):>9,} disagreements, {time.perf_counter() - start:.0f} s", highlight=False)
    for sentence in islice(tally.wrong, options.show):
        print(f"\n{sentence}")
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
