"""Slots in many architectures: nothing at first, saved and loaded to the last bit, with and without a cache."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn

from causal_reasoning.adapter import LowRankSlot, SlotsConfig, TokenSlot, slot_to_dict
from tests.adapter.small import CONFIGS, HEADS, adapted, base, batch, generated, randomise, scores
from tests.shared import shared

SLOTS = (
    TokenSlot("skill", tokens=4, layers=2),
    LowRankSlot("rule", rank=2),
    LowRankSlot("topic", 2, 4, (), 3, "topic"),
)
CHOICE = {"topic": torch.tensor([0, 1, 2, 0])}


@pytest.mark.parametrize("name", list(CONFIGS))
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_any_decoder_takes_slots(name: str, attention: str, tmp_path: Path) -> None:
    model = base(name, attention)
    inputs = batch()
    before = scores(model, **inputs)
    config = SlotsConfig(slots=[slot_to_dict(slot) for slot in SLOTS], task_type="CAUSAL_LM")
    peft = get_peft_model(model, config).eval()
    choices = peft.base_model.choices
    with choices.making(CHOICE):
        assert torch.equal(scores(peft, **inputs), before), "fresh slots change nothing"
        randomise(peft)
        changed = scores(peft, **inputs)
        assert not torch.allclose(changed, before, atol=1e-3)
        assert torch.equal(generated(peft, cache=True, **inputs), generated(peft, cache=False, **inputs))
        with choices.making({"topic": torch.eye(3)[CHOICE["topic"]]}):
            assert torch.allclose(scores(peft, **inputs), changed, atol=1e-5), "weights of 0 and 1 are a choice"
        with peft.disable_adapter():
            assert torch.equal(scores(peft, **inputs), before)
        peft.save_pretrained(tmp_path)
    again = PeftModel.from_pretrained(base(name, attention), tmp_path).eval()
    with again.base_model.choices.making(CHOICE):
        assert torch.equal(scores(again, **inputs), changed)
    assert torch.equal(scores(peft.unload(), **inputs), before)


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_each_row_gets_its_own_part_only(name: str) -> None:
    inputs = batch()
    peft = adapted(base(name), SLOTS)
    choices = peft.base_model.choices
    with choices.making(CHOICE):
        together = scores(peft, **inputs)
    for part in range(3):
        with choices.making({"topic": torch.full((4,), part)}):
            alone = scores(peft, **inputs)
        rows = CHOICE["topic"] == part
        assert torch.allclose(together[rows], alone[rows], atol=1e-5)
        assert not torch.allclose(together[~rows], alone[~rows], atol=1e-3)


def test_a_single_low_rank_slot_is_lora() -> None:
    """Another implementation: peft's own LoRA with the same matrices."""
    inputs = batch()
    ours = adapted(base(), (LowRankSlot("rule", rank=4, alpha=8, targets=("q_proj", "down_proj")),))
    theirs = get_peft_model(base(), LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "down_proj"])).eval()
    matrices = {k: v for k, v in ours.state_dict().items() if "slots_" in k}
    for name, parameter in theirs.named_parameters():
        if parameter.requires_grad:
            key = name.replace(".lora_A.default.weight", ".slots_down.default.rule")
            parameter.data.copy_(matrices[key.replace(".lora_B.default.weight", ".slots_up.default.rule")][0])
    assert torch.allclose(scores(ours, **inputs), scores(theirs, **inputs), atol=1e-6)
    plain = scores(ours, **inputs)
    assert torch.allclose(scores(ours.merge_and_unload(), **inputs), plain, atol=1e-5)


def test_token_slot_against_the_formula() -> None:
    """One layer by hand: tanh(g) softmax(q kᵀ / √d) v, then the output projection."""
    peft = adapted(base("llama, wide heads"), (TokenSlot("skill", tokens=3, layers=1),))
    caught: dict[str, Any] = {}
    attention = peft.base_model.model.model.layers[-1].self_attn

    def keep(module: nn.Module, args: Any, options: Any) -> None:
        caught.update(options)

    attention.register_forward_pre_hook(keep, with_kwargs=True)
    inputs = batch(padding=0)
    scores(peft, **inputs)
    hidden, (cos, sin) = caught["hidden_states"], caught["position_embeddings"]
    q = attention.q_proj(hidden).view(4, 7, HEADS, 16).transpose(1, 2)
    half = torch.cat([-q[..., 8:], q[..., :8]], dim=-1)
    q = q * cos[:, None] + half * sin[:, None]
    tokens = attention.slots.slots_tokens["default"]["skill"][0]
    gate = attention.slots.slots_gates["default"]["skill"][0]
    heads = []
    for h in range(HEADS):
        k = tokens @ attention.k_proj.weight[16 * h : 16 * h + 16].T
        v = tokens @ attention.v_proj.weight[16 * h : 16 * h + 16].T
        heads.append(torch.tanh(gate[h]) * torch.softmax(q[:, h] @ k.T / 4.0, dim=-1) @ v)
    expected = torch.cat(heads, dim=-1) @ attention.o_proj.weight.T
    found = peft.base_model.contributions("skill")
    assert list(found) == ["model.layers.2.self_attn.slots"]
    assert torch.allclose(next(iter(found.values())), expected, atol=1e-6)
    first = peft.base_model.contributions("skill", (0,))["model.layers.2.self_attn.slots"]
    rest = peft.base_model.contributions("skill", (1, 2))["model.layers.2.self_attn.slots"]
    assert torch.allclose(first + rest, expected, atol=1e-6)


def test_llama_7b_has_the_published_number_of_parameters() -> None:
    from transformers import AutoModelForCausalLM, LlamaConfig

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(LlamaConfig())  # the defaults are those of the 7B model
        peft = get_peft_model(
            model, SlotsConfig(slots=[slot_to_dict(TokenSlot("skill", 10, 30))], task_type="CAUSAL_LM")
        )
    assert peft.get_nb_trainable_parameters() == (1_229_760, 6_738_415_616 + 1_229_760)


def test_only_slots_are_trained_and_gradients_reach_the_parts_in_use() -> None:
    peft = adapted(base(), SLOTS).train()
    with peft.base_model.choices.making({"topic": torch.tensor([0, 2, 2, 0])}):
        inputs = batch()
        peft(**inputs, labels=inputs["input_ids"]).loss.backward()
    for name, parameter in peft.named_parameters():
        assert parameter.requires_grad == ("slots_" in name)
        if "slots_" in name:
            used = parameter.grad.abs().flatten(1).sum(1) > 0
            assert used.tolist() == ([True, False, True] if "topic" in name else [True])
        else:
            assert parameter.grad is None


def test_gradient_checkpointing_gives_the_same_gradients() -> None:
    inputs = batch()
    found = []
    for checkpointing in (False, True):
        peft = adapted(base(), SLOTS).train()
        if checkpointing:
            peft.enable_input_require_grads()
            peft.gradient_checkpointing_enable({"use_reentrant": False})
        with peft.base_model.choices.making(CHOICE):
            peft(**inputs, labels=inputs["input_ids"], use_cache=False).loss.backward()
        found.append({n: p.grad for n, p in peft.named_parameters() if p.requires_grad})
    assert all(torch.allclose(found[0][n], found[1][n], atol=1e-6) for n in found[0])


def test_half_precision() -> None:
    model = base().to(torch.bfloat16)
    peft = get_peft_model(
        model,
        SlotsConfig(slots=[slot_to_dict(s) for s in SLOTS], task_type="CAUSAL_LM"),
        autocast_adapter_dtype=False,
    )
    randomise(peft)
    with peft.base_model.choices.making(CHOICE):
        found = scores(peft.eval(), **batch())
    assert found.dtype == torch.bfloat16
    assert bool(found.isfinite().all())


def test_adapters_side_by_side(tmp_path: Path) -> None:
    inputs = batch()
    first, second = (TokenSlot("skill", 4, 2),), (TokenSlot("skill", 2, 1), LowRankSlot("rule", 3))
    a, b = adapted(base(), first, seed=1), adapted(base(), second, seed=5)
    a.save_pretrained(tmp_path / "a")
    b.save_pretrained(tmp_path / "b")
    both = PeftModel.from_pretrained(base(), tmp_path / "a", adapter_name="a").eval()
    both.load_adapter(tmp_path / "b", adapter_name="b")
    assert torch.equal(scores(both, **inputs), scores(a, **inputs))
    both.set_adapter("b")
    assert torch.equal(scores(both, **inputs), scores(b, **inputs))
    both.delete_adapter("b")
    both.set_adapter("a")
    assert torch.equal(scores(both, **inputs), scores(a, **inputs))


def test_a_new_process_gives_the_same_scores(tmp_path: Path) -> None:
    """On really trained weights, found by the class that reads the base's name from the adapter."""
    folder = shared("models/stories260K")
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder)
    peft = adapted(model, (TokenSlot("skill", 4, 3), LowRankSlot("rule", 2)), scale=0.05)
    peft.save_pretrained(tmp_path)
    ids = torch.tensor([[1, 20, 30, 40, 50]])
    torch.save(scores(peft, input_ids=ids), tmp_path / "scores.pt")
    program = (
        "import sys, torch, causal_reasoning.adapter\n"
        "from peft import AutoPeftModelForCausalLM\n"
        "model = AutoPeftModelForCausalLM.from_pretrained(sys.argv[1]).eval()\n"
        "with torch.no_grad(): found = model(input_ids=torch.tensor([[1, 20, 30, 40, 50]])).logits\n"
        "assert torch.equal(found, torch.load(sys.argv[1] + '/scores.pt'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_graph_travels_in_the_configuration(tmp_path: Path) -> None:
    graph = {"name": "dca", "digest": "0" * 64, "text": "version: 1\n"}
    config = SlotsConfig(slots=[slot_to_dict(TokenSlot("skill"))], graph=graph, task_type="CAUSAL_LM")
    get_peft_model(base(), config).save_pretrained(tmp_path)
    assert SlotsConfig.from_pretrained(tmp_path).graph == graph


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="asks for 9 layers, the model has 3"):
        adapted(base(), (TokenSlot("skill", layers=9),))
    with pytest.raises(ValueError, match="no linear layer fits the targets of the slot 'rule': wrong"):
        adapted(base(), (LowRankSlot("rule", targets=("wrong",)),))
    with pytest.raises(ValueError, match="two slots have one name"):
        adapted(base(), (TokenSlot("skill"), LowRankSlot("skill")))
    with pytest.raises(ValueError, match="no slots"):
        adapted(base(), ())
    peft = adapted(base(), SLOTS)
    with pytest.raises(RuntimeError, match="nothing has chosen among the 3 parts of 'topic'"):
        scores(peft, **batch())
    with peft.base_model.choices.making({"topic": torch.tensor([0, 1])}), pytest.raises(RuntimeError, match="2 rows"):
        scores(peft, **batch())
    with pytest.raises(ValueError, match="cannot be merged"):
        peft.merge_and_unload()


def test_a_copy_has_choices_of_its_own() -> None:
    peft = adapted(base(), SLOTS)
    copied = copy.deepcopy(peft)
    with peft.base_model.choices.making(CHOICE):
        expected = scores(peft, **batch())
        with pytest.raises(RuntimeError, match="nothing has chosen"):
            scores(copied, **batch())
    with copied.base_model.choices.making(CHOICE):
        assert torch.equal(scores(copied, **batch()), expected)
