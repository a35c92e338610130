"""Statistics of a batch of representations, with arithmetic only, finite for any batch.

`values` has shape (B, D), one representation a row; `label` has shape (B,) and holds the index of each row's group,
or is ``None`` where all rows are one group.
"""

from __future__ import annotations

from causal_reasoning.objective.loss import Array

TINY = 1e-12
"""Added to denominators that are zero for a representation that is zero."""

ROUNDING = 1e-10
"""Squared differences below this share of the squared size are rounding errors of single precision."""


def group_means(values: Array, label: Array | None = None) -> Array:
    """The mean of each row's group: shape (B, D), or (1, D) for one group."""
    if label is None:
        return values.mean(0)[None]
    same = together(label, values)
    return (same / same.sum(1)[:, None]) @ values


def together(label: Array, like: Array) -> Array:
    """Whether two rows are of one group: shape (B, B), 0 or 1, in the precision of another array."""
    return (label[:, None] == label[None, :]).to(like.dtype)


def groups(label: Array | None) -> int:
    """The number of groups in the batch."""
    return 1 if label is None else len(label.unique())


def rows_with_company(label: Array | None, rows: int) -> float:
    """The share of rows whose group has at least two: those that say something about dependence within groups."""
    if label is None:
        return float(rows > 1)
    sizes = (label[:, None] == label[None, :]).sum(1)
    return float((sizes > 1).sum()) / max(rows, 1)


def size(values: Array) -> Array:
    """E‖s‖², the mean squared length."""
    return (values * values).sum(1).mean()


def spread(values: Array, label: Array | None = None) -> Array:
    """Within groups, E tr Cov(s | group): the unbiased estimate, and 0 where no group has two rows."""
    apart = values - group_means(values, label)
    return (apart * apart).sum() / max(len(values) - groups(label), 1)


def spread_between(values: Array, label: Array) -> Array:
    """Between groups, tr Cov(E[s | group]): the variance of the groups' means, each counted as often as it has rows."""
    apart = group_means(values, label) - values.mean(0)[None]
    return (apart * apart).sum(1).mean()


def indicators(label: Array, like: Array) -> Array:
    """A column as numbers: shape (B, K), a 1 in the place of each row's value."""
    return (label[:, None] == label.unique()[None, :]).to(like.dtype)
