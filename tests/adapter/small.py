"""Small random models of many architectures, and adapters with weights that change the output."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import torch
import transformers
from peft import get_peft_model
from torch import Tensor

from causal_reasoning.adapter import Slot, SlotsConfig, slot_to_dict
from causal_reasoning.adapter.combine import Combination
from causal_reasoning.adapter.routing import Chooser

VOCABULARY, WIDTH, LAYERS, HEADS = 60, 32, 3, 4
_COMMON = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": 48,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "max_position_embeddings": 64,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
_GROUPED = {**_COMMON, "num_key_value_heads": 2}
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", _GROUPED),
    "llama, wide heads": ("LlamaConfig", {**_COMMON, "head_dim": 16}),
    "mistral": ("MistralConfig", _GROUPED),
    "qwen2": ("Qwen2Config", _GROUPED),
    "qwen3": ("Qwen3Config", {**_GROUPED, "head_dim": 8}),
    "gpt2": (
        "GPT2Config",
        {"vocab_size": VOCABULARY, "n_embd": WIDTH, "n_layer": LAYERS, "n_head": HEADS, "n_positions": 64}
        | {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0},
    ),
    "gpt neox": ("GPTNeoXConfig", _COMMON),
    "phi": ("PhiConfig", _COMMON),
    "phi3": ("Phi3Config", _COMMON),
    "opt": (
        "OPTConfig",
        {k: v for k, v in _COMMON.items() if k != "intermediate_size"} | {"ffn_dim": 48, "word_embed_proj_dim": WIDTH},
    ),
    "olmo2": ("Olmo2Config", _GROUPED),
    "gemma3": ("Gemma3TextConfig", {**_GROUPED, "head_dim": 8}),
}


def base(name: str = "llama", attention: str = "sdpa", seed: int = 0) -> Any:
    """A random model in evaluation mode; the same for the same arguments."""
    kind, settings = CONFIGS[name]
    torch.manual_seed(seed)
    config = getattr(transformers, kind)(**copy.deepcopy(settings))
    return transformers.AutoModelForCausalLM.from_config(config, attn_implementation=attention).eval()


def adapted(
    model: Any,
    slots: Sequence[Slot],
    *,
    combine: Combination | None = None,
    choosers: Sequence[Chooser] = (),
    scale: float = 0.3,
    seed: int = 1,
) -> Any:
    """A model with slots whose parameters are random, so that they change the output."""
    config = SlotsConfig(
        slots=[slot_to_dict(slot) for slot in slots],
        combine=combine.to_dict() if combine else {},
        choosers=[chooser.to_dict() for chooser in choosers],
        task_type="CAUSAL_LM",
    )
    peft = get_peft_model(model, config)
    randomise(peft, scale, seed)
    return peft.eval()


def randomise(model: Any, scale: float = 0.3, seed: int = 1) -> None:
    """Draw all trainable parameters."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        if parameter.requires_grad and "slots_heads" not in name:
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * scale)


def batch(rows: int = 4, length: int = 7, padding: int = 3, seed: int = 2) -> dict[str, Tensor]:
    """Random tokens; the first row is padded on the left."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, VOCABULARY, (rows, length), generator=generator)
    mask = torch.ones_like(ids)
    mask[0, :padding] = 0
    ids[0, :padding] = 0
    return {"input_ids": ids, "attention_mask": mask}


@torch.no_grad()
def scores(model: Any, **inputs: Any) -> Tensor:
    """The model's scores."""
    found: Tensor = model(**inputs).logits
    return found


def generated(model: Any, *, cache: bool, **inputs: Any) -> Tensor:
    """Six tokens, greedily."""
    found: Tensor = model.generate(
        **inputs, max_new_tokens=6, min_new_tokens=6, do_sample=False, use_cache=cache, pad_token_id=0
    )
    return found
