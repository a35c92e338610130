"""Importance weights with texts in them: each factor by counts, or by a classifier on frozen embeddings.

What `causal_reasoning.objective.weights` does for columns. A weight is then a number of each row and not of each
combination of columns; texts arrive as arrays of embeddings, so nothing here knows a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.objective.head_report import READABLE, HeadReport, report_heads
from causal_reasoning.objective.heads import (
    COMPONENTS,
    FittedHead,
    FittedPairs,
    Projection,
    Quality,
    fit_head,
    fit_pairs,
    fit_projection,
)
from causal_reasoning.objective.overlap import FEW_ROWS
from causal_reasoning.objective.plan import WeightModel
from causal_reasoning.objective.propensity import FLOOR
from causal_reasoning.objective.text_ratio import Estimate
from causal_reasoning.objective.weights import policy_table

Columns = Mapping[str, Sequence[str]]
Embeddings = Mapping[str, NDArray[np.float64]]
Values = tuple[str, ...]


@dataclass(frozen=True)
class _Features:
    """Columns and embedded texts as numbers: principal components, and indicators of values."""

    nodes: tuple[str, ...]
    projections: Mapping[str, Projection]
    values: Mapping[str, tuple[str, ...]]

    def __call__(self, model: WeightModel, columns: Columns, embeddings: Embeddings) -> NDArray[np.float64]:
        parts = []
        for node in self.nodes:
            column = model.columns[node]
            if node in self.projections:
                parts.append(self.projections[node](np.asarray(embeddings[column], dtype=np.float64)))
            else:
                here = np.array(columns[column])
                parts.append(np.stack([(here == value).astype(float) for value in self.values[node]], axis=1))
        return np.concatenate(parts, axis=1)


@dataclass(frozen=True)
class _Counted:
    """P(of | given) by relative frequencies, or a policy."""

    estimate: Estimate
    table: Mapping[tuple[Values, Values], float]

    def __call__(self, model: WeightModel, columns: Columns, embeddings: Embeddings) -> NDArray[np.float64]:
        of, given = (_rows(model, columns, nodes) for nodes in (self.estimate.of, self.estimate.given))
        try:
            return np.array([self.table[key] for key in zip(of, given, strict=True)])
        except KeyError as error:
            values = ", ".join(
                f"{n} = '{v}'"
                for n, v in zip(self.estimate.of + self.estimate.given, sum(error.args[0], ()), strict=True)
            )
            raise NoValidPlanError(
                f"there is no weight for rows with {values}: no training row has this; give more training rows or "
                "merge values"
            ) from error


@dataclass(frozen=True)
class _Headed:
    """P(of | given) by a classifier."""

    estimate: Estimate
    features: _Features
    head: FittedHead

    def own(self, labels: Sequence[str]) -> NDArray[np.float64]:
        return self._picked(self.head.own, labels)

    def __call__(self, model: WeightModel, columns: Columns, embeddings: Embeddings) -> NDArray[np.float64]:
        p = self.head.predict(self.features(model, columns, embeddings))
        return self._picked(p, _labels(model, columns, self.estimate.of))

    def _picked(self, p: NDArray[np.float64], labels: Sequence[str]) -> NDArray[np.float64]:
        place = {label: i for i, label in enumerate(self.head.classes)}
        unknown = next((label for label in labels if label not in place), None)
        if unknown is not None:
            raise NoValidPlanError(
                f"there is no weight for rows with {', '.join(self.estimate.of)} = '{unknown}': no training row has "
                "this; give more training rows or merge values"
            )
        chosen = p[np.arange(len(labels)), [place[label] for label in labels]]
        return np.asarray(np.maximum(chosen, FLOOR))


@dataclass(frozen=True)
class _Paired:
    """P(of, given) / (P(of) P(given)) by a classifier of real and shuffled pairs."""

    estimate: Estimate
    first: _Features
    second: _Features
    pairs: FittedPairs

    def __call__(self, model: WeightModel, columns: Columns, embeddings: Embeddings) -> NDArray[np.float64]:
        return self.pairs.predict(self.first(model, columns, embeddings), self.second(model, columns, embeddings))


_Part = _Counted | _Headed | _Paired


@dataclass(frozen=True)
class FittedHeadWeights:
    """Weights of rows whose texts are known by their embeddings.

    Parameters
    ----------
    model : WeightModel
        What the weights are.
    own : array of shape (N,)
        The weights of the training rows, each from classifiers that have not seen the row.
    scale : float
        What weights are multiplied by, 1 unless they are normalised.
    report : HeadReport
        Calibration and overlap on the training rows.
    parts : tuple
        The fitted factors with their powers, 1 or −1.
    """

    model: WeightModel
    own: NDArray[np.float64]
    scale: float
    report: HeadReport
    parts: tuple[tuple[_Part, int], ...]

    def apply(self, columns: Columns, embeddings: Embeddings) -> NDArray[np.float64]:
        """Weights of other rows.

        Parameters
        ----------
        columns : mapping of str to sequence of str
            The weight's columns, all of one length N.
        embeddings : mapping of str to array of shape (N, D)
            Embeddings of its texts, by column.

        Returns
        -------
        array of shape (N,)
            Dimensionless, mean about 1.

        Raises
        ------
        NoValidPlanError
            For a value that training never saw.
        """
        log_w = sum(power * np.log(part(self.model, columns, embeddings)) for part, power in self.parts)
        return _clipped(self.model, np.exp(log_w) * self.scale)


def fit_head_weights(model: WeightModel, columns: Columns, embeddings: Embeddings) -> FittedHeadWeights:
    """Estimate weights of which some factors are probabilities given texts.

    Parameters
    ----------
    model : WeightModel
        With a ``text_ratio``.
    columns : mapping of str to sequence of str
        The training columns, each with N values.
    embeddings : mapping of str to array of shape (N, D)
        Embeddings of the texts that the ratio names, by column; frozen, such as the mean hidden state of the
        untrained model.

    Returns
    -------
    FittedHeadWeights
        The weights, how well the classifiers are calibrated, and what is left of the data.

    Raises
    ------
    NoValidPlanError
        If a column is as good as a function of a text, two texts go with each other one to one, or too few effective
        rows are left, unless the model accepts poor overlap.
    """
    if model.text_ratio is None:
        raise ValueError("a weight without texts is fitted by fit_weights")
    fitted: dict[Estimate, tuple[_Part, NDArray[np.float64]]] = {}
    for estimate in model.text_ratio.above + model.text_ratio.below:
        if estimate not in fitted:
            fitted[estimate] = _fit(model, estimate, columns, embeddings)
    powers = [(e, 1) for e in model.text_ratio.above] + [(e, -1) for e in model.text_ratio.below]
    raw = np.exp(sum(power * np.log(np.maximum(fitted[e][1], 1e-300)) for e, power in powers))
    qualities = {
        e.text(): found[0].head.quality if isinstance(found[0], _Headed) else found[0].pairs.quality
        for e, found in fitted.items()
        if not isinstance(found[0], _Counted)
    }
    _require_positivity(model, {e: qualities[e.text()] for e in fitted if e.text() in qualities})
    own, bias = _clipped(model, raw), []
    if model.options.clip is not None:
        bias.append(
            f"weights are clipped at {model.options.clip:g}: {(raw > model.options.clip).sum():,} of {len(raw):,} "
            f"rows, {1 - own.sum() / raw.sum():.1%} of the target distribution is left out"
        )
    scale = 1.0
    if model.options.self_normalise:
        scale = 1 / float(own.mean())
        own = own * scale
        bias.append(f"weights are divided by their mean {1 / scale:.4f}: a bias of the order of 1 / effective rows")
    report = report_heads(model, own, columns, qualities, tuple(bias))
    parts = tuple((fitted[e][0], power) for e, power in powers)
    return FittedHeadWeights(model, own, scale, report, parts)


def _clipped(model: WeightModel, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return weights if model.options.clip is None else np.minimum(weights, model.options.clip)


def _fit(
    model: WeightModel, estimate: Estimate, columns: Columns, embeddings: Embeddings
) -> tuple[_Part, NDArray[np.float64]]:
    """Fit one factor, and evaluate it on the rows that it was fitted on."""
    if estimate.kind in ("counts", "policy"):
        part = _Counted(estimate, _table(model, estimate, columns))
        return part, part(model, columns, embeddings)
    if estimate.kind == "head":
        features = _features(model, estimate.given, columns, embeddings)
        labels = _labels(model, columns, estimate.of)
        head = fit_head(features(model, columns, embeddings), labels, model.options.folds)
        headed = _Headed(estimate, features, head)
        return headed, headed.own(labels)
    first, second = (_features(model, nodes, columns, embeddings) for nodes in (estimate.of, estimate.given))
    pairs = fit_pairs(first(model, columns, embeddings), second(model, columns, embeddings), model.options.folds)
    return _Paired(estimate, first, second, pairs), pairs.own


def _features(model: WeightModel, nodes: tuple[str, ...], columns: Columns, embeddings: Embeddings) -> _Features:
    projections, values = {}, {}
    for node in nodes:
        column = model.columns[node]
        if model.text_ratio is not None and node in model.text_ratio.texts:
            projections[node] = fit_projection(np.asarray(embeddings[column], dtype=np.float64), COMPONENTS)
        else:
            values[node] = tuple(sorted(set(columns[column])))
    return _Features(nodes, projections, values)


def _table(model: WeightModel, estimate: Estimate, columns: Columns) -> dict[tuple[Values, Values], float]:
    of, given = (_rows(model, columns, nodes) for nodes in (estimate.of, estimate.given))
    both, alone = Counter(zip(of, given, strict=True)), Counter(given)
    if estimate.kind == "policy":
        in_order = [tuple(row[estimate.of.index(name)] for name in model.treatment) for row in of]
        policy = policy_table(model, {t: float(n) for t, n in Counter(in_order).items()}, float(len(of)))
        return {(row, ()): policy[ordered] for row, ordered in zip(of, in_order, strict=True)}
    values, smoothing = len(set(of)), model.options.smoothing
    return {(t, z): (n + smoothing) / (alone[z] + smoothing * values) for (t, z), n in both.items()}


def _rows(model: WeightModel, columns: Columns, nodes: tuple[str, ...]) -> list[Values]:
    if not nodes:
        return [()] * len(columns[model.treatment_columns[0]])
    return list(zip(*(columns[model.columns[node]] for node in nodes), strict=True))


def _labels(model: WeightModel, columns: Columns, nodes: tuple[str, ...]) -> list[str]:
    return [" | ".join(row) for row in _rows(model, columns, nodes)]


def _require_positivity(model: WeightModel, qualities: Mapping[Estimate, Quality]) -> None:
    """Refuse where a classifier names nearly every class: the weights would look bounded and adjust nothing."""
    if model.options.accept_poor_overlap:
        return
    for estimate, quality in qualities.items():
        if quality.rows < FEW_ROWS or quality.readable < READABLE:
            continue
        of, given = ", ".join(estimate.of), ", ".join(estimate.given)
        if estimate.kind == "pairs":
            found = f"{of} and {given} go with each other nearly one to one: a classifier tells real pairs from "
            found += f"shuffled ones in {quality.accuracy:.1%} of the cases"
        else:
            found = f"{of} is as good as a function of {given}: a classifier on embeddings names it right in "
            found += f"{quality.accuracy:.1%} of the rows that it has not seen ({quality.base_rate:.1%} by guessing)"
        raise NoValidPlanError(
            f"positivity fails: {found}, so no data tell the two apart; adjust for something that cannot be read off "
            "the text, or write 'accept_poor_overlap: true' under objective to go on"
        )
