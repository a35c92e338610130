"""The same bytes for every hash seed and every order of nodes and edges."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import identify_effect
from tests.identification.exactness import random_case
from tests.identification.published import CASES

# Reads questions and a seed for shuffling; prints every answer, with its derivation as people read it.
SCRIPT = """
import json, random, sys
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import identify_effect
shuffle = random.Random(sys.argv[1])
for nodes, directed, bidirected, latent, do, on, given in json.load(sys.stdin):
    nodes, directed, bidirected = (shuffle.sample(part, len(part)) for part in (nodes, directed, bidirected))
    turned = [shuffle.sample(edge, 2) for edge in bidirected]
    answer = identify_effect(CausalGraph(nodes, directed, turned, set(latent)), set(do), set(on), set(given), cap=20)
    print(json.dumps(answer.to_dict(), ensure_ascii=False), [step.text() for step in answer.steps], answer)
"""
SEEDS = [0, *range(1, 16), 99, 4242, 1234567, 4294967295]


@cache
def questions() -> str:
    """Half of the published cases, and some random ones."""
    asked = [(case.graph, *case.query) for case in CASES[::2]]
    asked += [(case.graph, case.do, case.on, case.given) for case in (random_case(5, number) for number in range(40))]
    return json.dumps([[g.nodes, g.directed, g.bidirected, g.latent, *query] for g, *query in asked])


def answers(seed: int) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONIOENCODING": "utf-8"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(seed)],
        input=questions(),
        env=environment,
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return done.stdout


def test_twenty_hash_seeds_print_the_same_bytes() -> None:
    assert len(set(SEEDS)) == 20
    with ThreadPoolExecutor(2) as pool:
        first, *others = pool.map(answers, SEEDS)
    assert len(first.splitlines()) == len(json.loads(questions()))
    for seed, other in zip(SEEDS[1:], others, strict=True):
        for one, another in zip(first.splitlines(), other.splitlines(), strict=True):
            assert one == another, f"PYTHONHASHSEED={seed}"


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_order_does_not_matter(number: int, shuffle: random.Random) -> None:
    case = random_case(6, number)
    graph = case.graph

    def mixed(names: tuple[str, ...]) -> list[str]:
        """In another order, one of them twice."""
        return shuffle.sample([*names, *names[:1]], len(names) + bool(names))

    other = CausalGraph(
        mixed(graph.nodes),
        shuffle.sample(graph.directed, len(graph.directed)),
        [
            (b, a) if shuffle.random() < 0.5 else (a, b)
            for a, b in shuffle.sample(graph.bidirected, len(graph.bidirected))
        ],
        mixed(graph.latent),
    )
    first = identify_effect(graph, case.do, case.on, case.given)
    second = identify_effect(other, mixed(case.do), mixed(case.on), mixed(case.given))
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())
    assert [step.text() for step in first.steps] == [step.text() for step in second.steps]
    assert first == second


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_names_decide_ties_only(number: int, shuffle: random.Random) -> None:
    """Other names, the same verdict, method and sizes."""
    case = random_case(7, number)
    graph = case.graph
    new = dict(zip(graph.nodes, shuffle.sample([f"w{i}" for i in range(len(graph))], len(graph)), strict=True))

    def renamed(names: tuple[str, ...]) -> list[str]:
        return [new[name] for name in names]

    other = CausalGraph(
        new.values(),
        [(new[a], new[b]) for a, b in graph.directed],
        [(new[a], new[b]) for a, b in graph.bidirected],
        renamed(graph.latent),
    )
    first = identify_effect(graph, case.do, case.on, case.given, advice=False).to_dict()
    second = identify_effect(other, renamed(case.do), renamed(case.on), renamed(case.given), advice=False).to_dict()
    assert (first["verdict"], first["method"]) == (second["verdict"], second["method"])
    if first["adjustment"] is not None:
        there = sorted(sorted(new[name] for name in names) for names in first["adjustment"]["minimal"])
        assert there == sorted(second["adjustment"]["minimal"])
        assert len(first["adjustment"]["chosen"]) == len(second["adjustment"]["chosen"])
