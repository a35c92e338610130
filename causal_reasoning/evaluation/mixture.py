"""Answer by a mixture over strata: score whole answers, and write them greedily with one cache a component.

The mixture is one of whole answers; token by token it is Σ_c π_c p_c(next token) with weights that follow what was
written: see `causal_reasoning.objective.mixture`. What the components of a row begin with is computed once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LogitsProcessor, LogitsProcessorList

from causal_reasoning.data.encode import IGNORED, Encoded, EncodedRows, beginnings, collate, pad_left
from causal_reasoning.data.views import Components
from causal_reasoning.evaluation.greedy import answer_in_batches, write_greedily
from causal_reasoning.evaluation.one_pass import generate_one_pass, score_one_pass
from causal_reasoning.objective.mixture import earlier
from causal_reasoning.training.shared_prompt import Prompt, continued, read_prompt, split, suffixes
from causal_reasoning.training.slots import announce


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
    if mixture.one_pass:
        return generate_one_pass(model, tokenizer, mixture, max_new_tokens=max_new_tokens, batch_size=batch_size)
    model.eval()
    device = next(model.parameters()).device
    count = len(mixture.rows)

    def answer(chosen: list[int]) -> list[str]:
        ids, mask, begun = _read(model, [[rows[i] for i in chosen] for rows in mixture.rows], tokenizer.pad_token_id)
        weights = torch.tensor(mixture.log_weights[chosen], device=device)
        agree = LogitsProcessorList([MixtureOfRows(weights, geometric=mixture.geometric)])
        read = {"input_ids": ids, "attention_mask": mask, **begun, "logits_processor": agree}
        return write_greedily(model, tokenizer, max_new_tokens, each=count, **read)

    return answer_in_batches([len(row.prompt) for row in mixture.rows[0]], max(1, batch_size // count), answer)


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
    if mixture.one_pass:
        return score_one_pass(model, mixture, batch_size)
    was_training = model.training
    model.eval()
    together = collate(pad)
    first = mixture.rows[0]
    order = sorted(range(len(first)), key=lambda i: len(first[i].prompt) + len(first[i].target))
    nll = np.zeros(len(first))
    exact = np.zeros(len(first), dtype=np.bool_)
    for chosen in _batches(order, batch_size):
        weights = torch.tensor(mixture.log_weights[chosen], dtype=torch.float32)
        parts = [[rows[i] for i in chosen] for rows in mixture.rows]
        shared = torch.tensor(beginnings(parts))
        prompt: Prompt | None = None
        mixed = torch.empty(0)
        for component, rows in enumerate(parts):
            batch = _batch(model, rows, together)
            if component == 0 and len(parts) > 1 and int(shared.max()) > 0:
                shared = shared.to(batch["labels"].device)
                prompt = read_prompt(model, *split(batch, shared))
            log_p, target, row = _written(model, batch, prompt, shared)
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


def _read(model: Any, components: list[list[Encoded]], pad: int) -> tuple[torch.Tensor, torch.Tensor, dict[str, Any]]:
    """Prompts of B rows in C components, as ``generate`` takes them: ids and mask (B · C, T), and a cache.

    The sequences of a row follow each other. Between the common beginning and the rest there may be padding, which is
    masked and has no position.
    """
    device = next(model.parameters()).device
    rows, count = len(components[0]), len(components)
    begun: dict[str, Any] = {}
    shared = beginnings(components)
    prompt = None
    if count > 1 and min(shared) > 0:
        ids, mask = pad_left([row.prompt[:k] for row, k in zip(components[0], shared, strict=True)], pad)
        ids, mask = ids.to(device), mask.to(device)
        prompt = read_prompt(model, ids, mask)
    if prompt is None:
        whole, there = pad_left([part[i].prompt for i in range(rows) for part in components], pad)
        return whole.to(device), there.to(device), begun
    rest, there = pad_left([part[i].prompt[shared[i] :] for i in range(rows) for part in components], pad)
    order = torch.arange(rows, device=device).repeat_interleave(count)
    begun["past_key_values"] = prompt.cache(order)
    return torch.cat([ids[order], rest.to(device)], 1), torch.cat([mask[order], there.to(device)], 1), begun


def _batch(model: Any, rows: list[Encoded], together: Any) -> dict[str, torch.Tensor]:
    """Rows as tensors, where the model is."""
    data = EncodedRows(rows, [1.0] * len(rows))
    batch = together([data[i] for i in range(len(rows))])
    device = next(model.parameters()).device
    return {name: values.to(device) for name, values in batch.items()}


def _written(
    model: Any, batch: dict[str, torch.Tensor], prompt: Prompt | None, shared: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Log-probabilities at the written positions (P, V), the tokens written there (P,), and their rows (P,)."""
    if prompt is None:
        labels = batch["labels"]
        announce(model, labels)
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False).logits
    else:
        ids, mask, labels = suffixes([batch], shared)
        logits = continued(model, prompt, ids, mask, torch.arange(len(ids), device=ids.device))
    place = labels[:, 1:] != IGNORED
    return logits[:, :-1][place].float().log_softmax(-1), labels[:, 1:][place], place.nonzero()[:, 0]


def _batches(order: list[int], size: int) -> list[list[int]]:
    return [order[start : start + size] for start in range(0, len(order), size)]
