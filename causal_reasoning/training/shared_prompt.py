"""Compute what several sequences have in common once: keys and values of a prompt, shared by all that follow it.

The strata of an adjustment set are shown behind the prompt, so that all sequences of a row begin alike. Their common
part is one forward pass of B rows; each sequence is then continued from its keys and values, with the same result as a
pass over all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

import torch
from accelerate.utils import extract_model_from_parallel  # type: ignore[import-untyped]
from transformers.cache_utils import DynamicCache, DynamicLayer

from causal_reasoning.data.encode import IGNORED
from causal_reasoning.training.slots import slots_of

_WHOLE: WeakSet[Any] = WeakSet()
"""Models that turned out to keep no keys and values to continue from."""


@dataclass(frozen=True)
class Prompt:
    """The common beginning of the sequences of B rows, as a model sees it.

    Parameters
    ----------
    mask : Tensor of shape (B, P)
        Where there are tokens.
    length : Tensor of shape (B,)
        How many tokens each row has.
    layers : tuple of (Tensor, Tensor)
        Keys and values of each layer: shape (B, heads, P, D).
    """

    mask: torch.Tensor
    length: torch.Tensor
    layers: tuple[tuple[torch.Tensor, torch.Tensor], ...]

    def cache(self, rows: torch.Tensor) -> DynamicCache:
        """A cache to continue from, with some of the rows, each as often as it is named: shape (N,)."""
        return DynamicCache(ddp_cache_data=[(keys[rows], values[rows]) for keys, values in self.layers])

    def detached(self) -> Prompt:
        """The same without gradient."""
        return Prompt(self.mask, self.length, tuple((k.detach(), v.detach()) for k, v in self.layers))


def read_prompt(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> Prompt | None:
    """Compute keys and values of prompts.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        The model.
    ids, mask : Tensor of shape (B, P)
        Token ids and where there are tokens, padded on either side.

    Returns
    -------
    Prompt or None
        ``None`` for a model that does not keep the keys and values of all tokens, such as one with a sliding window
        or a recurrent state, where gradient checkpointing throws them away, with a trained prefix, which peft puts in
        the place of any keys and values that it is handed, and with rows that choose parts of the adapter, which they
        do anew for each sequence.
    """
    if model in _WHOLE or _has_prefix(model) or _chooses(model):
        return None
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    # A single position is scored: the vocabulary's matrix is a large part of a small model.
    output = model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=True, logits_to_keep=1)
    cache = getattr(output, "past_key_values", None)
    if not isinstance(cache, DynamicCache) or any(type(layer) is not DynamicLayer for layer in cache.layers):
        _WHOLE.add(model)
        return None
    layers = tuple((layer.keys, layer.values) for layer in cache.layers)
    return Prompt(mask, mask.sum(1), layers)


def _has_prefix(model: Any) -> bool:
    config = getattr(extract_model_from_parallel(model), "active_peft_config", None)
    return bool(getattr(config, "is_prompt_learning", False))


def _chooses(model: Any) -> bool:
    slots = slots_of(extract_model_from_parallel(model))
    return slots is not None and slots.views is not None


def split(batch: dict[str, Any], shared: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Take the shared beginning out of a batch that is padded on the right.

    Parameters
    ----------
    batch : dict
        ``input_ids`` and ``attention_mask`` of shape (B, T).
    shared : Tensor of shape (B,)
        Tokens of each row that belong to the beginning.

    Returns
    -------
    (Tensor, Tensor)
        Token ids and mask, of shape (B, longest beginning).
    """
    width = int(shared.max())
    mask = (torch.arange(width, device=shared.device) < shared.unsqueeze(1)).long()
    return batch["input_ids"][:, :width] * mask, mask


def suffixes(
    batches: Sequence[dict[str, Any]], shared: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What follows the shared beginning, of several batches of the same rows, one below the other.

    Parameters
    ----------
    batches : sequence of dict
        M batches with ``input_ids``, ``attention_mask`` and ``labels`` of shape (B, ·), padded on the right.
    shared : Tensor of shape (B,)
        Tokens of each row that belong to the beginning.

    Returns
    -------
    (Tensor, Tensor, Tensor)
        Token ids, mask and labels of shape (M · B, W), padded on the right.
    """
    width = max(int((batch["attention_mask"].sum(1) - shared).max()) for batch in batches)
    found = []
    for batch in batches:
        place = shared.unsqueeze(1) + torch.arange(width, device=shared.device)
        there = place < batch["attention_mask"].sum(1, keepdim=True)
        place = place.clamp(max=batch["input_ids"].shape[1] - 1)
        labels = batch["labels"].gather(1, place).masked_fill(~there, IGNORED)
        found.append((batch["input_ids"].gather(1, place), there.long(), labels))
    ids, mask, labels = (torch.cat(parts) for parts in zip(*found, strict=True))
    return ids, mask, labels


def continued(model: Any, prompt: Prompt, ids: torch.Tensor, mask: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Scores of the tokens that follow prompts.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        The model.
    prompt : Prompt
        B prompts.
    ids, mask : Tensor of shape (N, W)
        What follows, padded on the right.
    rows : Tensor of shape (N,)
        Which prompt each sequence follows.

    Returns
    -------
    Tensor of shape (N, W, V)
        Scores of the next token.
    """
    # Padding repeats the last position, so that none lies beyond what the model has.
    positions = prompt.length[rows].unsqueeze(1) + (mask.cumsum(1) - 1).clamp(min=0)
    scores: torch.Tensor = model(
        input_ids=ids,
        attention_mask=torch.cat([prompt.mask[rows], mask], 1),
        position_ids=positions,
        past_key_values=prompt.cache(rows),
        use_cache=True,
    ).logits
    return scores
