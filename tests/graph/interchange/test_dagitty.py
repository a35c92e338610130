"""dagitty's language: what its own parser accepts, and one sentence for what it should not."""

from __future__ import annotations

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.graph.interchange import Diagram, parse_diagram, write_diagram

#: Texts that dagitty itself accepts (its parser, version 3.1), and what they say: arrows, hidden common causes.
ACCEPTED = {
    "chains and both directions": ("dag { a -> b -> c <- d }", "ab bc dc", ""),
    "hidden common causes": ("dag{x->y x<->y}", "xy", "xy"),
    "a name for the graph, capitals": ("DAG my_graph { a -> b }", "ab", ""),
    "digraph": ("digraph G { a -> b; b -> c; }", "ab bc", ""),
    "separated by lines": ("dag {\na -> b\nb -> c\n}\n", "ab bc", ""),
    "separated by semicolons": ("dag{;a->b;;b->c;}", "ab bc", ""),
    "separated by spaces": ("dag { a -> b b -> c }", "ab bc", ""),
    "a group to the right": ("dag { u -> {a b c} }", "ua ub uc", ""),
    "a group to the left": ("dag { {a b} -> c }", "ac bc", ""),
    "groups on both sides": ("dag { {a b} -> {c d} }", "ac ad bc bd", ""),
    "a group with arrows in it": ("dag { x -> {a -> b} }", "xa xb ab", ""),
    "groups in groups": ("dag{a->{b->{c->{d}}}}", "ab ac ad bc bd cd", ""),
    "a group of hidden causes": ("dag { x <-> {a ; b} }", "", "xa xb"),
    "attributes of edges": ('dag { a -> b [beta=-.3, pos="1,2"] b -> c [label="x -> y"] }', "ab bc", ""),
    "a bounding box": ('dag {\nbb="-3,-0.5,2,1.2"\na -> b\n}', "ab", ""),
    "options of the graph": ('dag { graph [bb="0,0,1,1"] a -> b }', "ab", ""),
    "twice the same arrow": ("dag { a -> b a -> b }", "ab", ""),
    "a statement about a graph in a group": ('dag { x -> {bb="0,0,1,1" a} }', "xa", ""),
}


def edges(text: str) -> list[tuple[str, str]]:
    return [(pair[0], pair[1]) for pair in text.split()]


@pytest.mark.parametrize("case", ACCEPTED)
def test_dagittys_syntax_is_read(case: str) -> None:
    text, arrows, hidden = ACCEPTED[case]
    graph = parse_diagram(text, "dagitty").graph
    assert set(graph.directed) == set(edges(arrows))
    assert {frozenset(pair) for pair in graph.bidirected} == {frozenset(pair) for pair in edges(hidden)}
    assert "<->" not in graph


def test_marks_and_their_abbreviations() -> None:
    long = "dag { x [exposure] y [outcome] u [latent] v [unobserved] a [adjusted] s [selected] }"
    short = "dag { x [e] y [o] u [l] v [u] a [a] s [s] }"
    third = 'dag { x [source,pos="1,2"] y [target] u [latent=yes] v[latent ;foo=bar] a [adjusted=1] s [ selected ] }'
    want = Diagram(CausalGraph("xyuvas", latent="uv"), ("x",), ("y",), ("a",), ("s",))
    assert [parse_diagram(text, "dagitty") for text in (long, short, third)] == [want] * 3


def test_quoted_names_and_comments() -> None:
    text = 'dag { // one\n# two\n/* three\n"a -> b" [outcome] "say \\"hi\\"" */ "x y" -> "say \\"hi\\"" "x y" -> 1.5 }'
    assert parse_diagram(text, "dagitty").graph == CausalGraph(
        ["x y", 'say "hi"', "1.5"], [("x y", 'say "hi"'), ("x y", "1.5")]
    )


def test_a_backslash_is_itself_where_it_protects_nothing() -> None:
    assert parse_diagram(r'dag { "a\b" "a\\b" }', "dagitty").graph.nodes == ("a\\\\b", "a\\b")


BAD = {
    "nothing": ("", 1, 1, "must begin with 'dag {'"),
    "no dagitty": ("hello world", 1, 1, "this is not dagitty text: it must begin with 'dag {'"),
    "YAML": ("version: 1\nname: x\n", 1, 1, "this is not dagitty text"),
    "an edge without a graph": ("x -> y", 1, 1, "must begin with 'dag {'"),
    "an undirected graph": ("graph { a -- b }", 1, 1, "'graph' is an undirected graph; only a 'dag'"),
    "a pdag": ("pdag { a -- b }", 1, 1, "'pdag' is a class of graphs"),
    "a mag": ("\n  mag { a -> b }", 2, 3, "'mag' is an ancestral graph"),
    "a pag": ("pag { a @-> b }", 1, 1, "'pag' is a class of ancestral graphs"),
    "an undirected edge": ("dag {\n  a -- b\n}", 2, 5, "'--' does not say which is the cause"),
    "a half-open edge": ("dag { a @-> b }", 1, 9, "'@->' does not say which is the cause"),
    "a circle of three": ("dag {\na -> b\nb -> c\nc -> a\n}", 4, 3, "the arrows run in a circle: a -> b -> c -> a"),
    "opposite arrows": ("dag {\nx -> y\ny -> x\n}", 3, 3, "x -> y and y -> x are a circle; keep one, or write x <-> y"),
    "its own cause": ("dag { a -> a }", 1, 9, "a -> a: a node cannot be its own cause"),
    "a hidden cause with itself": ("dag { a <-> a }", 1, 9, "cannot share a hidden cause with itself"),
    "no closing brace": ("dag {\na -> b\n", 3, 1, "the text ends inside a graph; close it with '}'"),
    "a second graph": ("dag { a }\ndag { b }", 2, 1, "the graph ends with the '}' before"),
    "an arrow to nothing": ("dag { a -> }", 1, 12, "a node is expected here, not '}'"),
    "a long arrow": ("dag { a --> b }", 1, 11, "a node is expected here, not '>'"),
    "a dash in a name": ("dag { x-1 -> y }", 1, 8, "a name with a dash needs quotes, and 'x-1' has none"),
    "an open quote": ('dag {\n"a -> b }', 2, 1, "the quoted text that begins here has no end"),
    "an open comment": ("dag { a /* b }", 1, 9, "the comment that begins here has no end"),
    "open attributes": ("dag { a [exposure }", 1, 19, "an attribute or ']' is expected here, not '}'"),
    "a value that is none": ("dag { a [pos=] }", 1, 14, "a value is expected here, not ']'"),
    "neither yes nor no": ("dag { a\nb [latent=maybe] }", 2, 1, "the attribute 'latent' of 'b' is 'maybe'"),
    "a reserved word": ("dag { node -> x }", 1, 7, "'node' is a word of dagitty text, not a name; rename the node"),
    "a reserved word in quotes": ('dag { "graph" -> x }', 1, 7, "'graph' is a word of dagitty text"),
    "no name": ('dag { "" -> x }', 1, 7, "a node needs a name"),
    "a line end in a name": ('dag { "a\nb" -> x }', 1, 7, "a node needs a name of 1 to 200 characters on one line"),
    "attributes of a group": ("dag { {a b} [exposure] }", 1, 13, "a group has no attributes"),
    "exposure and outcome": ("dag { x [exposure,outcome] }", None, None, "'x' is marked as exposure and as outcome"),
    "too deep": ("dag {" + "{" * 100 + "}" * 101, 1, 67, "groups are nested deeper than 60 levels"),
    "too many edges": (
        "dag { {" + " ".join(f"a{i}" for i in range(400)) + "} -> {" + " ".join(f"b{i}" for i in range(400)) + "} }",
        1,
        1899,
        "more than 100,000 edges",
    ),
    "too many nodes": ("dag { " + " ".join(f"a{i}" for i in range(5001)) + "}", 1, 28897, "more than 5,000 nodes"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_text_gets_one_sentence_with_its_place(case: str) -> None:
    text, line, column, phrase = BAD[case]
    with pytest.raises(InputError) as caught:
        parse_diagram(text, "dagitty", "g.txt")
    (fault,) = caught.value.faults
    assert phrase in fault.message
    assert (fault.file, fault.line, fault.column) == ("g.txt", line, column)
    assert "\n" not in str(fault)


@pytest.mark.parametrize("name", ["node", "graph", "constructor", "__proto__", "a\\", 'a\\"b', "a\nb", ""])
def test_names_that_dagitty_cannot_hold_are_not_written(name: str) -> None:
    with pytest.raises(GraphError, match=r"cannot be written as dagitty text|without a name"):
        write_diagram(Diagram(CausalGraph([name, "x"])), "dagitty")
