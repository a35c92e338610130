"""The paths that a proof lists, against all simple paths."""

from __future__ import annotations

import random

import networkx as nx
import pytest

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import (
    IdentifiedByAdjustment,
    NotIdentified,
    QueryError,
    identify_effect,
    m_separated,
    prove_adjustment,
)
from tests.identification.identification_oracle import random_graph
from tests.identification.test_published_cases import parse


def test_in_words() -> None:
    graph = parse("confounder -> skill -> question -> answer, confounder -> question, skill -> answer")
    proof = prove_adjustment(graph, "skill", ["answer", "question"], "confounder")
    assert proof.lines() == [
        "skill <- confounder -> question: blocked by adjusting for the fork confounder",
        "skill -> answer: causal, left open",
        "skill -> question: causal, left open",
    ]
    only_answer = prove_adjustment(graph, "skill", "answer", "confounder")
    assert only_answer.to_dict() == {
        "closed": [
            {"path": "skill <- confounder -> question -> answer", "by": "confounder", "kind": "fork"},
        ],
        "colliders": [],
        "causal": ["skill -> answer", "skill -> question -> answer"],
        "complete": True,
    }


def test_colliders() -> None:
    lines = prove_adjustment(parse("x <- a -> m <- b -> y, x -> y"), "x", "y", []).lines()
    assert lines[0] == (
        "x <- a -> m <- b -> y: blocked by the collider m, as neither it nor a descendant of it is adjusted for"
    )
    butterfly = prove_adjustment(parse("a -> x, a -> m <- b -> y, m -> x, m -> y, x -> y"), "x", "y", ["a", "m"])
    assert [path.by for path in butterfly.closed] == ["m", "a", "m"]
    assert butterfly.colliders[0].text() == "x <- a -> m <- b -> y: blocked by adjusting for the fork a"


def test_hidden_causes_are_written_as_such() -> None:
    proof = prove_adjustment(parse("x <-> z -> y, x -> y"), "x", "y", "z")
    assert proof.lines()[0] == "x <-> z -> y: blocked by adjusting for the chain z"


def test_only_an_adjustment_set_has_a_proof() -> None:
    with pytest.raises(QueryError, match=r"\{m\} is no adjustment set"):
        prove_adjustment(parse("x -> m -> y"), "x", "y", "m")


def test_against_all_simple_paths() -> None:
    """Lists are complete, shortest first, and the walk lengths that guide the search are right."""
    rng = random.Random(21)
    proofs = failures = 0
    for _ in range(300):
        graph = random_graph(rng, rng.randint(3, 7))
        if len(graph.observed) < 2:
            continue
        x, y = rng.sample(graph.observed, 2)
        answer = identify_effect(graph, x, y)
        if isinstance(answer, IdentifiedByAdjustment):
            proof = prove_adjustment(graph, x, y, answer.adjustment, limit=1000, colliders=1000)
            assert proof.complete
            listed = [path.path.text() for path in proof.closed + proof.colliders]
            listed += [path.text() for path in proof.causal]
            assert sorted(listed) == sorted(all_paths(graph, x, y))
            lengths = [len(path.path.nodes) for path in proof.closed]
            assert lengths == sorted(lengths)
            proofs += 1
        elif isinstance(answer, NotIdentified):
            assert "no set of observed nodes blocks " in answer.reason
            assert answer.reason.removeprefix("no set of observed nodes blocks ").split(":")[0] in all_paths(
                graph, x, y
            )
            assert not m_separated(graph.without_outgoing(x), x, y)
            failures += 1
    assert proofs > 50 and failures > 10


def all_paths(graph: CausalGraph, x: str, y: str) -> list[str]:
    """Every simple path, parallel edges told apart."""
    mixed: nx.MultiGraph[str] = nx.MultiGraph()
    mixed.add_nodes_from(graph.nodes)
    for a, b in graph.directed:
        mixed.add_edge(a, b, key="directed")
    for a, b in graph.bidirected:
        mixed.add_edge(a, b, key="hidden")
    found = []
    for path in nx.all_simple_edge_paths(mixed, x, y):
        text = x
        for step in path:
            a, b, key = tuple(step)
            mark = "<->" if key == "hidden" else "->" if (a, b) in graph.directed else "<-"
            text += f" {mark} {b}"
        found.append(text)
    return found


def test_a_large_dense_graph_is_cut_off() -> None:
    names = [f"n{i:02}" for i in range(40)]
    edges = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    answer = identify_effect(CausalGraph(names, edges), "n20", "n39")
    assert isinstance(answer, IdentifiedByAdjustment)
    assert not answer.proof.complete
    assert len(answer.proof.closed) == 5
    assert answer.proof.lines()[-1] == "(there are more paths)"
