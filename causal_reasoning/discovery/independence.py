"""Whether categorical columns are independent given others: the G-test, or a permutation test where cells are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Columns = Sequence[Sequence[str]]

SMALL = 5.0
"""An expected count below this is small; see `independence_test`."""
MOST_SMALL = 0.2
DRAWS = 999
ENOUGH = 50
"""Draws at least as large as what is observed, after which no more are made: the p-value is not small."""
POWER = 0.8


@dataclass(frozen=True)
class IndependenceTest:
    """The outcome of one test.

    Parameters
    ----------
    statistic : float
        G = 2 Σ O ln(O / E), over all strata.
    degrees : int
        Degrees of freedom; zero if no stratum shows two values of both, so that there is nothing to compare.
    p_value : float
        Probability of a statistic at least as large if the columns are independent.
    effect : float
        Cramér's V pooled over strata, 0 to 1: √(X² / Σ_s n_s · min(r_s − 1, c_s − 1)) with Pearson's X².
    detectable : float
        The V that a test of so many rows finds with probability .8 (by the χ² distribution); ``nan`` without degrees of
        freedom.
    rows : int
        Number of rows N.
    method : str
        ``G-test`` with the χ² distribution, or ``permutation`` of rows within strata.
    """

    statistic: float
    degrees: int
    p_value: float
    effect: float
    detectable: float
    rows: int
    method: Literal["G-test", "permutation"]

    def to_dict(self) -> dict[str, object]:
        """Plain data; what is not defined is ``None``."""
        return {
            "statistic": self.statistic,
            "degrees": self.degrees,
            "p_value": self.p_value,
            "cramers_v": self.effect,
            "detectable_v": None if np.isnan(self.detectable) else self.detectable,
            "rows": self.rows,
            "method": self.method,
        }


def codes(columns: Columns, rows: int) -> Codes:
    """Number the combinations of values of some columns, in sorted order.

    Parameters
    ----------
    columns : sequence of sequences of str
        Any number of columns of N values.
    rows : int
        N.

    Returns
    -------
    array of shape (N,)
        Zero everywhere if there is no column.

    Examples
    --------
    >>> codes([["b", "a", "b"], ["x", "x", "y"]], 3).tolist()
    [1, 0, 2]
    """
    found: Codes = np.zeros(rows, dtype=np.int64)
    for column in columns:
        numbers = np.unique(np.asarray(column), return_inverse=True)[1].astype(np.int64)
        found = _joint(found, numbers)
    return found


def independence_test(
    a: Codes,
    b: Codes,
    given: Codes,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    permute: bool | None = None,
    level: float = 0.05,
) -> IndependenceTest:
    """Test whether two variables are independent given a third.

    Parameters
    ----------
    a, b, given : array of shape (N,)
        Numbers of the values of each row; see `codes`.
    draws : int
        Most permutations, if the χ² distribution cannot be trusted: if more than a fifth of the cells of all strata
        expect fewer than five rows.
    seed : int
        Seed of the permutations.
    permute : bool, optional
        Force or forbid permutations.
    level : float
        Level for which the detectable effect is computed.

    Returns
    -------
    IndependenceTest
        Strata are added up: statistics and degrees of freedom sum. A permutation keeps the strata and what each
        holds, so that its level is kept for any sample size: the p-value is (1 + number of draws at least as large) /
        (1 + draws), or 50 over the number of draws if these are 50 before the end.

    Examples
    --------
    >>> a = np.repeat([0, 0, 1, 1], [30, 10, 10, 30])
    >>> b = np.repeat([0, 1, 0, 1], [30, 10, 10, 30])
    >>> found = independence_test(a, b, np.zeros(80, dtype=np.int64))
    >>> round(found.statistic, 3), found.degrees, round(found.effect, 3)
    (20.93, 1, 0.5)

    References
    ----------
    R. R. Sokal and F. J. Rohlf, "Biometry" (3rd ed., 1995), chapter 17: the G-test. W. G. Cochran, "Some methods
    for strengthening the common χ² tests", Biometrics 10 (1954): the rule of small expected counts. H. Cramér,
    "Mathematical Methods of Statistics" (1946): V. J. Besag and P. Clifford, "Sequential Monte Carlo p-values",
    Biometrika 78 (1991): when to stop.
    """
    rows = len(a)
    s = np.unique(given, return_inverse=True)[1].astype(np.int64)
    sa, sb = _joint(s, a), _joint(s, b)
    cell = _joint(sa, b)
    n_s, n_sa, n_sb, n = (np.bincount(x) for x in (s, sa, sb, cell))
    first = np.unique(cell, return_index=True)[1]
    expected = n_sa[sa[first]] * n_sb[sb[first]] / n_s[s[first]]
    g = float(2.0 * np.sum(n * np.log(n / expected)))
    pearson = float(np.sum(n**2 / expected) - rows)
    values_a = np.bincount(s[np.unique(sa, return_index=True)[1]], minlength=len(n_s))
    values_b = np.bincount(s[np.unique(sb, return_index=True)[1]], minlength=len(n_s))
    degrees = int(np.sum((values_a - 1) * (values_b - 1)))
    room = float(np.sum(n_s * np.minimum(values_a - 1, values_b - 1)))
    if degrees == 0:
        return IndependenceTest(0.0, 0, 1.0, 0.0, float("nan"), rows, "G-test")
    effect = float(np.sqrt(max(pearson, 0.0) / room))
    sparse = _small_share(s, sa, sb, n_s, n_sa, n_sb) > MOST_SMALL if permute is None else permute
    if sparse:
        p, method = _permutation(s, sa, b, float(np.sum(n * np.log(n))), draws, seed), "permutation"
    else:
        from scipy.stats import chi2

        p, method = float(chi2.sf(g, degrees)), "G-test"
    return IndependenceTest(
        max(g, 0.0),
        degrees,
        p,
        min(effect, 1.0),
        _detectable(degrees, room, level),
        rows,
        "permutation" if method == "permutation" else "G-test",
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values for their number, so that one false alarm among all is as rare as in a single test.

    Parameters
    ----------
    p_values : sequence of float
        Of M tests.

    Returns
    -------
    list of float
        In the same order.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
    """
    found = [0.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        found[i] = largest
    return found


def _joint(first: Codes, second: Codes) -> Codes:
    size = int(second.max(initial=0)) + 1
    found: Codes = np.unique(first * size + second, return_inverse=True)[1].astype(np.int64)
    return found


def _small_share(s: Codes, sa: Codes, sb: Codes, n_s: Codes, n_sa: Codes, n_sb: Codes) -> float:
    """The share of cells, empty ones counted, that expect few rows."""
    of_a = s[np.unique(sa, return_index=True)[1]]
    of_b = s[np.unique(sb, return_index=True)[1]]
    small = total = 0
    for stratum, size in enumerate(n_s):
        expected = np.outer(n_sa[of_a == stratum], n_sb[of_b == stratum]) / size
        if min(expected.shape) > 1:
            small += int(np.sum(expected < SMALL))
            total += expected.size
    return small / total if total else 0.0


def _permutation(s: Codes, sa: Codes, b: Codes, observed: float, draws: int, seed: int) -> float:
    """Only Σ n ln n over the cells changes when rows are permuted within strata."""
    # In an order that does not depend on the order of the rows.
    order = np.lexsort((b, sa, s))
    s, sa, b = s[order].astype(np.float64), sa[order], b[order]
    rng = np.random.default_rng(seed)
    width = int(b.max()) + 1
    dense = (int(sa.max()) + 1) * width <= max(10 * len(b), 100_000)
    larger = 0
    for drawn in range(1, draws + 1):
        # Random numbers below one, added to the stratum's number, sort rows at random within strata.
        cell = sa * width + b[np.argsort(s + rng.random(len(s)))]
        n = np.bincount(cell) if dense else np.unique(cell, return_counts=True)[1]
        n = n[n > 1]  # 1 ln 1 = 0
        larger += float(np.sum(n * np.log(n))) >= observed - 1e-9
        if larger == ENOUGH:
            return larger / drawn
    return (1 + larger) / (1 + draws)


def _detectable(degrees: int, room: float, level: float) -> float:
    """The V at which the noncentral χ² exceeds its critical value with probability `POWER`."""
    from scipy.optimize import brentq
    from scipy.stats import chi2, ncx2

    critical = float(chi2.isf(level, degrees))
    noncentral = brentq(lambda x: float(ncx2.sf(critical, degrees, x)) - POWER, 1e-6, 1e4 + 10.0 * degrees)
    return float(min(np.sqrt(noncentral / room), 1.0))
