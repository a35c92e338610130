"""`TorchStep` on a tiny random Llama: every quantity against the model's plain output."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch

from causal_reasoning.data.encode import IGNORED, Encoded, EncodedRows, collate
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import LoraSpec
from causal_reasoning.objective.loss import Head, Loss, Needs, WeightedLikelihood
from causal_reasoning.training.equip import equip, strip
from causal_reasoning.training.model import attach_lora, load_model
from causal_reasoning.training.step import TorchStep
from tests.tiny import make_model

# Prompts of 4, 2 and 3 tokens, answers of 2, 3 and 1.
ROWS = [Encoded((5, 6, 7, 8), (9, 2)), Encoded((10, 11), (12, 13, 2)), Encoded((14, 15, 16), (2,))]
OTHERS = [Encoded((5, 8), (9, 2)), Encoded((10, 11, 11), (12, 13, 2)), Encoded((14, 16), (2,))]
CAUSES = [
    Encoded((IGNORED, 6, 7, IGNORED), (IGNORED,) * 2),
    Encoded((10, IGNORED), (IGNORED,) * 3),
    Encoded((IGNORED,) * 3, (IGNORED,)),
]
VIEWS = {"counterfactual": OTHERS, "causal": CAUSES}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_model(str(make_model(tmp_path_factory.mktemp("model"))))[0]


@pytest.fixture
def model(base: Any) -> Any:
    torch.manual_seed(0)
    adapted = attach_lora(copy.deepcopy(base), LoraSpec(rank=2, alpha=8))
    with torch.no_grad():  # an adapter that does something
        for name, value in adapted.named_parameters():
            if "lora_B" in name:
                value.normal_(0, 0.3)
    return adapted.train()


def batch(rows: list[Encoded] = ROWS, groups: tuple[int, ...] = (0, 1, 0)) -> dict[str, Any]:
    views = {name: view[: len(rows)] for name, view in VIEWS.items()}
    data = EncodedRows(rows, [1.0] * len(rows), list(groups[: len(rows)]), views)
    result: dict[str, Any] = collate(0)([data[i] for i in range(len(rows))])
    return result


def alone(model: Any, row: Encoded) -> Any:
    """The model's output for one row without padding."""
    ids = torch.tensor([[*row.prompt, *row.target]])
    return model(input_ids=ids, output_hidden_states=True, output_attentions=True, use_cache=False)


def answer_nll(model: Any, row: Encoded) -> float:
    log_p = alone(model, row).logits[0].detach().log_softmax(-1)
    first = len(row.prompt) - 1
    return -sum(float(log_p[first + i, token]) for i, token in enumerate(row.target))


def test_likelihoods_are_those_of_single_rows(model: Any) -> None:
    step = TorchStep(model, batch(), tokens_per_answer=2.0)
    assert step.nll().tolist() == pytest.approx([answer_nll(model, row) / 2 for row in ROWS], rel=1e-5)
    assert step.nll("counterfactual").tolist() == pytest.approx([answer_nll(model, r) / 2 for r in OTHERS], rel=1e-5)
    assert step.rows().tolist() == [0, 0, 1, 1, 1, 2]
    assert step.targets().tolist() == [9, 2, 12, 13, 2, 2]
    log_p = step.logits().log_softmax(-1).gather(1, step.targets().unsqueeze(1)).squeeze(1)
    assert step.per_row(-log_p).tolist() == pytest.approx(step.nll().tolist(), rel=1e-5)


def test_representations_are_pooled_over_the_right_positions(model: Any) -> None:
    step = TorchStep(model, batch())
    for layer in (0, -1):
        states = [alone(model, row).hidden_states[layer][0] for row in ROWS]
        prompts = [len(row.prompt) for row in ROWS]
        expected = {
            "prompt": [s[p - 1] for s, p in zip(states, prompts, strict=True)],
            "answer": [s[p - 1 : -1].mean(0) for s, p in zip(states, prompts, strict=True)],
            "mean": [s[:p].mean(0) for s, p in zip(states, prompts, strict=True)],
        }
        for pool, values in expected.items():
            assert torch.allclose(step.representation(layer, pool), torch.stack(values), atol=1e-5)


def test_the_base_is_the_model_without_its_adapter_and_has_no_gradient(model: Any, base: Any) -> None:
    step = TorchStep(model, batch())
    frozen = step.representation(-1, "prompt", adapter=False)
    expected = TorchStep(base, batch()).representation(-1, "prompt")
    assert torch.allclose(frozen, expected, atol=1e-6)
    assert not frozen.requires_grad
    tuned = step.representation(-1, "prompt")
    assert not torch.allclose(frozen, tuned, atol=1e-3)
    # Nothing is left switched off: the adapter trains and the model is in training mode.
    torch.autograd.backward(step.nll().mean())
    assert all(p.grad is not None for n, p in model.named_parameters() if "lora_" in n)
    assert model.training
    assert all(module.training for module in model.modules())


def test_a_model_without_an_adapter_has_no_base_to_compare_with(base: Any) -> None:
    with pytest.raises(InputError, match="without its adapter; this model has none"):
        TorchStep(base, batch()).representation(-1, "prompt", adapter=False)


def test_a_view_that_is_not_there_is_named(model: Any) -> None:
    with pytest.raises(InputError, match="needs the view 'counterfactal' of every row; did you mean 'counterfactual'"):
        TorchStep(model, batch()).nll("counterfactal")


def test_attention_is_refused_where_the_implementation_gives_no_maps(model: Any) -> None:
    with pytest.raises(InputError, match=r"'sdpa' does not give; load the model with attn_implementation='eager'"):
        TorchStep(model, batch()).attention()


class NeedsAttention:
    def needs(self) -> Needs:
        return Needs(attention=True)

    def __call__(self, step: Any) -> dict[str, Any]:
        return {}


def test_attention_is_that_of_the_positions_that_predict_the_answer(model: Any) -> None:
    assert equip(model, NeedsAttention()) == []
    step = TorchStep(model, batch())
    attention, seen = step.attention(), step.visible()
    position = 0
    for i, row in enumerate(ROWS):
        maps = torch.stack(alone(model, row).attentions)[:, 0].mean((0, 1))
        for t in range(len(row.prompt) - 1, len(row.prompt) + len(row.target) - 1):
            size = maps.shape[1]
            assert torch.allclose(attention[position, :size], maps[t], atol=1e-5)
            assert attention[position, size:].abs().sum() == 0
            assert seen[position].nonzero().squeeze(1).tolist() == list(range(t + 1))
            assert int(step.rows()[position]) == i
            position += 1
    assert torch.allclose(attention.sum(1), torch.ones(position), atol=1e-5)
    assert step.marked("causal").tolist() == [
        [False, True, True, False, False, False],
        [True, False, False, False, False, False],
        [False] * 6,
    ]


def test_marks_must_match_the_rows(model: Any) -> None:
    inputs = batch()
    inputs["views"]["causal"]["input_ids"] = torch.zeros(3, 4)
    with pytest.raises(InputError, match="'causal' must have one mark for each token"):
        TorchStep(model, inputs).marked("causal")


def test_a_row_mixed_with_share_one_or_zero_is_one_of_the_two_rows(model: Any) -> None:
    """With a share of 1 own tokens are whole; where the partner is longer, its tokens are what is left of it."""
    same = [ROWS[0], Encoded((20, 21, 22, 23), (24, 2))]
    step = TorchStep(model, {**batch(same), "views": {}})
    partner = torch.tensor([1, 0])
    for share, own_rows, other_rows in ((1.0, [0, 1], None), (0.0, None, [1, 0])):
        own, other = step.mix(partner, torch.full((2,), share))
        if own_rows:
            assert step.nll(own).tolist() == pytest.approx([answer_nll(model, same[i]) for i in own_rows], rel=1e-4)
        if other_rows:
            assert step.nll(other).tolist() == pytest.approx([answer_nll(model, same[i]) for i in other_rows], rel=1e-4)


def test_mixed_rows_of_different_length_meet_where_their_answers_begin(model: Any) -> None:
    step = TorchStep(model, batch())
    partner, share = torch.tensor([1, 0, 2]), torch.tensor([0.3, 0.5, 0.9])
    own, other = step.mix(partner, share)
    table = model.get_input_embeddings().weight
    mixed = [
        table[5],  # only row 0 has four tokens in its prompt
        table[6],
        0.3 * table[7] + 0.7 * table[10],
        0.3 * table[8] + 0.7 * table[11],
        0.3 * table[9] + 0.7 * table[12],
        0.3 * table[2] + 0.7 * table[13],
        table[2],  # only the partner has a third token in its answer
    ]
    log_p = model(inputs_embeds=torch.stack(mixed).unsqueeze(0), use_cache=False).logits[0].detach().log_softmax(-1)
    assert float(step.nll(own).detach()[0]) == pytest.approx(-float(log_p[3, 9] + log_p[4, 2]), rel=1e-4)
    assert float(step.nll(other).detach()[0]) == pytest.approx(
        -float(log_p[3, 12] + log_p[4, 13] + log_p[5, 2]), rel=1e-4
    )
    # A row mixed with itself is itself.
    assert float(step.nll(own).detach()[2]) == pytest.approx(answer_nll(model, ROWS[2]), rel=1e-4)
    assert float(step.nll(other).detach()[2]) == pytest.approx(answer_nll(model, ROWS[2]), rel=1e-4)


def test_both_answers_of_a_mixture_come_from_one_forward_pass(model: Any) -> None:
    step = TorchStep(model, batch())
    own, other = step.mix(torch.tensor([1, 2, 0]), torch.full((3,), 0.5))
    assert step.output(own) is step.output(other)
    assert step.output(hidden=True) is step.output()


def test_what_is_added_to_the_last_state_is_added_to_the_scores(model: Any) -> None:
    step = TorchStep(model, batch())
    vectors = torch.randn(3, 16)
    expected = vectors @ model.get_output_embeddings().weight.T
    assert torch.allclose(step.unembed(vectors), expected, atol=1e-5)


class NeedsHeads:
    def needs(self) -> Needs:
        return Needs(heads={"wide": Head(), "silent": Head(3, silent=True)})

    def __call__(self, step: Any) -> dict[str, Any]:
        return {}


def test_heads_are_trained_beside_the_adapter_and_thrown_away(model: Any, tmp_path: Path) -> None:
    before = {name for name, value in model.named_parameters() if value.requires_grad}
    step = TorchStep(model, batch())
    with pytest.raises(InputError, match="the model has no head 'wide'"):
        step.head("wide", torch.zeros(2, 16))
    assert len(equip(model, NeedsHeads())) == 1
    assert step.head("wide", torch.zeros(2, 16)).shape == (2, 16)
    assert step.head("silent", torch.randn(2, 16)).tolist() == [[0.0] * 3] * 2
    added = {name for name, value in model.named_parameters() if value.requires_grad} - before
    assert len(added) == 8
    model.save_pretrained(tmp_path)
    from safetensors.torch import load_file

    assert not [name for name in load_file(tmp_path / "adapter_model.safetensors") if "head" in name]
    strip(model)
    strip(model)
    assert {name for name, value in model.named_parameters() if value.requires_grad} == before


def test_plain_losses_need_nothing(model: Any) -> None:
    assert equip(model, WeightedLikelihood()) == []


def losses() -> list[Any]:
    from causal_reasoning.objective.baselines import BASELINES

    made = [baseline() for baseline in BASELINES.values()]
    made += [BASELINES["cat"](form=form) for form in ("hinge", "share")]  # type: ignore[call-arg]
    made += [BASELINES["counterfactual"](consistency=1.0), BASELINES["vrex"](anneal=0.0)]  # type: ignore[call-arg]
    return [pytest.param(b.loss(), id=f"{b.name} {'-'.join(str(v) for v in b.settings().values())}") for b in made]


@pytest.mark.parametrize("loss", losses())
def test_every_baseline_takes_a_step_on_a_model(model: Any, loss: Loss) -> None:
    equip(model, loss)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-3)
    memory: dict[str, torch.Tensor] = {}

    def value(size: int) -> torch.Tensor:
        torch.manual_seed(7)
        views = {name: (view * 2)[:size] for name, view in VIEWS.items()}
        data = EncodedRows((ROWS * 2)[:size], [1.0] * size, [i % 2 for i in range(size)], views)
        inputs = collate(0)([data[i] for i in range(size)])
        step = TorchStep(model, inputs, groups=2, tokens_per_answer=2.0, number=5, last=9, memory=dict(memory))
        parts = loss(step)
        assert all(torch.isfinite(torch.as_tensor(part).detach()).all() for part in parts.values())
        result: torch.Tensor = parts["loss"]
        return result

    for size in (1, 6):  # a single row, and two groups with two rows or more
        optimizer.zero_grad()
        before = value(size)
        torch.autograd.backward(before)
        adapter = [p.grad for n, p in model.named_parameters() if "lora_" in n and p.grad is not None]
        assert adapter
        assert all(torch.isfinite(g).all() for g in adapter)
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        assert float(value(size).detach()) < float(before.detach())
