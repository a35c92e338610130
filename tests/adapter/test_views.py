"""Answers that join several views: mixtures, experts, heads, and who chooses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from torch import Tensor

from causal_reasoning.adapter import LowRankSlot
from causal_reasoning.adapter.combine import Combination, experts, mix
from causal_reasoning.adapter.routing import Chooser
from tests.adapter.small import VOCABULARY, adapted, base, batch, generated, scores

RULE, TOPIC = LowRankSlot("rule", 2), LowRankSlot("topic", 2, 4, (), 3, "topic")
GROUPS = (("rule",), ("topic",))
PRIOR = (0.5, 0.3, 0.2)


def said(found: Tensor, tokens: Tensor, start: int) -> Tensor:
    """Log-probability of the tokens from a position on, for each row."""
    steps = torch.log_softmax(found.float(), -1)[:, start - 1 : -1].gather(-1, tokens[:, start:, None])[..., 0]
    return steps.sum(1)


def test_a_mixture_is_one_of_whole_answers() -> None:
    """log p(answer) = log Σ_k P(k) Π_t p_k(token t | before), from three plain passes."""
    peft = adapted(
        base(), (RULE, TOPIC), combine=Combination("mixture", "topic"), choosers=[Chooser("topic", 3, "prior", PRIOR)]
    )
    inputs = batch(padding=0)
    written = torch.zeros(4, 7, dtype=torch.bool)
    written[:, 4:] = True
    peft.base_model.views.written(written)
    found = said(scores(peft, **inputs), inputs["input_ids"], 4)
    parts = []
    for part in range(3):
        with peft.base_model.choices.making({"topic": torch.full((4,), part)}):
            parts.append(said(scores(peft, **inputs), inputs["input_ids"], 4))
    expected = torch.logsumexp(torch.stack(parts) + torch.tensor(PRIOR).log()[:, None], dim=0)
    assert torch.allclose(found, expected, atol=1e-4)


def test_mixing_by_hand() -> None:
    """Two parts, two tokens: after the first the weights are .5·.9 and .5·.2, normed."""
    probabilities = torch.tensor([[[[0.9, 0.1], [0.6, 0.4]]], [[[0.2, 0.8], [0.3, 0.7]]]])
    tokens, written = torch.tensor([[1, 0]]), torch.tensor([[False, True]])
    found = mix(probabilities.log(), torch.tensor([[0.5, 0.5]]), tokens, written).exp()
    assert found[0, 0].tolist() == pytest.approx([0.55, 0.45], abs=1e-6)
    first = 0.45 / 0.55
    assert found[0, 1, 0].item() == pytest.approx(first * 0.6 + (1 - first) * 0.3, abs=1e-6)


def test_experts_by_hand() -> None:
    """Two signs that are independent given the answer: p ∝ p_a p_b / p_0."""
    a, b, neither = torch.tensor([0.8, 0.2]), torch.tensor([0.7, 0.3]), torch.tensor([0.6, 0.4])
    odds = (0.8 * 0.7 / 0.6) / (0.2 * 0.3 / 0.4)
    assert experts(a.log(), b.log(), neither.log()).exp()[0].item() == pytest.approx(odds / (1 + odds), abs=1e-6)


def test_views_are_the_passes_that_they_stand_for() -> None:
    inputs = batch()
    choice = {"topic": torch.tensor([0, 1, 2, 0])}
    peft = adapted(base(), (RULE, TOPIC), combine=Combination("experts", "", GROUPS))
    with peft.base_model.choices.making(choice):
        found = scores(peft, **inputs)
    rule = adapted(base(), (RULE,))
    topic = adapted(base(), (TOPIC,))
    for alone in (rule, topic):
        own = {n: p for n, p in peft.state_dict().items() if "slots_" in n}
        missing = [k for k in alone.state_dict() if "slots_" in k and k not in own]
        assert not missing
        alone.load_state_dict({k: own[k] for k in alone.state_dict() if k in own}, strict=False)
    with topic.base_model.choices.making(choice):
        expected = experts(scores(rule, **inputs), scores(topic, **inputs), scores(base(), **inputs))
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["mixture", "experts", "head"])
def test_what_predicts_no_token_of_an_answer_is_not_computed_and_the_rest_is_the_same(kind: Any) -> None:
    choosers = [Chooser("topic", 3, "prior", PRIOR)]
    peft = adapted(
        base(),
        (RULE, TOPIC),
        combine=Combination(kind, "topic" if kind == "mixture" else "", GROUPS if kind != "mixture" else ()),
        choosers=choosers,
    )
    inputs = batch()
    written = torch.zeros(4, 7, dtype=torch.bool)
    for row, (start, end) in enumerate([(5, 7), (4, 6), (3, 7), (6, 6)]):  # the last row has no answer
        written[row, start:end] = True
    with peft.base_model.choices.making({"topic": torch.tensor([0, 1, 2, 0])} if kind != "mixture" else {}):
        full = scores(peft, **inputs)
        peft.base_model.views.written(written)
        found = scores(peft, **inputs)
    used = torch.zeros_like(written)
    used[:, :-1], used[:, -1] = written[:, 1:], True
    assert bool((found[~used] == 0).all())
    if kind != "mixture":
        assert torch.allclose(found[used], full[used], atol=1e-5)
    else:  # the first token of each answer; later ones have other weights
        first = torch.tensor([4, 3, 2])
        assert torch.allclose(found[torch.arange(3), first], full[torch.arange(3), first], atol=1e-5)


def test_a_fresh_head_averages_the_scores_of_its_groups() -> None:
    peft = adapted(base(), (RULE, TOPIC), combine=Combination("head", "", GROUPS), scale=0.0)
    with peft.base_model.choices.making({"topic": torch.zeros(4, dtype=torch.long)}):
        assert torch.allclose(scores(peft, **batch()), scores(base(), **batch()), atol=1e-5)


def chosen_by(kind: Any, reads: Any, soft: bool) -> Any:
    chooser = Chooser("topic", 3, "router", router=kind, soft=soft, reads=reads)
    combine = Combination("mixture", "topic") if soft else None
    peft = adapted(base(), (RULE, TOPIC), combine=combine, choosers=[chooser])
    generator = torch.Generator().manual_seed(3)
    texts = torch.randint(3, VOCABULARY, (48, 7), generator=generator)
    if kind == "kmeans":
        routing = peft.base_model.views.routing
        routing.routers["topic"].fit(routing.read(reads, {"input_ids": texts}))
    else:
        peft.train()
        for step in range(6):
            peft(input_ids=texts[8 * step : 8 * step + 8])
    return peft.eval()


@pytest.mark.parametrize("kind", ["vq", "kmeans", "gumbel"])
@pytest.mark.parametrize(("reads", "soft"), [("embeddings", True), ("hidden", False)])
def test_routes_survive_saving_and_do_not_change_while_an_answer_is_written(
    kind: str, reads: str, soft: bool, tmp_path: Path
) -> None:
    inputs = batch()
    peft = chosen_by(kind, reads, soft)
    assert torch.equal(generated(peft, cache=True, **inputs), generated(peft, cache=False, **inputs))
    before = scores(peft, **inputs)
    peft.save_pretrained(tmp_path)
    again = PeftModel.from_pretrained(base(), tmp_path).eval()
    assert torch.equal(scores(again, **inputs), before)
    route = again.base_model.choices.known("topic")
    assert route is not None and route.is_floating_point() == soft


@pytest.mark.parametrize("kind", ["mixture", "experts", "head"])
def test_cached_generation_equals_uncached(kind: Any, tmp_path: Path) -> None:
    combine = Combination(kind, "topic" if kind == "mixture" else "", () if kind == "mixture" else GROUPS)
    choosers = [Chooser("topic", 3, "prior", PRIOR)]
    peft = adapted(base(), (RULE, TOPIC), combine=combine, choosers=choosers)
    inputs = batch()
    assert torch.equal(generated(peft, cache=True, **inputs), generated(peft, cache=False, **inputs))
    with peft.disable_adapter():
        assert torch.equal(scores(peft, **inputs), scores(base(), **inputs))
    peft.save_pretrained(tmp_path)
    again = PeftModel.from_pretrained(base(), tmp_path).eval()
    assert torch.equal(scores(again, **inputs), scores(peft, **inputs))
    with pytest.raises(ValueError, match="beam search"):
        peft.generate(**inputs, num_beams=2, max_new_tokens=2)
    assert torch.equal(scores(peft.unload(), **inputs), scores(base(), **inputs))


def test_a_slot_can_be_switched_off_for_some_rows() -> None:
    inputs = batch()
    peft = adapted(base(), (RULE,))
    share = torch.tensor([1.0, 0.0, 1.0, 0.0])
    full = scores(peft, **inputs)
    with peft.base_model.choices.sharing({"rule": share}):
        found = scores(peft, **inputs)
    assert torch.allclose(found[[0, 2]], full[[0, 2]], atol=1e-6)
    assert torch.allclose(found[[1, 3]], scores(base(), **inputs)[[1, 3]], atol=1e-6)
