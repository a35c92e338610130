"""Noisy strata: what stays of the confounding, by hand on the toy; what a surrogate makes of a plan."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.objective import derive
from causal_reasoning.objective.estimators import ESTIMATORS
from causal_reasoning.objective.sensitivity import misclassify, plan_sensitivity, sensitivity
from causal_reasoning.objective.surrogates import surrogate_note
from causal_reasoning.objective.weights import fit_weights
from tests.objective.toy import P_X, P_Y, P_Z

GRAPH = """\
version: 1
name: mine
nodes:
  z:        {bind: {surrogate: {kind: regex, of: OF, patterns: {yes_: a}}}}
  question: {bind: {text: question}}
  answer:   {bind: {text: answer}}
edges: [z -> question -> answer, z -> answer]
query: {do: question, read: question, write: answer}
"""


def graph_of(column: str) -> AssumptionGraph:
    return parse_graph(GRAPH.replace("OF", column))


def toy_joint() -> Factor:
    table = np.zeros((2, 2, 2))
    for z in range(2):
        for x in range(2):
            p = P_Z[z] * (P_X[z] if x else 1 - P_X[z])
            table[z, x] = p * (1 - P_Y[x][z]), p * P_Y[x][z]
    return Factor(("z", "question", "answer"), table)


@pytest.mark.parametrize(
    ("rate", "expected"),
    # Σ_z' P(z') Σ_z P(z | x=1, z') P(y=1 | x=1, z) by hand: .55 is the truth, .39/.55 the observed conditional.
    [(0.0, 0.55), (0.1, 0.5 * (0.3 + 0.5 * 0.09 / 0.27) + 0.5 * (0.3 + 0.5 * 0.81 / 0.83)), (0.5, 0.39 / 0.55)],
)
def test_ten_percent_of_noise_leave_half_of_the_confounding_of_the_toy(rate: float, expected: float) -> None:
    graph = graph_of("preamble")
    plan = derive(graph).plan
    noisy = misclassify(toy_joint(), ["z"], rate)
    policy = noisy.marginalise(["z", "answer"])
    found = ESTIMATORS[plan.estimator].minimiser(plan, graph, noisy, policy)
    assert float(found.at(question=1, answer=1).values) == pytest.approx(expected, abs=1e-9)


def test_the_curve_rises_from_exact_to_no_adjustment_at_all() -> None:
    curve = sensitivity(derive(load_graph("surrogate_length")), rates=(0, 0.1, 0.2, 0.3), models=30)
    assert curve is not None
    shares = [point.share for point in curve.points]
    assert shares[0] == pytest.approx(0, abs=1e-9)
    assert shares == sorted(shares)
    assert shares[1] > 0.2
    assert curve.plain > 0.01
    assert len(curve.text().splitlines()) == 2 + 4
    assert curve.to_dict()["points"][1]["rate"] == 0.1


def test_a_stratum_of_pure_noise_is_as_good_as_none() -> None:
    graph = load_graph("reasoning")
    # Half of the rows wrong makes a stratum of two values a coin; the sizes of the random nodes are two or three.
    joint = misclassify(toy_joint(), ["z"], 0.5)
    assert np.allclose(joint.aligned(("z", "question", "answer"))[0], joint.aligned(("z", "question", "answer"))[1])
    curve = plan_sensitivity(graph, derive(graph).plan, ("confounder",), rates=(0.5,), models=10)
    assert 0.9 < curve.points[0].share <= 1.02


def test_misclassification_keeps_everything_else() -> None:
    joint = toy_joint()
    noisy = misclassify(joint, ["z"], 0.2)
    assert np.allclose(noisy.marginalise(["z"]).values, joint.marginalise(["z"]).values)
    assert noisy.at(question=1, answer=1, z=0).values == pytest.approx(
        0.8 * joint.at(question=1, answer=1, z=0).values + 0.2 * joint.at(question=1, answer=1, z=1).values
    )


def test_only_plans_that_adjust_for_a_surrogate_have_a_curve() -> None:
    assert sensitivity(derive(load_graph("reasoning"))) is None
    assert sensitivity(derive(load_graph("erm"))) is None


def test_a_plan_with_a_surrogate_is_approximate_and_says_what_comes_after_the_treatment() -> None:
    plan = derive(load_graph("surrogate_length")).plan
    assert plan.approximate.startswith("length (length of question) is a surrogate: confounding stays")
    assert "question comes after skill" in plan.approximate
    elsewhere = derive(graph_of("preamble")).plan
    assert elsewhere.approximate == surrogate_note(graph_of("preamble"), ("z",))
    assert "comes after" not in elsewhere.approximate


def test_a_surrogate_of_the_treatment_itself_is_refused() -> None:
    with pytest.raises(NoValidPlanError, match=r"'z' is computed from 'question', which is the treatment .* silently"):
        derive(graph_of("question"))


def test_a_stratum_that_the_treatment_names_nearly_always_is_refused_unless_accepted() -> None:
    model = derive(load_graph("reasoning")).plan.weights
    assert model is not None
    columns = {"skill": ["a"] * 501 + ["b"] * 499, "style": ["p"] * 500 + ["q"] * 500}
    columns["skill"][999] = "a"
    columns["style"][0] = "q"
    columns["skill"][998], columns["style"][998] = "b", "p"
    with pytest.raises(NoValidPlanError, match="confounder is as good as a function of skill"):
        fit_weights(model, columns)
    accepted = replace(model, options=replace(model.options, accept_poor_overlap=True))
    assert fit_weights(accepted, columns).report.predictability > 0.99
