"""Batches by weight: every row is drawn about as often as its weight says, with as little noise as possible."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler


class SystematicSampler(Sampler[int]):
    """Draw N rows an epoch, row i about N·wᵢ/Σw times, in random order.

    Systematic resampling rounds each expected count up or down, never further, so it is far less noisy than
    independent draws; equal weights give each row exactly once. The order depends on the seed and the epoch
    only, so that a resumed run sees the same batches.

    Parameters
    ----------
    weights : array of shape (N,)
        Non-negative, not all zero.
    seed : int
        Seed of the run.

    References
    ----------
    J. Carpenter, P. Clifford and P. Fearnhead, "Improved particle filter for nonlinear problems" (1999).

    Examples
    --------
    >>> sorted(SystematicSampler(np.array([1.0, 3.0, 0.0, 0.0]), seed=0))
    [0, 1, 1, 1]
    """

    def __init__(self, weights: NDArray[np.float64], seed: int) -> None:
        if weights.ndim != 1 or not len(weights) or not np.isfinite(weights).all() or weights.min() < 0:
            raise ValueError("weights must be a non-empty vector of finite, non-negative numbers")
        if not weights.sum() > 0:
            raise ValueError("at least one weight must be positive")
        self.weights = weights
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next; called by the training loop."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.weights)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        rows = len(self.weights)
        # Rows are laid out in random order first: neighbours on the line are drawn together or not at all.
        order = rng.permutation(rows)
        ends = np.cumsum(self.weights[order])
        points = (rng.random() + np.arange(rows)) / rows * ends[-1]
        points = np.minimum(points, np.nextafter(ends[-1], 0))  # the last one may be rounded up to the very end
        drawn = order[np.searchsorted(ends, points, side="right")]
        return iter(rng.permutation(drawn).tolist())
