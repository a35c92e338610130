"""Pretrain the packaged model: ``python -m causal_reasoning.base_model.pretrain --output DIR``."""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from causal_reasoning.base_model.card import model_card
from causal_reasoning.base_model.examples import clean_examples, mixed_examples
from causal_reasoning.base_model.tokenizer import MAXIMUM_LENGTH, build_tokenizer
from causal_reasoning.files import write_atomic

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

_DRAWN = 50  # steps whose examples are drawn at once
_STRIDE = 1_000_000  # seeds of two runs never meet
_TEST_SEED = _STRIDE - 1
Batch = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Recipe:
    """Settings of a pretraining run.

    Parameters
    ----------
    seed : int
        Of the weights and of the data.
    steps, batch : int
        Optimiser steps, and examples in each.
    learning_rate : float
        Peak of a linear warm-up over 60 steps and a cosine down to zero.
    width, layers, heads, inner : int
        Shape of the Llama: hidden size, blocks, attention heads, hidden size of the feed-forward part.
    """

    seed: int = 0
    steps: int = 1_200
    batch: int = 128
    learning_rate: float = 2e-3
    width: int = 128
    layers: int = 3
    heads: int = 4
    inner: int = 256


def new_model(recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> LlamaForCausalLM:
    """Build the untrained model.

    Parameters
    ----------
    recipe : Recipe
        Its shape and seed.
    tokenizer : tokenizer
        Decides the size of the vocabulary and the special tokens.

    Returns
    -------
    LlamaForCausalLM
        In 32-bit precision, with tied embeddings.
    """
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    special: dict[str, Any] = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.width,
        intermediate_size=recipe.inner,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.heads,
        max_position_embeddings=MAXIMUM_LENGTH,
        initializer_range=0.06,  # 0.02 suits great widths; at this one it costs thousands of steps
        tie_word_embeddings=True,
        **special,
    )
    torch.manual_seed(recipe.seed)
    model = LlamaForCausalLM(config).float()
    model.generation_config = GenerationConfig(do_sample=False, max_new_tokens=32, **special)
    return model


def pretrain(recipe: Recipe, tokenizer: PreTrainedTokenizerBase, *, every: int = 50) -> LlamaForCausalLM:
    """Train a model from scratch; the loss is taken on the answers only.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    tokenizer : tokenizer
        From `build_tokenizer`.
    every : int
        Steps between two lines of progress.

    Returns
    -------
    LlamaForCausalLM
        In evaluation mode.
    """
    model = new_model(recipe, tokenizer)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}],
        lr=recipe.learning_rate,
        betas=(0.9, 0.98),
    )
    warm_up = min(60, recipe.steps)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (
            (step + 1) / warm_up
            if step < warm_up
            else 0.5 + 0.5 * math.cos(math.pi * (step - warm_up) / max(recipe.steps - warm_up, 1))
        ),
    )
    model.train()
    begun = time.monotonic()
    for step, parts in enumerate(batches(recipe, tokenizer), start=1):
        loss = torch.zeros(())
        for inputs, mask, labels in parts:
            share = len(inputs) / recipe.batch
            part = share * model(input_ids=inputs, attention_mask=mask, labels=labels).loss
            part.backward()
            loss += part.detach()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        if step % every == 0 or step == recipe.steps:
            spent = time.monotonic() - begun
            print(f"step {step}/{recipe.steps}  loss {loss.item():.4f}  {spent:.0f} s", flush=True)
    return model.eval()


def batches(recipe: Recipe, tokenizer: PreTrainedTokenizerBase) -> Iterator[list[Batch]]:
    """Yield fresh batches, each example seen once, in parts of similar length to save padding.

    Parameters
    ----------
    recipe : Recipe
        Numbers and seed.
    tokenizer : tokenizer
        From `build_tokenizer`.

    Yields
    ------
    list of (Tensor, Tensor, Tensor)
        The shorter and the longer half of a batch: token ids, attention mask and labels (−100 outside the
        answer), each of shape (rows, length).
    """
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    for step in range(recipe.steps):
        if step % _DRAWN == 0:
            number = min(_DRAWN, recipe.steps - step) * recipe.batch
            examples = mixed_examples(number, recipe.seed * _STRIDE + step)
            prompts = tokenizer([question + "\n" for question in examples.questions])["input_ids"]
            answers = tokenizer(examples.answers, add_special_tokens=False)["input_ids"]
        start = step % _DRAWN * recipe.batch
        rows = [(prompts[row], [*answers[row], end]) for row in range(start, start + recipe.batch)]
        rows.sort(key=lambda row: len(row[0]))
        half = (len(rows) + 1) // 2
        yield [_padded(part, pad) for part in (rows[:half], rows[half:]) if part]


def _padded(rows: list[tuple[list[int], list[int]]], pad: int) -> Batch:
    """Put prompts and answers into one rectangle, padded on the right."""
    length = max(len(prompt) + len(answer) for prompt, answer in rows)
    inputs = torch.full((len(rows), length), pad)
    labels = torch.full((len(rows), length), -100)
    for index, (prompt, answer) in enumerate(rows):
        both = len(prompt) + len(answer)
        inputs[index, :both] = torch.tensor(prompt + answer)
        labels[index, len(prompt) : both] = torch.tensor(answer)
    return inputs, (inputs != pad).long(), labels


def answer_all(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, questions: Sequence[str], batch: int = 200
) -> list[str]:
    """Answer questions greedily.

    Parameters
    ----------
    model, tokenizer : model and tokenizer
        The tokenizer pads on the left.
    questions : sequence of str
        Each is followed by a newline, then by the answer.
    batch : int
        Questions a forward pass.

    Returns
    -------
    list of str
        One answer a question.
    """
    found: list[str] = []
    for start in range(0, len(questions), batch):
        prompts = [question + "\n" for question in questions[start : start + batch]]
        inputs = tokenizer(prompts, return_tensors="pt", padding=True)
        with torch.no_grad():
            output = model.generate(**inputs, max_new_tokens=16, do_sample=False)
        written = output[:, inputs["input_ids"].shape[1] :]
        found.extend(tokenizer.batch_decode(written, skip_special_tokens=True))
    return found


def accuracy(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, rows: int, seed: int) -> float:
    """Measure exact matches on clean questions.

    Parameters
    ----------
    model, tokenizer : model and tokenizer
        What to measure.
    rows, seed : int
        How many questions, and of which draw.

    Returns
    -------
    float
        Share between 0 and 1.
    """
    examples = clean_examples(rows, seed)
    answers = answer_all(model, tokenizer, examples.questions)
    return sum(a == b for a, b in zip(answers, examples.answers, strict=True)) / rows


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, folder: Path, card: str) -> None:
    """Write everything into a folder, the weights last, each file by renaming.

    Parameters
    ----------
    model, tokenizer : model and tokenizer
        What to write.
    folder : Path
        Made if it is missing.
    card : str
        Text of the README.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "README.md", card)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        tokenizer.save_pretrained(scratch)
        model.save_pretrained(scratch)
        for file in sorted(Path(scratch).iterdir(), key=lambda path: path.suffix == ".safetensors"):
            file.chmod(0o644)
            file.replace(folder / file.name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.
    """
    default = Recipe()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder for weights and tokenizer")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--steps", type=int, default=default.steps)
    parser.add_argument("--batch", type=int, default=default.batch)
    parser.add_argument("--learning-rate", type=float, default=default.learning_rate)
    parser.add_argument("--threads", type=int, default=2, help="sums differ in the last bits with another number")
    options = parser.parse_args(arguments)
    for name in ("steps", "batch", "threads"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if options.seed < 0 or not options.learning_rate > 0:
        parser.error("--seed must be at least 0 and --learning-rate above 0")
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    recipe = Recipe(options.seed, options.steps, options.batch, options.learning_rate)
    tokenizer = build_tokenizer()
    begun = time.monotonic()
    model = pretrain(recipe, tokenizer)
    minutes = (time.monotonic() - begun) / 60
    share = accuracy(model, tokenizer, 2_000, _TEST_SEED)
    print(f"exact match on 2,000 unseen clean questions: {share:.4f}")
    save(model, tokenizer, options.output, model_card(recipe, model.num_parameters(), minutes, share, options.threads))


if __name__ == "__main__":
    main()
