"""Separation and separators against networkx and brute force."""

from __future__ import annotations

import random

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import m_separated, minimal_separator
from causal_reasoning.identification.bitsets import closure
from causal_reasoning.identification.separators import all_minimal, near_target, smallest, torso
from tests.identification.identification_oracle import minimal_only, random_graph, subsets


def separating_sets(rows: list[int], allowed: int) -> list[int]:
    """All sets of allowed nodes between the first and the last node."""
    end = len(rows) - 1
    pool = [str(i) for i in range(1, end) if allowed >> i & 1]
    masks = [sum(1 << int(name) for name in names) for names in subsets(pool)]
    return [mask for mask in masks if not closure(rows, 1, ~mask) >> end & 1]


@settings(max_examples=300, deadline=None)
@given(st.integers(2, 8), st.data())
def test_undirected_separators(size: int, data: st.DataObject) -> None:
    rows = [0] * size
    for i in range(size):
        for j in range(i):
            if data.draw(st.booleans()):
                rows[i] |= 1 << j
                rows[j] |= 1 << i
    allowed = data.draw(st.integers(0, (1 << size) - 1))
    truth = separating_sets(rows, allowed)
    least = [mask for mask in truth if not any(other & mask == other != mask for other in truth)]
    graph = torso(rows, 0, size - 1, allowed)
    found = list(all_minimal(graph))
    assert sorted(found) == sorted(least)
    near, small = near_target(graph), smallest(graph)
    if near is None or small is None:
        assert near is small is None
        assert not truth
        return
    assert near in least and small in least
    assert small.bit_count() == min(mask.bit_count() for mask in truth)

    def side(mask: int) -> int:
        return closure(rows, 1 << size - 1, ~mask)

    # The nearest has the smallest target side of all; the smallest that of all of its size.
    assert all(side(near) & ~side(mask) == 0 for mask in least)
    assert all(side(small) & ~side(mask) == 0 for mask in least if mask.bit_count() == small.bit_count())


def test_m_separation_is_d_separation_of_the_canonical_graph() -> None:
    rng = random.Random(11)
    separated = 0
    for _ in range(500):
        graph = random_graph(rng, rng.randint(3, 8))
        names = rng.sample(graph.nodes, len(graph))
        a, b = set(names[: rng.randint(1, 2)]), {names[2]}
        condition = {name for name in names[3:] if rng.random() < 0.4}
        truth = nx.is_d_separator(graph.canonical_dag(), a, b, condition)
        assert m_separated(graph, a, b, condition) == truth
        separated += truth
    assert 100 < separated < 400


def test_minimal_separators_of_causal_graphs() -> None:
    rng = random.Random(12)
    found = 0
    for _ in range(300):
        graph = random_graph(rng, rng.randint(3, 7))
        names = rng.sample(graph.nodes, len(graph))
        a, b, pool = names[0], names[1], set(graph.observed) - set(names[:2])
        required = {name for name in sorted(pool) if rng.random() < 0.15}
        dag = graph.canonical_dag()
        truth = [one for one in subsets(pool) if required <= set(one) and nx.is_d_separator(dag, {a}, {b}, set(one))]
        answer = minimal_separator(graph, a, b, required=required)
        assert (answer is None) == (not truth)
        if answer is not None:
            assert answer in minimal_only(truth)
            found += 1
            assert nx.is_minimal_d_separator(dag, {a}, {b}, set(answer), included=required)
    assert found > 100


def test_allowed_nodes() -> None:
    graph = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")])
    assert minimal_separator(graph, "a", "d", allowed=["b"]) == ("b",)
    assert minimal_separator(graph, "a", "d", allowed=[]) is None
