"""Order of the rows: by weight, each about as often as its weight says, or equally many of each group in every batch.

Both orders depend on a seed and an epoch only, so that a resumed run sees the same batches.
"""

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


class GroupBalancedSampler(Sampler[int]):
    """Draw N rows an epoch so that every batch holds equally many rows of each group, in random order.

    Where the batch size is no multiple of the number of groups, the groups take turns with the rows that are left over.
    The rows of a group come up equally often, rounded up or down: a small group's more often than a large one's. The
    order depends on the seed and the epoch only.

    Parameters
    ----------
    groups : array of shape (N,)
        Number of each row's group, 0 to G − 1, each with at least one row.
    batch_size : int
        Rows that follow each other and are one batch.
    seed : int
        Seed of the run.

    References
    ----------
    S. Sagawa et al., "Distributionally robust neural networks for group shifts" (ICLR 2020), and I. Gulrajani and
    D. Lopez-Paz, "In search of lost domain generalization" (ICLR 2021), who draw alike from all groups.

    Examples
    --------
    >>> groups = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    >>> drawn = list(GroupBalancedSampler(groups, batch_size=4, seed=0))
    >>> [sorted(groups[drawn[start : start + 4]].tolist()) for start in (0, 4)]
    [[0, 0, 1, 1], [0, 0, 1, 1]]
    """

    def __init__(self, groups: NDArray[np.int64], batch_size: int, seed: int) -> None:
        if groups.ndim != 1 or not len(groups) or groups.min() < 0:
            raise ValueError("groups must be a non-empty vector of numbers from 0")
        if batch_size < 1:
            raise ValueError("a batch has at least one row")
        self.groups = groups
        self.rows = [np.flatnonzero(groups == group) for group in range(int(groups.max()) + 1)]
        if not all(len(rows) for rows in self.rows):
            raise ValueError("each group must have a row")
        self.batch_size = batch_size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next; called by the training loop."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        count, total = len(self.rows), len(self.groups)
        # The groups in a random order, again and again: any batch of them holds each equally often, but for one row.
        turn = np.tile(rng.permutation(count), -(-total // count))[:total]
        drawn = np.empty(total, dtype=np.int64)
        for group, rows in enumerate(self.rows):
            places = np.flatnonzero(turn == group)
            rounds = -(-len(places) // len(rows))
            drawn[places] = np.concatenate([rng.permutation(rows) for _ in range(max(rounds, 1))])[: len(places)]
        for start in range(0, total, self.batch_size):
            batch = slice(start, start + self.batch_size)
            drawn[batch] = rng.permutation(drawn[batch])
        return iter(drawn.tolist())
