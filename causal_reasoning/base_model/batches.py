"""Batches of fresh examples, sorted by length and padded in parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from causal_reasoning.base_model.examples import Example, training_examples
from causal_reasoning.base_model.recipe import Recipe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_DRAWN = 50  # steps whose examples are drawn at once
_Row = tuple[list[int], list[int], Example]  # prompt, target with its end, and where they come from


@dataclass(frozen=True)
class Part:
    """Some examples of a batch, of similar length.

    Parameters
    ----------
    inputs : Tensor of shape (rows, length)
        Token ids, padded on the right.
    chosen : Tensor of shape (rows, length − 1)
        Where the next token is part of a target.
    targets : Tensor of shape (tokens,)
        Those next tokens, row after row.
    rows : Tensor of shape (tokens,)
        The row of each.
    lengths : Tensor of shape (rows,)
        Tokens of each target.
    groups : tuple of (int, bool)
        World and format of each row.
    """

    inputs: Tensor
    chosen: Tensor
    targets: Tensor
    rows: Tensor
    lengths: Tensor
    groups: tuple[tuple[int, bool], ...]


def batches(recipe: Recipe, tokenizer: PreTrainedTokenizerBase, start: int = 0) -> Iterator[list[Part]]:
    """Yield fresh batches, each example seen once, in parts of similar length to save padding.

    Parameters
    ----------
    recipe : Recipe
        Worlds, sizes and seed.
    tokenizer : PreTrainedTokenizerBase
        From `build_tokenizer`.
    start : int
        Steps to leave out: a run that goes on sees what it would have seen.

    Yields
    ------
    list of Part
        The parts of one batch, the shortest examples first.
    """
    training = recipe.spec.training
    pad = int(tokenizer.pad_token_id)
    for first in range(start - start % _DRAWN, training.steps, _DRAWN):
        steps = min(_DRAWN, training.steps - first)
        examples = training_examples(recipe, steps * training.batch, first // _DRAWN)
        rows = encode(examples, tokenizer)
        for step in range(max(start - first, 0), steps):
            batch = rows[step * training.batch : (step + 1) * training.batch]
            batch.sort(key=lambda row: len(row[0]) + len(row[1]))
            parts = min(training.parts, len(batch))
            bounds = [len(batch) * part // parts for part in range(parts + 1)]
            yield [_part(batch[low:high], pad) for low, high in pairwise(bounds)]


def encode(examples: list[Example], tokenizer: PreTrainedTokenizerBase) -> list[_Row]:
    """Tokenise examples.

    Parameters
    ----------
    examples : list of Example
        Prompts and targets.
    tokenizer : PreTrainedTokenizerBase
        From `build_tokenizer`.

    Returns
    -------
    list of (list of int, list of int, Example)
        Ids of the prompt after ``<s>``, and of the target before ``</s>``.
    """
    end = int(tokenizer.eos_token_id)
    prompts = tokenizer([example.prompt for example in examples])["input_ids"]
    targets = tokenizer([example.target for example in examples], add_special_tokens=False)["input_ids"]
    return [(p, [*t, end], example) for p, t, example in zip(prompts, targets, examples, strict=True)]


def _part(rows: list[_Row], pad: int) -> Part:
    """Put prompts and targets into one rectangle."""
    length = max(len(prompt) + len(target) for prompt, target, _ in rows)
    inputs = torch.full((len(rows), length), pad)
    chosen = torch.zeros((len(rows), length - 1), dtype=torch.bool)
    for index, (prompt, target, _) in enumerate(rows):
        both = len(prompt) + len(target)
        inputs[index, :both] = torch.tensor(prompt + target)
        chosen[index, len(prompt) - 1 : both - 1] = True
    return Part(
        inputs,
        chosen,
        inputs[:, 1:][chosen],
        torch.nonzero(chosen)[:, 0],
        torch.tensor([len(target) for _, target, _ in rows]),
        tuple((example.source, example.steps) for _, _, example in rows),
    )
