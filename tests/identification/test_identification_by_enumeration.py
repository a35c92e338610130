"""Every answer on hundreds of random graphs, against brute force and against exact models."""

from __future__ import annotations

import random

import numpy as np
import pytest

from causal_reasoning.estimand import Factor
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import (
    IdentifiedByAdjustment,
    NotIdentifiedByAdjustment,
    ZeroEffect,
    adjustment_formula,
    find_adjustment_set,
    identify_effect,
    is_adjustment_set,
)
from tests.identification.identification_oracle import (
    BinaryModel,
    brute_force_sets,
    minimal_only,
    random_graph,
    random_query,
)
from tests.identification.test_published_cases import parse

Case = tuple[CausalGraph, tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def cases(seed: int, count: int) -> list[Case]:
    rng = random.Random(seed)
    found: list[Case] = []
    while len(found) < count:
        graph = random_graph(rng, rng.randint(3, 8))
        if 3 <= len(graph.observed) <= 7:
            do, on, given = random_query(rng, graph)
            if do and on:
                found.append((graph, do, on, given))
    return found


def difference(value: Factor, truth: Factor) -> float:
    axes = sorted({*value.axes, *truth.axes})
    return float(np.abs(value.aligned(axes) - truth.aligned(axes)).max())


@pytest.mark.parametrize("seed", range(8))
def test_sets_and_values(seed: int) -> None:
    verdicts: set[str] = set()
    for number, (graph, do, on, given) in enumerate(cases(seed, 100)):
        answer = identify_effect(graph, do, on, given, cap=10_000)
        everything = tuple(sorted(on + given))
        truth = brute_force_sets(graph, do, everything)
        model = BinaryModel(graph, seed * 1000 + number)
        verdicts.add(type(answer).__name__)
        match answer:
            case ZeroEffect():
                assert not any(set(graph.descendants(name)) & set(everything) for name in do)
            case IdentifiedByAdjustment():
                assert sorted(answer.sets.minimal) == sorted(minimal_only(truth))
                assert len(answer.adjustment) == min(map(len, truth))
                for adjust in answer.sets.minimal:
                    value = adjustment_formula(do, everything, adjust).evaluate(model.observed())
                    assert difference(value, model.effect(do, everything)) < 1e-9
                if answer.optimal.nodes is not None:
                    assert answer.optimal.nodes in truth
                assert find_adjustment_set(graph, do, everything) in answer.sets.minimal
            case NotIdentifiedByAdjustment():
                assert not truth, (graph, do, on, given)
                for repair in answer.repairs:
                    assert brute_force_sets(repair.apply(graph), do, everything)
                continue
            case _:
                raise AssertionError(answer)
        assert difference(answer.estimand.evaluate(model.observed()), model.effect(do, on, given)) < 1e-9
    assert len(verdicts) == 3


def test_the_criterion_decides_every_subset() -> None:
    rng = random.Random(99)
    for graph, do, on, _ in cases(77, 60):
        accepted = set(brute_force_sets(graph, do, on, shared=False))
        pool = [name for name in graph.observed if name not in do + on]
        for _ in range(12):
            adjust = tuple(sorted(rng.sample(pool, rng.randint(0, len(pool)))))
            assert is_adjustment_set(graph, do, on, adjust) == (adjust in accepted)


def test_a_rejected_set_gives_wrong_numbers() -> None:
    """The criterion is complete: for a random model a set that it rejects fails, up to coincidence."""
    rng = random.Random(5)
    wrong = right = 0
    for number, (graph, do, on, _) in enumerate(cases(55, 80)):
        model = BinaryModel(graph, number)
        pool = [name for name in graph.observed if name not in do + on]
        adjust = tuple(sorted(rng.sample(pool, rng.randint(0, len(pool)))))
        value = adjustment_formula(do, on, adjust).evaluate(model.observed())
        exact = difference(value, model.effect(do, on)) < 1e-9
        assert exact == is_adjustment_set(graph, do, on, adjust), (graph, do, on, adjust)
        wrong, right = wrong + (not exact), right + exact
    assert wrong > 20 and right > 20


def test_repairs_are_the_cheapest() -> None:
    """Against trying every set of latent nodes and hidden causes of that size."""
    import itertools

    tried = 0
    for graph, do, on, _ in cases(31, 150):
        answer = identify_effect(graph, do, on)
        if not isinstance(answer, NotIdentifiedByAdjustment):
            continue
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
        assert (answer.repairs[0].cost if answer.repairs else None) == cheapest, (graph, do, on)
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
    assert difference(value, model.effect(*query)) < 1e-9
