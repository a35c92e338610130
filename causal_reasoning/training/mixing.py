"""Lay sequences of different lengths upon each other, and interpolate them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from causal_reasoning.data.encode import IGNORED


@dataclass(frozen=True)
class Aligned:
    """B rows of W positions, with the first tokens of all answers at one position.

    Parameters
    ----------
    embeddings : Tensor of shape (B, W, D)
        Input embeddings; zero where a row has no token.
    there : Tensor of shape (B, W)
        Whether a row has a token.
    labels : Tensor of shape (B, W)
        Token ids; -100 where a token is not written.
    """

    embeddings: torch.Tensor
    there: torch.Tensor
    labels: torch.Tensor


def align(embeddings: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor) -> Aligned:
    """Move rows so that their answers begin at one position: prompts are padded on the left, answers on the right.

    Parameters
    ----------
    embeddings : Tensor of shape (B, T, D)
        Input embeddings of rows that are padded on the right.
    mask, labels : Tensor of shape (B, T)
        As the collator makes them: every answer is one piece at the end of its row.

    Returns
    -------
    Aligned
        W is the longest prompt plus the longest answer.
    """
    length = mask.sum(1)
    prompt = length - (labels != IGNORED).sum(1)
    longest = int(prompt.max())
    width = longest + int((length - prompt).max())
    source = torch.arange(width, device=mask.device) - (longest - prompt).unsqueeze(1)
    there = (source >= 0) & (source < length.unsqueeze(1))
    source = source.clamp(0, mask.shape[1] - 1)
    moved = embeddings.gather(1, source.unsqueeze(-1).expand(-1, -1, embeddings.shape[-1]))
    return Aligned(
        moved * there.unsqueeze(-1).to(moved.dtype),
        there,
        labels.gather(1, source).masked_fill(~there, IGNORED),
    )


def interpolate(rows: Aligned, partner: torch.Tensor, share: torch.Tensor) -> dict[str, torch.Tensor]:
    """Mix each row with another one; where only one of the two has a token, that token is taken whole.

    Parameters
    ----------
    rows : Aligned
        B rows.
    partner : Tensor of shape (B,)
        The other row of each.
    share : Tensor of shape (B,)
        Share of the row itself.

    Returns
    -------
    dict of str to Tensor
        ``inputs_embeds`` of shape (B, W, D), ``attention_mask`` and ``position_ids`` of shape (B, W).
    """
    theirs = rows.there[partner]
    both = rows.there & theirs
    dtype = rows.embeddings.dtype
    own = torch.where(both, share.unsqueeze(1).to(dtype), rows.there.to(dtype)).unsqueeze(-1)
    other = torch.where(both, (1 - share).unsqueeze(1).to(dtype), theirs.to(dtype)).unsqueeze(-1)
    mask = (rows.there | theirs).long()
    return {
        "inputs_embeds": own * rows.embeddings + other * rows.embeddings[partner],
        "attention_mask": mask,
        "position_ids": (mask.cumsum(1) - 1).clamp(min=0),
    }
