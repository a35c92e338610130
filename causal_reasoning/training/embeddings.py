"""Embeddings of texts by the frozen base model, for surrogates that are clusters of them and for weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.surrogates import Embed

_BATCH = 32
_LONGEST = 512


def embedder(name: str, *, folder: Path | None = None) -> Embed:
    """Embed texts by the mean hidden state of a model's last layer.

    Parameters
    ----------
    name : str
        A model as in `causal_reasoning.training.model.load_model`.
    folder : Path, optional
        Where a relative model folder starts.

    Returns
    -------
    callable
        From N texts to an array of shape (N, D). The model is loaded when the first text comes that this process has
        not embedded yet, in full precision, and never changed; texts are cut after 512 tokens.
    """
    loaded: list[Embed] = []

    def embed(texts: Sequence[str]) -> NDArray[np.float64]:
        known = _known(name, str(folder))
        if new := sorted({text for text in texts if text not in known}):
            if not loaded:
                loaded.append(_loaded(name, folder))
            known.update(zip(new, loaded[0](new), strict=True))
        return np.stack([known[text] for text in texts])

    return embed


@lru_cache(maxsize=1)
def _known(name: str, folder: str) -> dict[str, NDArray[np.float64]]:
    """What was embedded by the last model: the arms of a sweep share their rows."""
    return {}


def _loaded(name: str, folder: Path | None) -> Embed:
    import torch

    from causal_reasoning.training.model import load_model

    model, tokenizer = load_model(name, folder=folder)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)
    longest = min(_LONGEST, int(getattr(model.config, "max_position_embeddings", _LONGEST)))
    # Padding on the right leaves the positions of the text alone, so that a row does not depend on its batch.
    tokenizer.padding_side = "right"

    def embed(texts: Sequence[str]) -> NDArray[np.float64]:
        order = sorted(range(len(texts)), key=lambda i: (len(texts[i]), texts[i]))
        found: list[NDArray[np.float64] | None] = [None] * len(texts)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            batch = tokenizer(
                [texts[i] for i in chosen], return_tensors="pt", padding=True, truncation=True, max_length=longest
            ).to(device)
            ids, mask = batch["input_ids"], batch["attention_mask"]
            with torch.no_grad():
                states = model(input_ids=ids, attention_mask=mask, output_hidden_states=True).hidden_states[-1]
            kept = mask.unsqueeze(-1).to(states.dtype)
            means = (states * kept).sum(dim=1) / kept.sum(dim=1).clamp(min=1)
            for i, row in zip(chosen, means.double().cpu().numpy(), strict=True):
                found[i] = row
        return np.stack([row for row in found if row is not None])

    return embed
