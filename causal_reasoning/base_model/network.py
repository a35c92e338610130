"""The network of a recipe, untrained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from causal_reasoning.base_model.recipe import Recipe
from causal_reasoning.base_model.tokenizer import MAXIMUM_LENGTH

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

#: Longest answer, steps included, that the model writes by default.
LONGEST_ANSWER = 256


def new_model(recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> LlamaForCausalLM:
    """Build the untrained model; the caller's random state stays as it was.

    Parameters
    ----------
    recipe : Recipe
        Its shape and seed.
    tokenizer : PreTrainedTokenizerBase
        Decides the size of the vocabulary and the special tokens.

    Returns
    -------
    LlamaForCausalLM
        In 32-bit precision, with tied embeddings.
    """
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    shape = recipe.spec.model
    special: dict[str, Any] = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=MAXIMUM_LENGTH,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_base},
        initializer_range=shape.deviation,
        tie_word_embeddings=True,
        **special,
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(recipe.spec.seed)
        model = LlamaForCausalLM(config).float()
    model.generation_config = GenerationConfig(do_sample=False, max_new_tokens=LONGEST_ANSWER, **special)
    return model
