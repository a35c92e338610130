"""What is said of weights that classifiers on embeddings estimate: calibration, and how far the data carry them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.objective.heads import Quality
from causal_reasoning.objective.overlap import (
    FEW_EFFECTIVE_ROWS,
    FEW_ROWS,
    FEWEST_EFFECTIVE_ROWS,
    SMALL_EFFECTIVE_SHARE,
    SMALLEST_EFFECTIVE_SHARE,
)
from causal_reasoning.objective.plan import WeightModel

READABLE = 0.95
"""Above this share of what guessing leaves open, a column counts as a function of the text."""

WARN_READABLE = 0.8
FAR_FROM_ONE = 0.1
QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)

Values = tuple[str, ...]


@dataclass(frozen=True)
class Stratum:
    """The rows of one combination of the weight's columns.

    Parameters
    ----------
    treatment, stratum : tuple of str
        Values of the columns among the weight's nodes, texts left out.
    rows : int
        Training rows.
    weight : float
        Their mean weight.
    effective : float
        Their effective sample size.
    """

    treatment: Values
    stratum: Values
    rows: int
    weight: float
    effective: float


@dataclass(frozen=True)
class HeadReport:
    """How good the classifiers are, and how much of the training data is left after weighting.

    Parameters
    ----------
    model : WeightModel
        What the weights are.
    rows : int
        Training rows.
    effective_sample_size : float
        (Σw)² / Σw², in rows.
    largest_weight, mean_weight : float
        The mean is 1 where the classifiers are right.
    heads : mapping of str to Quality
        Each classifier, by the probability that it estimates.
    quantiles : tuple of (float, float)
        Quantiles of the weights.
    cells : tuple of Stratum
        By the values of the columns, sorted.
    bias, warnings : tuple of str
        Sentences for the user.
    """

    model: WeightModel
    rows: int
    effective_sample_size: float
    largest_weight: float
    mean_weight: float
    heads: Mapping[str, Quality]
    quantiles: tuple[tuple[float, float], ...]
    cells: tuple[Stratum, ...]
    bias: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def effective_share(self) -> float:
        """Effective sample size divided by the number of rows."""
        return self.effective_sample_size / self.rows

    def lines(self) -> tuple[tuple[str, str], ...]:
        """What is said and a remark on it, line by line."""
        shown = ", ".join(f"{share:.0%}: {value:.2f}" for share, value in self.quantiles)
        found = [
            (
                f"{self.effective_sample_size:,.0f} effective of {self.rows:,} rows ({self.effective_share:.0%}), "
                f"largest weight {self.largest_weight:.2f}, mean {self.mean_weight:.3f}",
                f"quantiles of the weights: {shown}",
            )
        ]
        found += [(f"{name} by a classifier on embeddings", quality.text()) for name, quality in self.heads.items()]
        found += [(sentence, "") for sentence in self.bias]
        return tuple(found + [(f"warning: {warning}", "") for warning in self.warnings])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with the keys of `causal_reasoning.objective.overlap.OverlapReport` where they apply."""
        named = [
            {
                "treatment": dict(zip(_columns(self.model)[0], cell.treatment, strict=True)),
                "stratum": dict(zip(_columns(self.model)[1], cell.stratum, strict=True)),
                "rows": cell.rows,
                "probability": None,
                "weight": cell.weight,
                "effective_sample_size": cell.effective,
            }
            for cell in self.cells
        ]
        return {
            "rows": self.rows,
            "effective_sample_size": self.effective_sample_size,
            "effective_share": self.effective_share,
            "largest_weight": self.largest_weight,
            "mean_weight": self.mean_weight,
            "heads": {name: quality.to_dict() for name, quality in self.heads.items()},
            "quantiles": [{"quantile": share, "weight": value} for share, value in self.quantiles],
            "empty_cells": [],
            "accept_poor_overlap": self.model.options.accept_poor_overlap,
            "cells": named,
            "bias": list(self.bias),
            "warnings": list(self.warnings),
        }


def report_heads(
    model: WeightModel,
    weights: NDArray[np.float64],
    columns: Mapping[str, Sequence[str]],
    heads: Mapping[str, Quality],
    bias: tuple[str, ...] = (),
) -> HeadReport:
    """Summarise a fit.

    Parameters
    ----------
    model : WeightModel
        What the weights are.
    weights : array of shape (N,)
        Of the training rows.
    columns : mapping of str to sequence of str
        The training columns.
    heads : mapping of str to Quality
        The classifiers.
    bias : tuple of str
        What the options cost.

    Raises
    ------
    NoValidPlanError
        If fewer than 10 effective rows or 1 % of the rows are left and the model does not accept it.
    """
    rows, size = len(weights), _effective(weights)
    if (
        (size < FEWEST_EFFECTIVE_ROWS or size < SMALLEST_EFFECTIVE_SHARE * rows)
        and rows >= FEW_ROWS
        and not model.options.accept_poor_overlap
    ):
        raise NoValidPlanError(
            f"overlap is too poor: the {rows:,} training rows carry about as much as {size:.0f} unconfounded ones, and "
            f"one row counts {weights.max():.0f} times; collect or render rows that go against the text, or write "
            "'accept_poor_overlap: true' under objective to go on"
        )
    order = np.sort(weights)
    return HeadReport(
        model=model,
        rows=rows,
        effective_sample_size=size,
        largest_weight=float(weights.max()),
        mean_weight=float(weights.mean()),
        heads=heads,
        quantiles=tuple((share, float(order[min(int(share * rows), rows - 1)])) for share in QUANTILES),
        cells=_cells(model, weights, columns),
        bias=bias,
        warnings=tuple(_warnings(model, weights, size, heads)),
    )


def _effective(weights: NDArray[np.float64]) -> float:
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _columns(model: WeightModel) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The nodes of the weight that are columns, treatment and stratum apart."""
    if model.text_ratio is None:
        return model.treatment, model.stratum
    columns = {
        node
        for e in model.text_ratio.above + model.text_ratio.below
        for node in (*(e.of if e.kind != "pairs" else ()), *(e.given if e.kind == "counts" else ()))
    }
    return tuple(n for n in model.treatment if n in columns), tuple(n for n in model.stratum if n in columns)


def _cells(
    model: WeightModel, weights: NDArray[np.float64], columns: Mapping[str, Sequence[str]]
) -> tuple[Stratum, ...]:
    treatment, stratum = _columns(model)
    if not treatment + stratum:
        return ()
    split = len(treatment)
    rows = list(zip(*(columns[model.columns[n]] for n in treatment + stratum), strict=True))
    members: dict[Values, list[int]] = {}
    for i, key in enumerate(rows):
        members.setdefault(key, []).append(i)
    return tuple(
        Stratum(key[:split], key[split:], len(at), float(weights[at].mean()), _effective(weights[at]))
        for key, at in sorted(members.items())
    )


def _warnings(model: WeightModel, weights: NDArray[np.float64], size: float, heads: Mapping[str, Quality]) -> list[str]:
    rows, found = len(weights), []
    share = size / rows
    if share < SMALL_EFFECTIVE_SHARE or (size < FEW_EFFECTIVE_ROWS and share < 0.5):
        found.append(
            f"the {rows:,} training rows carry about as much as {size:,.0f} unconfounded ones ({share:.0%}): expect a "
            "noisier fit than their number suggests"
        )
    mean = float(weights.mean())
    if not model.options.self_normalise and model.options.clip is None and abs(mean - 1) > FAR_FROM_ONE:
        found.append(
            f"the weights average {mean:.2f}, and right ones 1: the classifiers are off; give more rows, or write "
            "'self_normalise: true' or 'clip' under objective"
        )
    for name, quality in heads.items():
        if quality.log_loss >= quality.marginal_log_loss:
            found.append(
                f"the classifier for {name} is no better than not looking at the text: either nothing is to be seen "
                "there, and nothing to be adjusted, or these embeddings do not show it"
            )
        elif quality.readable >= WARN_READABLE and quality.rows >= FEW_ROWS:
            found.append(
                f"the classifier for {name} is right in {quality.accuracy:.0%} of the rows: few rows go against the "
                "text, and all of the correction rests on them"
            )
    return found
