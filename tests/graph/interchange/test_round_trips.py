"""Laws of all formats: what is written is read again, whatever the nodes are called."""

from __future__ import annotations

import itertools
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.graph.interchange import (
    FORMATS,
    Diagram,
    from_networkx,
    parse_diagram,
    to_graph_file,
    to_networkx,
    write_diagram,
)
from causal_reasoning.graph.reader import parse_graph

#: Words of one of the languages, and names that need care in one of them.
ODD = (
    *("Q", "node", "edge", "graph", "digraph", "subgraph", "strict", "dag", "end", "Graph", "Node", "label"),
    *(
        "a b",
        "x.y",
        "-5",
        "1.5",
        "7",
        ".5",
        'say "hi"',
        "a\\b",
        "a\\\\b",
        "{",
        "}",
        ";",
        "->",
        "<->",
        "[z]",
        "a,b",
        "=",
    ),
    *(
        "#h",
        "//c",
        "/*",
        "ü",
        "&amp;",
        "&#38;",
        "<b>",
        "`c`",
        "%d",
        "()",
        "NAN",
        "True",
        " x",
        "x ",
        "constructor",
        "[]",
    ),
)
LETTERS = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="\\")
ANY_NAME = st.sampled_from(ODD) | st.text(LETTERS, min_size=1, max_size=8)
PLAIN_NAME = st.sampled_from(("Q", "no", "on", "Yes", "null", "x.y", "_", "n1")) | st.from_regex(
    r"\A[A-Za-z_][A-Za-z0-9_.]{0,6}\Z"
)


@st.composite
def diagrams(draw: Any, names: st.SearchStrategy[str] = ANY_NAME) -> Diagram:
    """Any graph over up to six nodes, with any marks."""
    nodes = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    pairs = list(itertools.combinations(nodes, 2))
    some = st.lists(st.sampled_from(pairs), unique=True) if pairs else st.just([])
    few = st.lists(st.sampled_from(nodes), max_size=2, unique=True)
    do = draw(few)
    on = [name for name in draw(few) if name not in do]
    graph = CausalGraph(nodes, draw(some), draw(some), draw(few))
    return Diagram(graph, tuple(do), tuple(on), tuple(draw(few)), tuple(draw(few)))


@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if one.read])
@settings(max_examples=150)
@given(diagram=diagrams())
def test_what_is_written_is_read_again(name: str, diagram: Diagram) -> None:
    try:
        text = write_diagram(diagram, name)
    except GraphError as error:
        # Some programs make something else of a name; that is said, and nothing is written.
        refused = {"dagitty": {"node", "graph", "constructor"}, "gml": {"[]"}, "dot": set()}
        assert refused[name] & set(diagram.graph.nodes)
        assert "rename it" in str(error)
    else:
        assert parse_diagram(text, name) == diagram


@pytest.mark.parametrize("hidden", ["edges", "nodes"])
@given(diagram=diagrams())
def test_networkx_gives_the_graph_back(hidden: Literal["edges", "nodes"], diagram: Diagram) -> None:
    assert from_networkx(to_networkx(diagram, hidden)) == diagram


@given(diagram=diagrams())
def test_hidden_nodes_project_back_to_hidden_edges(diagram: Diagram) -> None:
    explicit = diagram.hidden_as_nodes().graph
    assert explicit.bidirected == ()
    assert explicit.latent_projection(diagram.graph.nodes) == diagram.graph


@pytest.mark.parametrize("name", FORMATS)
@given(diagram=diagrams(PLAIN_NAME))
def test_the_text_does_not_depend_on_the_order_of_the_input(name: str, diagram: Diagram) -> None:
    graph = diagram.graph
    turned = CausalGraph(
        reversed(graph.nodes),
        reversed(graph.directed),
        [(b, a) for a, b in reversed(graph.bidirected)],
        reversed(graph.latent),
    )
    again = Diagram(turned, diagram.do[::-1], diagram.on[::-1], diagram.adjusted[::-1], diagram.selected[::-1])
    assert write_diagram(again, name) == write_diagram(diagram, name)


@given(diagram=diagrams(PLAIN_NAME), data=st.data())
def test_a_graph_file_is_accepted_and_holds_the_same_graph(diagram: Diagram, data: st.DataObject) -> None:
    observed = diagram.graph.observed
    if len(observed) < 3:
        return
    do, on, read = data.draw(st.permutations(observed))[:3]
    selected = tuple(name for name in diagram.selected if name not in (do, on, read))
    found = parse_graph(to_graph_file(Diagram(diagram.graph, (do,), (on,), (), selected), "some_name", [read]))
    assert found.causal == diagram.graph
    assert (found.query.do, found.query.write, found.query.read) == ((do,), (on,), (read,))
    assert [name for name, node in found.nodes.items() if node.role == "selection"] == list(selected)


@given(diagram=diagrams(), data=st.data())
def test_renaming_back_gives_the_same_diagram(diagram: Diagram, data: st.DataObject) -> None:
    nodes = diagram.graph.nodes
    fresh = {name: f"fresh {i}" for i, name in enumerate(data.draw(st.permutations(nodes)))}
    if set(fresh.values()) & set(nodes):
        return
    assert diagram.renamed(fresh).renamed({new: old for old, new in fresh.items()}) == diagram
