"""Graphviz DOT: what Graphviz itself makes of a text, hidden common causes, and bad input."""

from __future__ import annotations

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.graph.interchange import Diagram, parse_diagram, write_diagram
from tests.graph.interchange.test_dagitty import edges

#: Texts of which Graphviz (12) makes these edges; those with ``<->`` are not Graphviz.
ACCEPTED = {
    "chains, groups": ("digraph { a -> b -> {c; d} }", "ab bc bd", ""),
    "strict, named, quoted": ('strict digraph "my graph" { "a" -> b }', "ab", ""),
    "both directions": ("digraph { a -> b [dir=both] }", "", "ab"),
    "both, as a default": ("digraph { edge [dir=both]; a -> b; b -> c [dir=forward] }", "bc", "ab"),
    "a default inside a group ends there": ("digraph { { edge [dir=both]; a -> b } b -> c }", "bc", "ab"),
    "backwards": ("digraph { a -> b [dir=back] }", "ba", ""),
    "arrowheads at both ends by name": ("digraph { a -> b [dir=both, arrowtail=none, arrowhead=normal] }", "ab", ""),
    "a literal double arrow": ("digraph { x -> y; x <-> y }", "xy", "xy"),
    "arrow and hidden cause": ("digraph { x -> y x -> y [dir=both, style=dashed] }", "xy", "xy"),
    "subgraphs": ("digraph { subgraph cluster_0 { label=one; a -> b } subgraph { c } -> a }", "ab ca", ""),
    "a subgraph named again": ("digraph { subgraph s { a; b } subgraph s -> c }", "ac bc", ""),
    "ports": ("digraph { a:n -> b:port:sw }", "ab", ""),
    "comments": ("// one\n# two\ndigraph { a -> b /* c -> d */ }", "ab", ""),
    "markup": ("digraph { a [label=<x <b>y</b> -&gt; z>] a -> b }", "ab", ""),
    "joined texts": ('digraph { "a" -> "" + "b" }', "ab", ""),
    "layout": ('digraph { rankdir=LR; node [shape=box, label="\\N"]; graph [bgcolor=white]; a -> b }', "ab", ""),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_graphviz_syntax_is_read(case: str) -> None:
    text, arrows, hidden = ACCEPTED[case]
    graph = parse_diagram(text, "dot").graph
    assert set(graph.directed) == set(edges(arrows))
    assert set(graph.bidirected) == set(edges(hidden))
    assert not {"<->", "", "s", "edge"} & set(graph.nodes)


@pytest.mark.parametrize("said", ['latent="yes"', "latent=true", 'observed="no"', "unobserved", "latent=1"])
def test_latent_nodes_are_recognised_however_it_is_said(said: str) -> None:
    assert parse_diagram(f"digraph {{ u [{said}, color=grey] u -> x }}", "dot").graph.latent == ("u",)


def test_a_dashed_node_alone_is_not_latent() -> None:
    assert parse_diagram("digraph { u [style=dashed, observed=yes] u -> x }", "dot").graph.latent == ()


def test_node_defaults_hold_for_nodes_that_come_after() -> None:
    graph = parse_diagram("digraph { a; node [latent=true]; a -> b; c [latent=false] }", "dot").graph
    assert graph.latent == ("b",)


def test_words_of_the_language_are_names_in_quotes() -> None:
    graph = parse_diagram('digraph { "node" -> "Edge" -> "subgraph" }', "dot").graph
    assert graph.directed == (("node", "Edge"), ("Edge", "subgraph"))


def test_marks_are_written_as_attributes() -> None:
    diagram = Diagram(CausalGraph("xyu", [("x", "y")], [], "u"), ("x",), ("y",))
    assert write_diagram(diagram, "dot").splitlines() == [
        "digraph {",
        '  u [latent="yes", style=dashed]',
        '  x [exposure="yes"]',
        '  y [outcome="yes"]',
        "  x -> y",
        "}",
    ]


BAD = {
    "nothing": ("", 1, 1, "must begin with 'digraph {'"),
    "garbage": ("}{", 1, 1, "this is not Graphviz DOT"),
    "an undirected graph": ("graph { a -- b }", 1, 1, "'graph' is undirected; a causal graph is a 'digraph'"),
    "an undirected edge": ("digraph { a -- b }", 1, 13, "'--' does not stand in a digraph"),
    "dagitty's arrow": ("digraph { a <- b }", 1, 13, "'<-' does not stand in a digraph"),
    "no direction": ("digraph { a -> b [dir=none] }", 1, 13, "this edge has no direction"),
    "no arrowhead": ("digraph { a -> b [arrowhead=none] }", 1, 13, "this edge has no direction"),
    "an open end": ("digraph { a -> b [dir=both, arrowtail=odot] }", 1, 13, "arrowtail=odot leaves the direction"),
    "an unknown direction": ("digraph { a -> b [dir=up] }", 1, 13, "the attribute dir is 'up'; it must be one of"),
    "a circle": ("digraph {\n a -> b\n b -> a\n}", 3, 4, "a -> b and b -> a are a circle; keep one, or write a <-> b"),
    "a circle by turning round": ("digraph { a -> b; a -> b [dir=back] }", 1, 21, "are a circle"),
    "a word as a name": ("digraph { node -> a }", 1, 11, 'not a name; write it in quotes: "node"'),
    "an open subgraph": ("digraph { subgraph s }", 1, 22, "'{' is expected here, not '}'"),
    "open markup": ("digraph { a [label=<b] }", 1, 20, "the markup that begins here has no end"),
    "a dash": ("digraph { my-node -> b }", 1, 13, "a name with a dash needs quotes, and 'my-node' has none"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_text_gets_one_sentence_with_its_place(case: str) -> None:
    text, line, column, phrase = BAD[case]
    with pytest.raises(InputError) as caught:
        parse_diagram(text, "dot", "g.dot")
    (fault,) = caught.value.faults
    assert phrase in fault.message
    assert (fault.file, fault.line, fault.column) == ("g.dot", line, column)


def test_a_text_made_to_explode_is_refused_quickly() -> None:
    text = "digraph {" + "".join(f"subgraph s {{ a{i} }}" for i in range(4000)) + "}"
    with pytest.raises(InputError, match=r"more than 1,000,000 nodes in all"):
        parse_diagram(text, "dot")


@pytest.mark.parametrize("name", ["a\\", 'a\\"', "tab\there", ""])
def test_names_that_graphviz_cannot_hold_are_not_written(name: str) -> None:
    with pytest.raises(GraphError, match=r"cannot be written as Graphviz DOT|without a name"):
        write_diagram(Diagram(CausalGraph([name])), "dot")
