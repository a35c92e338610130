"""Input on which other programs say nothing or something wrong: each gets a precise error or the right answer.

Measured of dowhy 0.14, y0 0.2.11, pgmpy 1.1.2, ananke 0.5.0, networkx 3.6.1 and dagitty (2024).
"""

from __future__ import annotations

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph import parse_graph
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.identification import QueryError, identify, identify_effect
from causal_reasoning.identification.general import id_algorithm
from tests.identification.exactness import EXACT, difference
from tests.identification.identification_oracle import BinaryModel
from tests.identification.published import parse

FILE = """\
version: 1
name: mine
nodes:
  z: {bind: {text: z}}
  x: {bind: {column: x}}
  y: {bind: {text: y}}
edges:
  - z -> x -> y
query: {do: x, read: z, write: y}
"""
ASK = [identify_effect, id_algorithm]


def faults(old: str, new: str) -> list[str]:
    assert FILE.count(old) == 1
    with pytest.raises(InputError) as caught:
        parse_graph(FILE.replace(old, new), "g.yaml")
    return str(caught.value).splitlines()


def test_a_cycle_is_named_node_by_node() -> None:
    """dowhy: "No such variable(s) found"; dagitty: an empty list; ananke: a TypeError."""
    with pytest.raises(GraphError, match=r"the arrows run in a circle: x -> y -> z -> x$"):
        CausalGraph("xyz", [("x", "y"), ("y", "z"), ("z", "x")])
    (said,) = faults("z -> x -> y", "z -> x -> y -> z")
    assert said.startswith("g.yaml:8:5: the arrows run in a circle: x -> y -> z -> x")


def test_a_node_is_not_its_own_cause() -> None:
    with pytest.raises(GraphError, match="x -> x: a node cannot be its own cause"):
        CausalGraph("x", [("x", "x")])
    with pytest.raises(GraphError, match="x <-> x: a node cannot share a hidden cause with itself"):
        CausalGraph("x", [], [("x", "x")])


@pytest.mark.parametrize("ask", ASK)
def test_an_unknown_treatment_is_refused(ask: object) -> None:
    """y0 returns an estimand."""
    assert callable(ask)
    with pytest.raises(QueryError, match=r"^the treatment 'Q' is no node of the graph; known: 'x', 'y'$"):
        ask(parse("x -> y"), "Q", "y")


@pytest.mark.parametrize("ask", ASK)
def test_the_treatment_cannot_be_the_outcome(ask: object) -> None:
    """dowhy: "Causal effect is zero"; ananke: True; dagitty: nothing; y0 and pgmpy: an error about something else."""
    assert callable(ask)
    with pytest.raises(QueryError, match=r"^'x' cannot be both the treatment and the outcome$"):
        ask(parse("x -> y"), "x", "x")


@pytest.mark.parametrize("ask", ASK)
def test_a_latent_treatment_is_refused(ask: object) -> None:
    """dowhy goes on."""
    assert callable(ask)
    with pytest.raises(QueryError, match=r"^the treatment 'x' is latent: nothing about it can be computed from data$"):
        ask(parse("x -> y", "x"), "x", "y")


def test_a_name_that_is_no_node_is_refused_wherever_it_stands() -> None:
    """dowhy: silent where a name in the list of observed variables is not in the graph."""
    with pytest.raises(GraphError, match=r"^there is no node 'u' \(nodes: x, y\)$"):
        CausalGraph("xy", [("x", "y")], latent=["u"])
    with pytest.raises(GraphError, match="there is no node 'w'"):
        CausalGraph("xy", [("x", "w")])
    (said,) = faults("z -> x -> y", "z -> x -> yy")
    assert said.startswith("g.yaml:8:") and "did you mean 'y'?" in said


NAMES = ["Q", "P", "S", "N", "I", "E", "C", "O", "do", "Sum", "pi", "None", "1", "a b", "λ", "_"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_good_name(name: str) -> None:
    """y0 refuses Q; names that mean something to a computer algebra are no better off elsewhere."""
    graph = CausalGraph([name, "y", "m"], [(name, "m"), ("m", "y")], [(name, "y")])
    answer = identify_effect(graph, name, "y")
    assert answer.verdict == "identified"
    assert name in answer.to_dict()["estimand"]["text"]
    model = BinaryModel(graph, 1)
    found = id_algorithm(graph, name, "y")
    estimand = getattr(found, "estimand", None)
    assert estimand is not None
    assert difference(estimand.evaluate(model.observed()), model.effect((name,), ("y",))) < EXACT


def test_what_cannot_be_identified_is_said_with_the_reason() -> None:
    """dowhy: three lines "No such variable(s) found"; ananke: False; dagitty: an empty list; y0: a raw tuple."""
    answer = identify_effect(parse("x -> y, x <-> y"), "x", "y").to_dict()
    assert answer["verdict"] == "not_identified"
    assert answer["estimand"] is None
    assert answer["hedge"] == {"outer": ["x", "y"], "inner": ["y"], "text": "{x, y} over {y}"}


def test_a_bow_in_a_file_is_a_bow() -> None:
    """dowhy reads `X -> Y; X <-> Y` as a graph with a node called `<->`, and adjusts for nothing."""
    bow = parse_graph(FILE.replace("z -> x -> y", "z -> x -> y <-> x"))
    assert bow.causal.bidirected == (("x", "y"),)
    assert bow.causal.nodes == ("x", "y", "z")
    assert identify(bow).verdict == "not_identified"


def test_an_undirected_edge_is_refused() -> None:
    (said,) = faults("z -> x -> y", "z -> x -- y")
    assert said.startswith("g.yaml:8:") and "--" in said


@pytest.mark.parametrize(
    "text",
    ["", "garbage", "graph [directed 1 node", "dag { x -> y }", "{", "- a\n- b", "version: 1", "\x00", "a: b: c"],
)
def test_garbage_is_refused_with_a_place(text: str) -> None:
    """pgmpy: an UnboundLocalError; dowhy: a ValueError and two lines of log."""
    with pytest.raises(InputError) as caught:
        parse_graph(text, "g.yaml")
    assert all(line.startswith("g.yaml:") for line in str(caught.value).splitlines())


@pytest.mark.parametrize("hidden", [True, False])
def test_a_latent_confounder_is_never_in_an_estimand(hidden: bool) -> None:
    """dowhy's ID algorithm conditions on latent nodes, and so identifies everything."""
    graph = parse("u -> x -> y, u -> y", "u" if hidden else "")
    assert identify_effect(graph, "x", "y").verdict == ("not_identified" if hidden else "identified")
    assert getattr(id_algorithm(graph, "x", "y"), "estimand", None) is None or not hidden


def test_the_number_of_treatments_does_not_matter_to_the_refusals() -> None:
    with pytest.raises(QueryError, match="there is no treatment"):
        identify_effect(parse("x -> y"), [], "y")
    with pytest.raises(QueryError, match="there is no outcome"):
        id_algorithm(parse("x -> y"), "x", [])
