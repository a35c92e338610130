"""Edits as values: what they do to a graph, what they refuse, and that their text is read back."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import combinations, permutations

import pytest

from causal_reasoning.graph import CausalGraph, GraphError
from causal_reasoning.graph.edits import (
    AddEdge,
    AddNode,
    DropEdge,
    DropNode,
    Edit,
    EditError,
    Hide,
    Link,
    Merge,
    Observe,
    Part,
    Reverse,
    Split,
    apply_edits,
    links,
    neighbours,
    parse_edit,
)
from causal_reasoning.graph.spec import ColumnBinding, TextBinding
from tests.identification.identification_oracle import random_graph

GRAPH = CausalGraph(
    ["a", "b", "c", "d", "u"], [("a", "b"), ("b", "c"), ("a", "c"), ("u", "d")], [("b", "d")], latent=["u"]
)


def after(*edits: str) -> CausalGraph:
    return apply_edits(GRAPH, [parse_edit(edit) for edit in edits])


def test_an_edge_is_dropped_added_and_turned_round() -> None:
    assert set(after("drop a -> b").directed) == {("b", "c"), ("a", "c"), ("u", "d")}
    assert after("drop d <-> b").bidirected == ()
    assert set(after("add c -> d").directed) == {*GRAPH.directed, ("c", "d")}
    assert set(after("add c <-> a").bidirected) == {("a", "c"), ("b", "d")}
    assert set(after("reverse b -> c").directed) == {("a", "b"), ("c", "b"), ("a", "c"), ("u", "d")}
    # A hidden cause may stand beside an arrow.
    assert after("add a <-> b").bidirected == (("a", "b"), ("b", "d"))


def test_a_node_is_added_dropped_hidden_and_observed() -> None:
    assert after("add n").latent == ("n", "u")
    assert after("add n as column:n").latent == ("u",)
    assert after("drop b") == CausalGraph("acdu", [("a", "c"), ("u", "d")], latent="u")
    assert after("hide a").latent == ("a", "u")
    assert after("observe u").latent == ()
    assert GRAPH.latent == ("u",)


def test_nodes_are_merged_and_edges_between_them_vanish() -> None:
    merged = after("merge a b into m")
    assert merged == CausalGraph("mcdu", [("m", "c"), ("u", "d")], [("m", "d")], "u")
    assert after("merge b d into b").bidirected == ()
    # The keeper decides whether the new node is observed, unless a binding is given.
    assert after("merge d u into d").latent == ()
    assert after("merge u d into v").latent == ("v",)
    assert after("merge u d into v as column:v").latent == ()


def test_a_node_is_split_into_parts_with_all_its_edges() -> None:
    assert after("split c into c e") == CausalGraph(
        "abcdeu", [("a", "b"), ("b", "c"), ("a", "c"), ("b", "e"), ("a", "e"), ("u", "d")], [("b", "d")], "eu"
    )
    # A hidden cause of the node is one of all its parts.
    shared = after("split d into x, y as column:y with x -> y")
    assert set(shared.bidirected) == {("b", "x"), ("b", "y"), ("x", "y")}
    assert {("u", "x"), ("u", "y"), ("x", "y")} <= set(shared.directed)
    assert shared.latent == ("u",)


def canonical(graph: CausalGraph) -> CausalGraph:
    """Hidden common causes as latent nodes."""
    dag = graph.canonical_dag()
    hidden = [name for name, data in dag.nodes(data=True) if data["latent"]]
    return CausalGraph(dag.nodes, dag.edges, (), hidden)


@pytest.mark.parametrize("seed", range(40))
def test_splitting_means_the_same_with_hidden_causes_as_nodes_and_merging_undoes_it(seed: int) -> None:
    graph = random_graph(random.Random(seed), 6, latent=0)
    node = graph.nodes[seed % 6]
    split = Split(node, (Part("x", ColumnBinding(column="x")), Part("y", ColumnBinding(column="y"))), (Link("y", "x"),))
    done = split.apply(graph)
    names = set(graph.nodes) - {node} | {"x", "y"}
    assert done == split.apply(canonical(graph)).latent_projection(names)
    assert Merge(("x", "y"), node).apply(done) == graph


@pytest.mark.parametrize("seed", range(40))
def test_merging_is_the_quotient_of_the_graph_or_a_circle(seed: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(rng, 6)
    members = tuple(rng.sample(graph.nodes, 2))
    edit = Merge(members, "m")

    def name(node: str) -> str:
        return "m" if node in members else node

    arrows = {(name(a), name(b)) for a, b in graph.directed} - {("m", "m")}
    arcs = {tuple(sorted((name(a), name(b)))) for a, b in graph.bidirected} - {("m", "m")}
    try:
        done = edit.apply(graph)
    except EditError as error:
        assert "circle: " in str(error)
        # A merger makes a circle exactly if a path between the two runs through a third node.
        inner = set(graph.descendants(members[0])) & set(graph.ancestors(members[1]))
        inner |= set(graph.descendants(members[1])) & set(graph.ancestors(members[0]))
        assert inner - set(members)
        return
    assert set(done.directed) == arrows
    assert set(done.bidirected) == arcs
    assert ("m" in done.latent) == (members[0] in graph.latent)


@pytest.mark.parametrize("seed", range(20))
def test_an_edit_of_an_edge_has_an_inverse(seed: int) -> None:
    graph = random_graph(random.Random(seed), 6)
    for edit, near in neighbours(graph):
        back: Edit
        match edit:
            case AddEdge(link):
                back = DropEdge(link)
            case DropEdge(link):
                back = AddEdge(link)
            case Reverse(cause, effect):
                back = Reverse(effect, cause)
            case Hide(node):
                back = Observe(node)
            case Observe(node):
                back = Hide(node)
        assert back.apply(near) == graph
        assert parse_edit(edit.text()) == edit
        assert edit.cost == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("drop a -> d", "there is no edge a -> d; the edges at a or d are a -> b, a -> c, u -> d, b <-> d"),
        ("drop c -> b", "there is no edge c -> b; there is b -> c"),
        ("drop b -> d", "there is no edge b -> d; there is b <-> d"),
        ("drop a -> x", "there is no node 'x'; known: 'a', 'b', 'c', 'd', 'u'"),
        ("drop x", "there is no node 'x'; known: "),
        ("add a -> b", "the edge a -> b is there already"),
        ("add d <-> b", "the edge b <-> d is there already"),
        ("add b -> a", "there is a -> b; to turn it round, write 'reverse a -> b'"),
        ("add c -> a", "there is a -> c; to turn it round"),
        ("add a -> a", "a node cannot be its own cause"),
        ("add a <-> a", "a node cannot share a hidden cause with itself"),
        ("add a", "there is a node 'a' already; choose another name"),
        ("reverse a -> c", "the arrows would run in a circle: a -> b -> c -> a"),
        ("reverse c -> a", "there is no edge c -> a; there is a -> c"),
        ("hide u", "'u' is latent already"),
        ("observe a", "'a' is observed already"),
        ("merge a c into m", "the arrows would run in a circle: b -> m -> b"),
        ("merge a b into c", "there is a node 'c' already"),
        ("merge a x into m", "there is no node 'x'"),
        ("split a into b x", "there is a node 'b' already"),
        ("split x into y z", "there is no node 'x'"),
        ("split a into x y with x -> y, y -> x", "the arrows would run in a circle: x -> y -> x"),
    ],
)
def test_an_edit_that_does_not_fit_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(EditError) as caught:
        after(text)
    assert said in str(caught.value)
    assert isinstance(caught.value, GraphError)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is no edit ''; known: 'add', 'drop'"),
        ("revers a -> b", "there is no edit 'revers'; did you mean 'reverse'?"),
        ("drop", "a node is missing; write 'drop a -> b', 'drop a <-> b' or 'drop n'"),
        ("drop a ->", "a node is missing"),
        ("drop a -> b -> c", "one edge at a time: 'drop a -> b' and 'drop b -> …'"),
        ("drop a → b", "'→' is not an arrow; write 'a -> b' or, for a hidden common cause, 'a <-> b'"),
        ("drop a <- b", "'<-' is not an arrow"),
        ("drop a - b", "'-' is too much; write 'drop a -> b'"),
        ("drop a-b", "'a-b' is not the name of a node"),
        ("drop a b", "'b' is too much"),
        ("hide", "a node is missing; write 'hide n'"),
        ("hide a as column:a", "'as' is too much"),
        ("reverse a", "an arrow is missing"),
        ("reverse a <-> b", "a <-> b has no direction: it cannot be turned round, only dropped"),
        ("observe u as", "a binding is missing behind 'as'"),
        ("observe u as style", "'style' is not a binding; write 'column:style' or 'text:style'"),
        ("observe u as colum:style", "there is no binding 'colum'; did you mean 'column'?"),
        ("observe u as column:", "a column must be named after 'column:'"),
        ("merge a b", "'into' is missing; write 'merge a b into c'"),
        ("merge a into b", "a merger takes two nodes or more"),
        ("merge a a into b", "a merger takes two nodes or more"),
        ("merge a b a into c", "'a' stands twice; keep one"),
        ("merge a b into", "a node is missing"),
        ("split a", "'into' is missing"),
        ("split a into b", "a split gives two nodes or more"),
        ("split a into b b", "'b' stands twice; keep one"),
        ("split a into b as", "a binding is missing"),
        ("split a into b c with", "an edge is missing behind 'with'"),
        ("split a into b c with b", "an arrow is missing behind 'b'"),
        ("split a into b c with b -> d", "'d' is none of the parts b, c; add that edge with 'add'"),
        ("split a into as b", "'as' is a word of this edit; choose another name"),
    ],
)
def test_a_text_that_is_no_edit_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(EditError) as caught:
        parse_edit(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


EDITS: list[tuple[str, Edit]] = [
    ("drop a -> b", DropEdge(Link("a", "b"))),
    ("drop  b<->a", DropEdge(Link("a", "b", hidden=True))),
    ("drop a", DropNode("a")),
    ("add a->b", AddEdge(Link("a", "b"))),
    ("add n", AddNode("n")),
    ("add n as text:t", AddNode("n", TextBinding(text="t"))),
    ("reverse a -> b", Reverse("a", "b")),
    ("hide as", Hide("as")),
    ('observe u as column:"my \\"own\\", column"', Observe("u", ColumnBinding(column='my "own", column'))),
    ("observe with", Observe("with")),
    ("merge a, b c into a", Merge(("a", "b", "c"), "a")),
    ("merge into as into with as column:x", Merge(("into", "as"), "with", ColumnBinding(column="x"))),
    ("split n into a b", Split("n", (Part("a"), Part("b")))),
    (
        "split into into a as column:x b, c with a->b c<->b",
        Split(
            "into",
            (Part("a", ColumnBinding(column="x")), Part("b"), Part("c")),
            (Link("a", "b"), Link("b", "c", hidden=True)),
        ),
    ),
]


@pytest.mark.parametrize(("text", "edit"), EDITS, ids=[text for text, _ in EDITS])
def test_an_edit_is_read_and_its_text_is_read_back(text: str, edit: Edit) -> None:
    assert parse_edit(text) == edit
    assert parse_edit(edit.text()) == edit
    assert str(edit) == edit.text()


def test_the_cost_is_the_number_of_changes() -> None:
    assert [parse_edit(text).cost for text in ("hide a", "merge a b c into m", "split n into a b with a -> b")] == [
        1,
        2,
        2,
    ]


def brute_force_neighbours(graph: CausalGraph) -> set[CausalGraph]:
    """Every causal graph that differs in one pair's arrow, one pair's arc or one node's being latent."""
    found: set[CausalGraph] = set()

    def offer(directed: set[tuple[str, str]], bidirected: set[tuple[str, str]], latent: set[str]) -> None:
        with suppress(GraphError):
            found.add(CausalGraph(graph.nodes, directed, bidirected, latent))

    arrows, arcs, latent = set(graph.directed), set(graph.bidirected), set(graph.latent)
    for a, b in permutations(graph.nodes, 2):
        rest = arrows - {(a, b), (b, a)}
        for choice in (set(), {(a, b)}, {(b, a)}):
            offer(rest | choice, arcs, latent)
    for pair in combinations(graph.nodes, 2):
        offer(arrows, arcs ^ {pair}, latent)
    for name in graph.nodes:
        offer(arrows, arcs, latent ^ {name})
    return found - {graph}


@pytest.mark.parametrize("seed", range(20))
def test_neighbours_are_all_acyclic_graphs_one_edit_away(seed: int) -> None:
    graph = random_graph(random.Random(seed), 5, latent=0.3)
    found = neighbours(graph)
    graphs = [near for _, near in found]
    assert len(graphs) == len(set(graphs)) == len(found)
    assert set(graphs) == brute_force_neighbours(graph)
    assert not found.capped


def test_neighbours_come_in_one_order_and_are_capped() -> None:
    rng = random.Random(7)
    everything = [edit.text() for edit, _ in neighbours(GRAPH)]
    for _ in range(5):
        shuffled = CausalGraph(
            rng.sample(GRAPH.nodes, 5),
            rng.sample(GRAPH.directed, 4),
            [pair[::-1] for pair in GRAPH.bidirected],
            GRAPH.latent,
        )
        assert [edit.text() for edit, _ in neighbours(shuffled)] == everything
    some = neighbours(GRAPH, cap=3)
    assert ([edit.text() for edit in some.edits], some.capped) == (everything[:3], True)
    assert not neighbours(GRAPH, cap=len(everything)).capped
    assert neighbours(GRAPH, kinds=["observe"]).edits == (Observe("u"),)
    assert all("<->" not in edit.text() for edit in neighbours(GRAPH, hidden=False).edits)
    with pytest.raises(EditError, match="did you mean 'reverse'"):
        neighbours(GRAPH, kinds=["revers"])


def test_edges_are_listed_in_order() -> None:
    assert [link.text() for link in links(GRAPH)] == ["a -> b", "a -> c", "b -> c", "u -> d", "b <-> d"]
