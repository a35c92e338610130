"""The binary toy, digit for digit: the right number for the right method, and the wrong one for each trap.

z -> t, z -> y, t -> y with P(z=1) = 1/2, P(t=1 | z) = .2, .9, P(y=1 | t, z): t0 (.1, .6), t1 (.3, .8). The model
reads t through the question x.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal_reasoning.objective import derive
from causal_reasoning.objective.estimators.base import weighted_minimiser
from causal_reasoning.objective.plan import ObjectivePlan, WeightModel, WeightOptions
from causal_reasoning.objective.weights import fit_weights
from tests.objective.test_compile import graph
from tests.objective.toy import toy_rows

ROWS = {**toy_rows(), "t": toy_rows()["x"]}
CONFOUNDED = "z -> t; z -> y; t -> x; x -> y"


def minimiser(weights: WeightModel | None) -> list[float]:
    """p(y=1 | x=0) and p(y=1 | x=1) that minimise the weighted likelihood of the rows."""
    w = np.ones(len(ROWS["x"])) if weights is None else fit_weights(weights, ROWS).apply(ROWS)
    y, x = np.array(ROWS["y"], dtype=float), np.array(ROWS["x"])
    return [round(float(np.average(y[x == v], weights=w[x == v])), 4) for v in "01"]


def plan() -> tuple[ObjectivePlan, WeightModel]:
    found = derive(graph(CONFOUNDED)).plan
    assert found.weights is not None
    return found, found.weights


def test_the_compiled_objective_finds_the_effect() -> None:
    assert minimiser(plan()[1]) == [0.35, 0.55]


def test_plain_likelihood_finds_the_confounded_conditional() -> None:
    assert minimiser(None) == [0.1556, 0.7091]


def test_weights_and_effective_sample_size() -> None:
    fitted = fit_weights(plan()[1], ROWS)
    weights = {cell.treatment + cell.stratum: round(cell.weight, 4) for cell in fitted.report.cells}
    assert weights == {("0", "0"): 0.5625, ("0", "1"): 4.5, ("1", "0"): 2.75, ("1", "1"): 0.6111}
    assert round(fitted.report.effective_share, 4) == 0.4846


def test_clipping_buys_rows_with_bias_and_says_so() -> None:
    clipped = replace(plan()[1], options=WeightOptions(clip=2.0))
    assert minimiser(clipped) == [0.2538, 0.5895]
    report = fit_weights(clipped, ROWS).report
    assert round(report.effective_share, 3) == 0.715
    assert report.bias == ("weights are clipped at 2: 150 of 1,000 rows, 20.0% of the target distribution is left out",)
    compiled = derive(graph(CONFOUNDED, objective="objective: {clip: 2.0}")).plan
    assert compiled.approximate == "weights are clipped at 2"


def test_weighting_by_the_confounder_alone_does_not_cut_the_arrow() -> None:
    # P*(z)/P(z) with P*(z=1) = .8: the true effect under P* is .50 and .70.
    trap = WeightModel(("z",), (), ("z",), (), ((("0",), 0.2), (("1",), 0.8)))
    assert minimiser(trap) == [0.2667, 0.7737]


def test_a_confounder_that_is_a_function_of_the_treatment_is_refused() -> None:
    from causal_reasoning.errors import NoValidPlanError

    rows = {"t": list("aabbcc"), "z": list("uuvvvv")}
    for accept in (False, True):
        model = WeightModel(
            ("t",), ("z",), ("t",), ("z",), "marginal", options=WeightOptions(accept_poor_overlap=accept)
        )
        with pytest.raises(NoValidPlanError, match="the confounder is a function of the treatment"):
            fit_weights(model, rows)


def test_logistic_propensities_come_close_and_are_called_approximate() -> None:
    logistic = replace(plan()[1], options=WeightOptions(nuisance="logistic"))
    assert minimiser(logistic) == pytest.approx([0.35, 0.55], abs=0.01)
    compiled = derive(graph(CONFOUNDED, objective="objective: {nuisance: logistic}")).plan
    assert compiled.approximate == "propensities come from a regression"


def test_an_empty_cell_is_accepted_only_in_so_many_words_and_reported() -> None:
    from causal_reasoning.errors import NoValidPlanError

    rows = {"t": list("aab" * 100 + "a" * 100), "z": list("uuu" * 100 + "v" * 100)}
    model = WeightModel(("t",), ("z",), ("t",), ("z",), "marginal")
    with pytest.raises(NoValidPlanError, match=r"no training row has t = 'b', z = 'v'.*'accept_poor_overlap: true'"):
        fit_weights(model, rows)
    accepted = fit_weights(replace(model, options=WeightOptions(accept_poor_overlap=True)), rows).report
    assert accepted.empty == ((("b",), ("v",)),)
    assert accepted.to_dict()["accept_poor_overlap"] is True
    assert "what the model does there is extrapolation" in accepted.warnings[-1]


def test_the_minimiser_of_the_proof_is_that_of_the_rows() -> None:
    from causal_reasoning.estimand import Factor

    found, _ = plan()
    values = np.zeros((2, 2, 2, 2))  # t, x, y, z
    for t, x, y, z in zip(ROWS["t"], ROWS["x"], ROWS["y"], ROWS["z"], strict=True):
        values[int(t), int(x), int(y), int(z)] += 1 / len(ROWS["t"])
    joint = Factor(("t", "x", "y", "z"), values)
    table = weighted_minimiser(found, graph(CONFOUNDED), joint, joint.marginalise(["x", "y", "z"]))
    assert table.at(y=1).values.round(4).tolist() == [0.35, 0.55]
