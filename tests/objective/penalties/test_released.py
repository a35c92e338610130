"""The penalties of DCA as released, against numbers by hand; pairs against variances; slots that are switched off."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.objective.loss import MAIN, WeightedLikelihood
from causal_reasoning.objective.penalties import penalties_left_out, plan_penalties, with_penalties
from causal_reasoning.objective.penalties.base import Penalty
from causal_reasoning.objective.penalties.loss import SLOT_SHARE
from causal_reasoning.objective.penalties.paired import Paired
from causal_reasoning.objective.penalties.released import ReleasedPaired, ReleasedVariance
from causal_reasoning.objective.penalties.variance import Variance
from tests.objective.penalties.graphs import text_of


def random(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# -- as released ---------------------------------------------------------------------------------------------------


def test_released_variance_by_hand() -> None:
    """Two rows, two positions, two dimensions: variances (n − 1) of 2, 0, 0.5 and 8, whose mean is 2.625."""
    s = torch.tensor([[[1.0, 5.0], [0.0, 2.0]], [[3.0, 5.0], [1.0, 6.0]]])
    assert float(ReleasedVariance()(s)) == pytest.approx((2 + 0 + 0.5 + 8) / 4)


def test_released_paired_by_hand() -> None:
    """Differences of 100, 200 and 0 in the positions that both have: (1 + 4 + 0); the third position has no partner."""
    first = torch.tensor([[[100.0], [300.0], [7.0]], [[5.0], [5.0], [5.0]]])
    second = torch.tensor([[[0.0], [100.0]], [[5.0], [5.0]]])
    assert float(ReleasedPaired()(first, second)) == pytest.approx(5.0)
    assert float(ReleasedPaired()(second, first)) == pytest.approx(5.0)
    with pytest.raises(TypeError, match="two views are compared"):
        ReleasedPaired()(first)


def test_released_variance_is_torchs() -> None:
    """Another implementation: ``torch.var`` over the batch."""
    for rows in (2, 3, 9):
        s = random(rows, rows, 5, 4)
        assert float(ReleasedVariance()(s)) == pytest.approx(float(s.var(0).mean()))


def test_positions_are_compared_one_by_one() -> None:
    """Rows with the same mean over positions, in another order: nothing for the mean, something here."""
    s = torch.tensor([[[1.0], [3.0]], [[3.0], [1.0]]])
    assert float(Variance()(s.mean(1))) == 0
    assert float(ReleasedVariance()(s)) == pytest.approx(2.0)


def test_nothing_is_divided_by_the_size_of_what_is_measured() -> None:
    s, t = random(1, 4, 3, 2), random(2, 4, 3, 2)
    assert float(ReleasedVariance()(10 * s)) == pytest.approx(100 * float(ReleasedVariance()(s)))
    assert float(ReleasedPaired()(10 * s, 10 * t)) == pytest.approx(100 * float(ReleasedPaired()(s, t)))
    assert float(Variance()(10 * s.mean(1))) == pytest.approx(float(Variance()(s.mean(1))))


@pytest.mark.parametrize("penalty", [ReleasedVariance(), ReleasedPaired(), Variance(), Paired()])
def test_a_batch_of_one_row_gives_numbers_and_gradients(penalty: Penalty) -> None:
    """Where the released code divides 0 by 0."""
    for scale in (1.0, 0.0):
        s = (scale * random(3, 1, 3, 2)).requires_grad_()
        values, other = (s, 0.5 * s) if penalty.each else (s.mean(1), 0.5 * s.mean(1))
        value = penalty(values, other if penalty.paired else None) + penalty.activity(values)
        value.backward()
        assert s.grad is not None
        assert bool(torch.isfinite(value)) and bool(torch.isfinite(s.grad).all())
    assert float(ReleasedVariance()(random(4, 1, 3, 2))) == 0


# -- pairs and variances -------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(2, 7), st.integers(1, 5))
def test_the_squared_distance_of_two_draws_is_twice_the_variance(seed: int, rows: int, size: int) -> None:
    """E‖s₁ − s₂‖² = 2 tr Cov, exactly, over all pairs of different draws of one content; so 'paired' is 'variance'."""
    s = random(seed, rows, size) + random(seed + 1, size)
    one, other = zip(*((i, j) for i in range(rows) for j in range(rows) if i != j), strict=True)
    first, second = s[list(one)], s[list(other)]
    distance = (first - second).square().sum(1).mean()
    covariance = torch.cov(s.T).reshape(size, size)
    assert float(distance) == pytest.approx(2 * float(covariance.trace()), rel=1e-9)
    assert float(Paired()(first, second)) == pytest.approx(float(Variance()(s)), rel=1e-6)


@given(st.integers(0, 10_000))
def test_pairs_within_contents_are_the_variance_within_contents(seed: int) -> None:
    """Two draws of each content: E‖s₁ − s₂‖² / 2 is the unbiased variance within contents."""
    contents, size = 6, 3
    means = 3 * random(seed, contents, size)
    first, second = (means + random(seed + k, contents, size) for k in (1, 2))
    both, label = torch.cat([first, second]), torch.arange(contents).repeat(2)
    within = float(Variance()(both, None, label))
    assert float(Paired()(first, second)) == pytest.approx(within, rel=1e-6)
    assert within < float(Variance()(both))


# -- in graphs -----------------------------------------------------------------------------------------------------


def dca(penalties: str, pool: str = "answer") -> AssumptionGraph:
    slot = f"bind: {{slot: {{kind: tokens, tokens: 2, pool: {pool}}}}}"
    return parse_graph(text_of("q -> y; s -> y", penalties, s=slot), "g.yaml")


def test_the_released_penalty_is_a_plan_without_a_floor() -> None:
    (plan,) = plan_penalties(load_graph("dca_released"))
    assert (plan.kind, plan.strength, plan.floor) == ("released_variance", 1.0, 0.0)
    assert plan.formula == "mean over positions and dimensions of Var(skill)"
    assert plan.implied
    assert plan.because.startswith("skill ⊥ question: no path between skill and question is open")
    (plan,) = plan_penalties(dca("{released_variance: {floor: 0.3}}", "each"))
    assert plan.floor == 0.3, "unless the file names one"
    (plan,) = plan_penalties(dca("{variance: 1.0}"))
    assert plan.floor == 0.5


def test_what_is_measured_at_each_position_is_measured_by_what_takes_each_position() -> None:
    """Also where the file names no kind: the mean over positions that the others take is not asked for then."""
    assert [plan.kind for plan in plan_penalties(dca("auto", "each"))] == ["released_variance"]
    assert [plan.kind for plan in plan_penalties(dca("auto"))] == ["variance"]
    contents = "content -> q -> y; t -> q; content -> s -> y"
    slot = "bind: {slot: {kind: tokens, pool: POOL}}"
    for pool, kind in (("each", "released_paired"), ("mean", "paired")):
        graph = parse_graph(text_of(contents, s=slot.replace("POOL", pool)), "g.yaml")
        assert [plan.kind for plan in plan_penalties(graph)] == [kind]
    grouped = parse_graph(text_of("k -> q -> y; k -> s -> y", s=slot.replace("POOL", "each")), "g.yaml")
    assert plan_penalties(grouped) == ()
    (left_out,) = penalties_left_out(grouped)
    assert left_out.because == "implied by the graph, but no penalty for it takes every position by itself"


# -- slots that are switched off -----------------------------------------------------------------------------------


class SlotStep:
    """A step whose slot adds what is given, beside frozen layers that add a constant of squared length 4."""

    def __init__(self, ours: torch.Tensor) -> None:
        self.ours = ours
        self.weight = torch.ones(len(ours))
        self.group = torch.zeros(len(ours), dtype=torch.long)
        self.memory: MutableMapping[str, Any] = {}
        self.asked: list[tuple[Any, ...]] = []

    def nll(self, view: str = MAIN) -> torch.Tensor:
        return torch.full_like(self.weight, 2.0)

    def contribution(
        self, slot: str, tokens: tuple[int, ...], layers: int, pool: str, view: str = MAIN
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self.asked.append((slot, tuple(tokens), layers, pool, view))
        return self.ours, torch.full_like(self.ours, 2.0 / self.ours.shape[-1] ** 0.5)


def logged(penalties: str, ours: torch.Tensor, pool: str = "answer") -> dict[str, float]:
    step: Any = SlotStep(ours)
    loss = with_penalties(WeightedLikelihood(), plan_penalties(dca(penalties, pool)))
    found = {name: float(value) for name, value in loss(step).items()}
    assert step.memory == {}, "the frozen layers are the reference, so nothing is remembered"
    return found


def of_length(squared: float, rows: int = 4, size: int = 3) -> torch.Tensor:
    """Rows of one squared length, all the same."""
    return torch.full((rows, size), (squared / size) ** 0.5)


def test_a_slot_that_adds_nothing_has_collapsed() -> None:
    parts = logged("{variance: 0.7}", of_length(0.0))
    assert parts["variance"] == 0, "it satisfies every independence"
    assert parts["variance.collapse"] == 1
    assert parts["loss"] == pytest.approx(2.0 + 0.7)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.25, 0.5), (0.4, 0.2), (0.5, 0.0), (1.0, 0.0), (90, 0)])
def test_a_slot_is_compared_with_a_hundredth_of_what_the_frozen_layers_add(share: float, expected: float) -> None:
    """The floor is a half: below 0.5 % of the squared length 4 the collapse grows in proportion to what is missing."""
    assert SLOT_SHARE == 0.01
    parts = logged("{variance: 1.0}", of_length(share * 0.01 * 4))
    assert parts["variance.collapse"] == pytest.approx(expected, abs=1e-6)


def test_the_floor_is_that_of_the_file() -> None:
    parts = logged("{variance: {floor: 1.0}}", of_length(0.5 * 0.01 * 4))
    assert parts["variance.collapse"] == pytest.approx(0.5, abs=1e-6)
    parts = logged("{variance: {floor: 0}}", of_length(0.0))
    assert parts["variance.collapse"] == 0


def test_as_released_nothing_keeps_a_slot_alive() -> None:
    ours = torch.zeros(4, 5, 3)
    parts = logged("{released_variance: 1.0}", ours, "each")
    assert (parts["released_variance"], parts["released_variance.collapse"]) == (0, 0)
    parts = logged("{released_variance: {strength: 1.0, floor: 0.5}}", ours, "each")
    assert parts["released_variance.collapse"] == 1


def test_the_collapse_pulls_a_slot_up() -> None:
    ours = of_length(0.1 * 0.01 * 4).requires_grad_()
    step: Any = SlotStep(ours)
    with_penalties(WeightedLikelihood(), plan_penalties(dca("{variance: 1.0}")))(step)["loss"].backward()
    assert ours.grad is not None
    assert bool((ours.grad < 0).all()), "a step against the gradient makes it longer"


def test_what_is_asked_of_a_step_is_what_the_graph_says() -> None:
    text = text_of(
        "q -> y; s -> y", "{variance: 1.0}", s="bind: {slot: {kind: tokens, tokens: 4, measured: [2, 0], "
        "measured_layers: 3, pool: mean}}"
    )  # fmt: skip
    step: Any = SlotStep(of_length(1.0))
    with_penalties(WeightedLikelihood(), plan_penalties(parse_graph(text)))(step)
    assert step.asked == [("s", (2, 0), 3, "mean", MAIN)]
