"""Propensities by multinomial logistic regression, cross-fitted: for strata of many columns.

Counts need every combination of the stratum's columns to occur with every treatment. A regression on indicators of
the columns shares strength between combinations; it is an approximation where columns interact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLOOR = 1e-6


def cross_fitted_propensities(
    treatment: Sequence[str], stratum: Sequence[Sequence[str]], folds: int = 5, ridge: float = 1e-3
) -> NDArray[np.float64]:
    """Estimate P(t | z) for each row's own treatment, by a model that has not seen the row.

    Parameters
    ----------
    treatment : sequence of str
        The treatment of N rows.
    stratum : sequence of sequence of str
        The columns z, each with N values.
    folds : int
        Parts of the rows; each is predicted by a model fitted on the others. Rows are dealt out by position.
    ridge : float
        Penalty on the squared coefficients, per row.

    Returns
    -------
    array of shape (N,)
        Probabilities, at least 1e-6.

    References
    ----------
    V. Chernozhukov et al., "Double/debiased machine learning" (Econometrics Journal 2018), for cross-fitting.

    Examples
    --------
    >>> t, z = list("0001" * 20), [list("ab" * 40)]
    >>> cross_fitted_propensities(t, z).shape
    (80,)
    """
    values = {value: i for i, value in enumerate(sorted(set(treatment)))}
    y = np.array([values[t] for t in treatment])
    x = _indicators(stratum, len(y))
    part = np.arange(len(y)) % max(2, min(folds, len(y)))
    result = np.empty(len(y))
    for fold in np.unique(part):
        rest, here = part != fold, part == fold
        coefficients = fit_multinomial(x[rest], y[rest], len(values), ridge)
        result[here] = softmax(x[here] @ coefficients)[np.arange(int(here.sum())), y[here]]
    return np.maximum(result, FLOOR)


def _indicators(stratum: Sequence[Sequence[str]], rows: int) -> NDArray[np.float64]:
    columns = [np.ones(rows)]
    for column in stratum:
        for value in sorted(set(column))[1:]:
            columns.append(np.array([float(v == value) for v in column]))
    return np.stack(columns, axis=1)


def fit_multinomial(
    x: NDArray[np.float64],
    y: NDArray[np.int64],
    classes: int,
    ridge: float,
    weight: NDArray[np.float64] | None = None,
    free: int = 0,
) -> NDArray[np.float64]:
    """Maximise the penalised likelihood of a multinomial logistic regression.

    Parameters
    ----------
    x : array of shape (N, D)
        Features, with a column of ones for the intercept.
    y : array of shape (N,)
        Classes, 0 to ``classes`` − 1.
    classes : int
        The number of classes K; some may not occur.
    ridge : float
        Penalty on half the squared coefficients, per row.
    weight : array of shape (N,), optional
        How much each row counts; by default alike.
    free : int
        How many of the first features are not penalised, such as the column of ones.

    Returns
    -------
    array of shape (D, K)
        Coefficients. The objective is strictly concave, so any start will do.
    """
    from scipy.optimize import minimize

    rows, width = x.shape
    target = np.eye(classes)[y]
    counts = np.ones(rows) if weight is None else weight / weight.mean()
    held = (np.arange(width) >= free)[:, None] * ridge

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(width, classes)
        probability = softmax(x @ w)
        each = -np.log(np.maximum(probability[np.arange(rows), y], 1e-300))
        loss = (counts * each).mean() + (held * w**2).sum() / 2
        gradient = x.T @ (counts[:, None] * (probability - target)) / rows + held * w
        return float(loss), gradient.ravel()

    found = minimize(objective, np.zeros(width * classes), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    solution: NDArray[np.float64] = found.x.reshape(width, classes)
    return solution


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Normalise rows of scores, shape (N, K), to probabilities."""
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    normalised: NDArray[np.float64] = exp / exp.sum(axis=1, keepdims=True)
    return normalised
