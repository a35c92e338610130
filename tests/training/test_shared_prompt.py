"""A prompt that is computed once gives the same likelihoods and gradients as one that is computed each time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPTNeoXConfig, LlamaConfig, MistralConfig, Qwen3Config

from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.objective.estimators.distillation import Distillation
from causal_reasoning.objective.mixture import LOG_PRIOR
from causal_reasoning.training.step import TorchStep

SIZES: dict[str, Any] = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
SMALL: dict[str, Any] = {**SIZES, "num_key_value_heads": 2, "intermediate_size": 32}
CONFIGS = {
    "llama": LlamaConfig(**SMALL),
    "qwen3": Qwen3Config(**SMALL, head_dim=8),
    "gpt2": GPT2Config(vocab_size=20, n_embd=16, n_layer=2, n_head=2, n_positions=12, bos_token_id=1, eos_token_id=1),
    "gpt_neox": GPTNeoXConfig(**SIZES, intermediate_size=32),
    "sliding": MistralConfig(**SMALL, sliding_window=3),
}
QUESTIONS = [(5, 6, 7, 8, 9), (10, 11), (12, 13, 14)]
CONTROLS = [(2,), (3, 3), (4,)]
ANSWERS = [(15, 1), (16, 17, 18, 1), (1,)]
OWN = [0, 1, 2]


def inputs(share: bool) -> dict[str, Any]:
    def rows(shown: list[tuple[int, ...]]) -> list[Encoded]:
        return [Encoded((*q, *c), a) for q, c, a in zip(QUESTIONS, shown, ANSWERS, strict=True)]

    views = {"student": rows([()] * 3)}
    views |= {f"other {j}": rows([CONTROLS[j + (z <= j)] for z in OWN]) for j in range(2)}
    data = EncodedRows(rows([CONTROLS[z] for z in OWN]), [1.0, 0.5, 2.0], OWN, views, share=share)
    batch: dict[str, Any] = collate(0)([data[i] for i in range(3)])
    return batch


def step(model: Any, share: bool) -> TorchStep:
    memory = {LOG_PRIOR: torch.tensor([0.5, 0.3, 0.2]).log()}
    return TorchStep(model, inputs(share), tokens_per_answer=2.0, groups=3, memory=memory)


def build(name: str) -> Any:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(CONFIGS[name]).eval()


@pytest.mark.parametrize("name", CONFIGS)
def test_likelihoods_and_gradients_are_those_of_whole_sequences(name: str) -> None:
    model = build(name)
    found = []
    for share in (True, False):
        model.zero_grad()
        parts = Distillation()(step(model, share))
        parts["loss"].backward()
        gradients = [p.grad.clone() for p in model.parameters() if p.grad is not None]
        found.append((parts, gradients))
    (one, some), (two, same) = found
    for key in ("loss", "nll", "distillation"):
        assert float(one[key].detach()) == pytest.approx(float(two[key].detach()), abs=1e-6)
    assert len(some) == len(same)
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(some, same, strict=True))


def calls(model: Any, share: bool) -> list[tuple[tuple[int, int], bool]]:
    """Shape of the tokens of each pass, and whether it keeps a graph."""
    seen: list[tuple[tuple[int, int], bool]] = []

    def see(module: Any, args: Any, kwargs: Any, output: Any) -> None:
        seen.append((tuple(kwargs["input_ids"].shape), output.logits.requires_grad))

    handle = model.register_forward_hook(see, with_kwargs=True)
    Distillation()(step(model, share))
    handle.remove()
    return seen


def test_the_prompt_is_computed_once_and_other_strata_without_a_graph() -> None:
    # The longest question has five tokens, one of which is left over; two strata with gradient, then two without.
    assert calls(build("llama"), True) == [((3, 4), True), ((6, 7), True), ((6, 6), False)]
    widths = [((3, 8), True), ((3, 9), False), ((3, 8), False), ((3, 7), True)]
    assert sorted(calls(build("llama"), False)) == sorted(widths)
    # A window that forgets the prompt cannot be continued from: all sequences are computed whole, and it is tried once.
    sliding = build("sliding")
    assert sorted(calls(sliding, True)) == sorted([*widths, ((3, 4), True)])
    assert sorted(calls(sliding, True)) == sorted(widths)


def test_a_view_asked_for_without_gradient_is_computed_again_when_it_needs_one() -> None:
    model = build("llama")
    for share in (True, False):
        one = step(model, share)
        assert not one.logits("student", gradient=False).requires_grad
        assert one.nll("student").requires_grad
        assert not one.logits("student", gradient=False).requires_grad
        with torch.no_grad():
            assert not step(model, share).nll().requires_grad


def test_hidden_states_are_those_of_the_whole_sequence() -> None:
    model = build("llama")
    shared, whole = step(model, True), step(model, False)
    shared.prepare(("student",))
    for pool in ("prompt", "answer", "mean"):
        assert torch.allclose(shared.representation(-1, pool), whole.representation(-1, pool), atol=1e-6)
    assert shared.nll().tolist() == pytest.approx(whole.nll().tolist(), abs=1e-6)
