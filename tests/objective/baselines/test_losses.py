"""Each baseline's loss on numbers that are worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from causal_reasoning.errors import InputError
from causal_reasoning.objective.baselines.cat import FORMS, CausalAttention, penalise
from causal_reasoning.objective.baselines.cft import TwoModels, aligned
from causal_reasoning.objective.baselines.coral import AlignedMoments
from causal_reasoning.objective.baselines.counterfactual import TwoViews
from causal_reasoning.objective.baselines.groupdro import MEMORY, WorstGroup
from causal_reasoning.objective.baselines.irm import InvariantRisk, scale_slopes
from causal_reasoning.objective.baselines.mixup import MixedLikelihood, partners
from causal_reasoning.objective.baselines.swa import AveragedLikelihood
from causal_reasoning.objective.baselines.vrex import EqualRisks
from tests.objective.baselines.steps import FixedStep

# Two groups with risks 2 and 5.
NLL, GROUP = [1.0, 3.0, 5.0], [0, 0, 1]


def test_groupdro_weighs_the_groups_by_exponentiated_risk() -> None:
    step = FixedStep(NLL, GROUP)
    parts = WorstGroup(eta=math.log(2) / 3)(step)
    # q ∝ (2^(2/3), 2^(5/3)) = (1, 2): the loss is (2 + 2·5)/3.
    assert step.memory[MEMORY].exp().tolist() == pytest.approx([1 / 3, 2 / 3])
    assert float(parts["loss"]) == pytest.approx(4.0)
    assert float(parts["worst_group_nll"]) == 5.0
    # A second step starts from there: q ∝ (1, 4).
    again = FixedStep(NLL, GROUP, memory=step.memory)
    assert float(WorstGroup(eta=math.log(2) / 3)(again)["loss"]) == pytest.approx((2 + 4 * 5) / 5)


def test_groupdro_keeps_the_weight_of_a_group_that_is_not_there() -> None:
    step = FixedStep(NLL, GROUP, groups=3)
    WorstGroup(eta=math.log(2) / 3)(step)
    # 2^(2/3) : 2^(5/3) : 1, as for a risk of 0.
    a, b = 2 ** (2 / 3), 2 ** (5 / 3)
    assert step.memory[MEMORY].exp().tolist() == pytest.approx([x / (a + b + 1) for x in (a, b, 1)])


def test_groupdro_neither_overflows_nor_forgets_a_group_for_good() -> None:
    memory: dict[str, torch.Tensor] = {}
    for risks in ([1000.0, 0.0], [0.0, 2000.0]):
        parts = WorstGroup(eta=10.0)(FixedStep(risks, [0, 1], memory=memory))
        assert math.isfinite(float(parts["loss"]))
    assert memory[MEMORY].exp().tolist() == pytest.approx([0, 1])


def test_vrex_adds_the_variance_of_the_risks() -> None:
    early, late = FixedStep(NLL, GROUP, last=9), FixedStep(NLL, GROUP, number=1, last=9)
    loss = EqualRisks(weight=10.0, anneal=0.1)
    # Mean risk 3.5, variance 2.25; the factor is 1 in the first tenth of ten steps.
    assert float(loss(early)["loss"]) == pytest.approx(3.5 + 2.25)
    parts = loss(late)
    assert float(parts["loss"]) == pytest.approx(3.5 + 22.5)
    assert (float(parts["vrex_penalty"]), parts["vrex_groups"]) == (2.25, 2)


def test_risks_of_groups_are_weighted() -> None:
    step = FixedStep(NLL, GROUP, weight=[2.0, 0.0, 1.0])
    # R_0 = (2·1 + 0·3)/2 = 1, R_1 = 5: mean 3, variance 4.
    assert float(EqualRisks(1.0, 0.0)(step)["loss"]) == pytest.approx(7.0)


def test_the_slope_along_a_scale_of_the_scores_is_that_of_finite_differences() -> None:
    torch.manual_seed(0)
    scores, targets = torch.randn(6, 5, dtype=torch.float64), torch.tensor([0, 1, 2, 3, 4, 0])

    def nll(scale: float) -> torch.Tensor:
        return -(scale * scores).log_softmax(-1).gather(1, targets.unsqueeze(1)).squeeze(1)

    differences = (nll(1 + 1e-6) - nll(1 - 1e-6)) / 2e-6
    assert scale_slopes(scores, targets).tolist() == pytest.approx(differences.tolist(), abs=1e-8)
    # By hand: scores (ln 3, 0), p = (3/4, 1/4), target 0: 3/4 ln 3 − ln 3.
    two = torch.tensor([[math.log(3), 0.0]])
    assert scale_slopes(two, torch.tensor([0])).tolist() == pytest.approx([-math.log(3) / 4])


def test_irm_multiplies_the_slopes_of_two_halves() -> None:
    # Scores (ln 3, 0): the slope is −ln 3/4 where the target is 0 and 3 ln 3/4 where it is 1.
    scores = torch.tensor([[math.log(3), 0.0]]).repeat(5, 1)
    step = FixedStep(logits=scores, targets=[0, 0, 0, 1, 0], group=[0, 0, 1, 1, 2])
    parts = InvariantRisk(weight=8.0, anneal=0.0)(step)
    unit = math.log(3) / 4
    # Group 0: (−1)(−1); group 1: (−1)(3); group 2 has one row and no say.
    assert float(parts["irm_penalty"]) == pytest.approx((1 - 3) / 2 * unit**2)
    assert parts["irm_groups"] == 2
    low, high = math.log(4 / 3), math.log(4)
    assert float(parts["loss"]) == pytest.approx((low + (low + high) / 2 + low) / 3 - 8 * unit**2)


def test_irm_counts_the_tokens_of_an_answer_in_the_unit_of_the_likelihood() -> None:
    scores = torch.tensor([[math.log(3), 0.0]]).repeat(4, 1)
    step = FixedStep(logits=scores, targets=[0] * 4, rows=[0, 0, 1, 1], tokens_per_answer=2.0)
    assert float(InvariantRisk(1.0, 0.0)(step)["irm_penalty"]) == pytest.approx((math.log(3) / 4) ** 2)


def test_the_gradient_of_the_irm_penalty_is_that_of_finite_differences() -> None:
    torch.manual_seed(1)
    scores = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)

    def penalty(values: torch.Tensor) -> torch.Tensor:
        step = FixedStep(logits=values, targets=[0, 1, 2, 0], group=[0, 1, 0, 1])
        result: torch.Tensor = InvariantRisk(1.0, 0.0)(step)["irm_penalty"]
        return result

    (gradient,) = torch.autograd.grad(penalty(scores), scores)
    for i in range(4):
        for j in range(3):
            by = torch.zeros(4, 3, dtype=torch.float64)
            by[i, j] = 1e-6
            difference = (penalty(scores.detach() + by) - penalty(scores.detach() - by)) / 2e-6
            assert float(gradient[i, j]) == pytest.approx(float(difference), abs=1e-8)


def test_coral_compares_means_and_covariances_of_the_groups() -> None:
    # Group 0: (0,0), (2,0): mean (1,0), covariance [[2,0],[0,0]]. Group 1: (1,1), (1,3): (1,2), [[0,0],[0,2]].
    states = torch.tensor([[0.0, 0], [2, 0], [1, 1], [1, 3], [9, 9]])
    step = FixedStep([1.0, 1, 1, 1, 4], [0, 0, 1, 1, 2], states=states)
    parts = AlignedMoments(weight=3.0)(step)
    # Means differ by (0,2): 4/2. Covariances differ by 2 twice: 8/4. Group 2 has one row.
    assert float(parts["coral_penalty"]) == pytest.approx(4.0)
    assert float(parts["loss"]) == pytest.approx(2.0 + 12.0)
    assert parts["coral_groups"] == 2


def test_coral_averages_over_pairs_of_groups() -> None:
    states = torch.tensor([[0.0], [0], [1], [1], [3], [3]])
    step = FixedStep([1.0] * 6, [0, 0, 1, 1, 2, 2], states=states)
    assert float(AlignedMoments(1.0)(step)["coral_penalty"]) == pytest.approx((1 + 9 + 4) / 3)


def test_swa_is_the_weighted_likelihood() -> None:
    assert float(AveragedLikelihood(0.5)(FixedStep(NLL, weight=[1.0, 1, 2]))["loss"]) == pytest.approx(14 / 3)


def test_mixup_weighs_both_answers_by_the_share_of_their_input() -> None:
    step = FixedStep([0.0, 0.0], weight=[1.0, 2.0], views={"own": [3.0, 5.0], "other": [7.0, 11.0]})
    step.shuffled = lambda: torch.tensor([1, 0])
    step.beta = lambda alpha: torch.tensor([0.25, 1.0])
    seen = []

    def mix(partner: torch.Tensor, share: torch.Tensor) -> tuple[str, str]:
        seen.append((partner.tolist(), share.tolist()))
        return "own", "other"

    step.mix = mix
    # Row 0: .25·1·3 + .75·2·7 (the partner's weight); row 1: 1·2·5.
    assert float(MixedLikelihood(0.2)(step)["loss"]) == pytest.approx((0.75 + 10.5 + 10) / 2)
    assert seen == [([1, 0], [0.25, 1.0])]


@pytest.mark.parametrize("group", [[0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 1, 2], [2, 0, 0, 1, 1, 2, 2]])
def test_mixup_pairs_every_row_with_a_row_of_another_group(group: list[int]) -> None:
    step = FixedStep([0.0] * len(group), group)
    for seed in range(20):
        torch.manual_seed(seed)
        step.shuffled = lambda: torch.randperm(len(group))
        partner = partners(step)
        assert sorted(partner.tolist()) == list(range(len(group)))
        assert all(group[i] != group[j] for i, j in enumerate(partner.tolist()))


def test_mixup_pairs_no_row_with_itself_where_one_group_is_too_large() -> None:
    step = FixedStep([0.0] * 4, [0, 0, 0, 1])
    step.shuffled = lambda: torch.tensor([2, 0, 3, 1])
    assert all(i != j for i, j in enumerate(partners(step).tolist()))


def test_counterfactual_augmentation_weighs_the_two_views() -> None:
    step = FixedStep([1.0, 3.0], weight=[1.0, 2.0], views={"counterfactual": [2.0, 4.0]})
    parts = TwoViews(share=0.25, consistency=0.0)(step)
    assert (float(parts["nll"]), float(parts["counterfactual_nll"])) == (3.5, 5.0)
    assert float(parts["loss"]) == pytest.approx(0.75 * 3.5 + 0.25 * 5)
    only = FixedStep([1.0, 3.0], views={"counterfactual": [2.0, 4.0]})
    assert float(TwoViews(1.0, 0.0)(only)["loss"]) == 3.0
    assert only.asked == ["counterfactual"]


def test_consistency_is_the_divergence_of_the_two_predictions() -> None:
    halves, thirds = torch.zeros(1, 2), torch.tensor([[math.log(2), 0.0]])
    step = FixedStep(logits={"main": halves, "counterfactual": thirds}, targets=[0])
    # KL((1/2, 1/2) ‖ (2/3, 1/3)) = 1/2 ln(3/4) + 1/2 ln(3/2) = 1/2 ln(9/8).
    assert float(TwoViews(0.5, 1.0)(step)["consistency"]) == pytest.approx(0.5 * math.log(9 / 8))


def test_consistency_refuses_answers_of_different_length() -> None:
    rows = {"main": [0, 1, 1], "counterfactual": [0, 0, 1]}
    step = FixedStep([1.0, 1.0], rows=rows, views={"counterfactual": [1.0, 1.0]})
    with pytest.raises(InputError, match="different numbers of tokens; set consistency to 0"):
        TwoViews(0.5, 1.0)(step)


def test_the_alignment_of_cft_is_distance_minus_entropies() -> None:
    frozen = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    tuned = torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    # Distances 1/2 and 0; batch means (1/2, 1/2) and (1/4, 3/4).
    spread = math.log(2) + (0.25 * math.log(4) + 0.75 * math.log(4 / 3))
    assert float(aligned(frozen, tuned)) == pytest.approx(0.25 - spread)


def test_cft_averages_whole_answers_over_shuffles() -> None:
    # One row, two tokens; the scores are even, and what the heads add makes token 0 three times as likely, then even.
    added = [torch.tensor([[math.log(3), 0.0]]), torch.zeros(1, 2)]
    states = {(-1, "prompt", a): torch.zeros(1, 2) for a in (True, False)} | {(0, "mean", True): torch.zeros(1, 2)}
    step = FixedStep(logits=torch.zeros(2, 2), targets=[0, 0], rows=[0, 0], states=states, tokens_per_answer=2.0)
    step.head = lambda name, values: values
    step.unembed = lambda vectors: added.pop(0)
    step.shuffled = lambda: torch.tensor([0])
    parts = TwoModels(align=1.0, adjust=2.0, shuffles=2, classes=2)(step)
    # −log of the mean of (3/4)² and (1/2)², per token of a mean answer; a mean of tokens would give another number.
    expected = -math.log((9 / 16 + 1 / 4) / 2) / 2
    assert float(parts["cft_adjusted_nll"]) == pytest.approx(expected)
    assert float(parts["loss"]) == pytest.approx(math.log(2) - 2 * math.log(2) + 2 * expected)


def test_cat_penalises_positions_that_attend_too_little_to_causes() -> None:
    attention = torch.tensor([[0.2, 0.6, 0.2], [0.8, 0.1, 0.1], [0.5, 0.5, 0.0]])
    causal = torch.tensor([[True, False, False], [True, False, False], [False, False, False]])
    seen = torch.tensor([[True, True, True], [True, True, True], [True, True, False]])
    other = seen & ~causal
    # Position 0: a1 = .2, a0 = .4. Position 1: a1 = .8, a0 = .1, ratio 8, enough. Position 2 sees no cause.
    expected = {"hinge": 2 - 0.5, "log_ratio": -math.log(1.2) / math.log(1.4), "share": -0.2 / 0.6}
    for form, value in expected.items():
        penalty, ratio, positions = penalise(attention, causal, other, FORMS[form], 2.0)
        assert float(penalty) == pytest.approx(value / 2)
        assert positions == 2
        assert float(ratio) == pytest.approx((0.5 + 8) / 2)


def test_cat_without_marked_tokens_is_plain_likelihood() -> None:
    step = FixedStep([2.0, 4.0], rows=[0, 1])
    step.attention = lambda: torch.full((2, 3), 1 / 3)
    step.visible = lambda: torch.ones(2, 3, dtype=torch.bool)
    step.marked = lambda view: torch.zeros(2, 3, dtype=torch.bool)
    parts = CausalAttention("hinge", 2.0, 1.0, 1.0)(step)
    assert (float(parts["loss"]), parts["cat_positions"]) == (3.0, 0)


def test_the_factor_of_cat_decays_over_the_run() -> None:
    def loss(number: int) -> float:
        step = FixedStep([0.0], rows=[0], number=number, last=2)
        step.attention = lambda: torch.tensor([[0.5, 0.5]])
        step.visible = lambda: torch.ones(1, 2, dtype=torch.bool)
        step.marked = lambda view: torch.tensor([[True, False]])
        return float(CausalAttention("hinge", 2.0, 4.0, 0.25)(step)["loss"])

    assert [loss(number) for number in range(3)] == pytest.approx([4.0, 2.0, 1.0])


@pytest.mark.parametrize(
    "loss", [WorstGroup(0.01), EqualRisks(10.0, 0.0), InvariantRisk(100.0, 0.0), AlignedMoments(1.0)]
)
def test_a_micro_batch_of_one_row_is_finite_and_has_a_gradient(loss: object) -> None:
    scores = torch.tensor([[0.3, -0.2, 0.1]], requires_grad=True)
    step = FixedStep(logits=scores, targets=[1], groups=2, states=scores)
    parts = loss(step)  # type: ignore[operator]
    assert math.isfinite(float(parts["loss"].detach()))
    parts["loss"].backward()
    assert scores.grad is not None
    assert torch.isfinite(scores.grad).all()
    assert scores.grad.abs().sum() > 0


# -- the golden toy: p(z=1) = .5, p(x=1 | z) = (.2, .9), p(y=1 | x, z) = (.1, .6) at x = 0 and (.3, .8) at x = 1 ------

CELLS = torch.tensor([(z, x, y) for z in range(2) for x in range(2) for y in range(2)])
P_X = torch.tensor([[0.8, 0.2], [0.1, 0.9]], dtype=torch.float64)
P_Y = torch.tensor([[0.1, 0.6], [0.3, 0.8]], dtype=torch.float64)


def population(scores: torch.Tensor, p_y: torch.Tensor = P_Y, memory: object = None) -> FixedStep:
    """The rows (z, x, y), grouped by z, each twice, so that halves are alike, and with its probability given z."""
    z, x, y = CELLS.repeat_interleave(2, 0).T
    share = 4 * P_X[z, x] * torch.where(y == 1, p_y[x, z], 1 - p_y[x, z])
    logits = torch.stack([torch.zeros_like(scores), scores], 1)[x]
    return FixedStep(logits=logits, targets=y.tolist(), group=z.tolist(), weight=share, memory=memory)  # type: ignore[arg-type]


def minimise(loss: object, p_y: torch.Tensor = P_Y) -> list[float]:
    """The table p(y = 1 | x = 0, 1) of least population loss."""
    from scipy.optimize import minimize

    def objective(values: np.ndarray) -> tuple[float, np.ndarray]:
        scores = torch.tensor(values, dtype=torch.float64, requires_grad=True)
        value = loss(population(scores, p_y))["loss"]  # type: ignore[operator]
        (gradient,) = torch.autograd.grad(value, scores)
        return float(value.detach()), gradient.numpy()

    # The penalty of IRM has several basins: start in the deepest one on a grid.
    grid = (-2.5, -1.0, 0.5, 1.5)
    start = min((np.array([a, b]) for a in grid for b in grid), key=lambda at: objective(at)[0])
    best = minimize(objective, start, jac=True, method="BFGS")
    return [float(p) for p in 1 / (1 + np.exp(-best.x))]


def saddle_point(p_y: torch.Tensor = P_Y) -> list[float]:
    """Where GroupDRO's own dynamics come to rest, with gradient descent on the table."""
    memory: dict[str, torch.Tensor] = {}
    scores = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    for step in range(300):
        value = WorstGroup(eta=0.3 if step < 200 else 0.1)(population(scores, p_y, memory))["loss"]
        (gradient,) = torch.autograd.grad(value, scores)
        scores = (scores - 2 * gradient).detach().requires_grad_()
    return torch.sigmoid(scores).tolist()


@pytest.mark.parametrize(("beta", "golden"), [(1, (0.16, 0.715)), (10, (0.195, 0.75)), (100, (0.245, 0.77))])
def test_vrex_of_the_toy_is_the_golden_one_and_not_the_interventional_one(
    beta: float, golden: tuple[float, float]
) -> None:
    # The golden numbers add the variance to the sum of the two risks, on a grid of .005: half of beta here.
    found = minimise(EqualRisks(weight=beta / 2, anneal=0.0))
    assert found == pytest.approx(golden, abs=0.0051)
    assert max(abs(found[0] - 0.35), abs(found[1] - 0.55)) > 0.1


def test_groupdro_of_the_toy_is_the_golden_one() -> None:
    found = saddle_point()
    assert found == pytest.approx([0.255, 0.775], abs=0.0051)
    # Finer than the grid of the golden numbers: the larger of the two risks is least at (.2582, .7717).
    assert found == pytest.approx([0.2582, 0.7717], abs=1e-3)


def test_erm_of_the_toy_is_observational() -> None:
    # With equally frequent groups the mean of the groups' risks is the risk of all rows.
    assert minimise(EqualRisks(weight=0.0, anneal=0.0)) == pytest.approx([0.1556, 0.7091], abs=5e-5)


def test_where_groups_share_the_conditional_irm_and_groupdro_find_it_and_vrex_does_not() -> None:
    """What the licenses rest on: with y ⟂ z | x only the variance of risks moves the minimiser."""
    shared = torch.tensor([[0.05, 0.05], [0.6, 0.6]], dtype=torch.float64)
    for weight in (1.0, 100.0):
        assert minimise(InvariantRisk(weight, 0.0), shared) == pytest.approx([0.05, 0.6], abs=1e-4)
    assert saddle_point(shared) == pytest.approx([0.05, 0.6], abs=5e-3)
    moved = minimise(EqualRisks(10.0, 0.0), shared)
    assert max(abs(moved[0] - 0.05), abs(moved[1] - 0.6)) > 0.05


def test_where_groups_differ_irm_does_not_find_the_effect() -> None:
    found = minimise(InvariantRisk(100.0, 0.0))
    assert max(abs(found[0] - 0.35), abs(found[1] - 0.55)) > 0.1


def test_losses_are_values() -> None:
    assert WorstGroup(0.1) == WorstGroup(0.1) != replace(WorstGroup(0.1), eta=0.2)
