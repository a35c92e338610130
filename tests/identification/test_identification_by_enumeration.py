"""Every answer on hundreds of random graphs, against brute force and against exact models.

The same comparisons on tens of thousands of graphs: ``python -m tests.benchmarks.bench_exactness``.
"""

from __future__ import annotations

import itertools
import random

import pytest

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import (
    adjustment_formula,
    find_adjustment_set,
    is_adjustment_set,
    minimal_adjustment_sets,
)
from causal_reasoning.identification.adjustment import pose
from causal_reasoning.identification.front_door import is_front_door
from causal_reasoning.identification.repair import repairs
from tests.identification.exactness import EXACT, Case, difference, examine, random_case
from tests.identification.fixing_oracle import identifiable, is_hedge
from tests.identification.front_door_oracle import is_front_door_by_definition
from tests.identification.identification_oracle import BinaryModel, brute_force_sets, random_graph, random_query
from tests.identification.published import parse


def cases(seed: int, count: int) -> list[Case]:
    rng = random.Random(seed)
    found: list[Case] = []
    while len(found) < count:
        graph = random_graph(rng, rng.randint(3, 8))
        if 3 <= len(graph.observed) <= 7:
            do, on, given = random_query(rng, graph)
            if do and on:
                found.append(Case(graph, do, on, given, len(found)))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_verdicts_sets_and_values(seed: int) -> None:
    seen: set[str] = set()
    for number in range(120):
        case = random_case(100 + seed, number, largest=7)
        finding = examine(case)
        assert not finding.wrong, "\n".join([*finding.wrong, case.reproducer()])
        seen.add(finding.verdict)
    assert {"identified adjustment", "not_identified", "zero_effect"} <= seen
    assert seen & {"identified id", "identified idc"}


def test_every_minimal_set_gives_the_same_value() -> None:
    compared = 0
    for case in cases(1, 150):
        everything = tuple(sorted(case.on + case.given))
        model = BinaryModel(case.graph, case.seed)
        truth = model.effect(case.do, everything)
        for adjust in minimal_adjustment_sets(case.graph, case.do, everything):
            value = adjustment_formula(case.do, everything, adjust).evaluate(model.observed())
            assert difference(value, truth) < EXACT
            compared += 1
    assert compared > 100


def test_the_criterion_decides_every_subset() -> None:
    rng = random.Random(99)
    for case in cases(77, 60):
        accepted = set(brute_force_sets(case.graph, case.do, case.on, shared=False))
        pool = [name for name in case.graph.observed if name not in case.do + case.on]
        for _ in range(12):
            adjust = tuple(sorted(rng.sample(pool, rng.randint(0, len(pool)))))
            assert is_adjustment_set(case.graph, case.do, case.on, adjust) == (adjust in accepted)


def test_a_rejected_set_gives_wrong_numbers() -> None:
    """The criterion is complete: for a random model a set that it rejects fails, up to coincidence."""
    rng = random.Random(5)
    wrong = right = 0
    for case in cases(55, 80):
        model = BinaryModel(case.graph, case.seed)
        pool = [name for name in case.graph.observed if name not in case.do + case.on]
        adjust = tuple(sorted(rng.sample(pool, rng.randint(0, len(pool)))))
        value = adjustment_formula(case.do, case.on, adjust).evaluate(model.observed())
        exact = difference(value, model.effect(case.do, case.on)) < EXACT
        assert exact == is_adjustment_set(case.graph, case.do, case.on, adjust), (case, adjust)
        wrong, right = wrong + (not exact), right + exact
    assert wrong > 20 and right > 20


def test_the_front_door_criterion_decides_every_pair_of_sets() -> None:
    rng = random.Random(17)
    accepted = 0
    for case in cases(78, 150):
        pool = [name for name in case.graph.observed if name not in case.do + case.on]
        for _ in range(8):
            mediators = tuple(sorted(rng.sample(pool, rng.randint(0, len(pool)))))
            covariates = tuple(sorted(name for name in pool if name not in mediators and rng.random() < 0.3))
            truth = is_front_door_by_definition(case.graph, case.do, case.on, mediators, covariates)
            assert is_front_door(case.graph, case.do, case.on, mediators, covariates) == truth
            accepted += truth
    assert accepted > 50


def test_repairs_are_the_cheapest() -> None:
    """Against trying every set of latent nodes and hidden causes of that size; each repair does its work."""
    tried = 0
    for case in cases(31, 150):
        graph, do, on = case.graph, case.do, case.on
        if find_adjustment_set(graph, do, on) is not None:
            continue
        found = repairs(pose(graph, do, on))
        assert all(brute_force_sets(repair.apply(graph), do, on) for repair in found)
        changes: list[tuple[str, object]] = [("latent", name) for name in graph.latent]
        changes += [("edge", edge) for edge in graph.bidirected]
        cheapest = None
        for size in range(1, len(changes) + 1):
            for chosen in itertools.combinations(changes, size):
                gone = {value for kind, value in chosen if kind == "edge"}
                seen = {value for kind, value in chosen if kind == "latent"}
                changed = CausalGraph(
                    graph.nodes,
                    graph.directed,
                    [edge for edge in graph.bidirected if edge not in gone],
                    [name for name in graph.latent if name not in seen],
                )
                if find_adjustment_set(changed, do, on) is not None:
                    cheapest = size
                    break
            if cheapest:
                break
        assert (found[0].cost if found else None) == cheapest, (graph, do, on)
        tried += 1
    assert tried > 20


@pytest.mark.parametrize(
    ("edges", "do", "on", "adjust"),
    [
        ("X1 -> V -> X2 -> Y, X1 -> Y, V <- C -> Y", "X1 X2", "Y", "C V"),
        ("S <- C -> Q -> A <- S", "S", "A Q", "Q"),
        ("S <- Q -> A <- S, Q <-> B, B -> A, B <-> S", "S", "A B Q", "B Q"),
        ("X -> Y, X -> Z -> W <- U -> Y", "X", "Y", "U W Z"),
    ],
)
def test_unusual_sets_by_their_values(edges: str, do: str, on: str, adjust: str) -> None:
    """A set on a path between treatments, outcomes in the set, descendants of the treatment."""
    graph = parse(edges)
    model = BinaryModel(graph, 8)
    query = tuple(do.split()), tuple(on.split())
    assert is_adjustment_set(graph, *query, adjust.split())
    value = adjustment_formula(*query, tuple(adjust.split())).evaluate(model.observed())
    assert difference(value, model.effect(*query)) < EXACT


def test_the_oracle_of_fixing_itself() -> None:
    """On graphs whose answer everybody knows."""
    for edges, identified in [
        ("X -> Y", True),
        ("X -> Y, X <-> Y", False),
        ("X -> M -> Y, X <-> Y", True),
        ("X -> M -> Y, X <-> Y, M <-> Y", False),
        ("W -> R -> X -> Y, X <-> W <-> Y", True),
        ("Z -> X -> Y, X <-> Z <-> Y", False),
    ]:
        assert identifiable(parse(edges), ["X"], ["Y"]) == identified
    assert identifiable(parse("X -> Y, X <- U -> Y", "U"), ["X"], ["Y"]) is False
    assert identifiable(parse("X -> Y, X <- U -> Y"), ["X"], ["Y"]) is True
    bow = parse("X -> Y, X <-> Y, Z -> X")
    assert is_hedge(bow, ["X", "Y"], ["Y"], ["X"], ["Y"])
    for outer, inner in (("XY", "XY"), ("Y", "Y"), ("XYZ", "Y"), ("XY", "X"), ("XY", "")):
        assert not is_hedge(bow, outer, inner, ["X"], ["Y"])
