"""Classifiers on frozen embeddings: P(column | text), and how much likelier a pair of texts is than chance.

Both are multinomial logistic regressions on the leading principal components of the embeddings. They are
*cross-fitted*: the probability of a row comes from a model that has not seen the row, so that a weight does not know
the row's own outcome. And they are *calibrated*: one temperature, chosen on held-out rows, takes back over-confidence,
which would otherwise go straight into the weights.

References
----------
V. Chernozhukov et al., "Double/debiased machine learning for treatment and structural parameters" (Econometrics Journal
2018), for cross-fitting; C. Guo et al., "On calibration of modern neural networks" (ICML 2017), for temperature
scaling and the expected calibration error; M. Sugiyama, T. Suzuki and T. Kanamori, *Density Ratio Estimation in
Machine Learning* (2012), chapter 4, for ratios by classification.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.objective.propensity import FLOOR, fit_multinomial, softmax

Floats = NDArray[np.float64]

COMPONENTS = 128
"""Principal components of an embedding that a classifier sees at most."""

CANONICAL = 8
"""Canonical components of each side of a pair at most: the classifier sees all their products too."""

SHUFFLES = 4
"""Shuffled pairs for each real one."""

_RIDGES = (1.0, 0.3, 0.1, 0.03, 0.01, 1e-3, 1e-4)
_BINS = 10
_CLEARLY = 0.002


@dataclass(frozen=True)
class Quality:
    """How good a classifier is on rows that it has not seen.

    Parameters
    ----------
    rows : int
        Rows that were looked at.
    accuracy, base_rate : float
        Share of rows whose class it names, and that of always naming the most frequent one.
    log_loss, marginal_log_loss : float
        Mean −log p(class of the row) in nats, and the same of the marginal distribution.
    calibration_error : float
        Expected calibration error of the most probable class, ten bins of equal width.
    temperature : float
        The mean temperature; above 1 the fit was over-confident.
    """

    rows: int
    accuracy: float
    base_rate: float
    log_loss: float
    marginal_log_loss: float
    calibration_error: float
    temperature: float

    @property
    def readable(self) -> float:
        """(accuracy − base rate) / (1 − base rate), not below 0: one where the text gives the class away."""
        return max(0.0, (self.accuracy - self.base_rate) / (1 - self.base_rate)) if self.base_rate < 1 else 0.0

    def text(self) -> str:
        """One line for people."""
        return (
            f"log loss {self.log_loss:.3f} nats (marginal: {self.marginal_log_loss:.3f}), right in {self.accuracy:.0%} "
            f"of the rows ({self.base_rate:.0%} without looking), expected calibration error "
            f"{self.calibration_error:.3f}, temperature {self.temperature:.2f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rows": self.rows,
            "accuracy": self.accuracy,
            "base_rate": self.base_rate,
            "log_loss": self.log_loss,
            "marginal_log_loss": self.marginal_log_loss,
            "calibration_error": self.calibration_error,
            "temperature": self.temperature,
        }


@dataclass(frozen=True)
class Projection:
    """Embeddings as principal components.

    Parameters
    ----------
    mean : array of shape (D,)
    axes : array of shape (D, C)
        Maps centred embeddings to components.
    """

    mean: Floats
    axes: Floats

    def __call__(self, rows: Floats) -> Floats:
        """Project: shape (N, D) to (N, C)."""
        return np.asarray((rows - self.mean) @ self.axes)


def fit_projection(rows: Floats, components: int, *, whiten: bool = False) -> Projection:
    """Find the leading principal components of some embeddings; no labels are looked at.

    Parameters
    ----------
    rows : array of shape (N, D)
        Embeddings.
    components : int
        How many at most; directions without variance are left out.
    whiten : bool
        Give every component unit variance. Otherwise they have unit variance on average and keep their proportions, so
        that a penalty on coefficients holds back the directions in which texts hardly vary.
    """
    mean = rows.mean(axis=0)
    centred = rows - mean
    values, vectors = np.linalg.eigh(centred.T @ centred / len(rows))
    order = np.argsort(values)[::-1][:components]
    kept = order[values[order] > 1e-10 * max(float(values[order[0]]), 1e-300)]
    axes = vectors[:, kept]
    # The sign of an eigenvector is arbitrary: fix it, so that results do not depend on the library.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    scale = values[kept] if whiten else values[kept].mean()
    return Projection(mean, axes * signs / np.sqrt(scale))


@dataclass(frozen=True)
class FittedHead:
    """A cross-fitted, calibrated classifier.

    Parameters
    ----------
    classes : tuple of str
        The classes, sorted.
    own : array of shape (N, K)
        Probabilities for the rows that it was fitted on, each by a model that has not seen the row.
    models : tuple of array of shape (D, K)
        Coefficients of each fold's model, divided by the temperature.
    quality : Quality
        On the rows that were held out.
    """

    classes: tuple[str, ...]
    own: Floats
    models: tuple[Floats, ...]
    quality: Quality

    def predict(self, features: Floats) -> Floats:
        """Probabilities for other rows, the mean over the folds' models: shape (N, D) to (N, K)."""
        x = _with_ones(features)
        return np.asarray(np.mean([softmax(x @ model) for model in self.models], axis=0))


def fit_head(features: Floats, labels: Sequence[str], folds: int = 5, seed: int = 0) -> FittedHead:
    """Fit P(label | features).

    Parameters
    ----------
    features : array of shape (N, D)
        Features, such as those of a `Projection`.
    labels : sequence of str
        N labels, at least two different ones.
    folds : int
        Parts of the rows; each is predicted by a model fitted on the others.
    seed : int
        Seed of the division.

    Returns
    -------
    FittedHead
        Ready to predict.

    Examples
    --------
    >>> x = np.array([[-1.0], [1.0]] * 50)
    >>> head = fit_head(x, ["a", "a", "b", "b"] * 25)
    >>> head.predict(np.array([[-1.0]])).round(1).tolist()
    [[0.5, 0.5]]
    """
    classes = tuple(sorted(set(labels)))
    place = {label: i for i, label in enumerate(classes)}
    y = np.array([place[label] for label in labels])
    x = _with_ones(features)
    return _cross_fitted(lambda _: x, y, np.ones(len(y)), classes, _parts(len(y), folds, seed))


@dataclass(frozen=True)
class FittedPairs:
    """A cross-fitted, calibrated estimate of D(a; b) = P(a, b) / (P(a) P(b)).

    Parameters
    ----------
    own : array of shape (N,)
        D of the rows that it was fitted on, each by a model that has not seen the row.
    head : FittedHead
        The classifier of real (class 1) and shuffled pairs.
    sides : (Projection, Projection)
        Standardise both sides.
    axes : tuple of (array, array)
        The canonical directions of both sides that each fold's model sees.
    """

    own: Floats
    head: FittedHead
    sides: tuple[Projection, Projection]
    axes: tuple[tuple[Floats, Floats], ...]

    @property
    def quality(self) -> Quality:
        """How well real pairs are told from shuffled ones."""
        return self.head.quality

    def predict(self, a: Floats, b: Floats) -> Floats:
        """D of other pairs: shapes (N, C) and (N, C') to (N,)."""
        a, b = self.sides[0](a), self.sides[1](b)
        sides = ((a @ left, b @ right) for left, right in self.axes)
        folds = zip(self.head.models, sides, strict=True)
        p = np.mean([softmax(_with_ones(pair_features(*side)) @ model) for model, side in folds], axis=0)
        return np.asarray(np.maximum(p[:, 1], FLOOR) / np.maximum(p[:, 0], FLOOR))


def fit_pairs(a: Floats, b: Floats, folds: int = 5, seed: int = 0) -> FittedPairs:
    """Fit P(a, b) / (P(a) P(b)) by telling real pairs from shuffled ones.

    The classifier sees the canonical components of both sides (what of one goes with the other; H. Hotelling 1936) and
    all products of them, so that the logarithm of the ratio is any bilinear function of these.

    Parameters
    ----------
    a, b : array of shapes (N, C) and (N, C')
        Features of both sides of N pairs.
    folds : int
        Parts of the pairs; pairs are shuffled within a part only.
    seed : int
        Seed of the division and the shuffles.

    Returns
    -------
    FittedPairs
        With classes of equal weight the odds of "real" are the ratio.
    """
    sides = fit_projection(a, a.shape[1], whiten=True), fit_projection(b, b.shape[1], whiten=True)
    a, b = sides[0](a), sides[1](b)
    part = _parts(len(a), folds, seed)
    rng = np.random.default_rng([seed, 1])
    left, right, fold = [np.arange(len(a))], [np.arange(len(a))], [part]
    for _ in range(SHUFFLES):
        partner = np.empty(len(a), dtype=np.int64)
        for number in np.unique(part):
            here = np.flatnonzero(part == number)
            # A round trip through the rows in random order: nobody is their own partner.
            order = rng.permutation(here)
            partner[order] = np.roll(order, 1)
        left.append(np.arange(len(a)))
        right.append(partner)
        fold.append(part)
    axes = [_canonical(a[part != number], b[part != number]) for number in np.unique(part)]
    rows, partners = np.concatenate(left), np.concatenate(right)

    def seen(fold: int) -> Floats:
        return _with_ones(pair_features((a @ axes[fold][0])[rows], (b @ axes[fold][1])[partners]))

    y = np.repeat([1] + [0] * SHUFFLES, len(a))
    weight = np.where(y == 1, 1.0, 1 / SHUFFLES)
    head = _cross_fitted(seen, y, weight, ("shuffled", "real"), np.concatenate(fold))
    real = head.own[: len(a)]
    return FittedPairs(np.maximum(real[:, 1], FLOOR) / np.maximum(real[:, 0], FLOOR), head, sides, tuple(axes))


def _canonical(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """The canonical directions of two standardised sides that are more than noise; at least one."""
    left, found, right = np.linalg.svd(a.T @ b / len(a), full_matrices=False)
    # The largest correlation that independent sides of these sizes show by chance.
    chance = (np.sqrt(a.shape[1]) + np.sqrt(b.shape[1])) / np.sqrt(len(a))
    kept = min(max(int((found > chance).sum()), 1), CANONICAL)
    signs = np.sign(left[np.abs(left).argmax(axis=0), np.arange(left.shape[1])])
    return (left * signs)[:, :kept], (right.T * signs)[:, :kept]


def pair_features(a: Floats, b: Floats) -> Floats:
    """Both sides and all products of their components: shapes (N, C) and (N, C') to (N, C + C' + C·C')."""
    products = (a[:, :, None] * b[:, None, :]).reshape(len(a), -1)
    return np.concatenate([a, b, products], axis=1)


def _parts(rows: int, folds: int, seed: int) -> NDArray[np.int64]:
    """A random division into parts of equal size, since rows may come sorted."""
    number = np.arange(rows) % max(2, min(folds, rows))
    return np.random.default_rng([seed, 0]).permutation(number)


def _with_ones(features: Floats) -> Floats:
    return np.concatenate([np.ones((len(features), 1)), features], axis=1)


def _cross_fitted(
    seen: Callable[[int], Floats],
    y: NDArray[np.int64],
    weight: Floats,
    classes: tuple[str, ...],
    part: NDArray[np.int64],
) -> FittedHead:
    """Fit a model for each fold on the other folds; ``seen`` gives the features of all rows for a fold's model."""
    numbers = np.unique(part)
    ridge = _best_ridge(seen(0), y, weight, len(classes), part)
    fitted = []
    scores = np.empty((len(y), len(classes)))
    for k in numbers:
        x = seen(int(k))
        rest = part != k
        fitted.append(fit_multinomial(x[rest], y[rest], len(classes), ridge, weight[rest], free=1))
        scores[part == k] = x[part == k] @ fitted[-1]
    own = np.empty_like(scores)
    temperatures = []
    for k in numbers:
        # The temperature of a fold is chosen on the others, so that a row has no say in its own probability.
        temperature = _temperature(scores[part != k], y[part != k], weight[part != k])
        own[part == k] = softmax(scores[part == k] / temperature)
        temperatures.append(temperature)
    models = tuple(model / t for model, t in zip(fitted, temperatures, strict=True))
    return FittedHead(classes, own, models, _quality(own, y, weight, float(np.mean(temperatures))))


def _best_ridge(x: Floats, y: NDArray[np.int64], weight: Floats, classes: int, part: NDArray[np.int64]) -> float:
    """The penalty with the lowest loss on the first part of the rows, at the temperature that suits it."""
    held = part == part.min()
    best, lowest = _RIDGES[0], np.inf
    for ridge in _RIDGES:
        model = fit_multinomial(x[~held], y[~held], classes, ridge, weight[~held], free=1)
        scores = x[held] @ model
        loss = _log_loss(softmax(scores / _temperature(scores, y[held], weight[held])), y[held], weight[held])
        if loss > lowest + _CLEARLY:
            break  # less penalty makes it worse, and takes longer
        if loss < lowest:
            best, lowest = ridge, loss
    return best


def _temperature(scores: Floats, y: NDArray[np.int64], weight: Floats) -> float:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log_t: _log_loss(softmax(scores / np.exp(log_t)), y, weight), bounds=(-2.0, 3.0), method="bounded"
    )
    return float(np.exp(found.x))


def _log_loss(p: Floats, y: NDArray[np.int64], weight: Floats) -> float:
    return float(np.average(-np.log(np.maximum(p[np.arange(len(y)), y], FLOOR)), weights=weight))


def _quality(p: Floats, y: NDArray[np.int64], weight: Floats, temperature: float) -> Quality:
    share = np.bincount(y, weights=weight, minlength=p.shape[1]) / weight.sum()
    confidence, right = p.max(axis=1), (p.argmax(axis=1) == y).astype(float)
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    error = 0.0
    for number in np.unique(bins):
        here = bins == number
        gap = np.average(confidence[here], weights=weight[here]) - np.average(right[here], weights=weight[here])
        error += weight[here].sum() / weight.sum() * abs(float(gap))
    present = share[share > 0]
    return Quality(
        rows=len(y),
        accuracy=float(np.average(right, weights=weight)),
        base_rate=float(share.max()),
        log_loss=_log_loss(p, y, weight),
        marginal_log_loss=float(-(present * np.log(present)).sum()),
        calibration_error=float(error),
        temperature=temperature,
    )
