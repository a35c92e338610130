"""Greedy answers: the options of generation, and batches of rows of about the same length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch


def write_greedily(model: Any, tokenizer: Any, max_new_tokens: int, *, each: int = 1, **inputs: Any) -> list[str]:
    """Continue prompts greedily.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        The model, in evaluation mode.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.
    max_new_tokens : int
        Longest text in tokens.
    each : int
        Only every such sequence is read, where those in between say the same.
    **inputs
        What the model's ``generate`` reads: ``input_ids`` of shape (B, T), padded on the left, or ``inputs_embeds``,
        with their mask, and what else it takes.

    Returns
    -------
    list of str
        B / each texts without the prompt, special tokens and surrounding white space.
    """
    written = model.generate(
        **inputs,
        max_new_tokens=max_new_tokens,
        do_sample=False,
        num_beams=1,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    prompt = inputs["input_ids"].shape[1] if "input_ids" in inputs else 0  # embeddings are not written out again
    texts: list[str] = tokenizer.batch_decode(written[::each, prompt:], skip_special_tokens=True)
    return [text.strip() for text in texts]


@torch.no_grad()
def answer_in_batches(
    lengths: Sequence[int], batch_size: int, answer: Callable[[list[int]], Sequence[str]]
) -> list[str]:
    """Answer rows in batches of about the same length, without gradients.

    Parameters
    ----------
    lengths : sequence of int
        Of the prompts of N rows.
    batch_size : int
        Rows in a batch.
    answer : callable
        From the indices of a batch's rows to their answers.

    Returns
    -------
    list of str
        N answers, in the order of the rows.

    Examples
    --------
    >>> answer_in_batches([3, 1, 2], 2, lambda chosen: [f"{i} with {len(chosen) - 1}" for i in chosen])
    ['0 with 0', '1 with 1', '2 with 1']
    """
    order = sorted(range(len(lengths)), key=lambda i: lengths[i])
    answers = [""] * len(lengths)
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        for i, text in zip(chosen, answer(chosen), strict=True):
            answers[i] = text
    return answers
