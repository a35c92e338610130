"""How the parts of an adapter make one distribution of the next token.

A *view* is one pass of the batch through the model with some slots on and others off. All views of a batch run
together, as one larger batch on one frozen base, and their scores are put together:

- ``sum``: one view with all slots on;
- ``mixture``: one view for each part k of a choice; p(y | x) = Σ_k w_k p_k(y | x) for the whole answer y, that is, at
  each token with the weights π_k ∝ w_k Π p_k(tokens of the answer so far). It is right where exactly one mechanism is
  at work and w are its probabilities;
- ``experts``: log p ∝ log p_a + log p_b − log p_0, with a view for each of two groups of slots and one with none. It
  is right where the two are independent given the answer; p_0 stands for what is known without either;
- ``head``: the last hidden states of the groups side by side, normed, and a linear layer of their own: a free
  mechanism of two causes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

Kind = Literal["sum", "mixture", "experts", "head"]


@dataclass(frozen=True)
class Combination:
    """How views are put together; see the module.

    Parameters
    ----------
    kind : "sum", "mixture", "experts" or "head"
        The rule.
    choice : str
        The choice whose parts are mixed: for ``"mixture"``.
    groups : tuple of tuple of str
        The slots that are on in each view: for ``"experts"`` and ``"head"``.
    """

    kind: Kind = "sum"
    choice: str = ""
    groups: tuple[tuple[str, ...], ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for ``adapter_config.json``."""
        data = asdict(self)
        data["groups"] = [list(group) for group in self.groups]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Combination:
        """Read what `to_dict` wrote; nothing is the sum."""
        if not data:
            return cls()
        groups = tuple(tuple(group) for group in data.get("groups", ()))
        return cls(data.get("kind", "sum"), data.get("choice", ""), groups)


class FreeHead(nn.Module):
    """Scores from hidden states side by side.

    Parameters
    ----------
    groups, width, vocabulary : int
        Number of states G, their size D, number of tokens.
    weight : Tensor, optional
        The model's output embedding, shape (vocabulary, D): the head then starts as the mean of the groups' scores.
    """

    def __init__(self, groups: int, width: int, vocabulary: int, weight: Tensor | None = None) -> None:
        super().__init__()
        self.projection = nn.Parameter(torch.zeros(vocabulary, groups * width))
        if weight is not None and not weight.is_meta:
            self.projection.data.copy_(weight.detach().float().repeat(1, groups) / groups)

    def forward(self, states: Sequence[Tensor]) -> Tensor:
        """From G states of shape (B, T, D) to scores of shape (B, T, vocabulary)."""
        joined = torch.cat(list(states), dim=-1).to(self.projection.dtype)
        return joined @ self.projection.T


def mix(scores: Tensor, weights: Tensor, tokens: Tensor | None = None, written: Tensor | None = None) -> Tensor:
    """Scores of the mixture of views at every position.

    Parameters
    ----------
    scores : Tensor
        Of the views, shape (K, B, T, V).
    weights : Tensor
        Shape (B, K): probabilities of the views for each row before its answer.
    tokens : Tensor, optional
        The tokens at the T positions, shape (B, T).
    written : Tensor, optional
        Which of them belong to the answer, shape (B, T): they change the weights of the positions from them on.

    Returns
    -------
    Tensor
        Log-probabilities of the next token, shape (B, T, V); with ``written``, zeros where no token of the answer is
        predicted, but for the last position.

    Notes
    -----
    The score at position t predicts token t + 1, so π_k(t) holds the answer's tokens up to t. The log-probabilities
    of the tokens of an answer then sum to log Σ_k w_k p_k(answer), exactly.

    Examples
    --------
    >>> scores = torch.log(torch.tensor([[[[0.9, 0.1]]], [[[0.2, 0.8]]]]))  # K = 2, one row, one position
    >>> [round(share, 4) for share in mix(scores, torch.tensor([[0.5, 0.5]])).exp().flatten().tolist()]
    [0.55, 0.45]
    """
    start = weights.T.float().clamp(min=torch.finfo(torch.float32).tiny).log()  # (K, B)
    length = scores.shape[2]
    if tokens is None or written is None or length == 1:
        found = torch.log_softmax(scores.float(), dim=-1)
        return torch.logsumexp(torch.log_softmax(start, dim=0)[:, :, None, None] + found, dim=0)
    # Prompts are most of a batch, and a row of scores is as long as the vocabulary: only what is used is computed.
    places = predicting(written)
    found = torch.log_softmax(at(scores, places).float(), dim=-1)  # (K, P, V)
    goes_on = (places + 1) % length != 0
    goes_on = goes_on & written.flatten()[(places + 1).clamp(max=written.numel() - 1)]
    after = places[goes_on] + 1
    said = found[:, goes_on].gather(-1, tokens.flatten()[after][None, :, None].expand(len(found), -1, -1))[..., 0]
    grown = torch.zeros(len(found), written.numel(), device=scores.device).index_copy(1, after, said)
    grown = grown.reshape(-1, *written.shape).cumsum(2) + start[:, :, None]
    posterior = torch.log_softmax(grown.flatten(1).index_select(1, places), dim=0)
    return spread(torch.logsumexp(posterior[..., None] + found, dim=0), places, written)


def predicting(written: Tensor) -> Tensor:
    """Find the positions whose scores are used: before each token of an answer, and the last of each row.

    Parameters
    ----------
    written : Tensor
        Which positions belong to the answer, shape (B, T), boolean.

    Returns
    -------
    Tensor
        Shape (P,): indices into the B · T positions, rows one after the other.

    Examples
    --------
    >>> predicting(torch.tensor([[False, False, True, True]])).tolist()
    [1, 2, 3]
    """
    used = torch.ones_like(written)
    used[:, :-1] = written[:, 1:]
    return used.flatten().nonzero()[:, 0]


def at(scores: Tensor, places: Tensor) -> Tensor:
    """Take some positions.

    Parameters
    ----------
    scores : Tensor
        Shape (K, B, T, V).
    places : Tensor
        Shape (P,), from `predicting`.

    Returns
    -------
    Tensor
        Shape (K, P, V).
    """
    return scores.flatten(1, 2).index_select(1, places)


def spread(found: Tensor, places: Tensor, written: Tensor) -> Tensor:
    """Put values back at their positions, with zeros elsewhere.

    Parameters
    ----------
    found : Tensor
        Shape (P, V).
    places : Tensor
        Shape (P,), from `predicting`.
    written : Tensor
        Shape (B, T), what the places were found in.

    Returns
    -------
    Tensor
        Shape (B, T, V).
    """
    empty = torch.zeros(written.numel(), found.shape[-1], dtype=found.dtype, device=found.device)
    return empty.index_copy(0, places, found).reshape(*written.shape, -1)


def experts(first: Tensor, second: Tensor, neither: Tensor) -> Tensor:
    """Product of two experts over what both know: log p_a + log p_b − log p_0, normed.

    Parameters
    ----------
    first, second, neither : Tensor
        Scores of the next token, each of shape (…, V).

    Returns
    -------
    Tensor
        Log-probabilities, shape (…, V).
    """
    a, b, prior = (torch.log_softmax(scores.float(), dim=-1) for scores in (first, second, neither))
    return torch.log_softmax(a + b - prior, dim=-1)
