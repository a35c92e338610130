"""The doubly robust objective: exact if either model is right, by numbers, and the loss of a batch by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
import torch

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph, load_graph
from causal_reasoning.identification import identify
from causal_reasoning.objective import Refusal
from causal_reasoning.objective.compile import derive
from causal_reasoning.objective.estimators import ESTIMATORS
from causal_reasoning.objective.estimators.adjusting import token_tables
from causal_reasoning.objective.estimators.doubly_robust import FLOOR, DoublyRobust, tabular_minimiser
from causal_reasoning.objective.explain import to_text
from causal_reasoning.objective.mixture import LOG_PRIOR
from causal_reasoning.objective.proof import prove_plan
from tests.benchmarks.bench_doubly_robust import errors
from tests.objective.baselines.steps import FixedStep
from tests.objective.test_standardization import TOY, graph, plan_of, random_graph, toy_joint
from tests.objective.toy import P_X, P_Y, P_Z, WEIGHTS

NAME = "doubly_robust"
THROUGH = graph("z -> t; z -> y; t -> x; x -> y", "do: t, read: x, write: y")


def toy(weights: list[list[float]], outcome: list[list[float]]) -> list[float]:
    """P(y=1 | x) for x = 0, 1 of the minimiser, with weights by x and z, and q(y=1 | x, z)."""
    plan = plan_of(NAME)
    q = np.array(outcome)
    table = Factor(("x", "y", "z"), np.stack([1 - q, q], axis=1))
    found = tabular_minimiser(plan, TOY, toy_joint(), Factor(("x", "z"), np.array(weights)), [("y", table)])
    return [round(float(found.at(x=x, y=1).values), 4) for x in range(2)]


RIGHT = [list(row) for row in WEIGHTS]
ONES = [[1.0, 1.0], [1.0, 1.0]]
TRUE = [list(row) for row in P_Y]
BLIND = [[0.1556, 0.1556], [0.7091, 0.7091]]  # an outcome model that does not look at z


@pytest.mark.parametrize(
    ("weights", "outcome", "golden"),
    [
        (RIGHT, TRUE, [0.35, 0.55]),
        (ONES, TRUE, [0.35, 0.55]),
        ([[9.0, 0.1], [0.3, 2.0]], TRUE, [0.35, 0.55]),
        (RIGHT, BLIND, [0.35, 0.55]),
        (RIGHT, [[0.9, 0.2], [0.5, 0.5]], [0.35, 0.55]),
        # Without weights and without z it is plain likelihood.
        (ONES, BLIND, [0.1556, 0.7091]),
    ],
)
def test_the_toy_has_its_golden_numbers_if_either_model_is_right(
    weights: list[list[float]], outcome: list[list[float]], golden: list[float]
) -> None:
    assert toy(weights, outcome) == pytest.approx(golden, abs=1e-4)


def test_both_wrong_is_the_weighted_residual_by_hand() -> None:
    weights, outcome = [[1.0, 2.0], [2.0, 1.0]], [[0.2, 0.5], [0.4, 0.7]]
    for x in range(2):
        mass = [P_Z[z] * (P_X[z] if x else 1 - P_X[z]) * weights[x][z] for z in range(2)]
        average = sum(p * q for p, q in zip(P_Z, outcome[x], strict=True))
        residual = sum(m * (P_Y[x][z] - outcome[x][z]) for z, m in enumerate(mass)) / sum(mass)
        assert toy(weights, outcome)[x] == pytest.approx(average + residual, abs=1e-4)


def test_either_model_may_be_broken_on_random_graphs() -> None:
    rng = np.random.default_rng(3)
    proven = both = 0
    while proven < 15:
        drawn = random_graph(rng)
        plan = ESTIMATORS[NAME].plan(drawn, identify(drawn))
        if isinstance(plan, Refusal):
            continue
        proof = prove_plan(drawn, plan, models=2, seed=proven)
        broken = dict(proof.broken)
        assert proof.error < 1e-6
        assert broken["weights wrong"] < 1e-6
        # With two written nodes the second is a later token: there the filter of a wrong model is wrong.
        assert broken["outcome model wrong"] < 1e-6 or len(drawn.query.write) > 1
        both += broken["both wrong"] > 1e-3
        proven += 1
    assert both == 15


def test_later_tokens_are_right_if_what_is_written_does_not_tell_of_the_stratum() -> None:
    """Weights right, outcome model wrong: the error at later tokens is that of the filter, and of nothing else."""
    two = graph("z -> x; z -> e; x -> d; d -> e; x -> e", "do: x, read: x, write: [d, e]")
    plan = plan_of(NAME, two)
    rng = np.random.default_rng(0)
    shape = {"z": 2, "x": 2, "d": 2, "e": 2}
    z, x = rng.dirichlet([2, 2]), rng.dirichlet([2, 2], 2)
    d, e = rng.dirichlet([2, 2], 2), rng.dirichlet([2, 2], (2, 2, 2))
    values = np.zeros((2, 2, 2, 2))
    for a, b, c, f in product(*(range(n) for n in (shape["d"], shape["e"], shape["x"], shape["z"]))):
        values[a, b, c, f] = z[f] * x[f][c] * d[c][a] * e[a][c][f][b]
    joint = Factor(("d", "e", "x", "z"), values)
    right = ESTIMATORS[NAME].minimiser(plan, two, joint, joint.marginalise(["d", "e", "z"]))
    weights = np.array([[1 / x[f][c] for f in range(2)] for c in range(2)]) * (z @ x)[:, None]
    wrong = Factor(("d", "e", "x", "z"), np.broadcast_to(np.array([[0.3], [0.7]])[None, :, :, None], (2, 2, 2, 2)))
    blind = [(node, wrong if node == "e" else table) for node, table in token_tables(plan, two, joint)]
    found = tabular_minimiser(plan, two, joint, Factor(("x", "z"), weights), blind)
    assert found.aligned(right.axes) == pytest.approx(right.values, abs=1e-9)


class Prepared(FixedStep):
    """Two rows of two strata; the student and the other stratum are views."""

    def __init__(self, student: torch.Tensor, weight: list[float]) -> None:
        own = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]]).log()
        other = torch.tensor([[0.3, 0.3, 0.4], [0.5, 0.25, 0.25]]).log()
        super().__init__(
            logits={"main": own.requires_grad_(), "other 0": other, "student": student},
            targets=[0, 2],
            group=[0, 1],
            groups=2,
            weight=weight,
            memory={LOG_PRIOR: torch.tensor([0.25, 0.75]).log()},
        )


def test_the_gradient_of_a_batch_is_that_of_the_corrected_target() -> None:
    student = torch.zeros(2, 3, requires_grad=True)
    step = Prepared(student, [2.0, 0.5])
    parts = DoublyRobust()(step)
    parts["loss"].backward()
    # Row 0 is of stratum 0, row 1 of stratum 1; one token each, so that the filter is the prior (1/4, 3/4).
    targets = [
        [0.25 * 0.7 + 0.75 * 0.3 - 0.7 + 1, 0.25 * 0.2 + 0.75 * 0.3 - 0.2, 0.25 * 0.1 + 0.75 * 0.4 - 0.1],
        [0.25 * 0.5 + 0.75 * 0.1 - 0.1, 0.25 * 0.25 + 0.75 * 0.8 - 0.8, 0.25 * 0.25 + 0.75 * 0.1 - 0.1 + 1],
    ]
    assert [sum(row) for row in targets] == pytest.approx([1, 1])
    assert student.grad is not None
    # Cross-entropy with a target t at equal scores: 1/3 − t, times the weight, as a mean of two rows.
    by_hand = [[w * (1 / 3 - t) / 2 for t in row] for w, row in zip((2.0, 0.5), targets, strict=True)]
    assert np.array(student.grad) == pytest.approx(np.array(by_hand), abs=1e-6)
    nll = (2 * -math.log(0.7) + 0.5 * -math.log(0.1)) / 2
    assert float(parts["nll"]) == pytest.approx(nll, abs=1e-6)
    assert float(parts["loss"].detach()) == pytest.approx(
        nll + float(parts["distillation"]) + float(parts["residual"]), abs=1e-6
    )
    main = step.logits_of["main"]
    assert main is not None
    assert main.grad is not None
    # The outcome model learns from its own likelihood alone.
    assert np.array(main.grad[0]) == pytest.approx(np.array([0.7 - 1, 0.2, 0.1]) * 2 / 2, abs=1e-6)


def test_a_negative_target_is_pushed_to_the_floor_and_no_further() -> None:
    # In row 1 the target of token 1 is negative: 0.0625 + 0.6 − 0.8.
    far = torch.tensor([[0.0, 0.0, 0.0], [0.0, -200.0, 0.0]], requires_grad=True)
    parts = DoublyRobust()(Prepared(far, [1.0, 1.0]))
    parts["loss"].backward()
    assert torch.isfinite(parts["loss"])
    assert far.grad is not None
    assert float(far.grad[1, 1]) == pytest.approx(0, abs=1e-6)
    least = DoublyRobust()(Prepared(torch.tensor([[0.0, 0.0, 0.0], [0.0, -1e4, 0.0]]), [1.0, 1.0]))
    assert float(least["loss"].detach()) == pytest.approx(float(parts["loss"].detach()), abs=1e-4)
    assert math.log(FLOOR) < -10


def test_it_is_valid_where_both_of_its_parts_are_and_says_what_it_costs() -> None:
    plan = plan_of(NAME, THROUGH)
    assert plan.weights is not None
    assert (plan.weights.treatment, plan.weights.stratum, plan.approximate) == (("t",), ("z",), "")
    assert plan.formula.endswith(",  w = P(t) / P(t | z)")
    assert plan.forward_passes.text() == (
        "K + 1 forward passes per example in training, 1 in use, where K is the number of strata"
    )
    told = to_text(derive(load_graph("question_confounded")))
    assert "doubly_robust\n      K + 1 forward passes" in told
    refused = ESTIMATORS[NAME].plan(load_graph("reasoning"), identify(load_graph("reasoning")))
    assert isinstance(refused, Refusal)
    assert "the treatment 'skill' is not read" in refused.because


def test_a_policy_over_a_text_makes_no_difference_and_needs_no_density() -> None:
    uniform = graph("z -> x; z -> y; x -> y", "do: x, read: x, write: y, policy: uniform")
    plan = plan_of(NAME, uniform)
    assert plan.weights is not None
    assert plan.weights.formula == "P(x) / P(x | z) = P(z) / P(z | x)"
    assert prove_plan(uniform, plan).proven


def test_the_proof_shows_what_each_mistake_costs() -> None:
    told: AssumptionGraph = THROUGH
    text = prove_plan(told, plan_of(NAME, told)).text()
    assert "broken on purpose: weights wrong, off by " in text
    assert set(prove_plan(told, plan_of(NAME, told)).to_dict()["broken"]) == {
        "weights wrong",
        "outcome model wrong",
        "both wrong",
    }


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_residuals_take_back_most_of_what_a_wrong_outcome_model_costs_at_later_tokens_too(share: float) -> None:
    found = np.mean([errors(seed, share, 1.5) for seed in range(20)], axis=0)
    _, standardized, weighted, weights_wrong, outcome_wrong, both_wrong = found
    assert weights_wrong < 1e-9
    assert outcome_wrong < standardized / 5
    assert both_wrong < standardized / 3
    assert both_wrong < weighted or share > 0.1
