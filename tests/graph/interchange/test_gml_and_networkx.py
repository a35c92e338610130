"""GML and networkx graphs, hidden common causes included."""

from __future__ import annotations

import networkx as nx
import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.graph.interchange import Diagram, from_networkx, parse_diagram, to_networkx, write_diagram

BOW = CausalGraph("xy", [("x", "y")], [("x", "y")])

#: The confounded graph of dowhy's own documentation, with the confounder unobserved.
DOWHY = """graph [
  directed 1
  node [ id "Unobserved Confounders" label "Unobserved Confounders" observed "no" ]
  node [ id "T" label "T" ]
  node [ id "Y" label "Y" ]
  edge [ source "T" target "Y" ]
  edge [ source "Unobserved Confounders" target "T" ]
  edge [ source "Unobserved Confounders" target "Y" ]
]"""


def gml(edges: str, head: str = "directed 1") -> str:
    nodes = "".join(f'node [ id {i} label "{name}" ]\n' for i, name in enumerate("abc"))
    return f"graph [ {head}\n{nodes}{edges}]"


def test_dowhys_gml_is_read() -> None:
    graph = parse_diagram(DOWHY, "gml").graph
    assert graph.latent == ("Unobserved Confounders",)
    assert graph.latent_projection() == CausalGraph("TY", [("T", "Y")], [("T", "Y")])


def test_bidirected_edges_are_read_with_and_without_a_parallel_arrow() -> None:
    text = gml("edge [ source 0 target 1 ] edge [ source 0 target 1 bidirected 1 ]", "directed 1 multigraph 1")
    assert parse_diagram(text, "gml").graph == CausalGraph("abc", [("a", "b")], [("a", "b")])
    text = gml('edge [ source 0 target 1 ] edge [ source 2 target 1 bidirected "yes" ]')
    assert parse_diagram(text, "gml").graph == CausalGraph("abc", [("a", "b")], [("b", "c")])


def test_nodes_without_labels_are_called_by_their_numbers() -> None:
    graph = parse_diagram("graph [ directed 1 node [ id 1 ] node [ id 2 ] edge [ source 1 target 2 ] ]", "gml").graph
    assert graph.directed == (("1", "2"),)


def test_networkx_reads_what_is_written() -> None:
    found = nx.parse_gml(write_diagram(Diagram(BOW, ("x",), ("y",)), "gml"))
    assert found.is_directed() and found.is_multigraph()
    assert sorted(data.get("bidirected", 0) for _, _, data in found.edges(data=True)) == [0, 1]
    plain = nx.parse_gml(write_diagram(Diagram(CausalGraph("ab", [("a", "b")], latent="a")), "gml"))
    assert not plain.is_multigraph()
    assert dict(plain.nodes(data="latent")) == {"a": 1, "b": 0}


BAD = {
    "nothing": ("", None, "this is not GML"),
    "garbage": ("dag { x -> y }", 1, "this is not GML: cannot tokenize"),
    "no graph": ("node [ id 1 ]", None, "this is not GML: input contains no graph"),
    "an undirected graph": (gml("", ""), None, "the graph is undirected"),
    "opposite arrows": (
        gml("edge [ source 0 target 1 ] edge [ source 1 target 0 ]"),
        None,
        "write a <-> b if a hidden",
    ),
    "a circle": (
        gml("edge [ source 0 target 1 ] edge [ source 1 target 2 ] edge [ source 2 target 0 ]"),
        None,
        "the arrows run in a circle: a -> b -> c -> a; drop or reverse one of them",
    ),
    "its own cause": (gml("edge [ source 0 target 0 ]"), None, "a -> a: a node cannot be its own cause"),
    "an unknown node": (gml("edge [ source 0 target 7 ]"), None, "this is not GML: edge #0 has undefined target 7"),
    "a node twice": ("graph [ directed 1 node [ id 1 ] node [ id 1 ] ]", None, "node id 1 is duplicated"),
    "an odd value": (gml('edge [ source 0 target 1 bidirected "both" ]'), None, "'both'; it must be yes or no"),
    "nested without end": ("graph [" * 5000, None, "this is not GML"),
    "nodes that are none": ("graph [ directed 1 node 5 ]", None, "this is not GML: it cannot be parsed"),
    "many nodes": (
        "graph [ directed 1\n" + "".join(f"node [ id {i} ]\n" for i in range(5001)) + "]",
        None,
        "more than 5,000 nodes",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_text_gets_one_sentence(case: str) -> None:
    text, line, phrase = BAD[case]
    with pytest.raises(InputError) as caught:
        parse_diagram(text, "gml", "g.gml")
    (fault,) = caught.value.faults
    assert phrase in fault.message
    assert fault.file == "g.gml"
    assert line is None or fault.line == line
    assert "\n" not in fault.message


def test_a_multigraph_keeps_arrow_and_hidden_cause_apart() -> None:
    graph = to_networkx(BOW)
    assert graph.is_multigraph()
    assert graph.number_of_edges("x", "y") == 2


def test_hidden_causes_as_nodes_make_a_plain_dag_with_safe_names() -> None:
    graph = CausalGraph(["a b", "c", "hidden_a_b_c"], [], [("a b", "c")])
    dag = to_networkx(graph, hidden="nodes")
    assert not dag.is_multigraph() and nx.is_directed_acyclic_graph(dag)
    assert sorted(dag.edges) == [("hidden_a_b_c_2", "a b"), ("hidden_a_b_c_2", "c")]
    assert dag.nodes["hidden_a_b_c_2"]["latent"] is True
    assert dag.nodes["c"] == {"latent": False, "observed": True}


def test_the_canonical_dag_is_the_same_up_to_names() -> None:
    graph = CausalGraph("wxyz", [("x", "y"), ("z", "x")], [("x", "y"), ("w", "z")], "w")
    assert nx.is_isomorphic(to_networkx(graph, hidden="nodes"), graph.canonical_dag())


@pytest.mark.parametrize(
    ("graph", "phrase"),
    [
        (nx.Graph([("x", "y")]), "undirected"),
        (nx.DiGraph([(1, 2)]), "the node 1 is a int; nodes must be named by strings"),
        (nx.DiGraph([("x", "y"), ("y", "x")]), "x -> y and y -> x are a circle"),
        (nx.MultiDiGraph([("x", "y"), ("y", "z"), ("z", "x")]), "run in a circle: x -> y -> z -> x"),
    ],
)
def test_networkx_graphs_that_are_no_causal_graphs_are_refused(graph: nx.Graph[str], phrase: str) -> None:
    with pytest.raises(GraphError, match=phrase):
        from_networkx(graph)


def test_a_node_for_a_hidden_cause_must_look_like_one() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph([("h", "x")])
    graph.nodes["h"]["bidirected"] = True
    with pytest.raises(GraphError, match="it needs two effects and no cause of its own"):
        from_networkx(graph)


def test_an_unknown_way_to_write_hidden_causes_is_refused() -> None:
    with pytest.raises(ValueError, match="hidden must be 'edges' or 'nodes'"):
        to_networkx(BOW, hidden="both")  # type: ignore[arg-type]
