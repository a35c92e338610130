"""Small models and experiments made on the spot, for tests of the whole path."""

from __future__ import annotations

from pathlib import Path

from causal_reasoning.base_model.tokenizer import build_tokenizer

EXPERIMENT = """\
version: 1
name: tiny
data: {world: letters, set: {rho: 0.4}, rows: 300}
model: MODEL
arms:
  - graph: erm
  - graph: reasoning
seeds: [1, 2]
adapter: {rank: 2, alpha: 4}
training: {steps: 20, batch_size: 16, evaluate_every: 5, checkpoint_every: 5}
evaluation: {items: 12, max_new_tokens: 4}
"""


def make_model(folder: Path) -> Path:
    """A random Llama of about 30,000 parameters with the packaged tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = build_tokenizer()
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=256,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_experiment(folder: Path, model: Path) -> Path:
    """An experiment of four trained arms and seeds that takes seconds."""
    path = folder / "tiny.yaml"
    path.write_text(EXPERIMENT.replace("MODEL", str(model)), encoding="utf-8")
    return path
