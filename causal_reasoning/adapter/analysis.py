"""What the parts of an adapter do: how much they are used, how alike they are, and how routes fit true domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def linear_cka(first: ArrayLike, second: ArrayLike) -> float:
    """Centred kernel alignment of two representations of the same rows, with linear kernels.

    Parameters
    ----------
    first, second : array_like of shape (N, D1) and (N, D2)
        One row for each text.

    Returns
    -------
    float
        Between 0 and 1: 1 where one is a rotation and scaling of the other; ``nan`` if one of them is constant.

    References
    ----------
    S. Kornblith, M. Norouzi, H. Lee and G. Hinton, "Similarity of Neural Network Representations Revisited" (2019),
    section 3.

    Examples
    --------
    >>> linear_cka([[0.0, 1.0], [2.0, 0.0], [1.0, 5.0]], [[0.0, 3.0], [6.0, 0.0], [3.0, 15.0]])
    1.0
    """
    a, b = _centred(first), _centred(second)
    across = float(np.square(a.T @ b).sum())
    own = float(np.sqrt(np.square(a.T @ a).sum()) * np.sqrt(np.square(b.T @ b).sum()))
    return round(across / own, 12) if own > 0 else float("nan")


def hsic_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Dependence of two representations: HSIC with Gaussian kernels, divided by that of each with itself.

    The width of each kernel is the median distance. Unlike `linear_cka` it sees dependence that is not linear.

    Parameters
    ----------
    first, second : array_like of shape (N, D1) and (N, D2)
        One row for each text.

    Returns
    -------
    float
        Between 0 and 1; ``nan`` if one of them is constant. With few rows it is above 0 for independent
        representations too: compare with rows of one of them shuffled.

    References
    ----------
    A. Gretton, O. Bousquet, A. Smola and B. Schölkopf, "Measuring Statistical Dependence with Hilbert-Schmidt Norms"
    (2005).
    """
    a, b = _kernel(first), _kernel(second)
    if a is None or b is None:
        return float("nan")
    return float((a * b).sum() / np.sqrt(np.square(a).sum() * np.square(b).sum()))


def error_agreement(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Cohen's kappa of two records of right and wrong answers to the same questions.

    Parameters
    ----------
    first, second : sequence of bool
        Whether each answer is right.

    Returns
    -------
    float
        1 if both err on the same questions, 0 if as by chance; ``nan`` if both are always right or always wrong.

    References
    ----------
    J. Cohen, "A Coefficient of Agreement for Nominal Scales" (1960), equation 1.

    Examples
    --------
    >>> error_agreement([True, True, False, False], [True, False, False, True])
    0.0
    """
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape or not len(a):
        raise ValueError(f"the records must be of one length above 0; these have {len(a)} and {len(b)}")
    observed = float((a == b).mean())
    chance = float(a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean()))
    return (observed - chance) / (1 - chance) if chance < 1 else float("nan")


@dataclass(frozen=True)
class Alignment:
    """How the parts that a router chose fit the domains that the texts come from.

    Parameters
    ----------
    domains : tuple of str
        In alphabetical order.
    counts : tuple of tuple of int
        For each domain how many of its texts went to each part.
    matched : float
        Share of texts in the part that is their domain's, under the best one-to-one naming of parts.
    information : float
        Normalised mutual information (by the mean of the two entropies): 1 if parts and domains are one partition,
        0 if they have nothing in common.
    """

    domains: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    matched: float
    information: float


def route_alignment(chosen: Sequence[int], domain: Sequence[str], parts: int) -> Alignment:
    """Compare routes with true domains.

    Parameters
    ----------
    chosen : sequence of int
        The part of each text, from 0 to ``parts`` − 1.
    domain : sequence of str
        Its true domain.
    parts : int
        Number of parts.

    Returns
    -------
    Alignment
        The table and two summaries.

    References
    ----------
    H. W. Kuhn, "The Hungarian method for the assignment problem" (1955), for the naming.

    Examples
    --------
    >>> route_alignment([1, 1, 0], ["a", "a", "b"], 2)
    Alignment(domains=('a', 'b'), counts=((0, 2), (1, 0)), matched=1.0, information=1.0)
    """
    from scipy.optimize import linear_sum_assignment

    names = tuple(sorted(set(domain)))
    index = {name: i for i, name in enumerate(names)}
    table = np.zeros((len(names), parts))
    np.add.at(table, ([index[d] for d in domain], list(chosen)), 1)
    rows, columns = linear_sum_assignment(-table)
    total = table.sum()
    joint = table / total
    of_domain, of_part = joint.sum(1), joint.sum(0)
    product = np.outer(of_domain, of_part)
    shared = float((joint[joint > 0] * np.log(joint[joint > 0] / product[joint > 0])).sum())
    mean = (_entropy(of_domain) + _entropy(of_part)) / 2
    return Alignment(
        names,
        tuple(tuple(int(c) for c in row) for row in table),
        float(table[rows, columns].sum() / total),
        round(shared / mean, 12) if mean > 0 else 1.0,
    )


@dataclass(frozen=True)
class Usage:
    """How evenly the parts of a slot are used.

    Parameters
    ----------
    shares : tuple of float
        Share of the texts for each part; they sum to one.
    effective : float
        Exponential of the entropy of the shares: the number of parts that an even use of as many would have.
    dead : tuple of int
        Parts with less than a tenth of an even share.
    """

    shares: tuple[float, ...]
    effective: float
    dead: tuple[int, ...]


def usage(chosen: Sequence[int], parts: int) -> Usage:
    """Count how often each part is used.

    Parameters
    ----------
    chosen : sequence of int
        The part of each text.
    parts : int
        Number of parts.

    Examples
    --------
    >>> usage([0, 0, 1, 1], 3)
    Usage(shares=(0.5, 0.5, 0.0), effective=2.0, dead=(2,))
    """
    shares = np.bincount(np.asarray(chosen, dtype=int), minlength=parts) / max(len(chosen), 1)
    return Usage(
        tuple(float(s) for s in shares),
        round(float(np.exp(_entropy(shares))), 12),
        tuple(int(k) for k in np.flatnonzero(shares < 0.1 / parts)),
    )


def relative_spread(contribution: ArrayLike) -> float:
    """How much a slot's contribution changes with the text: tr Cov(s) / E‖s‖².

    Parameters
    ----------
    contribution : array_like of shape (N, D)
        Pooled contribution of the slot, one row for each text.

    Returns
    -------
    float
        Between 0 (the same for all texts) and 1 (no mean); ``nan`` for a slot that adds nothing, which has collapsed.

    Examples
    --------
    >>> relative_spread([[1.0, 0.0], [1.0, 0.0]])
    0.0
    """
    s = np.asarray(contribution, dtype=np.float64)
    size = float(np.square(s).sum(1).mean())
    return float(np.square(s - s.mean(0)).sum(1).mean() / size) if size > 0 else float("nan")


def _entropy(shares: Array) -> float:
    kept = shares[shares > 0]
    return float(-(kept * np.log(kept)).sum())


def _centred(values: ArrayLike) -> Array:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2:
        raise ValueError(f"representations have shape (texts, dimensions); this has {found.ndim} axes")
    centred: Array = found - found.mean(0)
    return centred


def _kernel(values: ArrayLike) -> Array | None:
    x = np.asarray(values, dtype=np.float64)
    squared = np.square(x[:, None] - x[None]).sum(-1)
    positive = squared[squared > 0]
    if not len(positive):
        return None
    kernel = np.exp(-squared / np.median(positive))
    centred: Array = kernel - kernel.mean(0) - kernel.mean(1)[:, None] + kernel.mean()
    return centred
