"""Effects from counts: the adjustment formula on an empirical table, and intervals by resampling items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.estimand import Expression, Factor

Numbers = NDArray[np.int64]
Right = NDArray[np.float64]
RESAMPLES = 1000


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95% interval.

    Parameters
    ----------
    value, low, high : float
        As a difference of probabilities, −1 to 1; the ends are ``nan`` where there are none.
    """

    value: float
    low: float = float("nan")
    high: float = float("nan")

    def to_dict(self) -> dict[str, float | None]:
        """Plain data; a missing end is ``None``."""
        return {
            "value": self.value,
            "low": None if np.isnan(self.low) else self.low,
            "high": None if np.isnan(self.high) else self.high,
        }

    def text(self) -> str:
        """Print in percentage points.

        Examples
        --------
        >>> Interval(-0.031, -0.08, 0.018).text()
        '-3.1 points [-8.0, +1.8]'
        """
        ends = "" if np.isnan(self.low) else f" [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"
        return f"{100 * self.value:+.1f} points{ends}"


def overlapping(treated: Numbers, strata: Numbers) -> NDArray[np.bool_]:
    """Rows whose stratum holds both treated and untreated rows: all others compare with nothing.

    Parameters
    ----------
    treated, strata : array of shape (N,)
        0 or 1, and a number of the stratum.
    """
    size = int(strata.max(initial=0)) + 1
    ones = np.bincount(strata, weights=treated, minlength=size)
    rows = np.bincount(strata, minlength=size)
    both: NDArray[np.bool_] = (ones > 0) & (ones < rows)
    return both[strata]


def by_strata(treated: Numbers, right: Right, strata: Numbers) -> float:
    """Σ_z P(z) (P(right | treated, z) − P(right | untreated, z)), over strata that hold both.

    Parameters
    ----------
    treated : array of shape (N,)
        0 or 1.
    right : array of shape (N,)
        0 or 1.
    strata : array of shape (N,)
        Numbers of the values of the adjustment set.

    Returns
    -------
    float
        ``nan`` if no stratum holds both.

    Examples
    --------
    >>> t, y, z = np.array([0, 1, 0, 1]), np.array([0.0, 1.0, 0.0, 0.0]), np.array([0, 0, 1, 1])
    >>> by_strata(t, y, z)
    0.5
    """
    size = 2 * (int(strata.max(initial=0)) + 1)
    cell = 2 * strata + treated
    rows = np.bincount(cell, minlength=size).reshape(-1, 2)
    hits = np.bincount(cell, weights=right, minlength=size).reshape(-1, 2)
    both = (rows > 0).all(1)
    if not both.any():
        return float("nan")
    rows, hits = rows[both], hits[both]
    shares = rows.sum(1) / rows.sum()
    rates = hits / rows
    return float(shares @ (rates[:, 1] - rates[:, 0]))


def plug_in(
    estimand: Expression,
    columns: dict[str, Numbers],
    treatment: str,
    outcome: str,
    value: int = 1,
    reference: int = 0,
) -> float:
    """Evaluate an estimand on an empirical table: P(outcome = 1 | do(treatment = value)) − P(… do(reference)).

    Parameters
    ----------
    estimand : Expression
        The formula of an identified effect.
    columns : dict of str to array of shape (N,)
        Numbers of the values of every variable in it.
    treatment, outcome : str
        Their names.
    value, reference : int
        Numbers of the treatment's values that are compared.

    Returns
    -------
    float
        ``nan`` if positivity fails: if the probabilities under either do sum to less than one.
    """
    names = sorted(columns)
    sizes = [int(columns[name].max()) + 1 for name in names]
    table = np.zeros(sizes)
    np.add.at(table, tuple(columns[name] for name in names), 1.0)
    found = estimand.evaluate(Factor(names, table / table.sum()))
    both = [found.at({treatment: t}).marginalise(set(found.axes) - {treatment, outcome}) for t in (reference, value)]
    if any(abs(float(one.values.sum()) - 1) > 1e-9 for one in both):
        return float("nan")
    return float(both[1].at({outcome: 1}).values - both[0].at({outcome: 1}).values)


def resampled(statistic: Callable[[Numbers], float], rows: int, value: float, seed: int) -> Interval:
    """Bootstrap a statistic of rows: its value with the 95% percentile interval.

    Parameters
    ----------
    statistic : callable
        From row numbers, drawn with replacement, to a number.
    rows : int
        Number of rows.
    value : float
        Its value on all rows.
    seed : int
        Seed of the draws.

    References
    ----------
    B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13.
    """
    from scipy.stats import bootstrap

    if np.isnan(value):
        return Interval(value)
    found = bootstrap(
        (np.arange(rows),),
        lambda chosen: statistic(chosen),
        vectorized=False,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    drawn = found.bootstrap_distribution
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return Interval(value)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))
