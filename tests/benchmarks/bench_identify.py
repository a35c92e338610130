"""How long identification takes on random graphs, beside other programs, each on the same questions.

Run ``python tests/benchmarks/bench_identify.py``. Graphs: random order, expected degree 4, a share of latent nodes;
treatment the first observed node with causes from n/10 ("early") or n/2 ("middle") of the order, outcome its last
observed descendant. Times are wall-clock milliseconds without import and without building the graph.

answers    how the effects are identified: adjustment / front door / ID algorithm / not at all
one        verdict, estimand with its proof, one minimal set, the optimal set, one front-door set
all        the same, up to 100 minimal sets, and if nothing identifies the effect, instruments and repairs
dowhy      `identify_effect_auto` with defaults: back door, front door, instruments
y0         `identify_outcomes`, the ID algorithm, on the latent projection
pgmpy      `Adjustment("minimal")`; "pgmpy door": `Frontdoor()`
dagitty    `listMsasTotalEffect`, at most 100 minimal adjustment sets

The others run in processes of their own, which are ended at the cap. Below their times stand two ratios, medians over
the questions: to "one", and in brackets to the same job alone here; ≥ where the cap was reached. The same job is "one"
for dowhy, `id_algorithm` for y0, `find_adjustment_set` and `find_front_door` for pgmpy, 100 minimal sets for dagitty.
A program that failed on a question is counted, and not timed there. Once it has reached the cap on every question of
a size, larger graphs are not put to it.
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
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from rich.console import Console
from rich.table import Table

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import find_adjustment_set, identify_effect, minimal_adjustment_sets
from causal_reasoning.identification.front_door import find_front_door
from causal_reasoning.identification.general import id_algorithm

# Each reads questions line by line and writes seconds, or what went wrong, as one JSON value.
PYTHON = """
import json, logging, sys, time, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
import networkx as nx
{start}
print("ready", flush=True)
for line in sys.stdin:
    q = json.loads(line)
    do, on = q["do"], q["on"]
    try:
{build}
        begin = time.perf_counter()
{work}
        print(time.perf_counter() - begin, flush=True)
    except Exception as error:
        print(json.dumps(type(error).__name__), flush=True)
"""
DOWHY = PYTHON.format(
    start="from dowhy.causal_identifier import EstimandType, identify_effect_auto",
    build="        graph = nx.DiGraph(q['edges']); graph.add_nodes_from(q['nodes'])",
    work="        identify_effect_auto(graph, [do], [on], q['observed'], EstimandType.NONPARAMETRIC_ATE)",
)
Y0 = PYTHON.format(
    start="from y0.algorithm.identify import Unidentifiable, identify_outcomes\n"
    "from y0.dsl import Variable\nfrom y0.graph import NxMixedGraph",
    build="        graph = NxMixedGraph.from_str_edges("
    "nodes=q['observed'], directed=q['directed'], undirected=q['bidirected'])",
    work="""        try:
            identify_outcomes(graph, {Variable(do)}, {Variable(on)})
        except Unidentifiable:
            pass""",
)
PGMPY_BUILD = "        graph = DAG(q['edges'], latents=set(q['latent']), roles={'exposures': do, 'outcomes': on})"
PGMPY = PYTHON.format(
    start="from pgmpy.base import DAG\nfrom pgmpy.identification.adjustment import Adjustment",
    build=PGMPY_BUILD,
    work="        Adjustment(variant='minimal').identify(graph)",
)
PGMPY_DOOR = PYTHON.format(
    start="from pgmpy.base import DAG\nfrom pgmpy.identification.frontdoor import Frontdoor",
    build=PGMPY_BUILD,
    work="        Frontdoor().identify(graph)",
)
DAGITTY = """
const {GraphParser, GraphAnalyzer} = require(process.argv[1])
console.log("ready")
require("readline").createInterface({input: process.stdin}).on("line", line => {
  const q = JSON.parse(line)
  const mark = {[q.do]: " [exposure]", [q.on]: " [outcome]"}
  for (const name of q.latent) mark[name] = " [latent]"
  const text = q.nodes.map(n => n + (mark[n] || "")).concat(q.edges.map(([a, b]) => a + " -> " + b)).join("\\n")
  const graph = GraphParser.parseGuess("dag {\\n" + text + "\\n}")
  const begin = process.hrtime.bigint()
  try {
    GraphAnalyzer.listMsasTotalEffect(graph, [], [], 100)
    console.log(Number(process.hrtime.bigint() - begin) / 1e9)
  } catch (error) { console.log(JSON.stringify(String(error.message || error))) }
})
"""


@dataclass(frozen=True)
class Question:
    """A graph, its causal order, and an effect."""

    graph: CausalGraph
    do: str
    on: str

    def line(self) -> str:
        """For the other programs."""
        graph, seen = self.graph, self.graph.latent_projection()
        return json.dumps(
            {"nodes": graph.nodes, "edges": graph.directed, "latent": graph.latent, "observed": graph.observed}
            | {"directed": seen.directed, "bidirected": seen.bidirected, "do": self.do, "on": self.on}
        )


def random_question(size: int, latent: float, place: str, seed: int) -> Question | None:
    """A random DAG of expected degree four; a treatment early or in the middle, its last observed descendant."""
    rng = random.Random(f"{size} {latent} {seed}")
    names = [f"n{i:03}" for i in range(size)]
    order = rng.sample(names, size)
    chance = 4 / (size - 1)
    edges = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :] if rng.random() < chance]
    graph = CausalGraph(names, edges, [], [name for name in names if rng.random() < latent])
    hidden = set(graph.latent)
    for treatment in order[size // (10 if place == "early" else 2) :]:
        if treatment in hidden or not graph.parents(treatment):
            continue
        below = set(graph.descendants(treatment)) - {treatment} - hidden
        if below:
            return Question(graph, treatment, max(below, key=order.index))
    return None


def one_of_each(question: Question) -> None:
    """What "one" times."""
    identify_effect(question.graph, question.do, question.on, cap=1, advice=False)
    find_front_door(question.graph, question.do, question.on)


def everything(question: Question) -> None:
    """What "all" times."""
    identify_effect(question.graph, question.do, question.on)
    find_front_door(question.graph, question.do, question.on)


def list_sets(question: Question) -> None:
    """What dagitty does."""
    list(islice(minimal_adjustment_sets(question.graph, question.do, question.on), 100))


def clock(work: Callable[[Question], object], question: Question) -> float:
    """Milliseconds, once."""
    start = time.perf_counter()
    work(question)
    return 1000 * (time.perf_counter() - start)


@dataclass
class Program:
    """Another program: a process that answers until it takes too long, and is then started anew."""

    name: str
    command: list[str]
    same: Callable[[Question], object]
    cap: float
    missing: str = ""
    exhausted: int | None = None
    process: subprocess.Popen[str] | None = None

    def start(self) -> bool:
        """Start it, or find out why it cannot be."""
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        if self.process.stdout.readline().strip() != "ready":
            self.missing = ([*self.process.stderr.read().strip().splitlines(), "no answer"][-2:] or ["no answer"])[0]
            self.process = None
        return self.process is not None

    def time(self, question: Question) -> float | str | None:
        """Milliseconds; what went wrong; or None if the cap was reached."""
        if self.process is None and not self.start():
            return "missing"
        process = self.process
        assert process is not None and process.stdin is not None and process.stdout is not None
        print(question.line(), file=process.stdin, flush=True)
        fuse = threading.Timer(self.cap, process.kill)
        fuse.start()
        answer = process.stdout.readline()
        fuse.cancel()
        if not answer:
            self.close()
            return None
        found = json.loads(answer)
        return found if isinstance(found, str) else 1000 * float(found)

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Row:
    """What was measured for graphs of one kind."""

    answers: Counter[str] = field(default_factory=Counter)
    one: list[float] = field(default_factory=list)
    all: list[float] = field(default_factory=list)
    theirs: dict[str, list[float]] = field(default_factory=dict)
    ratios: dict[str, list[float]] = field(default_factory=dict)
    same: dict[str, list[float]] = field(default_factory=dict)
    over: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)

    def cell(self, program: Program) -> str:
        """Median and maximum of a program, and its ratio to "one"."""
        times = self.theirs.get(program.name, [])
        failed = f", {self.failed[program.name]} failed" if self.failed[program.name] else ""
        if not times:
            return f"-{failed}"
        over, mark = self.over[program.name], "≥" if self.over[program.name] else ""
        reached = f" ({over} of {len(times)} over)" if over else ""
        ratios = [statistics.median(found[program.name]) for found in (self.ratios, self.same)]
        one, same = (f"{mark}{ratio:.{0 if ratio >= 10 else 1}f}×" for ratio in ratios)
        return f"{shown(times)}{reached}{failed}\n{one} ({same})"


def shown(times: list[float]) -> str:
    """Median and maximum."""
    return f"{statistics.median(times):.1f} / {max(times):.1f}" if times else "-"


def measure(options: argparse.Namespace, size: int, latent: float, place: str, programs: list[Program]) -> Row:
    """One row."""
    row = Row()
    for seed in range(options.seeds):
        question = random_question(size, latent, place, seed)
        if question is None:
            continue
        answer = identify_effect(question.graph, question.do, question.on, cap=1, advice=False)
        row.answers[answer.method or answer.verdict] += 1
        row.one.append(clock(one_of_each, question))
        row.all.append(clock(everything, question))
        for program in programs if seed < options.program_seeds else []:
            if program.missing or (program.exhausted is not None and size > program.exhausted):
                continue
            took = program.time(question)
            if isinstance(took, str):
                row.failed[program.name] += took != "missing"
                continue
            row.over[program.name] += took is None
            row.theirs.setdefault(program.name, []).append(1000 * program.cap if took is None else took)
            row.ratios.setdefault(program.name, []).append(row.theirs[program.name][-1] / row.one[-1])
            row.same.setdefault(program.name, []).append(row.theirs[program.name][-1] / clock(program.same, question))
    return row


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 20, 30, 50, 100, 300])
    parser.add_argument("--seeds", type=int, default=20, help="graphs of each kind")
    parser.add_argument("--program-seeds", type=int, default=3, help="how many of them other programs are asked about")
    parser.add_argument("--cap", type=float, default=20.0, help="seconds for one question to another program")
    parser.add_argument("--python", default=sys.executable, help="a Python that has y0 and pgmpy")
    parser.add_argument("--dagitty", default="", metavar="FILE", help="dagitty-node.js, run with node")
    options = parser.parse_args()

    def same(work: Callable[..., object]) -> Callable[[Question], object]:
        return lambda question: work(question.graph, question.do, question.on)

    there = [sys.executable, "-c"], [options.python, "-c"]
    programs = [
        Program("dowhy", [*there[0], DOWHY], one_of_each, options.cap),
        Program("y0", [*there[1], Y0], same(id_algorithm), options.cap),
        Program("pgmpy", [*there[1], PGMPY], same(find_adjustment_set), options.cap),
        Program("pgmpy door", [*there[1], PGMPY_DOOR], same(find_front_door), options.cap),
        Program("dagitty", ["node", "-e", DAGITTY, options.dagitty], list_sets, options.cap),
    ]
    if not options.dagitty:
        programs[-1].missing = "name its file with --dagitty"
    title = f"Identification: median / maximum in ms, ratio to “one” (to the same job); cap {options.cap:g} s"
    table = Table(title=title, show_lines=True)
    for heading in ("n", "latent", "treatment", "answers", "one", "all", *(program.name for program in programs)):
        table.add_column(heading, justify="right")
    for size in options.sizes:
        rows = []
        for latent in (0.0, 0.25):
            for place in ("early", "middle"):
                row = measure(options, size, latent, place, programs)
                rows.append(row)
                kinds = [("adjustment",), ("frontdoor",), ("id",), ("not_identified",)]
                answers = " / ".join(str(sum(row.answers[kind] for kind in group)) for group in kinds)
                cells = [row.cell(program) for program in programs]
                table.add_row(str(size), f"{latent:.0%}", place, answers, shown(row.one), shown(row.all), *cells)
                print(f"n = {size}, {latent:.0%} latent, {place} done", file=sys.stderr, flush=True)
        for program in programs:
            asked = sum(len(row.theirs.get(program.name, [])) for row in rows)
            if asked and sum(row.over[program.name] for row in rows) == asked:
                program.exhausted = size
    for program in programs:
        program.close()
    console = Console(width=200)
    console.print(table)
    for program in programs:
        if program.missing:
            console.print(f"{program.name} is missing: {program.missing}", highlight=False)


if __name__ == "__main__":
    main()
