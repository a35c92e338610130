"""Cheapest adjustment sets against brute force and against the maximum flow of networkx."""

from __future__ import annotations

import math
import random

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import (
    QueryError,
    find_adjustment_set,
    is_adjustment_set,
    smallest_adjustment_set,
)
from causal_reasoning.identification.bitsets import bits, closure
from causal_reasoning.identification.cheapest import cheapest_adjustment_set, lightest
from causal_reasoning.identification.separators import Torso, all_minimal, torso
from tests.identification.identification_oracle import brute_force_sets, minimal_only, random_graph

PRICES = [0, 0, 0.1, 0.25, 1, 1, 2.5, 1e6, 1e-6]


def test_no_adjustment_set_costs_less() -> None:
    rng = random.Random(31)
    found = choice = 0
    for _ in range(1200):
        graph = random_graph(rng, rng.randint(5, 8), hidden_edges=False, latent=rng.choice([0.0, 0.15]))
        pairs = [(x, y) for x in graph.observed for y in graph.observed if x != y and y in graph.descendants(x)]
        behind = [(x, y) for x, y in pairs if graph.parents(x)]
        if not behind:
            continue
        x, y = rng.choice(behind)
        do, on = (x,), (y,)
        cost = {name: rng.choice(PRICES) for name in graph.nodes if rng.random() < 0.8}
        spare = sorted(set(graph.observed) - {*do, *on})
        required = [name for name in spare if rng.random() < 0.1]
        excluded = [name for name in spare if name not in required and rng.random() < 0.1]

        def price(names: tuple[str, ...], cost: dict[str, float] = cost) -> float:
            return math.fsum(cost.get(name, 1.0) for name in names)

        valid = brute_force_sets(graph, do, on)
        sets = [one for one in valid if {*required} <= {*one} and not {*excluded} & {*one}]
        answer = cheapest_adjustment_set(graph, do, on, cost, required=required, excluded=excluded)
        if not sets:
            assert answer is None
            continue
        assert answer in minimal_only(sets)
        assert price(answer) <= min(map(price, sets)) + 1e-12
        assert len(answer) == min(len(one) for one in sets if price(one) <= price(answer) + 1e-12)
        found += 1
        choice += len(minimal_only(sets)) > 1
    assert found > 150 and choice > 50, (found, choice)


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 9), st.data())
def test_lightest_separators(size: int, data: st.DataObject) -> None:
    rows = [0] * size
    for i in range(size):
        for j in range(i):
            if data.draw(st.integers(0, 2)) == 0:
                rows[i] |= 1 << j
                rows[j] |= 1 << i
    weight = data.draw(st.lists(st.sampled_from([1, 2, 3, 7, 10**9]), min_size=size, max_size=size))
    graph = torso(rows, 0, size - 1, data.draw(st.integers(0, (1 << size) - 1)))
    found, least = lightest(graph, weight), list(all_minimal(graph))
    if found is None:
        assert not least
        return

    def total(mask: int) -> int:
        return sum(weight[i] for i in bits(mask))

    best = [mask for mask in least if total(mask) == min(map(total, least))]
    assert found in best
    # Of all that are as light it has the smallest target side: it does not depend on the order of the nodes.
    side = {mask: closure(rows, 1 << size - 1, ~mask) for mask in best}
    assert all(side[found] & ~other == 0 for other in side.values())


def grid(width: int, length: int, rng: random.Random) -> tuple[Torso, list[int]]:
    """Layers in which every node is next to three of the layer before; the ends touch the outer layers."""
    size = width * length + 2
    rows, source, target = [0] * size, size - 2, size - 1

    def link(a: int, b: int) -> None:
        rows[a] |= 1 << b
        rows[b] |= 1 << a

    for i in range(width):
        link(source, i)
        link(target, (length - 1) * width + i)
        for place in range(length - 1):
            for other in (i - 1, i, i + 1):
                if 0 <= other < width:
                    link(place * width + i, (place + 1) * width + other)
    return Torso(rows, source, target), [rng.randint(1, 1000) for _ in rows]


def test_the_weight_is_the_maximum_flow_of_networkx() -> None:
    rng = random.Random(32)
    for width, length in ((3, 8), (5, 12), (15, 20), (2, 40)):
        graph, weight = grid(width, length, rng)
        network: nx.DiGraph[tuple[int, str]] = nx.DiGraph()
        for i, row in enumerate(graph.neighbours):
            if i not in (graph.source, graph.target):
                network.add_edge((i, "in"), (i, "out"), capacity=weight[i])
            for j in bits(row):
                network.add_edge((i, "out"), (j, "in"))
        flow = nx.maximum_flow_value(network, (graph.source, "out"), (graph.target, "in"))
        found = lightest(graph, weight)
        assert found is not None
        assert sum(weight[i] for i in bits(found)) == flow


def test_equal_costs_give_the_smallest_set() -> None:
    rng = random.Random(33)
    for _ in range(300):
        graph = random_graph(rng, rng.randint(4, 9))
        if len(graph.observed) < 2:
            continue
        do, on = rng.sample(graph.observed, 2)
        assert cheapest_adjustment_set(graph, do, on, {}) == smallest_adjustment_set(graph, do, on)
        even = dict.fromkeys(graph.nodes, 0.0)
        assert cheapest_adjustment_set(graph, do, on, even) == smallest_adjustment_set(graph, do, on)


def test_names_do_not_matter() -> None:
    rng = random.Random(34)
    for _ in range(200):
        graph = random_graph(rng, rng.randint(4, 9))
        if len(graph.observed) < 2:
            continue
        do, on = rng.sample(graph.observed, 2)
        cost = {name: rng.choice([0, 1, 2]) for name in graph.nodes}
        other = dict(zip(graph.nodes, rng.sample([f"w{i}" for i in range(20)], len(graph)), strict=True))
        renamed = CausalGraph(
            other.values(),
            [(other[a], other[b]) for a, b in graph.directed],
            [(other[a], other[b]) for a, b in graph.bidirected],
            [other[name] for name in graph.latent],
        )
        first = cheapest_adjustment_set(graph, do, on, cost)
        second = cheapest_adjustment_set(renamed, other[do], other[on], {other[k]: v for k, v in cost.items()})
        assert (first is None) == (second is None)
        assert first is None or second == tuple(sorted(other[name] for name in first))


FORK = CausalGraph("abcxy", [("c", "x"), ("c", "a"), ("c", "b"), ("a", "y"), ("b", "y"), ("x", "y")])


def test_prices_decide() -> None:
    assert cheapest_adjustment_set(FORK, "x", "y", {"c": 1.9}) == ("c",)
    assert cheapest_adjustment_set(FORK, "x", "y", {"c": 2.1}) == ("a", "b")
    assert cheapest_adjustment_set(FORK, "x", "y", {"c": 2.1, "b": 0.2}) == ("a", "b")
    assert cheapest_adjustment_set(FORK, "x", "y", {"c": 2}) == ("c",)  # a tie: the fewest nodes


def test_prices_are_compared_without_rounding() -> None:
    """0.1 + 0.2 is a little more than 0.3, and 1e300 does not swallow 1e-300."""
    assert cheapest_adjustment_set(FORK, "x", "y", {"a": 0.1, "b": 0.2, "c": 0.3}) == ("c",)
    assert cheapest_adjustment_set(FORK, "x", "y", {"a": 0.5, "b": 0.25, "c": 0.75 + 2**-53}) == ("a", "b")
    dear = {"a": 1e300, "b": 1e-300, "c": 1e300}
    assert cheapest_adjustment_set(FORK, "x", "y", dear) == ("c",)


def test_free_nodes_are_taken_only_where_they_serve() -> None:
    chain = CausalGraph("abcwxy", [("a", "x"), ("a", "b"), ("b", "c"), ("c", "y"), ("x", "y"), ("w", "y")])
    assert cheapest_adjustment_set(chain, "x", "y", {"a": 0, "b": 0, "w": 0, "c": 0}) == ("c",)
    assert cheapest_adjustment_set(chain, "x", "y", {"a": 0, "b": 1, "w": 0}) == ("a",)
    assert cheapest_adjustment_set(CausalGraph("wxy", [("w", "y"), ("x", "y")]), "x", "y", {"w": 0}) == ()


def test_required_and_excluded_nodes() -> None:
    assert cheapest_adjustment_set(FORK, "x", "y", {"c": 9}, required="a") == ("a", "b")
    assert cheapest_adjustment_set(FORK, "x", "y", {"c": 9}, excluded="a") == ("c",)
    assert cheapest_adjustment_set(FORK, "x", "y", {}, excluded=["a", "c"]) is None


@pytest.mark.parametrize("bad", [-1, -0.5, math.nan, math.inf, "3", None, True])
def test_bad_costs_are_refused(bad: object) -> None:
    with pytest.raises(QueryError, match="cost of 'c' must be a finite number of at least 0"):
        cheapest_adjustment_set(FORK, "x", "y", {"c": bad})  # type: ignore[dict-item]


def test_a_cost_of_an_unknown_node_is_refused() -> None:
    with pytest.raises(QueryError, match="'cc' is no node of the graph"):
        cheapest_adjustment_set(FORK, "x", "y", {"cc": 1})


def test_the_answer_is_an_adjustment_set_at_once_for_hundreds_of_nodes() -> None:
    rng = random.Random(35)
    names = [f"n{i:03}" for i in range(300)]
    checked = 0
    for _ in range(10):
        edges = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if rng.random() < 0.02]
        graph = CausalGraph(names, edges, [], [name for name in names if rng.random() < 0.1])
        cost = {name: rng.random() for name in names}
        do, on = sorted(rng.sample(graph.observed, 2))
        answer, near = cheapest_adjustment_set(graph, do, on, cost), find_adjustment_set(graph, do, on)
        assert (answer is None) == (near is None)
        if answer is not None and near is not None:
            assert is_adjustment_set(graph, do, on, answer)
            assert math.fsum(map(cost.__getitem__, answer)) <= math.fsum(map(cost.__getitem__, near)) + 1e-12
            checked += 1
    assert checked > 3
