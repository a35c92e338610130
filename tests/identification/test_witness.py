"""Two models that agree on what is observed and not on the effect: checked by another enumeration, never on trust."""

from __future__ import annotations

import itertools
import json
import random
import string
import time

import numpy as np
import pytest

from causal_reasoning.estimand import Factor
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import Hedge, QueryError
from causal_reasoning.identification.general import General, id_algorithm
from causal_reasoning.identification.hedge_search import essential, obstacle
from causal_reasoning.identification.query import make_query
from causal_reasoning.identification.structural_model import Model
from causal_reasoning.identification.witness import Witness, witness
from tests.identification.fixing_oracle import identifiable, without_latents
from tests.identification.identification_oracle import random_graph
from tests.identification.published import CASES, Published, parse

BOW = CausalGraph("xy", [("x", "y")], [("x", "y")])
Nodes = tuple[str, ...]


def enumerate_all(model: Model, keep: Nodes, do: Nodes = ()) -> Factor:
    """The joint distribution of some nodes after an intervention: all tables in one product, nothing left out."""
    names = [one.name for one in model.hidden] + [one.node for one in model.mechanisms]
    letter = dict(zip(names, string.ascii_letters, strict=False))
    causes = {one.nodes: one.name for one in model.hidden}
    terms, operands = [], []
    for cause in model.hidden:
        terms.append(letter[cause.name])
        operands.append(np.array(cause.probabilities))
    for one in model.mechanisms:
        if one.node in do:
            terms.append(letter[one.node])
            operands.append(np.ones(one.size))
        else:
            read = [*one.parents, *(causes[edge] for edge in one.hidden), one.node]
            terms.append("".join(letter[name] for name in read))
            operands.append(one.table)
    formula = ",".join(terms) + "->" + "".join(letter[name] for name in keep)
    return Factor(keep, np.einsum(formula, *operands, optimize="greedy"))


def check(found: Witness, graph: CausalGraph, do: Nodes, on: Nodes, given: Nodes = ()) -> None:
    """Everything that makes a certificate."""
    nodes, directed, bidirected = without_latents(graph)
    effects, joints = [], []
    for model in (found.first, found.second):
        assert {one.node for one in model.mechanisms} == nodes
        assert {(parent, one.node) for one in model.mechanisms for parent in one.parents} <= directed
        assert {cause.nodes for cause in model.hidden} <= bidirected
        assert all(one.node in edge for one in model.mechanisms for edge in one.hidden)
        for one in model.mechanisms:
            assert np.abs(one.table.sum(-1) - 1).max() < 1e-12
        joints.append(enumerate_all(model, tuple(sorted(nodes))))
        joint = enumerate_all(model, tuple(sorted({*do, *on, *given})), do)
        effects.append(joint.divide(joint.marginalise(on)))
    first, second = joints
    assert np.abs(first.values - second.values).max() <= 1e-12
    assert min(first.values.min(), second.values.min()) > 0
    assert abs(first.values.sum() - 1) < 1e-12
    here, there = (float(effect.at(dict(found.values)).values) for effect in effects)
    assert abs(abs(here - there) - found.gap) < 1e-9
    assert found.effects == pytest.approx((here, there), abs=1e-9)
    assert found.gap >= 1e-3
    assert {name for name, _ in found.values} == {*do, *on, *given}


def test_the_bow_by_hand() -> None:
    """y = x ⊕ u ⊕ noise against y = noise, with x = u: the same joint, and 1/2 against 15/16 under do(x)."""
    found = witness(BOW, "x", "y")
    assert found is not None
    check(found, BOW, ("x",), ("y",))
    joint = [[15 / 32, 1 / 32], [15 / 32, 1 / 32]]
    assert found.first.observed().values.tolist() == joint
    assert found.second.observed().values.tolist() == joint
    assert found.first.effect("x", "y").values.tolist() == [[1 / 2, 1 / 2], [1 / 2, 1 / 2]]
    assert found.second.effect("x", "y").values.tolist() == [[15 / 16, 1 / 16], [15 / 16, 1 / 16]]
    assert (found.values, found.gap) == ((("x", 0), ("y", 0)), 7 / 16)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_published_effects_have_a_witness_exactly_if_they_are_not_identified(case: Published) -> None:
    graph, (do, on, given) = case.graph, case.query
    found = witness(graph, do, on, given)
    assert (found is None) == (case.verdict != "not_identified")
    if found is None:
        return
    check(found, graph, do, on, given)
    assert found.gap > 0.3
    if case.hedge is not None:
        built = witness(graph, do, on, given, hedge=Hedge(*case.hedge))
        assert built is not None
        check(built, graph, do, on, given)


CONDITIONAL = {
    "what is conditioned on is confounded with the treatment and shares a cause with the outcome": (
        "x -> w <- q -> y, x <-> w",
        "x",
        "y",
        "w",
    ),
    "the collider of an M": ("x -> y, x <-> m <-> y", "x", "y", "m"),
    "a condition below the outcome": ("x -> m -> y -> w, x <-> m", "x", "m", "w"),
    "the outcome in the outer forest": (
        "v5 -> v0, v2 -> v0, v1 -> v2, v4 -> v0, v3 -> v4, v0 <-> v3, v3 <-> v4, v2 <-> v4, v0 <-> v1",
        "v4",
        "v2",
        "v0",
    ),
    "an open path that shares a hidden cause with the hedge": (
        "v2 -> v1, v5 -> v1, v4 -> v3, v0 -> v5, v3 -> v5, v0 <-> v1, v0 <-> v2, v0 <-> v3, v2 <-> v4, v4 <-> v5",
        "v5",
        "v3",
        "v1",
    ),
    "a collider on the way, opened from below": (
        "x -> w, x <-> w, w <- a -> c <- b -> y, c -> d -> e",
        "x",
        "y",
        "w e",
    ),
}


@pytest.mark.parametrize("name", CONDITIONAL)
def test_conditional_effects(name: str) -> None:
    edges, *parts = CONDITIONAL[name]
    graph = parse(edges)
    do, on, given = (tuple(sorted(part.split())) for part in parts)
    found = witness(graph, do, on, given)
    assert (found is None) == identifiable(graph, do, on, given)
    if found is not None:
        check(found, graph, do, on, given)


def test_conditioning_can_make_an_effect_identifiable() -> None:
    """Shpitser and Pearl (2008), figure 6a: P(y | do(x), z) is P(y | z), though P(y | do(x)) has a hedge."""
    graph = parse("x -> z -> y, x <-> z")
    assert witness(graph, "x", "y", "z") is None
    assert witness(graph, "x", "y") is not None


def test_every_graph_of_three_nodes() -> None:
    """All mixed graphs over three nodes in one order, all queries: a witness exactly where fixing says so."""
    pairs = list(itertools.combinations("abc", 2))
    count = 0
    for arrows, hidden in itertools.product(range(8), repeat=2):
        graph = CausalGraph(
            "abc",
            [pair for i, pair in enumerate(pairs) if arrows >> i & 1],
            [pair for i, pair in enumerate(pairs) if hidden >> i & 1],
        )
        for parts in itertools.product(("do", "on", "given", ""), repeat=3):
            do, on, given = (
                tuple(name for name, part in zip("abc", parts, strict=True) if part == kind)
                for kind in ("do", "on", "given")
            )
            if not do or not on:
                continue
            found = witness(graph, do, on, given)
            assert (found is None) == identifiable(graph, do, on, given), (graph, do, on, given)
            if found is not None:
                count += 1
                if count % 3 == 0:
                    check(found, graph, do, on, given)
    assert count == 248


def random_question(rng: random.Random) -> tuple[CausalGraph, Nodes, Nodes, Nodes]:
    """At most six observed nodes, many hidden causes, and any disjoint treatments, outcomes and conditions."""
    while True:
        graph = random_graph(rng, rng.randint(3, 6))
        extra = [pair for pair in itertools.combinations(graph.nodes, 2) if rng.random() < 0.3]
        graph = CausalGraph(graph.nodes, graph.directed, [*graph.bidirected, *extra], graph.latent)
        pool = iter(rng.sample(graph.observed, len(graph.observed)))
        counts = rng.choice([(1, 1, 0), (1, 2, 0), (2, 1, 0), (2, 2, 0), (1, 3, 0), (1, 1, 1), (1, 1, 2), (2, 1, 1)])
        do, on, given = (tuple(sorted(itertools.islice(pool, n))) for n in counts)
        if do and on:
            return graph, do, on, given


@pytest.mark.parametrize("seed", range(6))
def test_random_effects_have_a_witness_exactly_if_they_are_not_identified(seed: int) -> None:
    """On 1,200 graphs; all of the effects that fixing does not identify get one."""
    rng = random.Random(seed)
    shares = {True: 0, False: 0}
    for _ in range(200):
        graph, do, on, given = random_question(rng)
        found = witness(graph, do, on, given)
        assert (found is None) == identifiable(graph, do, on, given), (graph, do, on, given)
        shares[found is None] += 1
        if found is not None:
            check(found, graph, do, on, given)
            assert found.gap > 0.02
    assert min(shares.values()) >= 40


@pytest.mark.parametrize("seed", range(3))
def test_the_hedge_of_the_id_algorithm_can_be_built_on(seed: int) -> None:
    rng = random.Random(1000 + seed)
    for _ in range(80):
        graph, do, on, given = random_question(rng)
        hedge = id_algorithm(graph, do, on, given)
        if not isinstance(hedge, General):
            found = witness(graph, do, on, given, hedge=hedge)
            assert found is not None, (graph, do, on, given)
            check(found, graph, do, on, given)
            read = {name for one in found.first.mechanisms if one.parents or one.hidden for name in (one.node,)}
            assert set(hedge.outer) <= read | {parent for one in found.first.mechanisms for parent in one.parents}


@pytest.mark.parametrize(
    ("edges", "outer", "inner", "message"),
    [
        ("z -> x -> y, x <-> y", "x z", "z", "no hedge for P(y | do(x)); {x, y} over {y} is one"),
        ("z -> x -> y, x <-> y", "y", "y", "is no hedge"),
        ("z -> x -> y, x <-> y", "x y", "x y", "is no hedge"),
        ("z -> x -> y, x <-> y", "x y", "", "is no hedge"),
        ("x -> m -> y, x <-> y", "x y", "y", "the effect is identified"),
        ("x -> y, x <-> y", "x w", "w", "the hedge's 'w' is no node of the graph"),
        ("x -> y, x <-> y, x -> a, x <-> a", "a x", "a", "is no hedge"),  # leads to no outcome
    ],
)
def test_a_hedge_that_is_none_is_refused(edges: str, outer: str, inner: str, message: str) -> None:
    with pytest.raises(QueryError) as refused:
        witness(parse(edges), "x", "y", hedge=Hedge(tuple(outer.split()), tuple(inner.split())))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_no_edge_of_what_is_built_on_is_superfluous() -> None:
    """Without any one edge the effect would be identified, says fixing."""
    rng = random.Random(3)
    seen = 0
    while seen < 40:
        graph, do, on, given = random_question(rng)
        graph = graph.latent_projection()
        query = make_query(graph, do, on, given)
        if obstacle(graph, query) is None:
            continue
        seen += 1
        small = essential(graph, query)
        assert not identifiable(small, do, on, given)
        for edge in small.directed:
            assert identifiable(CausalGraph(small.nodes, set(small.directed) - {edge}, small.bidirected), do, on, given)
        for edge in small.bidirected:
            assert identifiable(CausalGraph(small.nodes, small.directed, set(small.bidirected) - {edge}), do, on, given)


def test_a_latent_node_is_projected_away() -> None:
    graph = CausalGraph("uxya", [("u", "x"), ("u", "y"), ("u", "a"), ("x", "y")], [], ["u"])
    found = witness(graph, "x", "y")
    assert found is not None
    check(found, graph, ("x",), ("y",))
    assert found.first.graph == graph.latent_projection()


def test_the_same_witness_whatever_the_order_of_the_input() -> None:
    rng = random.Random(5)
    for _ in range(30):
        graph, do, on, given = random_question(rng)
        found = witness(graph, do, on, given)
        shuffled = CausalGraph(
            rng.sample(graph.nodes, len(graph)),
            rng.sample(graph.directed, len(graph.directed)),
            [pair[::-1] for pair in graph.bidirected],
            graph.latent,
        )
        again = witness(shuffled, do[::-1], on[::-1], given[::-1])
        assert (found and found.to_dict()) == (again and again.to_dict())


def test_text_and_plain_data() -> None:
    found = witness(parse("z -> x -> y, x <-> y"), "x", "y")
    assert found is not None
    assert found.text().splitlines() == [
        "P(y | do(x)) is not identified. Two models of the graph agree on all that is observed",
        "(largest difference 0), and P(y=0 | do(x=0)) is 0.5 in the first, 0.9375 in the second.",
        "Both models",
        "  x = u(x, y)",
        "  z = 0, flipped with probability 1/16, read by nothing",
        "First model",
        "  y = x ⊕ u(x, y), flipped with probability 1/16",
        "Second model",
        "  y = 0, flipped with probability 1/16",
        "u(a, b), a hidden cause of a and b, is a fair coin; ⊕ adds modulo 2.",
    ]
    plain = json.loads(json.dumps(found.to_dict()))
    assert (plain["values"], plain["effects"], plain["gap"]) == ({"x": 0, "y": 0}, [0.5, 0.9375], 0.4375)
    assert plain["difference"] == 0


def test_many_outcomes_make_small_entries_and_a_witness_nevertheless() -> None:
    """All of a confounded chain are outcomes: every entry is below 2^-9, the effects differ by a factor of 15/8."""
    chain = ["x", *(f"a{i}" for i in range(9)), "y"]
    graph = CausalGraph(chain, [("x", "y")], list(itertools.pairwise(chain)))
    found = witness(graph, "x", chain[1:])
    assert found is not None
    assert found.gap < 1e-3
    assert max(found.effects) / min(found.effects) == pytest.approx(15 / 8)


def test_a_hedge_too_large_to_enumerate_is_refused_at_once() -> None:
    chain = ["x", *(f"a{i:02}" for i in range(30)), "y"]
    graph = CausalGraph(chain, [(name, "y") for name in chain[:-1]], list(itertools.pairwise(chain)))
    start = time.perf_counter()
    with pytest.raises(QueryError, match="is not identified, but models that show it have tables of more than 1048576"):
        witness(graph, "x", "y")
    assert time.perf_counter() - start < 5


def test_a_small_hedge_in_a_large_graph() -> None:
    """Three hundred nodes, one bow: the others are noise and are not enumerated."""
    rng = random.Random(0)
    names = [f"n{i:03}" for i in range(300)]
    arrows = [pair for pair in itertools.combinations(names, 2) if rng.random() < 0.01]
    graph = CausalGraph(names, [*arrows, (names[10], names[20])], [(names[10], names[20])])
    found = witness(graph, names[10], names[20])
    assert found is not None
    assert found.gap == 7 / 16
    assert "the other 298 nodes: each 0, flipped with probability 1/16, read by nothing" in found.text()


@pytest.mark.parametrize(
    ("do", "on", "given", "message"),
    [
        ("q", "y", (), "the treatment 'q' is no node"),
        ("x", "x", (), "cannot be both"),
        ("x", "y", "y", "cannot be both"),
        ((), "y", (), "there is no treatment"),
        ("x", (), (), "there is no outcome"),
    ],
)
def test_questions_that_make_no_sense_are_refused(do: str, on: str, given: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        witness(BOW, do, on, given)
