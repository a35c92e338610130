"""What can be trained: sizes against hand counts, training that starts at the base, and right answers with padding."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter
from transformers import (
    AutoModelForCausalLM,
    BitsAndBytesConfig,
    DynamicCache,
    GPTNeoXConfig,
    LlamaConfig,
    Qwen3Config,
)

from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.errors import InputError
from causal_reasoning.evaluation.accuracy import generate
from causal_reasoning.experiment.adapter_spec import Adapter, AdapterSpec
from causal_reasoning.objective.baselines.cat import CAT
from causal_reasoning.objective.baselines.cft import CFT
from causal_reasoning.objective.estimators.distillation import Distillation
from causal_reasoning.objective.loss import WeightedLikelihood
from causal_reasoning.training.adapters import (
    attach_adapter,
    check_adapter,
    is_whole_model,
    load_trained,
    objective_refusal,
    save_trained,
    settle_adapter,
    trainable_parameters,
)
from causal_reasoning.training.model import count_parameters, load_tokenizer
from causal_reasoning.training.shared_prompt import read_prompt
from causal_reasoning.training.step import TorchStep
from tests.tiny import make_model
from tests.training.test_shared_prompt import step as shared_step

# Two layers of 16 entries; four heads of 4, two of them for keys and values, hence 8 entries; 32 in the middle.
SIZES: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
ADAPTED: dict[str, dict[str, Any]] = {
    "lora": {"rank": 3},
    "adaption_prompt": {"kind": "adaption_prompt", "adapter_len": 5},
    "ia3": {"kind": "ia3"},
    "prefix": {"kind": "prefix", "num_virtual_tokens": 3},
}
ALL = {**ADAPTED, "full": {"kind": "full"}}
ROWS = [Encoded((5, 6, 7, 8), (9, 2)), Encoded((10, 11), (12, 13, 2)), Encoded((14, 15, 16), (2,))]


def spec(**settings: Any) -> AdapterSpec:
    found: AdapterSpec = TypeAdapter(Adapter).validate_python(settings)
    return found


def base(config: Any = LlamaConfig, **changes: Any) -> Any:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config(**{**SIZES, **changes})).eval()


def trained(kind: str, model: Any = None) -> Any:
    """A model with an adapter that does something."""
    torch.manual_seed(1)
    adapted = attach_adapter(base() if model is None else model, spec(**ALL[kind]))
    with torch.no_grad():
        for value in adapted.parameters():
            if value.requires_grad:
                value.add_(0.2 * torch.randn_like(value))
    return adapted


def batch(rows: list[Encoded]) -> dict[str, Any]:
    data = EncodedRows(rows, [1.0] * len(rows), [0] * len(rows))
    result: dict[str, Any] = collate(0)([data[i] for i in range(len(rows))])
    return result


def logits(model: Any, tokens: list[int]) -> torch.Tensor:
    """The scores of a single row: nothing is padded, nothing is cached."""
    with torch.no_grad():
        found: torch.Tensor = model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0]
    return found


@pytest.mark.parametrize(
    ("settings", "by_hand"),
    [
        # From a to b entries r (a + b): q and o 16 to 16, k and v 16 to 8, gate and up 16 to 32, down back.
        ({"rank": 3}, 2 * 3 * (2 * 32 + 2 * 24 + 3 * 48)),
        ({"rank": 5, "targets": ["q_proj", "v_proj"]}, 2 * 5 * (32 + 24)),
        # Tokens of 16 entries in each layer, and its gate.
        ({"kind": "adaption_prompt", "adapter_len": 7}, 2 * (7 * 16 + 1)),
        ({"kind": "adaption_prompt", "adapter_len": 7, "adapter_layers": 1}, 7 * 16 + 1),
        # Keys and values of 8 entries, and the 32 that go into the last projection.
        ({"kind": "ia3"}, 2 * (8 + 8 + 32)),
        ({"kind": "ia3", "targets": ["q_proj", "up_proj"], "feedforward": ["up_proj"]}, 2 * (16 + 16)),
        # A key and a value of 8 entries for each token and layer.
        ({"kind": "prefix", "num_virtual_tokens": 6}, 6 * 2 * 2 * 8),
        # Embeddings and output of 40 tokens, two layers with two norms each, and the last norm.
        ({"kind": "full"}, 2 * 40 * 16 + 2 * (2 * 16 * 16 + 2 * 16 * 8 + 3 * 16 * 32 + 2 * 16) + 16),
    ],
)
def test_trainable_parameters_are_those_counted_by_hand(settings: dict[str, Any], by_hand: int) -> None:
    model = base()
    state, names = torch.get_rng_state(), [name for name, _ in model.named_modules()]
    assert trainable_parameters(model, spec(**settings)) == by_hand
    # Counting left the model and the random numbers alone.
    assert torch.equal(torch.get_rng_state(), state)
    assert [name for name, _ in model.named_modules()] == names
    assert count_parameters(attach_adapter(model, spec(**settings)))[1] == by_hand


def test_a_prefix_has_the_width_of_keys_and_values_whatever_the_hidden_size() -> None:
    assert trainable_parameters(base(Qwen3Config, head_dim=6), spec(kind="prefix", num_virtual_tokens=5)) == (
        5 * 2 * 2 * (2 * 6)
    )


@pytest.mark.parametrize("kind", ["lora", "adaption_prompt", "prefix"])
@pytest.mark.parametrize("wanted", [400, 512, 768, 1000, 1500, 1999])
def test_the_size_is_the_one_whose_number_comes_nearest(kind: str, wanted: int) -> None:
    model = base()
    settled = settle_adapter(model, spec(kind=kind, parameters=wanted))
    name = {"lora": "rank", "adaption_prompt": "adapter_len", "prefix": "num_virtual_tokens"}[kind]
    each = {"lora": 512, "adaption_prompt": 32, "prefix": 32}[kind]
    gates = 2 if kind == "adaption_prompt" else 0
    numbers = {size: each * size + gates for size in range(1, 200)}
    best = min(numbers, key=lambda size: (abs(numbers[size] - wanted), size))
    assert getattr(settled, name) == best
    assert settled.model_dump().get("parameters") is None
    assert trainable_parameters(model, settled) == numbers[best]


def test_a_matched_adapter_is_the_one_of_that_size() -> None:
    found = []
    for settings in ({"parameters": 1500}, {"rank": 3, "alpha": 6}):
        torch.manual_seed(3)
        adapted = attach_adapter(base(), spec(**settings))
        found.append({n: v for n, v in adapted.state_dict().items() if "lora" in n})
        assert adapted.peft_config["default"].lora_alpha == 6  # the scale alpha / r is that of the defaults
    one, other = found
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("kind", ["lora", "adaption_prompt", "ia3", "full"])
def test_training_starts_at_the_base(kind: str) -> None:
    model = base()
    expected = logits(model, [5, 6, 7, 8])
    assert torch.equal(logits(attach_adapter(model, spec(**ALL[kind])), [5, 6, 7, 8]), expected)


def test_a_prefix_is_keys_and_values_before_the_text() -> None:
    model = trained("prefix")
    weight = model.prompt_encoder["default"].embedding.weight.detach()
    # Three tokens; for each layer keys and values of two heads with four entries.
    parts = weight.view(3, 2, 2, 2, 4).permute(1, 2, 3, 0, 4)
    cache = DynamicCache([(keys.unsqueeze(0), values.unsqueeze(0)) for keys, values in parts])
    with torch.no_grad():
        expected = base()(
            input_ids=torch.tensor([[5, 6, 7]]), position_ids=torch.tensor([[3, 4, 5]]), past_key_values=cache
        ).logits[0]
    assert torch.allclose(logits(model, [5, 6, 7]), expected, atol=1e-6)


@pytest.mark.parametrize("kind", ALL)
def test_padding_changes_no_likelihood_and_everything_trains(kind: str) -> None:
    model = trained(kind)
    step = TorchStep(model, batch(ROWS))
    for row, nll in zip(ROWS, step.nll().tolist(), strict=True):
        log_p = logits(model, [*row.prompt, *row.target]).log_softmax(-1)
        first = len(row.prompt) - 1
        assert nll == pytest.approx(-sum(float(log_p[first + i, t]) for i, t in enumerate(row.target)), rel=1e-5)
    torch.autograd.backward(step.nll().mean())
    assert all((value.grad is not None) == value.requires_grad for value in model.parameters())
    assert all(torch.isfinite(value.grad).all() for value in model.parameters() if value.grad is not None)


@pytest.mark.parametrize("kind", ADAPTED)
def test_the_base_is_the_model_without_its_adapter(kind: str) -> None:
    model = trained(kind)
    step, plain = TorchStep(model, batch(ROWS)), TorchStep(base(), batch(ROWS))
    for layer in (0, 1, -1):
        frozen = step.representation(layer, "prompt", adapter=False)
        assert torch.allclose(frozen, plain.representation(layer, "prompt"), atol=1e-6)
    assert not torch.allclose(step.representation(-1, "prompt"), plain.representation(-1, "prompt"), atol=1e-4)


@pytest.mark.parametrize("kind", ALL)
def test_hidden_states_are_those_of_the_tokens(kind: str) -> None:
    model = trained(kind)
    pooled = TorchStep(model, batch(ROWS)).representation(-1, "prompt")
    for row, state in zip(ROWS, pooled, strict=True):
        ids = torch.tensor([row.prompt])
        alone = model(input_ids=ids, use_cache=False, output_hidden_states=True).hidden_states[-1][0, -1]
        assert torch.allclose(state, alone, atol=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_embeddings_that_are_mixed_with_themselves_are_the_text(kind: str) -> None:
    step = TorchStep(trained(kind), batch(ROWS))
    own, _ = step.mix(torch.arange(3), torch.tensor([0.2, 0.5, 1.0]))
    assert step.nll(own).tolist() == pytest.approx(step.nll().tolist(), rel=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_a_prompt_is_shared_where_that_is_right(kind: str) -> None:
    model = trained(kind)
    ids, mask = torch.tensor([[5, 6, 7]]), torch.ones(1, 3, dtype=torch.long)
    assert (read_prompt(model, ids, mask) is None) == (kind == "prefix")
    shared, whole = (Distillation()(shared_step(model, share)) for share in (True, False))
    for key in ("loss", "nll", "distillation"):
        assert float(shared[key].detach()) == pytest.approx(float(whole[key].detach()), abs=1e-5)


@pytest.mark.parametrize("kind", ALL)
def test_cached_answers_to_prompts_of_several_lengths_are_those_of_single_rows(kind: str) -> None:
    tokenizer = build_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(**{**SIZES, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id})
    model = trained(kind, AutoModelForCausalLM.from_config(config)).eval()
    rows = [Encoded(tuple(range(9, 9 + length)), (2,)) for length in (7, 2, 4)]
    answers = generate(model, tokenizer, rows, max_new_tokens=5, batch_size=3)
    for row, answer in zip(rows, answers, strict=True):
        written = list(row.prompt)
        for _ in range(5):
            written.append(int(logits(model, written)[-1].argmax()))
            if written[-1] == tokenizer.eos_token_id:
                break
        assert tokenizer.decode(written[len(row.prompt) :], skip_special_tokens=True).strip() == answer


@pytest.mark.parametrize("kind", ALL)
def test_what_was_trained_is_read_back(kind: str, tmp_path: Path) -> None:
    folder = make_model(tmp_path / "model")
    tokenizer = load_tokenizer(str(folder))
    model = trained(kind, AutoModelForCausalLM.from_pretrained(folder)).eval()
    save_trained(model, tokenizer, tmp_path / "adapter")
    assert is_whole_model(tmp_path / "adapter") == (kind == "full")
    again, _ = load_trained(str(folder), tmp_path / "adapter")
    assert torch.equal(logits(again, [5, 6, 7]), logits(model, [5, 6, 7]))
    if kind == "full":  # with its tokenizer it is a model of its own
        assert load_tokenizer(str(tmp_path / "adapter")).get_vocab() == tokenizer.get_vocab()
        other = tmp_path / "other"
        base().save_pretrained(other)
        tokenizer.save_pretrained(other)
        with pytest.raises(InputError, match=r"does not fit the model .*: its vocab_size is \d+, that of the model 40"):
            load_trained(str(other), tmp_path / "adapter")


QUANTISED = {"quantization_config": BitsAndBytesConfig(load_in_8bit=True).to_dict()}


@pytest.mark.parametrize(
    ("settings", "config", "changes", "phrase"),
    [
        (
            {"kind": "adaption_prompt"},
            Qwen3Config,
            {},
            "adapter.kind: peft has 'adaption_prompt' for gpt2, llama, mistral only, and the model is a qwen3",
        ),
        ({"kind": "adaption_prompt"}, LlamaConfig, {"head_dim": 8}, "those of this model have 8 entries each"),
        (
            {"kind": "adaption_prompt", "adapter_layers": 3},
            LlamaConfig,
            {},
            "adapter.adapter_layers: the model has 2 layers, these are 3",
        ),
        (
            {"kind": "ia3", "targets": ["k_prj"], "feedforward": []},
            LlamaConfig,
            {},
            "adapter.targets: the model has no module 'k_prj'; did you mean 'k_proj'?",
        ),
        ({"targets": ["k_prj"]}, LlamaConfig, {}, "adapter.targets: the model has no module 'k_prj'; did you mean"),
        ({"targets": ["self_attn"]}, LlamaConfig, {}, "adapter: the model cannot have a 'lora' adapter: Target module"),
        (
            {"kind": "prefix", "num_virtual_tokens": 64},
            LlamaConfig,
            {},
            "adapter.num_virtual_tokens: the model reads at most 64 tokens, and the prefix alone has 64",
        ),
        ({"kind": "full"}, LlamaConfig, QUANTISED, "the weights of a quantised model cannot be trained; take 'lora'"),
        (
            {"parameters": 300},
            LlamaConfig,
            {},
            "adapter.parameters: 'lora' has at least 512 trainable parameters on this model, and 300 are asked for",
        ),
    ],
)
def test_what_a_model_cannot_have_is_refused(
    settings: dict[str, Any], config: Any, changes: dict[str, Any], phrase: str, tmp_path: Path
) -> None:
    model = base(config, **changes)
    with pytest.raises(InputError) as caught:
        attach_adapter(copy.deepcopy(model), spec(**settings))
    assert phrase in str(caught.value)
    # The same is known from the configuration alone, before any weight is read.
    model.config.save_pretrained(tmp_path)
    with pytest.raises(InputError) as caught:
        check_adapter(str(tmp_path), spec(**settings))
    assert phrase in str(caught.value)


def test_architectures_without_known_modules_need_names() -> None:
    torch.manual_seed(0)
    sizes = {k: v for k, v in SIZES.items() if k != "num_key_value_heads"}
    model = AutoModelForCausalLM.from_config(GPTNeoXConfig(**sizes))
    model.config.model_type = "unknown"
    with pytest.raises(InputError, match="peft does not know which modules of a unknown 'ia3' rescales; name them"):
        attach_adapter(model, spec(kind="ia3"))


def test_objectives_that_a_prefix_or_full_fine_tuning_cannot_have_are_refused() -> None:
    cat, cft = CAT().loss(), CFT().loss()
    kinds = {kind: spec(**settings) for kind, settings in ALL.items()}
    assert [kind for kind in ALL if objective_refusal(kinds[kind], cat)] == ["prefix"]
    assert [kind for kind in ALL if objective_refusal(kinds[kind], cft)] == ["full"]
    assert [kind for kind in ALL if objective_refusal(kinds[kind], WeightedLikelihood(), "mean_embedding")] == [
        "prefix"
    ]
    assert not [kind for kind in ALL if objective_refusal(kinds[kind], Distillation(), "sum")]
