"""Drafted graph files: they load, they have no circle, and they say what is open."""

from __future__ import annotations

import numpy as np
import pytest

from causal_reasoning.discovery.found import Discovery, FoundEdge, Kind
from causal_reasoning.discovery.graph_draft import draft_edges, graph_draft
from causal_reasoning.discovery.knowledge import Knowledge
from causal_reasoning.errors import InputError
from causal_reasoning.graph import parse_graph
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import cpdag, markov_equivalent
from tests.discovery.test_search import random_dag

QUERY = "# query: {do: skill, read: question, write: answer}"
TEXTS = "nodes:\n  question: {role: question, bind: {text: question}}\n  answer: {role: answer, bind: {text: answer}}\n"


def found(*edges: tuple[str, Kind, str], nodes: str = "", required: tuple[tuple[str, str], ...] = ()) -> Discovery:
    names = tuple(sorted({*(end for a, _, b in edges for end in (a, b)), *nodes}))
    listed = tuple(FoundEdge(a, b, kind, {kind: 1.0}) for a, kind, b in sorted(edges))
    return Discovery("rows", "pc", names, 100, 0.01, listed, (), 1, 1, 0, Knowledge(required=required))


def drawn(draft: Discovery) -> CausalGraph:
    edges = draft_edges(draft)
    arrows = [one.edge for one in edges if one.arrow == "->"]
    return CausalGraph(draft.nodes, arrows, [one.edge for one in edges if one.arrow == "<->"])


def completed(text: str) -> str:
    return text.replace(QUERY, QUERY.removeprefix("# ")).replace("nodes:\n", TEXTS, 1)


def test_the_draft_is_a_graph_file_when_its_query_is_filled_in() -> None:
    text = graph_draft(found(("skill", "--", "style"), ("cue", "<-", "skill")), "mine")
    with pytest.raises(InputError, match="query"):
        parse_graph(text)
    graph = parse_graph(completed(text))
    assert graph.name == "mine"
    assert graph.nodes["skill"].role == "skill"
    assert graph.nodes["style"].role == "other"
    assert graph.causal.directed == (("skill", "cue"), ("skill", "style"))
    assert "# open: skill -> style or style -> skill; this one was chosen" in text


def test_hidden_causes_are_written_as_such_and_all_readings_are_listed() -> None:
    draft = found(("a", "<->", "b"), ("b", "o->", "c"), ("c", "o-o", "d"))
    text = graph_draft(draft)
    assert "  - a <-> b  # adjacent in 100% of random halves: 100% a <-> b" in text
    assert "# open: b -> c or b <-> c;" in text
    assert "# open: c -> d or d -> c or c <-> d;" in text
    assert drawn(draft).bidirected == (("a", "b"),)


def test_an_arrow_that_would_close_a_circle_is_left_out_with_a_word() -> None:
    draft = found(("a", "->", "b"), ("a", "<-", "c"), ("b", "->", "c"))
    text = graph_draft(draft)
    assert text.count("left out, as it would close a circle") == 1
    assert len(drawn(draft).directed) == 2


def test_a_required_arrow_beats_what_was_found() -> None:
    draft = found(("a", "->", "b"), ("b", "--", "c"), required=(("b", "a"), ("c", "a")))
    assert {("b", "a"), ("c", "a")} <= set(drawn(draft).directed)
    assert "  - b -> a  # required; adjacent in 100% of random halves: 100% a -> b" in graph_draft(draft)


def test_of_a_class_the_draft_is_a_member() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        graph = random_dag(rng, int(rng.integers(2, 8)), 0.5)
        true = cpdag(graph)
        edges: list[tuple[str, Kind, str]] = [(a, "--", b) for a, b in true.undirected]
        edges += [(a, "->", b) if a < b else (b, "<-", a) for a, b in true.directed]
        member = drawn(found(*edges, nodes="".join([]))) if edges else graph
        whole = CausalGraph(graph.nodes, member.directed)
        assert markov_equivalent(whole, graph), (graph, member)


@pytest.mark.parametrize("column", ["a b", "no", "1st", "ü:#", 'say "x"'])
def test_any_column_name_becomes_a_node_bound_to_it(column: str) -> None:
    names = sorted([column, "a_b"])
    draft = Discovery("rows", "pc", tuple(names), 9, 0.01, (FoundEdge(names[0], names[1], "--", {}),), (), 0, 0, 0,
                      Knowledge())  # fmt: skip
    text = completed(graph_draft(draft)).replace("do: NODE", "do: a_b")
    graph = parse_graph(text.replace("# query", "query"))
    assert sorted(graph.column(node) for node in graph.causal.observed if not graph.is_text(node)) == names
