"""Equivalence classes of graphs without hidden causes, against brute force and published counts."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, product

import networkx as nx
import pytest

from causal_reasoning.graph import CausalGraph, GraphError
from causal_reasoning.identification import QueryError
from causal_reasoning.identification.cpdag import Cpdag, cpdag
from causal_reasoning.identification.equivalence import equivalence_class, equivalent_dags
from tests.identification.identification_oracle import random_graph


def all_dags(size: int) -> Iterator[CausalGraph]:
    names = "abcdef"[:size]
    pairs = list(combinations(names, 2))
    for choice in product((None, False, True), repeat=len(pairs)):
        arrows = [
            pair[::-1] if turned else pair for pair, turned in zip(pairs, choice, strict=True) if turned is not None
        ]
        if nx.is_directed_acyclic_graph(nx.DiGraph(arrows)):
            yield CausalGraph(names, arrows)


def mark_of_class(graph: CausalGraph) -> tuple[frozenset[frozenset[str]], frozenset[tuple[frozenset[str], str]]]:
    """Skeleton and colliders whose ends are not adjacent: equal for equivalent graphs (Verma and Pearl 1990)."""
    skeleton = frozenset(frozenset(edge) for edge in graph.directed)
    colliders = {
        (frozenset((a, b)), node)
        for node in graph.nodes
        for a, b in combinations(graph.parents(node), 2)
        if frozenset((a, b)) not in skeleton
    }
    return skeleton, frozenset(colliders)


def orientations(graph: CausalGraph) -> set[CausalGraph]:
    """All members of the class, by trying every orientation of the skeleton."""
    found = set()
    for turned in product((False, True), repeat=len(graph.directed)):
        arrows = [edge[::-1] if turn else edge for edge, turn in zip(graph.directed, turned, strict=True)]
        try:
            other = CausalGraph(graph.nodes, arrows)
        except GraphError:
            continue
        if mark_of_class(other) == mark_of_class(graph):
            found.add(other)
    return found


# Number of acyclic directed graphs with n nodes (OEIS A003024), and of their classes: S. B. Gillispie and M. D.
# Perlman, "Enumerating Markov equivalence classes of acyclic digraph models" (UAI 2001).
@pytest.mark.parametrize(("size", "dags", "classes"), [(1, 1, 1), (2, 3, 2), (3, 25, 11), (4, 543, 185)])
def test_every_small_class_is_listed_completely_and_once(size: int, dags: int, classes: int) -> None:
    groups = defaultdict(set)
    for graph in all_dags(size):
        groups[mark_of_class(graph)].add(graph)
    assert sum(map(len, groups.values())) == dags
    assert len(groups) == classes
    for group in groups.values():
        lists = {equivalence_class(graph).members for graph in group}
        (members,) = lists  # whichever member is asked about
        assert len(members) == len(set(members))
        assert set(members) == group
        (pattern,) = {cpdag(graph) for graph in group}
        shared = set.intersection(*(set(graph.directed) for graph in group))
        assert set(pattern.directed) == shared
        assert {frozenset(edge) for edge in pattern.undirected} == {
            frozenset(edge) for graph in group for edge in graph.directed if edge not in shared
        }


@pytest.mark.parametrize("seed", range(12))
def test_larger_classes_are_those_of_brute_force_over_all_orientations(seed: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(rng, 7, hidden_edges=False, latent=0)
    graph = CausalGraph(graph.nodes, rng.sample(graph.directed, min(11, len(graph.directed))))
    members = equivalence_class(graph, cap=10**6)
    assert not members.capped
    assert len(members) == len(set(members.members))
    assert set(members) == orientations(graph)


def test_meeks_fourth_rule_is_not_needed_for_a_pattern_but_for_its_members() -> None:
    # The kite: a is next to b, c and d, with d -> c -> b. If a -> b must not follow, there is a circle.
    kite = CausalGraph("abcd", [("a", "b"), ("a", "c"), ("a", "d"), ("d", "c"), ("c", "b")])
    assert set(equivalence_class(kite)) == orientations(kite)


def test_the_classes_of_known_graphs_have_known_sizes() -> None:
    names = [f"v{i}" for i in range(6)]
    complete = CausalGraph(names, combinations(names, 2))
    assert len(equivalence_class(complete)) == 720  # any order of six nodes
    tree = nx.random_labeled_tree(12, seed=3)
    rooted = CausalGraph(map(str, tree), [(str(a), str(b)) for a, b in nx.bfs_edges(tree, 0)])
    assert len(equivalence_class(rooted)) == 12  # any node may be the root
    collider = CausalGraph("abc", [("a", "b"), ("c", "b")])
    assert equivalence_class(collider).members == (collider,)
    assert equivalence_class(CausalGraph("ab")).members == (CausalGraph("ab"),)


def test_the_order_of_the_input_does_not_matter() -> None:
    rng = random.Random(4)
    graph = random_graph(rng, 7, hidden_edges=False, latent=0)
    members = equivalence_class(graph).members
    for _ in range(5):
        shuffled = CausalGraph(rng.sample(graph.nodes, 7), rng.sample(graph.directed, len(graph.directed)))
        assert equivalence_class(shuffled).members == members
        assert equivalence_class(rng.choice(members)).members == members


def test_a_list_that_is_cut_short_says_so_and_takes_no_long_time() -> None:
    names = [f"v{i:03}" for i in range(40)]
    complete = CausalGraph(names, combinations(names, 2))
    some = equivalence_class(complete, cap=20)
    assert (len(some), len(set(some)), some.capped) == (20, 20, True)
    assert not equivalence_class(CausalGraph("ab", [("a", "b")]), cap=2).capped
    assert equivalence_class(CausalGraph("ab", [("a", "b")]), cap=1).capped
    assert next(equivalent_dags(complete)) in set(some)


def test_turning_a_covered_arrow_leads_to_a_member() -> None:
    # D. M. Chickering, "A transformational characterization of equivalent Bayesian network structures" (UAI 1995).
    for seed in range(10):
        graph = random_graph(random.Random(seed), 6, hidden_edges=False, latent=0)
        members = set(equivalence_class(graph, cap=10**6))
        for a, b in graph.directed:
            rest = [edge for edge in graph.directed if edge != (a, b)]
            if set(graph.parents(b)) == {*graph.parents(a), a}:
                assert CausalGraph(graph.nodes, [*rest, (b, a)]) in members


def test_a_graph_with_hidden_causes_has_no_cpdag() -> None:
    for graph in (CausalGraph("ab", [], [("a", "b")]), CausalGraph("ab", [("a", "b")], latent="a")):
        with pytest.raises(QueryError, match="the graph has hidden causes"):
            cpdag(graph)
        with pytest.raises(QueryError, match="the graph has hidden causes"):
            next(equivalent_dags(graph))
    assert cpdag(CausalGraph("ab")) == Cpdag(("a", "b"), (), ())
