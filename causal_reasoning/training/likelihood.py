"""Negative log-likelihood of whole answers: the quantity that every objective weighs."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from causal_reasoning.data.encode import IGNORED, Encoded, EncodedRows, collate
from causal_reasoning.training.slots import announce


def sequence_nll(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Summed negative log-likelihood of the labelled tokens of each sequence.

    Parameters
    ----------
    logits : Tensor of shape (B, T, V)
        Scores of the next token at every position.
    labels : Tensor of shape (B, T)
        Token ids; -100 where a token is read and not written. Position t is predicted by the scores at t - 1.

    Returns
    -------
    Tensor of shape (B,)
        −log p(answer | prompt) in nats, in single precision.
    """
    target = labels[:, 1:]
    written = target != IGNORED
    # Only written positions are lifted to single precision: prompts are most of a batch.
    nll = cross_entropy(logits[:, :-1][written].float(), target[written], reduction="none")
    total = torch.zeros(len(labels), dtype=nll.dtype, device=nll.device)
    return total.index_add_(0, written.nonzero()[:, 0], nll)


@torch.no_grad()
def score(
    model: Any, rows: list[Encoded], pad: int, batch_size: int = 250
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Score reference answers with teacher forcing.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        The model; its training mode is restored afterwards.
    rows : list of Encoded
        N rows.
    pad : int
        Id of the padding token.
    batch_size : int
        Rows per forward pass.

    Returns
    -------
    (array of shape (N,), array of shape (N,))
        −log p(answer | prompt) in nats, and whether every token of the answer is the most probable one, which is
        when greedy generation gives the answer.
    """
    was_training = model.training
    model.eval()
    together = collate(pad)
    data = EncodedRows(rows, [1.0] * len(rows))
    # Rows of similar length together: less padding, same result.
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].prompt) + len(rows[i].target))
    nll = np.zeros(len(rows))
    exact = np.zeros(len(rows), dtype=np.bool_)
    device = next(model.parameters()).device
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        batch = together([data[i] for i in chosen])
        ids, labels = batch["input_ids"].to(device), batch["labels"].to(device)
        announce(model, labels)
        logits = model(input_ids=ids, attention_mask=batch["attention_mask"].to(device), use_cache=False).logits
        nll[chosen] = sequence_nll(logits, labels).double().cpu().numpy()
        right = (logits[:, :-1].argmax(-1) == labels[:, 1:]) | (labels[:, 1:] == IGNORED)
        exact[chosen] = right.all(dim=1).cpu().numpy()
    model.train(was_training)
    return nll, exact
