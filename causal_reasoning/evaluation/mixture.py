"""Answer by a mixture over strata: score whole answers, and write them greedily with one cache a component.

The mixture is one of whole answers; token by token it is Σ_c π_c p_c(next token) with weights that follow what was
written: see `causal_reasoning.objective.mixture`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LogitsProcessor, LogitsProcessorList

from causal_reasoning.data.encode import IGNORED, Encoded, EncodedRows, collate, pad_left
from causal_reasoning.data.views import Components
from causal_reasoning.objective.mixture import earlier


class MixtureOfRows(LogitsProcessor):  # type: ignore[misc]  # transformers ships no types
    """Make the C sequences of each row agree on the next token: that of their mixture.

    Parameters
    ----------
    log_weights : Tensor of shape (B, C)
        Logarithms of the components' weights.
    geometric : bool
        Whether the components are averaged geometrically.

    Notes
    -----
    The sequences of a row follow each other. Each keeps its own cache in ``generate``; as all of them are told the
    same scores, greedy search continues all of them by the same token.
    """

    def __init__(self, log_weights: torch.Tensor, *, geometric: bool = False) -> None:
        self.log_weights = log_weights.float()
        self.geometric = geometric
        self.scores: torch.Tensor | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Scores of the next token, the same for all components of a row: shape (B · C, V)."""
        rows, count = self.log_weights.shape
        log_p = scores.float().log_softmax(-1).view(rows, count, -1)
        if self.geometric:
            mixed = (self.log_weights.exp().unsqueeze(-1) * log_p).sum(1)
        else:
            if self.scores is not None:
                written = input_ids.view(rows, count, -1)[:, :, -1:]
                weighed = self.log_weights + self.scores.gather(-1, written).squeeze(-1)
                self.log_weights = weighed - weighed.logsumexp(1, keepdim=True)
            self.scores = log_p
            mixed = (self.log_weights.unsqueeze(-1) + log_p).logsumexp(1)
        return mixed.repeat_interleave(count, 0)


@torch.no_grad()
def generate_mixture(
    model: Any, tokenizer: Any, mixture: Components, *, max_new_tokens: int, batch_size: int
) -> list[str]:
    """Answer rows greedily under a mixture.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        The model.
    tokenizer : PreTrainedTokenizerBase
        Its tokenizer.
    mixture : Components
        N rows of C components.
    max_new_tokens : int
        Longest answer in tokens.
    batch_size : int
        Sequences generated at once, components counted.

    Returns
    -------
    list of str
        N answers, without special tokens and surrounding white space.
    """
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(mixture)), key=lambda i: len(mixture.rows[0][i].prompt))
    count = len(mixture.rows)
    answers = [""] * len(mixture)
    for chosen in _batches(order, max(1, batch_size // count)):
        ids, mask = pad_left([rows[i].prompt for i in chosen for rows in mixture.rows], tokenizer.pad_token_id)
        weights = torch.tensor(mixture.log_weights[chosen], device=device)
        written = model.generate(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            max_new_tokens=max_new_tokens,
            do_sample=False,
            num_beams=1,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            logits_processor=LogitsProcessorList([MixtureOfRows(weights, geometric=mixture.geometric)]),
        )
        texts = tokenizer.batch_decode(written[::count, ids.shape[1] :], skip_special_tokens=True)
        for i, text in zip(chosen, texts, strict=True):
            answers[i] = text.strip()
    return answers


@torch.no_grad()
def score_mixture(
    model: Any, mixture: Components, pad: int, batch_size: int = 250
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Score reference answers under a mixture, with teacher forcing.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        The model; its training mode is restored afterwards.
    mixture : Components
        N rows of C components.
    pad : int
        Id of the padding token.
    batch_size : int
        Rows per forward pass.

    Returns
    -------
    (array of shape (N,), array of shape (N,))
        −log Σ_c w_c p(answer | component c) in nats, and whether every token of the answer is the most probable one,
        which is when greedy generation gives the answer.
    """
    was_training = model.training
    model.eval()
    together = collate(pad)
    first = mixture.rows[0]
    order = sorted(range(len(first)), key=lambda i: len(first[i].prompt) + len(first[i].target))
    nll = np.zeros(len(first))
    exact = np.zeros(len(first), dtype=np.bool_)
    for chosen in _batches(order, batch_size):
        weights = torch.tensor(mixture.log_weights[chosen], dtype=torch.float32)
        mixed = torch.empty(0)
        for component, rows in enumerate(mixture.rows):
            log_p, target, row = _written(model, [rows[i] for i in chosen], together)
            own = log_p.gather(1, target.unsqueeze(1)).squeeze(1)
            weight = weights[:, component].to(log_p.device)[row]
            if mixture.geometric:
                part = weight.exp().unsqueeze(1) * log_p
                mixed = mixed + part if component else part
            else:
                part = (weight + earlier(own, row)).unsqueeze(1) + log_p
                mixed = mixed.logaddexp(part) if component else part
        # Normalised at each token, the filter's probabilities multiply to the mixture of whole answers.
        token = mixed.log_softmax(-1).gather(1, target.unsqueeze(1)).squeeze(1).double()
        total = torch.zeros(len(chosen), dtype=token.dtype, device=token.device)
        nll[chosen] = -total.index_add_(0, row, token).cpu().numpy()
        wrong = torch.zeros_like(total).index_add_(0, row, (mixed.argmax(-1) != target).double())
        exact[chosen] = (wrong == 0).cpu().numpy()
    model.train(was_training)
    return nll, exact


def _written(model: Any, rows: list[Encoded], together: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Log-probabilities at the written positions (P, V), the tokens written there (P,), and their rows (P,)."""
    device = next(model.parameters()).device
    data = EncodedRows(rows, [1.0] * len(rows))
    batch = together([data[i] for i in range(len(rows))])
    labels = batch["labels"].to(device)[:, 1:]
    mask = batch["attention_mask"].to(device)
    logits = model(input_ids=batch["input_ids"].to(device), attention_mask=mask, use_cache=False).logits
    place = labels != IGNORED
    return logits[:, :-1][place].float().log_softmax(-1), labels[place], place.nonzero()[:, 0]


def _batches(order: list[int], size: int) -> list[list[int]]:
    return [order[start : start + size] for start in range(0, len(order), size)]
