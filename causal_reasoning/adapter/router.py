"""Routers: which part of a slot a text belongs to, read off a frozen embedding of it."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

RouterKind = Literal["vq", "kmeans", "gumbel", "label"]


class Router(nn.Module):
    """Distances of pooled frozen embeddings to K prototypes.

    Parameters
    ----------
    kind : "vq", "kmeans", "gumbel" or "label"
        How prototypes are learnt: as a codebook that follows its rows by moving averages; fitted once, before
        training; by gradient, with choices drawn by Gumbel-softmax; or one for each value of a label, as the moving
        average of the label's rows.
    parts, width : int
        Number of prototypes K, and size of the embeddings D.
    decay : float
        Of the moving averages, in each batch.
    temperature : float
        Of the probabilities: p(k | x) ∝ exp(−d²ₖ / (2 · temperature · s²)), with s² the mean squared distance of a
        row to its own prototype, per dimension.
    revive : float
        A prototype that holds less than this share of 1 / K of the rows is dead, and is put where a row of the batch
        is.

    Notes
    -----
    Everything that decides a route is a buffer or a parameter, so it is saved with the adapter, and routing after
    loading is as before. Embeddings are standardised by running means and variances that are buffers too.

    References
    ----------
    A. van den Oord, O. Vinyals and K. Kavukcuoglu, "Neural Discrete Representation Learning" (2017), appendix A.1,
    for moving averages; E. Jang, S. Gu and B. Poole, "Categorical Reparameterization with Gumbel-Softmax" (2017).
    """

    mean: Tensor
    variance: Tensor
    seen: Tensor
    counts: Tensor
    sums: Tensor
    spread: Tensor
    usage: Tensor

    def __init__(
        self,
        kind: RouterKind,
        parts: int,
        width: int,
        *,
        decay: float = 0.95,
        temperature: float = 1.0,
        revive: float = 0.1,
    ) -> None:
        super().__init__()
        self.kind, self.parts, self.width = kind, parts, width
        self.decay, self.temperature, self.revive = decay, temperature, revive
        prototypes = torch.zeros(parts, width)
        if kind == "gumbel":
            self.prototypes = nn.Parameter(prototypes.normal_())
        else:
            self.register_buffer("prototypes", prototypes)
        for name, value in (
            ("mean", torch.zeros(width)),
            ("variance", torch.ones(width)),
            ("seen", torch.zeros(())),
            ("counts", torch.zeros(parts)),
            ("sums", torch.zeros(parts, width)),
            ("spread", torch.ones(())),
            ("usage", torch.full((parts,), 1.0 / parts)),
        ):
            self.register_buffer(name, value)

    def distances(self, pooled: Tensor) -> Tensor:
        """Squared distances per dimension of rows (B, D) to the prototypes: shape (B, K)."""
        points = self._standardised(pooled)
        return (points[:, None] - self.prototypes[None]).square().mean(-1)

    def probabilities(self, pooled: Tensor) -> Tensor:
        """p(part | text): shape (B, K); rows sum to one."""
        scale = 2 * self.temperature * self.spread.clamp(min=1e-6) / self.width
        return torch.softmax(-self.distances(pooled) / scale, dim=-1)

    def choose(self, pooled: Tensor) -> Tensor:
        """The nearest prototype of each row: integers of shape (B,)."""
        return self.distances(pooled).argmin(-1)

    def learn(self, pooled: Tensor, label: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Route a training batch, and let the prototypes learn from it.

        Parameters
        ----------
        pooled : Tensor
            Shape (B, D), without gradient.
        label : Tensor, optional
            The true part of each row, shape (B,); needed by ``"label"``.

        Returns
        -------
        (Tensor, Tensor)
            The choice (indices of shape (B,), or one-hot weights with a gradient of shape (B, K) for ``"gumbel"``),
            and the router's own loss, a scalar.

        Raises
        ------
        ValueError
            If ``"label"`` gets no labels, or ``"kmeans"`` was not fitted before training.
        """
        pooled = pooled.detach().float()
        zero = pooled.new_zeros(())
        if self.kind == "kmeans":
            if self.seen == 0:
                raise ValueError("a k-means router is fitted before training; call fit with the training embeddings")
            choice = self.choose(pooled)
            self._note(choice)
            return choice, zero
        self._watch(pooled)
        points = self._standardised(pooled)
        if self.kind == "gumbel":
            scale = 2 * self.temperature * self.spread.clamp(min=1e-6) / self.width
            scores = -self.distances(pooled) / scale
            weights = functional.gumbel_softmax(scores, tau=1.0, hard=True)
            choice = weights.argmax(-1)
            self._note(choice)
            usage = torch.softmax(scores, dim=-1).mean(0)
            # A balanced use has the greatest entropy; without this, one part takes every row.
            imbalance = (usage * (usage.clamp(min=1e-9) * self.parts).log()).sum()
            pulled = (points - self.prototypes[choice]).square().mean()
            return weights, pulled + imbalance
        if self.kind == "label":
            if label is None:
                raise ValueError("a label router learns from labels; give one a row")
            choice = label
        else:
            if self.counts.sum() == 0:
                self._start(points)
            choice = self.choose(pooled)
        self._average(points, choice)
        self._note(choice)
        if self.kind == "vq":
            self._revive(points)
        return choice, zero

    @torch.no_grad()
    def fit(self, pooled: Tensor, seed: int = 0, rounds: int = 50) -> None:
        """Fit the prototypes by k-means before training.

        Parameters
        ----------
        pooled : Tensor
            Embeddings of training rows, shape (N, D).
        seed : int
            Of the first prototypes.
        rounds : int
            At most this many rounds.
        """
        pooled = pooled.float()
        self.seen.fill_(len(pooled))
        self.mean.copy_(pooled.mean(0))
        self.variance.copy_(pooled.var(0, unbiased=False).clamp(min=1e-6))
        points = self._standardised(pooled)
        generator = torch.Generator().manual_seed(seed)
        centres = _spread_out(points, self.parts, generator)
        for _ in range(rounds):
            nearest = torch.cdist(points, centres).argmin(-1)
            moved = torch.stack(
                [points[nearest == k].mean(0) if (nearest == k).any() else centres[k] for k in range(self.parts)]
            )
            if torch.allclose(moved, centres):
                break
            centres = moved
        self.prototypes.data.copy_(centres)
        self.spread.copy_((points - centres[nearest]).square().mean())
        self.usage.copy_(torch.bincount(nearest, minlength=self.parts) / len(points))

    # -- inside ------------------------------------------------------------------------------------------------

    def _standardised(self, pooled: Tensor) -> Tensor:
        return (pooled.float() - self.mean) / self.variance.sqrt()

    @torch.no_grad()
    def _watch(self, pooled: Tensor) -> None:
        """Running mean and variance: exact over what was seen at first, then moving slowly."""
        share = max(len(pooled) / float(self.seen + len(pooled)), 1 - 0.99)
        mean, variance = pooled.mean(0), pooled.var(0, unbiased=False)
        delta = mean - self.mean
        if self.seen == 0:
            self.mean.copy_(mean)
            self.variance.copy_(variance.clamp(min=1e-6))
        else:
            self.mean.add_(share * delta)
            mixed = (1 - share) * self.variance + share * variance + share * (1 - share) * delta.square()
            self.variance.copy_(mixed.clamp(min=1e-6))
        self.seen.add_(len(pooled))

    @torch.no_grad()
    def _start(self, points: Tensor) -> None:
        generator = torch.Generator().manual_seed(0)
        self.prototypes.data.copy_(_spread_out(points, self.parts, generator))
        self.counts.fill_(1.0)
        self.sums.copy_(self.prototypes)

    @torch.no_grad()
    def _average(self, points: Tensor, choice: Tensor) -> None:
        hot = functional.one_hot(choice, self.parts).to(points.dtype)
        first = self.counts == 0
        keep = torch.where(first, torch.zeros_like(self.counts), torch.full_like(self.counts, self.decay))
        self.counts.copy_(keep * self.counts + (1 - keep) * hot.sum(0))
        self.sums.copy_(keep[:, None] * self.sums + (1 - keep)[:, None] * hot.T @ points)
        held = self.counts > 1e-6
        self.prototypes.data[held] = self.sums[held] / self.counts[held, None]
        near = (points - self.prototypes[choice]).square().mean()
        self.spread.copy_(self.decay * self.spread + (1 - self.decay) * near)

    @torch.no_grad()
    def _note(self, choice: Tensor) -> None:
        shares = torch.bincount(choice, minlength=self.parts).to(self.usage.dtype) / max(len(choice), 1)
        self.usage.copy_(self.decay * self.usage + (1 - self.decay) * shares)

    @torch.no_grad()
    def _revive(self, points: Tensor) -> None:
        """Put dead prototypes where the rows farthest from theirs are."""
        dead = (self.usage < self.revive / self.parts).nonzero()[:, 0]
        if not len(dead):
            return
        farthest = torch.cdist(points, self.prototypes).min(-1).values.argsort(descending=True)
        for index, row in zip(dead.tolist(), farthest.tolist(), strict=False):
            self.prototypes.data[index] = points[row]
            self.sums[index], self.counts[index] = points[row], 1.0
            self.usage[index] = 1.0 / self.parts


def _spread_out(points: Tensor, parts: int, generator: torch.Generator) -> Tensor:
    """First prototypes among the points, each drawn in proportion to its squared distance from those before.

    References
    ----------
    D. Arthur and S. Vassilvitskii, "k-means++: The Advantages of Careful Seeding" (2007).
    """
    first = int(torch.randint(len(points), (1,), generator=generator))
    chosen = [points[first]]
    while len(chosen) < parts:
        distance = torch.cdist(points, torch.stack(chosen)).min(-1).values.square().cpu()
        if float(distance.sum()) <= 0:  # fewer different points than parts
            chosen.append(points[len(chosen) % len(points)] + 1e-3 * len(chosen))
            continue
        chosen.append(points[int(torch.multinomial(distance, 1, generator=generator))])
    return torch.stack(chosen)


def pool(states: Tensor, mask: Tensor) -> Tensor:
    """Mean of vectors over the positions that count.

    Parameters
    ----------
    states : Tensor
        Shape (B, T, D).
    mask : Tensor
        Shape (B, T); 0 is left out.

    Returns
    -------
    Tensor
        Shape (B, D), in single precision.
    """
    counted = mask.to(torch.float32).unsqueeze(-1)
    total: Tensor = (states.float() * counted).sum(1)
    return total / counted.sum(1).clamp(min=1)
