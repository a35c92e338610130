"""From a graph file to penalties: automatic ones, named ones, and what is said about each."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph import load_graph
from causal_reasoning.graph.spec import HiddenState, ObjectiveSpec
from causal_reasoning.objective.penalties import PenaltyPlan, label_columns, penalties_left_out, plan_penalties
from causal_reasoning.objective.penalties.hsic import HSIC
from tests.objective.penalties.graphs import graph

LABEL = "k -> q -> y; k -> s -> y"
COLLIDER = "u -> q; v -> q; u -> a -> y; v -> b -> y; q -> y"
FORK = "d -> u; d -> v; u -> q; v -> q; u -> a -> y; v -> b -> y; q -> y"


def planned(edges: str, penalties: str = "") -> tuple[PenaltyPlan, ...]:
    return plan_penalties(graph(edges, penalties))


def test_a_graph_without_representations_has_no_penalties() -> None:
    assert plan_penalties(load_graph("reasoning")) == ()
    assert planned("q -> y") == ()


def test_none_is_none() -> None:
    assert planned(LABEL, "none") == ()
    assert penalties_left_out(graph(LABEL, "none")) == ()


def test_an_automatic_penalty_carries_its_statement_and_where_to_measure_it() -> None:
    (plan,) = planned(LABEL)
    assert (plan.name, plan.kind, plan.implied) == ("variance(s)", "variance", True)
    assert (plan.representations, plan.against, plan.given) == (("s",), ("q",), ("k",))
    assert plan.states == (HiddenState(layer=1, pool="prompt"),)
    assert (plan.given_columns, plan.against_columns, plan.view) == (("k",), (), "")
    assert plan.formula == "E tr Cov(s | k) / E‖s‖²"
    assert plan.because.startswith("s ⊥ q | k: {k} blocks every path between s and q; what is computed from q and")
    assert plan.statement.text() == "s ⊥ q | k"
    assert plan.term().kind == "penalty"
    assert plan.term().weight == plan.strength
    assert json.loads(json.dumps(plan.to_dict()))["statement"] == "s ⊥ q | k"


def test_modules_get_the_version_that_the_graph_asks_for() -> None:
    (marginal,) = planned(COLLIDER)
    assert (marginal.name, marginal.given, marginal.formula) == ("hsic(a, b)", (), "HSIC(a, b)")
    (conditional,) = planned(FORK)
    assert (conditional.given_columns, conditional.formula) == (("d",), "HSIC(a, b | d)")


def test_shipped_graphs_compile_to_the_penalties_that_they_promise() -> None:
    formulas = {
        name: [plan.formula for plan in plan_penalties(load_graph(name))]
        for name in ("skill_state", "content_state", "two_modules", "two_modules_by_domain")
    }
    assert formulas == {
        "skill_state": ["E tr Cov(state | skill) / E‖state‖²"],
        "content_state": ["E‖state(x) − state(x′)‖² / 2E‖state‖²"],
        "two_modules": ["HSIC(invariant, style)", "HSIC(specific, style)", "HSIC(invariant, specific)"],
        "two_modules_by_domain": ["HSIC(invariant, specific | domain)"],
    }
    (paired,) = plan_penalties(load_graph("content_state"))
    assert (paired.against, paired.given, paired.view) == (("question",), ("content",), "counterfactual")
    assert (paired.given_columns, paired.against_columns) == ((), ())
    assert paired.drawn == ("style",)


def test_a_name_with_a_strength_takes_the_statement_of_the_graph() -> None:
    (plan,) = planned(LABEL, "{variance: 0.7}")
    assert (plan.name, plan.strength, plan.given, plan.implied) == ("variance", 0.7, ("k",), True)
    (plan,) = planned(COLLIDER, "{lautum: 0.01}")
    assert (plan.name, plan.implied, plan.formula) == ("lautum", True, "KL(P(a) P(b) ‖ P(a, b)) over coordinates")
    (plan,) = planned(FORK, "{cross_covariance: 1}")
    assert plan.formula == "mean Corr²(a, b | d)"


def test_a_name_for_several_statements_is_several_penalties() -> None:
    plans = planned("q -> y; a -> y; b -> y", "{variance: 0.2}")
    assert [plan.name for plan in plans] == ["variance(a)", "variance(b)"]


@pytest.mark.parametrize(
    ("edges", "penalties", "statement"),
    [
        ("q -> s -> y", "{variance: 0.1}", "s ⊥ q"),
        ("k -> q; q -> s -> y", "{mine: {kind: hsic, of: s, against: k}}", "s ⊥ k"),
        (LABEL, "{variance: {of: s, given: []}}", "s ⊥ q"),
        # The collider is conditioned on, the fork is not.
        (COLLIDER, "{hsic: {of: [a, b], given: y}}", "a ⊥ b | y"),
        (FORK, "{hsic: {of: [a, b], given: []}}", "a ⊥ b"),
        # The published estimator has no conditional version, so it cannot serve the graph's statement.
        (FORK, "{lautum: 0.01}", "a ⊥ b"),
        ("q -> s -> y", "{paired: 1}", "s ⊥ q"),
    ],
)
def test_what_the_graph_does_not_imply_is_done_and_said(edges: str, penalties: str, statement: str) -> None:
    (plan,) = planned(edges, penalties)
    assert plan.statement.text() == statement
    assert not plan.implied
    assert "not implied by the graph" in plan.because


def test_what_follows_from_the_graph_is_implied_even_if_it_is_not_in_the_list() -> None:
    """s is constant given k, hence independent of t, which only k connects it with."""
    edges = "t -> k -> q -> y; k -> s -> y"
    assert [plan.name for plan in planned(edges)] == ["variance(s)"]
    (plan,) = planned(edges, "{hsic: {of: s, against: t, given: k}}")
    assert plan.implied
    (plan,) = planned(edges, "{hsic: {of: s, against: t}}")
    assert not plan.implied


def test_options_reach_the_measure() -> None:
    (plan,) = planned(COLLIDER, "{hsic: {bandwidth: 2, floor: 0, strength: 3}}")
    assert plan.penalty == HSIC(2)
    assert (plan.floor, plan.strength) == (0, 3)


def test_labels_that_a_step_must_know() -> None:
    (plan,) = planned("k -> q; d -> q; u -> q; u -> s -> y; q -> y", "{hsic: {of: s, against: k, given: d}}")
    assert label_columns([plan]) == (("d",), ("k",))
    assert label_columns(planned(COLLIDER)) == ()


def test_what_is_left_out_is_told() -> None:
    (refusal,) = penalties_left_out(graph("content -> q; u -> q; u -> s -> y; q -> y"))
    assert refusal.estimator == "s ⊥ content"
    assert refusal.because.startswith("implied by the graph, but no penalty measures dependence on free text")


def test_which_representation_must_be_said_where_the_graph_does_not() -> None:
    with pytest.raises(InputError, match=r"objective.penalties.variance: the graph implies no .*\(a, b\): say which"):
        planned("q -> a -> y; q -> b -> y", "{variance: 0.1}")
    with pytest.raises(InputError, match=r"there are 1 representations \(s\)"):
        planned("q -> s -> y", "{hsic: 0.1}")


def test_an_objective_that_no_file_reader_saw_is_checked_too() -> None:
    asked = ObjectiveSpec.model_validate({"penalties": {"variance": {"of": "stat"}, "nonsense": 1.0}})
    with pytest.raises(InputError) as caught:
        plan_penalties(replace(graph(LABEL), objective=asked))
    assert str(caught.value).splitlines() == [
        "g.yaml: objective.penalties.variance.of: there is no node 'stat'; known: 's'",
        "g.yaml: objective.penalties.nonsense: 'nonsense' is no kind of penalty and has no key 'kind'; known: "
        "'agreement', 'cross_covariance', 'hsic', 'lautum', 'paired', 'released_paired', "
        "'released_variance', 'sensitivity', 'variance'",
    ]
