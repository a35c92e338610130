"""Modules as complete copies of the model, all of them run on every input: what shared slots are measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

REDUCED = 64
CODEBOOK_WEIGHT = 0.1


class SeparateCopies(nn.Module):
    """A router, an invariant model and M domain models, put together by a new linear head.

    Parameters
    ----------
    copy : callable
        Makes one adapted copy of the base; it is called M + 2 times.
    modules : int
        Number M of domain models.

    Notes
    -----
    The router's last hidden states are reduced to 64 dimensions, normed over the batch and compared with M vectors of a
    codebook; the module with the least squared distance, summed over the tokens, is chosen. The scores are a linear
    function of the normed [h_invariant, h_chosen]. The loss is the cross-entropy of these scores plus 0.1 times the
    codebook's. The heads of the single copies, their own cross-entropies and the information between copies are left
    out, so the cost is a lower bound of the published one.

    References
    ----------
    G. Gendron et al., "Can Large Language Models Learn Independent Causal Mechanisms?" (2024), for the architecture;
    A. van den Oord, O. Vinyals and K. Kavukcuoglu, "Neural Discrete Representation Learning" (2017), equation 3.
    """

    def __init__(self, copy: Callable[[], Any], modules: int) -> None:
        super().__init__()
        self.copies = nn.ModuleList(copy() for _ in range(modules + 2))
        config: Any = self.copies[0].config
        width = int(config.hidden_size)
        self.reduce = nn.Linear(width, REDUCED)
        self.router_norm = nn.BatchNorm1d(REDUCED)
        self.codebook = nn.Parameter(torch.empty(modules, REDUCED).uniform_(-1 / modules, 1 / modules))
        self.norm = nn.BatchNorm1d(2 * width)
        self.head = nn.Linear(2 * width, int(config.vocab_size), bias=False)

    def loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        """The loss of a batch with ``input_ids``, ``attention_mask`` and ``labels``, each of shape (B, T)."""
        there = batch["attention_mask"].bool()
        router, invariant, *domains = (self._states(copy, batch) for copy in self.copies)
        points = self.router_norm(self.reduce(router[there]))
        distance = torch.zeros((*there.shape, len(self.codebook)), device=points.device, dtype=points.dtype)
        distance[there] = (points.detach()[:, None] - self.codebook.detach()).square().sum(-1)
        chosen = distance.sum(1).argmin(-1)
        weights = functional.one_hot(chosen, len(self.codebook)).to(invariant.dtype)
        routed = torch.einsum("bk,kbtd->btd", weights, torch.stack(domains))
        joined = self.norm(torch.cat([invariant, routed], -1).flatten(0, 1)).unflatten(0, there.shape)
        scores = self.head(joined)[:, :-1].float()
        likelihood = functional.cross_entropy(scores.flatten(0, 1), batch["labels"][:, 1:].flatten(), ignore_index=-100)
        near = self.codebook[chosen.repeat_interleave(there.sum(1))]
        codebook = functional.mse_loss(near, points.detach()) + 0.25 * functional.mse_loss(points, near.detach())
        return likelihood + CODEBOOK_WEIGHT * codebook

    @staticmethod
    def _states(copy: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Last hidden states, without the scores that the model would make of them: shape (B, T, D)."""
        model = copy.get_base_model()
        decoder = getattr(model, model.base_model_prefix)
        states: Tensor = decoder(
            input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], use_cache=False
        ).last_hidden_state
        return states.float()
