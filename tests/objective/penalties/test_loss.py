"""A loss with penalties: what is added, logged and remembered, and what keeps a representation from dying."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.objective.loss import MAIN, Equipped, Loss, Needs, Step, WeightedLikelihood
from causal_reasoning.objective.penalties import accumulation_refusal, plan_penalties, with_penalties
from causal_reasoning.objective.penalties.cross_covariance import CrossCovariance
from causal_reasoning.objective.penalties.hsic import HSIC
from causal_reasoning.objective.penalties.lautum import Lautum
from causal_reasoning.objective.penalties.variance import Variance
from causal_reasoning.training.step import TorchStep
from tests.objective.penalties.graphs import graph

LABEL = "k -> q -> y; k -> s -> y"
COLLIDER = "u -> q; v -> q; u -> a -> y; v -> b -> y; q -> y"


class ToyStep:
    """A step whose representations and labels are given."""

    def __init__(self, states: dict[Any, torch.Tensor], labels: dict[tuple[str, ...], list[int]] | None = None) -> None:
        self.states = states
        self.labels = labels or {}
        rows = len(next(iter(states.values())))
        self.weight = torch.ones(rows)
        self.group = torch.zeros(rows, dtype=torch.long)
        self.groups, self.number, self.last = 1, 0, 0
        self.memory: MutableMapping[str, Any] = {}
        self.asked: list[str] = []

    def nll(self, view: str = MAIN) -> torch.Tensor:
        self.asked.append("nll")
        return torch.full_like(self.weight, 2.0)

    def representation(self, layer: int, pool: str, view: str = MAIN) -> torch.Tensor:
        self.asked.append("representation")
        return self.states[layer, pool, view]

    def label(self, columns: tuple[str, ...]) -> torch.Tensor:
        return torch.tensor(self.labels[columns])


def toy_step(states: dict[Any, torch.Tensor], labels: dict[tuple[str, ...], list[int]] | None = None) -> Any:
    return ToyStep(states, labels)


def states(seed: int = 0, rows: int = 8) -> dict[Any, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    keys = [(1, "prompt", MAIN), (1, "mean", MAIN), (1, "prompt", "counterfactual")]
    return {key: torch.randn(rows, 3, generator=generator) for key in keys}


def loss_of(edges: str, penalties: str = "", groups: tuple[str, ...] = ()) -> Loss:
    return with_penalties(WeightedLikelihood(), plan_penalties(graph(edges, penalties)), groups)


def test_without_penalties_the_loss_is_the_loss() -> None:
    base = WeightedLikelihood()
    assert with_penalties(base, ()) is base


def test_strength_times_penalty_is_added_and_every_part_is_logged() -> None:
    given = states()
    label = [0, 1] * 4
    step = toy_step(given, {("k",): label})
    parts = loss_of(LABEL, "{variance: 0.7}")(step)
    expected = Variance()(given[1, "prompt", MAIN], None, torch.tensor(label))
    assert float(parts["variance"]) == pytest.approx(float(expected))
    assert float(parts["unpenalised"]) == 2
    assert float(parts["variance.collapse"]) == 0
    assert float(parts["variance.rows"]) == 1
    assert float(parts["loss"]) == pytest.approx(2 + 0.7 * float(expected))
    assert set(parts) == {"loss", "unpenalised", "variance", "variance.collapse", "variance.rows"}


def test_hidden_states_are_asked_for_before_the_scores_so_that_one_pass_does_both() -> None:
    step = toy_step(states())
    loss_of(COLLIDER)(step)
    assert step.asked == ["representation", "representation", "nll"]


def test_pairs_columns_and_modules_reach_the_measure() -> None:
    given = states()
    one, other, redrawn = given.values()
    labels: dict[tuple[str, ...], list[int]] = {("k",): [0, 0, 1, 1, 2, 2, 3, 3]}
    modules = loss_of(COLLIDER, "{hsic: 1, cross_covariance: 1, lautum: 1}")(toy_step(given))
    assert float(modules["hsic"]) == pytest.approx(float(HSIC()(one, other)))
    assert float(modules["cross_covariance"]) == pytest.approx(float(CrossCovariance()(one, other)))
    assert float(modules["lautum"]) == pytest.approx(float(Lautum()(one, other)))
    assert float(modules["lautum.clamped"]) == 0
    pairs = loss_of("content -> q -> y; t -> q; content -> s -> y")(toy_step(given))
    expected = ((one - redrawn) ** 2).sum() / ((one**2).sum() + (redrawn**2).sum())
    assert float(pairs["paired(s)"]) == pytest.approx(float(expected))
    column = loss_of("k -> q; u -> q; u -> s -> y; q -> y")(toy_step(given, labels))
    indicator = torch.eye(4).repeat_interleave(2, 0)
    assert float(column["hsic(s, k)"]) == pytest.approx(float(HSIC()(one, indicator)))


def test_labels_are_the_steps_groups_where_these_are_the_columns() -> None:
    step = toy_step(states())
    step.group = torch.tensor([0, 1] * 4)
    by_group = loss_of(LABEL, groups=("k",))(step)
    by_label = loss_of(LABEL)(toy_step(states(), {("k",): [0, 1] * 4}))
    assert float(by_group["loss"]) == pytest.approx(float(by_label["loss"]))


def test_a_label_that_never_recurs_is_seen_in_the_log() -> None:
    parts = loss_of(LABEL)(toy_step(states(), {("k",): [0, 0, *range(1, 7)]}))
    assert float(parts["variance(s).rows"]) == 0.25
    alone = loss_of(LABEL)(toy_step(states(), {("k",): list(range(8))}))
    assert (float(alone["variance(s)"]), float(alone["variance(s).rows"])) == (0, 0)


def test_shrinking_below_the_floor_costs_up_to_one() -> None:
    """The penalty itself does not know the scale; the floor is half of the first squared length."""
    loss = loss_of("q -> y; s -> y")
    step = toy_step(states())
    first = loss(step)
    full = step.states[1, "prompt", MAIN]
    assert float(first["variance(s).collapse"]) == 0
    for factor, expected in ((1.0, 0.0), (0.75**0.5, 0.0), (0.25**0.5, 0.5), (0.1**0.5, 0.8), (0.0, 1.0)):
        step.states[1, "prompt", MAIN] = factor * full
        parts = loss(step)
        assert float(parts["variance(s).collapse"]) == pytest.approx(expected, abs=1e-6)
        if factor:
            assert float(parts["variance(s)"]) == pytest.approx(float(first["variance(s)"]), rel=1e-5)


def test_becoming_the_same_for_all_labels_costs_too() -> None:
    loss = loss_of(LABEL)
    label = [0, 1] * 4
    step = toy_step(states(), {("k",): label})
    loss(step)
    step.states[1, "prompt", MAIN] = torch.ones(8, 3)
    parts = loss(step)
    assert float(parts["variance(s)"]) == pytest.approx(0, abs=1e-6)
    assert float(parts["variance(s).collapse"]) == pytest.approx(1, abs=1e-6)


def test_a_floor_of_zero_is_no_floor() -> None:
    loss = loss_of("q -> y; s -> y", "{variance: {floor: 0}}")
    step = toy_step(states())
    loss(step)
    step.states[1, "prompt", MAIN] = torch.zeros(8, 3)
    assert float(loss(step)["variance.collapse"]) == 0


def test_a_batch_of_one_is_finite_and_no_reference() -> None:
    loss = loss_of(COLLIDER)
    step = toy_step(states(rows=1))
    parts = loss(step)
    assert all(torch.isfinite(value).all() for value in parts.values())
    step.states = states(rows=8)
    loss(step)
    assert all(float(value) > 0 for value in step.memory.values())
    remembered = {name: float(value) for name, value in step.memory.items()}
    step.states = {key: 0.1 * value for key, value in states(rows=8).items()}
    loss(step)
    assert {name: float(value) for name, value in step.memory.items()} == remembered
    assert all(value.shape == () and not value.requires_grad for value in step.memory.values())


def descend(edges: str, penalties: str, s: torch.Tensor, labels: dict[Any, list[int]], steps: int = 100) -> Any:
    """Minimise the penalty alone over the representations themselves."""
    loss = loss_of(edges, penalties)
    free = {key: value.clone().requires_grad_() for key, value in states(rows=len(s)).items()}
    free[1, "prompt", MAIN] = s.clone().requires_grad_()
    step = toy_step(free, labels)
    optimiser = torch.optim.Adam(free.values(), 0.1)
    for _ in range(steps):
        optimiser.zero_grad()
        loss(step)["loss"].backward()
        optimiser.step()
    return step


def test_descent_makes_the_state_constant_within_labels_and_keeps_the_labels_apart() -> None:
    label = [0, 0, 0, 1, 1, 1]
    s = states(3, 6)[1, "prompt", MAIN] + torch.tensor(label)[:, None]
    before = Variance().activity(s, torch.tensor(label))
    step = descend(LABEL, "{variance: 1}", s, {("k",): label})
    after = step.states[1, "prompt", MAIN].detach()
    assert float(Variance()(after, None, torch.tensor(label))) < 1e-3
    assert float(Variance().activity(after, torch.tensor(label))) > 0.45 * float(before)


def test_descent_makes_modules_independent_without_switching_them_off() -> None:
    one = states(1, 24)[1, "prompt", MAIN]
    loss = loss_of(COLLIDER, "{cross_covariance: 1}")
    a, b = one.clone().requires_grad_(), (one @ torch.eye(3).flip(0)).clone().requires_grad_()
    step = toy_step({(1, "prompt", MAIN): a, (1, "mean", MAIN): b})
    optimiser = torch.optim.Adam([a, b], 0.1)
    first = float(loss(step)["cross_covariance"].detach())
    for _ in range(60):
        optimiser.zero_grad()
        loss(step)["loss"].backward()
        optimiser.step()
    with torch.no_grad():
        parts = loss(step)
    assert first > 0.3
    assert float(parts["cross_covariance"]) < 0.01
    assert float(parts["cross_covariance.collapse"]) < 0.05


def test_gradient_accumulation_is_refused_in_one_sentence() -> None:
    loss = loss_of(COLLIDER)
    assert accumulation_refusal(loss, 1, 16) is None
    assert accumulation_refusal(WeightedLikelihood(), 4, 16) is None
    sentence = accumulation_refusal(loss, 4, 16)
    assert sentence is not None
    assert sentence.startswith("hsic(a, b) is a statistic of a whole batch, and gradient_accumulation = 4 would take")
    assert sentence.endswith("set training.gradient_accumulation to 1 and training.batch_size to 64")


def test_what_the_base_loss_needs_is_passed_on() -> None:
    @dataclass(frozen=True)
    class Fancy:
        needs_whole_batch = True

        def needs(self) -> Needs:
            return Needs(attention=True)

        def __call__(self, step: Step) -> Mapping[str, Any]:
            return {"loss": step.nll().mean(), "own": step.nll().max()}

    plans = plan_penalties(graph(COLLIDER))
    loss = with_penalties(Fancy(), plans)
    assert isinstance(loss, Equipped)
    assert loss.needs().attention
    assert "own" in loss(toy_step(states()))
    plain = with_penalties(WeightedLikelihood(), plans)
    assert isinstance(plain, Equipped)
    assert plain.needs() == Needs()


def test_two_penalties_of_one_name_are_refused() -> None:
    plans = plan_penalties(graph(COLLIDER))
    with pytest.raises(ValueError, match="two penalties are called"):
        with_penalties(WeightedLikelihood(), [*plans, *plans])


def test_a_language_model_trains_with_penalties_in_one_forward_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=11,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=2,
            num_attention_heads=2,
            pad_token_id=0,
        )
    )
    passes = 0
    forward = model.forward

    def counted(*args: Any, **kwargs: Any) -> SimpleNamespace:
        nonlocal passes
        passes += 1
        result: SimpleNamespace = forward(*args, **kwargs)
        return result

    monkeypatch.setattr(model, "forward", counted)
    rows = [Encoded((1, 2 + i, 3), (4 + i, 9)) for i in range(4)]
    batch = collate(0)([EncodedRows(rows, [1.0] * 4, [0, 0, 1, 1])[i] for i in range(4)])
    step = TorchStep(model, batch)
    loss = loss_of(LABEL, groups=("k",))
    parts = loss(step)
    parts["loss"].backward()
    assert passes == 1
    assert float(parts["variance(s)"].detach()) > 0
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    assert gradients
    assert all(torch.isfinite(g).all() for g in gradients)
    assert float(step.memory["variance(s).activity.s"]) > 0
