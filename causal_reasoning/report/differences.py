"""Differences between two arms, seed by seed: the same seed is the same rows and the same questions for every arm."""

from __future__ import annotations

from causal_reasoning.report.results import Arm, Number
from causal_reasoning.sweeps.statistics import summarise


def difference(arm: Arm, other: Arm, split: str) -> Number | None:
    """Exact match of one arm less that of another, over the seeds that both have.

    Parameters
    ----------
    arm, other : Arm
        Two arms of a sweep.
    split : str
        Where they were measured.

    Returns
    -------
    Number or None
        Mean difference with its 95 % t interval, and the difference of each seed; nothing if no seed is common, or
        values cannot be told apart by their seeds.

    Notes
    -----
    Seeds differ in their rows, and what differs between them is common to both arms. The interval of the difference is
    therefore narrower than those of the two arms suggest, and is the one to judge by.
    """
    ours, theirs = arm.exact(split), other.exact(split)
    if ours is None or theirs is None:
        return None
    if len(ours.values) != len(arm.seeds) or len(theirs.values) != len(other.seeds):
        return None
    before = dict(zip(other.seeds, theirs.values, strict=True))
    apart = [value - before[seed] for seed, value in zip(arm.seeds, ours.values, strict=True) if seed in before]
    if not apart:
        return None
    found = summarise(apart)
    return Number(found["mean"], found["low"], found["high"], tuple(apart))


def settled(number: Number) -> bool | None:
    """Tell whether an interval leaves zero out.

    Parameters
    ----------
    number : Number
        A difference.

    Returns
    -------
    bool or None
        ``None`` without an interval, as with a single seed.

    Examples
    --------
    >>> settled(Number(0.1, 0.02, 0.18)), settled(Number(0.1, -0.1, 0.3)), settled(Number(0.1))
    (True, False, None)
    """
    if number.low is None or number.high is None:
        return None
    return number.low > 0 or number.high < 0
