"""Repairs of effects that are not identified: each works, none is larger than it must be, cheap ones come first."""

from __future__ import annotations

import itertools
import random

import pytest

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import NotIdentified, Query, identify_effect
from causal_reasoning.identification.relevance import relevant_treatments
from causal_reasoning.identification.repair import Repair
from causal_reasoning.identification.repair_search import identifying_repairs
from tests.identification.identification_oracle import BinaryModel, random_graph, random_query
from tests.identification.test_published_cases import parse


def texts(edges: str, latent: str = "") -> list[str]:
    """The repairs of the effect of X on Y."""
    return [repair.text() for repair in identifying_repairs(parse(edges, latent), Query(("X",), ("Y",)))]


MEDIATOR = "measure a mediator of all of X -> Y that shares no hidden cause with either"


def test_repairs_of_known_graphs() -> None:
    assert texts("X -> Y, X <-> Y") == ["no hidden cause between X and Y", MEDIATOR]
    assert texts("X -> Y, U -> X, U -> Y", "U") == ["observe U", MEDIATOR]
    # A spoilt front door: either of the two ties to the mediator must go, and both if X and Y stay tied.
    assert texts("X -> M -> Y, X <-> M, X <-> Y")[0] == "no hidden cause between M and X"


def test_every_repair_works_and_no_part_of_it_does() -> None:
    rng = random.Random(3)
    seen = 0
    while seen < 60:
        graph = random_graph(rng, rng.randint(4, 6), latent=0.3)
        if len(graph.observed) < 4:
            continue
        do, on, given = random_query(rng, graph)
        answer = identify_effect(graph, do, on, given)
        if not isinstance(answer, NotIdentified):
            continue
        seen += 1
        assert [repair.cost for repair in answer.repairs] == sorted(repair.cost for repair in answer.repairs)
        for repair in answer.repairs:
            changed = identify_effect(repair.apply(graph), do, on, given, advice=False)
            assert changed.identified
            for smaller in parts(repair):
                assert not identify_effect(smaller.apply(graph), do, on, given, advice=False).identified


def parts(repair: Repair) -> list[Repair]:
    """The repair with one change left out."""
    return [
        *(
            Repair(tuple(n for n in repair.observe if n != name), repair.exclude, repair.mediate)
            for name in repair.observe
        ),
        *(
            Repair(repair.observe, tuple(e for e in repair.exclude if e != edge), repair.mediate)
            for edge in repair.exclude
        ),
        *(Repair(repair.observe, repair.exclude, ()) for _ in repair.mediate),
    ]


def test_the_cheapest_repair_costs_what_brute_force_says() -> None:
    rng = random.Random(5)
    seen = 0
    while seen < 40:
        graph = random_graph(rng, 5, latent=0.3)
        if len(graph.observed) < 3:
            continue
        do, on, _ = random_query(rng, graph)
        answer = identify_effect(graph, do, on)
        if not isinstance(answer, NotIdentified):
            continue
        changes = [Repair((name,), ()) for name in graph.latent] + [Repair((), (edge,)) for edge in graph.bidirected]
        cheapest = next(
            (
                size
                for size in (1, 2)
                for chosen in itertools.combinations(changes, size)
                if identify_effect(united(chosen).apply(graph), do, on, advice=False).identified
            ),
            None,
        )
        if cheapest == 1:
            assert answer.repairs[0].cost == 1
        elif cheapest == 2:
            assert answer.repairs[0].cost == 2
        seen += 1


def united(chosen: tuple[Repair, ...]) -> Repair:
    """All changes together."""
    result = Repair((), ())
    for change in chosen:
        result = result.extended(change)
    return result


@pytest.mark.parametrize("seed", range(5))
def test_a_treatment_that_is_dropped_makes_no_difference(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(60):
        graph = random_graph(rng, 5)
        if len(graph.observed) < 4:
            continue
        do, on, given = random_query(rng, graph)
        left, steps = relevant_treatments(graph, Query(do, on, given))
        assert len(steps) == len(do) - len(left)
        table = BinaryModel(graph, seed).effect(do, on, given)
        for name in set(do) - set(left):
            assert abs(table.at({name: 0}).values - table.at({name: 1}).values).max() < 1e-12


def test_a_treatment_that_acts_is_not_dropped() -> None:
    graph = parse("X1 -> Y, X2 -> Z, X2 <-> Y")
    assert relevant_treatments(graph, Query(("X1", "X2"), ("Y",)))[0] == ("X1",)
    assert relevant_treatments(graph, Query(("X1", "X2"), ("Y", "Z")))[0] == ("X1", "X2")
    # Given a common effect, setting one cause says something about the other.
    collider = CausalGraph("xyz", [("x", "z"), ("y", "z")])
    assert relevant_treatments(collider, Query(("x",), ("y",)))[0] == ()
    assert relevant_treatments(collider, Query(("x",), ("y",), ("z",)))[0] == ("x",)
