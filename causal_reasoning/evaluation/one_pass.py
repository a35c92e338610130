"""Answer in one pass, shown the mean of all strata's control texts: embeddings are averaged before the first layer.

What the prompts of all components begin and end with is the same for all. In between, position by position from the
left, the embeddings of those components are averaged that have a token there, with their weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from causal_reasoning.data.encode import IGNORED, Encoded
from causal_reasoning.data.views import Components
from causal_reasoning.evaluation.greedy import answer_in_batches, write_greedily
from causal_reasoning.training.likelihood import sequence_nll
from causal_reasoning.training.slots import announce


def mean_prompt(embed: Any, prompts: Sequence[tuple[int, ...]], weights: Sequence[float]) -> torch.Tensor:
    """Average the input embeddings of prompts.

    Parameters
    ----------
    embed : Module
        The model's input embedding.
    prompts : sequence of tuple of int
        C prompts that differ in one place at most.
    weights : sequence of float
        Their weights, which sum to one.

    Returns
    -------
    Tensor of shape (T, D)
        As long as the longest prompt.
    """
    shortest = min(len(prompt) for prompt in prompts)
    begin = next((k for k in range(shortest) if len({prompt[k] for prompt in prompts}) > 1), shortest)
    left = shortest - begin
    end = next((k for k in range(left) if len({prompt[len(prompt) - 1 - k] for prompt in prompts}) > 1), left)
    device = embed.weight.device
    middles = [prompt[begin : len(prompt) - end] for prompt in prompts]
    width = max(len(middle) for middle in middles)
    total = torch.zeros((width, embed.weight.shape[1]), dtype=embed.weight.dtype, device=device)
    mass = torch.zeros((width, 1), dtype=embed.weight.dtype, device=device)
    for middle, weight in zip(middles, weights, strict=True):
        if middle:
            total[: len(middle)] += weight * embed(torch.tensor(middle, device=device))
            mass[: len(middle)] += weight
    whole = embed(torch.tensor(prompts[0], device=device))
    first = whole[:begin]
    last = whole[len(prompts[0]) - end :]
    return torch.cat([first, total / mass.clamp(min=torch.finfo(mass.dtype).tiny), last])


def _prompts(model: Any, mixture: Components, chosen: Sequence[int]) -> list[torch.Tensor]:
    embed = model.get_input_embeddings()
    weights = np.exp(mixture.log_weights)
    return [mean_prompt(embed, [rows[i].prompt for rows in mixture.rows], weights[i].tolist()) for i in chosen]


def generate_one_pass(
    model: Any, tokenizer: Any, mixture: Components, *, max_new_tokens: int, batch_size: int
) -> list[str]:
    """Answer rows greedily, shown the mean control text; see `causal_reasoning.evaluation.mixture.generate_mixture`."""
    model.eval()

    def answer(chosen: list[int]) -> list[str]:
        parts = _prompts(model, mixture, chosen)
        width = max(len(part) for part in parts)
        embeddings = torch.stack(
            [torch.cat([part.new_zeros(width - len(part), part.shape[1]), part]) for part in parts]
        )
        mask = torch.tensor([[0] * (width - len(part)) + [1] * len(part) for part in parts], device=embeddings.device)
        return write_greedily(model, tokenizer, max_new_tokens, inputs_embeds=embeddings, attention_mask=mask)

    return answer_in_batches([len(row.prompt) for row in mixture.rows[0]], batch_size, answer)


@torch.no_grad()
def score_one_pass(
    model: Any, mixture: Components, batch_size: int = 250
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Score reference answers, shown the mean control text.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        The model; its training mode is restored afterwards.
    mixture : Components
        N rows of C components.
    batch_size : int
        Rows per forward pass.

    Returns
    -------
    (array of shape (N,), array of shape (N,))
        −log p(answer | mean prompt) in nats, and whether every token of the answer is the most probable one.
    """
    was_training = model.training
    model.eval()
    first: list[Encoded] = mixture.rows[0]
    order = sorted(range(len(first)), key=lambda i: len(first[i].prompt) + len(first[i].target))
    nll = np.zeros(len(first))
    exact = np.zeros(len(first), dtype=np.bool_)
    embed = model.get_input_embeddings()
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        rows = []
        for i, prompt in zip(chosen, _prompts(model, mixture, chosen), strict=True):
            target = torch.tensor(first[i].target, device=prompt.device)
            labels = torch.cat([target.new_full((len(prompt),), IGNORED), target])
            rows.append((torch.cat([prompt, embed(target)]), labels))
        width = max(len(labels) for _, labels in rows)
        embeddings = torch.stack([torch.cat([e, e.new_zeros(width - len(e), e.shape[1])]) for e, _ in rows])
        labels = torch.stack([torch.cat([lab, lab.new_full((width - len(lab),), IGNORED)]) for _, lab in rows])
        there = torch.tensor([[1] * len(lab) + [0] * (width - len(lab)) for _, lab in rows], device=labels.device)
        announce(model, labels)
        logits = model(inputs_embeds=embeddings, attention_mask=there, use_cache=False).logits
        nll[chosen] = sequence_nll(logits, labels).double().cpu().numpy()
        right = (logits[:, :-1].argmax(-1) == labels[:, 1:]) | (labels[:, 1:] == IGNORED)
        exact[chosen] = right.all(dim=1).cpu().numpy()
    model.train(was_training)
    return nll, exact
