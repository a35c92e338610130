"""Equivalence with hidden causes, against d-separation of networkx on graphs with every hidden cause as a node."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import combinations, product

import networkx as nx
import pytest

from causal_reasoning.graph import CausalGraph, GraphError
from causal_reasoning.identification.ancestral import markov_equivalent, maximal_ancestral_graph
from causal_reasoning.identification.equivalence import equivalence_class
from tests.identification.identification_oracle import random_graph, subsets

FORMS = (("->", False), ("<-", False), ("", True), ("->", True), ("<-", True))


@cache
def independences(graph: CausalGraph) -> frozenset[tuple[str, str, tuple[str, ...]]]:
    """Every independence of two observed nodes given others that the graph implies."""
    dag = graph.canonical_dag()
    return frozenset(
        (a, b, given)
        for a, b in combinations(graph.observed, 2)
        for given in subsets(set(graph.observed) - {a, b})
        if nx.is_d_separator(dag, {a}, {b}, set(given))
    )


def mixed(nodes: str, pairs: list[tuple[str, str]], forms: tuple[tuple[str, bool], ...]) -> CausalGraph | None:
    try:
        return CausalGraph(
            nodes,
            [pair if arrow == "->" else pair[::-1] for pair, (arrow, _) in zip(pairs, forms, strict=True) if arrow],
            [pair for pair, (_, hidden) in zip(pairs, forms, strict=True) if hidden],
        )
    except GraphError:
        return None


def with_adjacencies(nodes: str, pairs: list[tuple[str, str]]) -> Iterator[CausalGraph]:
    """All mixed graphs in which exactly these pairs have an edge."""
    for forms in product(FORMS, repeat=len(pairs)):
        graph = mixed(nodes, pairs, forms)
        if graph is not None:
            yield graph


def all_mixed(nodes: str) -> Iterator[CausalGraph]:
    everything = list(combinations(nodes, 2))
    for number in range(len(everything) + 1):
        for pairs in combinations(everything, number):
            yield from with_adjacencies(nodes, list(pairs))


def test_all_graphs_over_three_nodes_are_equivalent_exactly_if_they_imply_the_same() -> None:
    graphs = list(all_mixed("abc"))
    assert len(graphs) == 25 * 2**3  # each acyclic directed graph with any of three hidden causes
    for first in graphs[::3]:
        for second in graphs:
            assert markov_equivalent(first, second) == (independences(first) == independences(second))


@pytest.mark.parametrize("seed", range(30))
def test_the_ancestral_graph_joins_what_nothing_separates(seed: int) -> None:
    graph = random_graph(random.Random(seed), 6, latent=0.2)
    mag = maximal_ancestral_graph(graph)
    assert mag.nodes == graph.observed
    separable = {(a, b) for a, b, _ in independences(graph)}
    joined = {tuple(sorted(edge)) for edge in (*mag.directed, *mag.bidirected)}
    assert joined == set(combinations(graph.observed, 2)) - separable
    for a, b in mag.directed:
        assert a in graph.ancestors(b)
    for a, b in mag.bidirected:
        assert a not in graph.ancestors(b)
        assert b not in graph.ancestors(a)
    assert independences(mag) == independences(graph)
    assert maximal_ancestral_graph(mag) == mag


def related(rng: random.Random, graph: CausalGraph) -> CausalGraph:
    """A graph with other marks on some edges: equivalent often enough."""
    while True:
        arrows, arcs = set(graph.directed), set(graph.bidirected)
        pairs = sorted({tuple(sorted(edge)) for edge in (*arrows, *arcs)})
        for a, b in rng.sample(pairs, min(len(pairs), rng.choice([1, 1, 2, 3]))):
            arrow, hidden = rng.choice(FORMS)
            arrows -= {(a, b), (b, a)}
            arcs -= {(a, b)}
            arrows |= {(a, b)} if arrow == "->" else {(b, a)} if arrow == "<-" else set()
            arcs |= {(a, b)} if hidden else set()
        try:
            return CausalGraph(graph.nodes, arrows, arcs)
        except GraphError:
            continue


@pytest.mark.parametrize("size", [4, 5])
def test_graphs_with_other_marks_are_equivalent_exactly_if_they_imply_the_same(size: int) -> None:
    rng = random.Random(size)
    answers = {True: 0, False: 0}
    for _ in range(120 if size == 4 else 60):
        first = random_graph(rng, size, latent=0)
        if not first.directed and not first.bidirected:
            continue
        second = related(rng, first)
        same = markov_equivalent(first, second)
        assert same == (independences(first) == independences(second))
        assert markov_equivalent(second, first) == same
        answers[same] += 1
    assert min(answers.values()) > 10


def test_a_discriminating_path_tells_graphs_apart_that_no_unshielded_triple_does() -> None:
    # On a -> b <-> c, b a parent of d: c is a collider before d in one and not in the other.
    one = CausalGraph("abcd", [("a", "b"), ("b", "d")], [("b", "c"), ("c", "d")])
    two = CausalGraph("abcd", [("a", "b"), ("b", "d"), ("c", "d")], [("b", "c")])
    assert not markov_equivalent(one, two)
    assert independences(one) != independences(two)
    # The same with one more collider on the way.
    longer = [("a", "b"), ("b", "d"), ("e", "d")], [("b", "e"), ("e", "c")]
    one = CausalGraph("abcde", longer[0], [*longer[1], ("c", "d")])
    two = CausalGraph("abcde", [*longer[0], ("c", "d")], longer[1])
    assert not markov_equivalent(one, two)
    assert independences(one) != independences(two)


def test_latent_nodes_are_projected_away_and_other_observed_nodes_are_other_graphs() -> None:
    bow = CausalGraph("xy", [("x", "y")], [("x", "y")])
    fork = CausalGraph("uxy", [("u", "x"), ("u", "y")], latent="u")
    assert markov_equivalent(bow, fork)
    assert markov_equivalent(fork, CausalGraph("xy", [("y", "x")]))
    assert not markov_equivalent(fork, CausalGraph("uxy", fork.directed))
    assert not markov_equivalent(CausalGraph("xy"), CausalGraph("xz"))


def test_every_class_of_mixed_graphs_over_three_nodes_is_listed_completely_and_once() -> None:
    groups: dict[object, set[CausalGraph]] = defaultdict(set)
    for graph in all_mixed("abc"):
        pairs = frozenset(frozenset(edge) for edge in (*graph.directed, *graph.bidirected))
        groups[independences(graph), pairs].add(graph)
    for group in groups.values():
        for graph in group:
            if not graph.bidirected:
                continue
            found = equivalence_class(graph)
            assert found.members[0] == graph
            assert len(found) == len(group)
            assert set(found) == group
            assert not found.capped


@pytest.mark.parametrize("seed", range(8))
def test_larger_classes_of_mixed_graphs_are_those_of_brute_force_over_all_marks(seed: int) -> None:
    rng = random.Random(seed)
    pairs = rng.sample(list(combinations("abcd", 2)), 4)
    graph = None
    while graph is None or not graph.bidirected:
        graph = mixed("abcd", pairs, tuple(rng.choice(FORMS) for _ in pairs))
    wanted = independences(graph)
    expected = {other for other in with_adjacencies("abcd", pairs) if independences(other) == wanted}
    found = equivalence_class(graph)
    assert len(found) == len(expected)
    assert set(found) == expected


def test_a_search_that_is_given_up_says_so_and_has_the_graph_itself() -> None:
    graph = random_graph(random.Random(2), 14, latent=0)
    found = equivalence_class(graph, effort=5_000)
    assert graph.bidirected
    assert found.capped
    assert found.members[0] == graph
    assert len(found) == len(set(found))
    assert all(markov_equivalent(graph, member) for member in found)
    shuffled = CausalGraph(graph.nodes[::-1], graph.directed[::-1], graph.bidirected[::-1])
    assert equivalence_class(shuffled, effort=5_000).members == found.members
    assert len(equivalence_class(graph, cap=3)) == 3
