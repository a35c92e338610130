"""The immutable graph, held against networkx and against definitions written out by brute force."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from itertools import chain, combinations, pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.graph import CausalGraph, GraphError

SEEDS = range(30)


def random_graph(seed: int, size: int = 7) -> CausalGraph:
    """A random mixed graph whose names are in no relation to its order."""
    rng = random.Random(seed)
    nodes = rng.sample([f"{letter}{digit}" for letter in "abc" for digit in "123"], size)
    pairs = list(combinations(nodes, 2))
    return CausalGraph(
        rng.sample(nodes, size),
        [pair for pair in pairs if rng.random() < rng.choice([0.2, 0.4])],
        [pair for pair in pairs if rng.random() < 0.15],
        [node for node in nodes if rng.random() < 0.3],
    )


def arrows(graph: CausalGraph) -> nx.DiGraph[str]:
    dag: nx.DiGraph[str] = nx.DiGraph(list(graph.directed))
    dag.add_nodes_from(graph.nodes)
    return dag


def arcs(graph: CausalGraph) -> nx.Graph[str]:
    hidden: nx.Graph[str] = nx.Graph(list(graph.bidirected))
    hidden.add_nodes_from(graph.nodes)
    return hidden


@pytest.mark.parametrize("seed", SEEDS)
def test_relatives_are_those_of_networkx(seed: int) -> None:
    graph = random_graph(seed)
    dag, hidden = arrows(graph), arcs(graph)
    for node in graph.nodes:
        assert set(graph.ancestors(node)) == nx.ancestors(dag, node) | {node}
        assert set(graph.descendants(node)) == nx.descendants(dag, node) | {node}
        assert set(graph.parents(node)) == set(dag.predecessors(node))
        assert set(graph.children(node)) == set(dag.successors(node))
        assert set(graph.siblings(node)) == set(hidden.neighbors(node))
    two = graph.nodes[:2]
    assert set(graph.ancestors(*two)) == set(graph.ancestors(two[0])) | set(graph.ancestors(two[1]))
    assert graph.topological_order == tuple(nx.lexicographical_topological_sort(dag))
    assert {frozenset(d) for d in graph.districts()} == {frozenset(c) for c in nx.connected_components(hidden)}


@pytest.mark.parametrize("seed", SEEDS)
def test_surgery_removes_exactly_the_edges_that_it_should(seed: int) -> None:
    graph = random_graph(seed)
    cut = set(random.Random(seed).sample(graph.nodes, 2))
    done = graph.without_incoming(*cut)
    assert set(done.directed) == {(a, b) for a, b in graph.directed if b not in cut}
    assert set(done.bidirected) == {(a, b) for a, b in graph.bidirected if a not in cut and b not in cut}
    assert done.nodes == graph.nodes
    assert done.latent == graph.latent
    silenced = graph.without_outgoing(*cut)
    assert set(silenced.directed) == {(a, b) for a, b in graph.directed if a not in cut}
    assert silenced.bidirected == graph.bidirected
    part = graph.subgraph(cut)
    assert set(part.nodes) == cut
    assert set(part.directed) == {(a, b) for a, b in graph.directed if {a, b} <= cut}
    assert set(part.latent) == cut & set(graph.latent)


def projection_by_definition(graph: CausalGraph, keep: set[str]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Every kept node that can be reached through removed ones only; two from one removed node share a cause."""
    dag = graph.canonical_dag()

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        stack = [start]
        while stack:
            new = set(dag.successors(stack.pop())) - seen
            seen |= new
            stack.extend(new - keep)
        return seen & keep

    directed = {(a, b) for a in keep for b in reached(a)}
    removed = [node for node in dag if node not in keep]
    hidden = {(a, b) for node in removed for a in reached(node) for b in reached(node) if a < b}
    return directed, hidden


@pytest.mark.parametrize("seed", SEEDS)
def test_the_latent_projection_is_the_one_of_the_definition(seed: int) -> None:
    graph = random_graph(seed)
    keep = set(random.Random(seed).sample(graph.nodes, 4))
    projected = graph.latent_projection(keep)
    directed, hidden = projection_by_definition(graph, keep)
    assert set(projected.directed) == directed
    assert set(projected.bidirected) == hidden


@pytest.mark.parametrize("seed", SEEDS)
def test_the_latent_projection_keeps_every_independence_and_every_ancestor(seed: int) -> None:
    graph = random_graph(seed)
    keep = sorted(random.Random(seed).sample(graph.nodes, 4))
    projected = graph.latent_projection(keep)
    before, after = graph.canonical_dag(), projected.canonical_dag()
    for x, y in combinations(keep, 2):
        others = [node for node in keep if node not in (x, y)]
        for z in chain.from_iterable(combinations(others, n) for n in range(len(others) + 1)):
            assert nx.is_d_separator(before, {x}, {y}, set(z)) == nx.is_d_separator(after, {x}, {y}, set(z))
    for node in keep:
        assert set(projected.ancestors(node)) == set(graph.ancestors(node)) & set(keep)


@pytest.mark.parametrize("seed", SEEDS)
def test_projecting_in_two_steps_is_projecting_at_once(seed: int) -> None:
    graph = random_graph(seed)
    first = random.Random(seed).sample(graph.nodes, 5)
    assert graph.latent_projection(first).latent_projection(first[:3]) == graph.latent_projection(first[:3])
    assert graph.latent_projection(graph.nodes) == graph
    assert graph.latent_projection().nodes == graph.observed


def test_projections_from_the_books() -> None:
    # Tian and Pearl 2002: a hidden fork becomes a bidirected edge, a hidden mediator an arrow.
    fork = CausalGraph("uxy", [("u", "x"), ("u", "y")], latent="u").latent_projection()
    assert (fork.directed, fork.bidirected) == ((), (("x", "y"),))
    mediator = CausalGraph("xmy", [("x", "m"), ("m", "y")], latent="m").latent_projection()
    assert (mediator.directed, mediator.bidirected) == ((("x", "y"),), ())
    collider = CausalGraph("xcy", [("x", "c"), ("y", "c")], latent="c").latent_projection()
    assert (collider.directed, collider.bidirected) == ((), ())
    # A hidden child of a node that shares a hidden cause with another: the arc moves to the grandchild.
    moved = CausalGraph("abc", [("a", "b")], [("a", "c")], latent="a").latent_projection()
    assert (moved.directed, moved.bidirected) == ((), (("b", "c"),))


edges = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda e: e[0] != e[1]), max_size=14)


@given(edges)
def test_a_circle_is_refused_and_the_message_names_one(pairs: list[tuple[int, int]]) -> None:
    named = [(f"n{a}", f"n{b}") for a, b in pairs]
    digraph: nx.DiGraph[str] = nx.DiGraph(named)
    nodes = [f"n{i}" for i in range(6)]
    if nx.is_directed_acyclic_graph(digraph):
        assert set(CausalGraph(nodes, named).directed) == set(named)
        return
    with pytest.raises(GraphError, match=r"^the arrows run in a circle: ") as caught:
        CausalGraph(nodes, named)
    circle = str(caught.value).partition(": ")[2].split(" -> ")
    assert circle[0] == circle[-1]
    assert len(set(circle)) == len(circle) - 1
    assert all(digraph.has_edge(a, b) for a, b in pairwise(circle))


def test_impossible_graphs_are_refused_with_the_names_of_their_nodes() -> None:
    with pytest.raises(GraphError, match=re.escape("there is no node 'z' (nodes: x, y)")):
        CausalGraph("xy", [("x", "z")])
    with pytest.raises(GraphError, match=re.escape("there is no node 'z' (nodes: none)")):
        CausalGraph("", latent="z")
    with pytest.raises(GraphError, match=re.escape("x -> x: a node cannot be its own cause")):
        CausalGraph("xy", [("x", "x")])
    with pytest.raises(GraphError, match=re.escape("y <-> y: a node cannot share a hidden cause with itself")):
        CausalGraph("xy", [], [("y", "y")])
    with pytest.raises(GraphError, match=re.escape("there is no node 'z'")):
        CausalGraph("xy").ancestors("z")


@pytest.mark.parametrize("seed", SEEDS)
def test_equality_and_digest_know_the_graph_and_nothing_else(seed: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(seed)
    shuffled = CausalGraph(
        rng.sample(graph.nodes, len(graph)),
        rng.sample(graph.directed, len(graph.directed)),
        [(b, a) for a, b in rng.sample(graph.bidirected, len(graph.bidirected))],
        rng.sample(graph.latent, len(graph.latent)),
    )
    assert shuffled == graph
    assert hash(shuffled) == hash(graph)
    assert shuffled.digest == graph.digest
    changed = [
        CausalGraph([*graph.nodes, "new"], graph.directed, graph.bidirected, graph.latent),
        *(
            CausalGraph(graph.nodes, set(graph.directed) - {edge}, graph.bidirected, graph.latent)
            for edge in graph.directed
        ),
        *(
            CausalGraph(graph.nodes, graph.directed, set(graph.bidirected) - {edge}, graph.latent)
            for edge in graph.bidirected
        ),
        *(
            CausalGraph(graph.nodes, graph.directed, graph.bidirected, set(graph.latent) ^ {node})
            for node in graph.nodes
        ),
    ]
    assert len({graph.digest, *(other.digest for other in changed)}) == len(changed) + 1
    assert all(other != graph for other in changed)


def test_the_digest_is_the_same_in_every_process() -> None:
    program = (
        "from causal_reasoning.graph import load_graph, CausalGraph;"
        "print(load_graph('reasoning').digest, CausalGraph({'b', 'a', 'c'}, {('a', 'b'), ('a', 'c')}).digest)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(printed) == 1
