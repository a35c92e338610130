"""From a graph to its objective: the right loss, the right refusal, and numbers that bear it out."""

from __future__ import annotations

import numpy as np
import pytest

from causal_reasoning.errors import NotIdentifiedError, NoValidPlanError
from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.objective import ObjectivePlan, compile_objective, derive
from causal_reasoning.objective.weights import fit_weights
from tests.objective.toy import toy_rows

NODES = {
    "z": "z: {role: confounder, bind: {column: z}}",
    "t": "t: {role: skill, bind: {column: t}}",
    "x": "x: {role: question, bind: {text: x}}",
    "y": "y: {role: answer, bind: {text: y}}",
}


def graph(edges: str, query: str = "do: t, read: x, write: y", objective: str = "", **nodes: str) -> AssumptionGraph:
    lines = {**NODES, **nodes}
    text = "version: 1\nname: g\nnodes:\n" + "".join(f"  {line}\n" for line in lines.values())
    text += "edges: [" + ", ".join(edges.split("; ")) + "]\n" + f"query: {{{query}}}\n" + objective
    return parse_graph(text, "g.yaml")


def test_a_confounder_is_weighted_away() -> None:
    plan = compile_objective(load_graph("reasoning"))
    assert plan.estimator == "weighting"
    assert plan.weights is not None
    assert (plan.weights.treatment, plan.weights.stratum) == (("skill",), ("confounder",))
    assert (plan.weights.treatment_columns, plan.weights.stratum_columns) == (("skill",), ("style",))
    assert plan.realisation == "resampling"
    assert plan.formula == "L(θ) = E[ w · (−log p_θ(answer | question)) ],  w = P(skill) / P(skill | confounder)"
    assert plan.refused[0].estimator == "likelihood"
    assert "skill <- confounder -> question is open" in plan.refused[0].because
    assert (plan.forward_passes.train, plan.forward_passes.inference) == (1, 1)


@pytest.mark.parametrize("name", ["erm", "reasoning_reversed"])
def test_without_a_confounder_plain_likelihood_is_the_plan(name: str) -> None:
    plan = compile_objective(load_graph(name))
    assert (plan.estimator, plan.weights, plan.realisation) == ("likelihood", None, None)
    assert plan.formula == "L(θ) = E[ −log p_θ(answer | question) ]"


def test_an_effect_of_zero_needs_no_weights_whatever_is_hidden() -> None:
    plan = compile_objective(graph("x -> y; z -> t; z -> x", z="z: {}"))
    assert plan.estimator == "likelihood"
    assert "no directed path leads from t" in plan.terms[0].because


def test_a_policy_that_is_not_the_marginal_is_weighted_even_without_a_confounder() -> None:
    plan = compile_objective(graph("t -> x -> y; t -> y", "do: t, read: x, write: y, policy: uniform"))
    assert plan.estimator == "weighting"
    assert plan.weights is not None
    assert plan.weights.stratum == ()
    assert plan.weights.formula == "π(t) / P(t)"


def test_a_categorical_set_is_preferred_to_a_smaller_or_recommended_one_of_text() -> None:
    # t <- w -> z -> x: {w} and {z} both do; z is text and cannot be a stratum.
    plan = compile_objective(
        graph("w -> t; w -> z -> x -> y; t -> x", z="z: {bind: {text: z}}", w="w: {bind: {column: w}}")
    )
    assert plan.weights is not None
    assert plan.weights.stratum == ("w",)


def test_what_is_not_identified_is_refused_with_a_repair() -> None:
    with pytest.raises(NotIdentifiedError, match=r"^g.yaml: .*what would help: .*observe z") as caught:
        derive(graph("z -> t -> x -> y; z -> x", z="z: {role: confounder}"))
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("changes", "objective", "phrase"),
    [
        ({"t": "t: {bind: {text: t}}"}, "", "the treatment 't' is bound to text"),
        ({"z": "z: {bind: {text: z}}"}, "", "every adjustment set contains a node bound to text ('z')"),
        ({}, "objective: {estimator: likelihood}", "the estimator 'likelihood' is not valid here"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_the_reason(
    changes: dict[str, str], objective: str, phrase: str
) -> None:
    with pytest.raises(NoValidPlanError) as caught:
        derive(graph("z -> t -> x -> y; z -> x", objective=objective, **changes))
    assert phrase in str(caught.value)
    assert caught.value.exit_code == 4


def test_no_objective_is_compiled_for_selected_rows() -> None:
    # The selected rows have other independences than the graph says, so weights and proofs would only look right.
    selected = graph("t -> y; x -> y; t -> kept", kept="kept: {role: selection}")
    with pytest.raises(NoValidPlanError, match=r"the rows were selected on kept.*identified as P\(x, y \| t, kept=1\)"):
        derive(selected)


def test_an_estimator_that_was_asked_for_is_told_what_else_is_valid() -> None:
    with pytest.raises(NoValidPlanError, match=r"valid here: weighting$"):
        derive(graph("z -> t -> x -> y; z -> x", objective="objective: {estimator: likelihood}"))
    plan = compile_objective(graph("t -> x -> y", objective="objective: {estimator: weighting}"))
    assert plan.estimator == "weighting"


def test_the_realisation_is_the_one_of_the_file() -> None:
    plan = compile_objective(graph("z -> t -> x -> y; z -> x", objective="objective: {realisation: loss_weights}"))
    assert plan.realisation == "loss_weights"
    assert "multiplied" in plan.terms[1].because


def minimiser(plan: ObjectivePlan, columns: dict[str, list[str]]) -> list[float]:
    """The table p(y=1 | x) that minimises the weighted negative log-likelihood: weighted frequencies."""
    weights = np.ones(len(columns["x"]))
    if plan.weights is not None:
        weights = fit_weights(plan.weights, columns).apply(columns)
    y = np.array(columns["y"], dtype=float)
    return [
        float(np.average(y[chosen], weights=weights[chosen])) for chosen in (np.array(columns["x"]) == v for v in "01")
    ]


def test_the_compiled_loss_of_the_toy_has_the_interventional_minimiser() -> None:
    """z -> t -> y, z -> y, and the question shows the treatment: the answer under do(t) is .35 and .55."""
    columns = {**toy_rows(), "t": toy_rows()["x"]}
    confounded = graph("z -> t; z -> y; t -> x; x -> y")
    assert minimiser(compile_objective(confounded), columns) == pytest.approx([0.35, 0.55])
    ignored = graph("t -> x -> y")
    assert minimiser(compile_objective(ignored), columns) == pytest.approx([0.1556, 0.7091], abs=5e-5)


def test_a_derivation_is_plain_data() -> None:
    import json

    data = derive(load_graph("reasoning")).to_dict()
    assert json.loads(json.dumps(data)) == data
    assert set(data["plan"]) >= {
        *("estimator", "formula", "terms", "weights", "slots", "forward_passes", "refused"),
    }
    assert {"name", "kind", "formula", "because", "weight"} <= set(data["plan"]["terms"][0])
    blocked = {step["path"]: step["status"] for step in data["proof"]}
    assert blocked["skill <- confounder -> question"] == "blocked"
    assert blocked["skill -> answer"] == "causal"


@pytest.mark.parametrize(
    ("edges", "query", "valid"),
    [
        # All treatments are read: how often each occurs makes no difference to P(y | x).
        ("x -> y; t -> y", "do: x, read: x, write: y, policy: uniform", True),
        ("z -> x; x -> y; z -> t", "do: x, read: x, write: y, policy: uniform", True),
        # The question stands for the treatment, as nothing else leads from it to the answer.
        ("t -> x -> y; z -> y", "do: t, read: x, write: y, policy: {a: 0.3, b: 0.7}", True),
        # It does not: the answer listens to the treatment too.
        ("t -> x -> y; t -> y; z -> y", "do: t, read: x, write: y, policy: uniform", False),
    ],
)
def test_a_policy_matters_only_where_what_is_read_does_not_stand_for_the_treatment(
    edges: str, query: str, valid: bool
) -> None:
    from causal_reasoning.objective.proof import prove

    drawn = graph(edges, query)
    derivation = derive(drawn)
    assert (derivation.plan.estimator == "likelihood") == valid
    if valid:
        assert prove(derivation).proven
        assert "is as observed for every policy π" in derivation.plan.terms[0].because
    else:
        assert "t is not read, so its values must be weighted" in derivation.plan.refused[0].because
