"""Estimate importance weights π(t) / P(t | z) from columns, and say how far the data can carry them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import NoValidPlanError, did_you_mean
from causal_reasoning.objective.plan import WeightModel

Values = tuple[str, ...]
Columns = Mapping[str, Sequence[str]]

# Below these the report warns; they say when a fit is likely to disappoint, not when it is wrong.
FEW_EFFECTIVE_ROWS = 500
SMALL_EFFECTIVE_SHARE = 0.2
FEW_ROWS_IN_CELL = 10


@dataclass(frozen=True)
class Cell:
    """One combination of treatment and stratum in the training data.

    Parameters
    ----------
    treatment, stratum : tuple of str
        The values, in the order of the weight model's nodes.
    rows : int
        Rows in the training data.
    probability : float
        P(t | z), estimated as a relative frequency.
    weight : float
        π(t) / P(t | z).
    """

    treatment: Values
    stratum: Values
    rows: int
    probability: float
    weight: float


@dataclass(frozen=True)
class OverlapReport:
    """How much of the training data is left after weighting.

    Parameters
    ----------
    model : WeightModel
        What the weights are.
    rows : int
        Training rows.
    effective_sample_size : float
        (Σw)² / Σw², in rows (Kish 1965).
    strata : mapping of tuple to float
        Effective sample size within each stratum, in rows.
    largest_weight : float
        The largest weight of a cell.
    cells : tuple of Cell
        All combinations, sorted.
    warnings : tuple of str
        Sentences for the user; empty when the overlap is good.
    """

    model: WeightModel
    rows: int
    effective_sample_size: float
    strata: Mapping[Values, float]
    largest_weight: float
    cells: tuple[Cell, ...]
    warnings: tuple[str, ...]

    @property
    def effective_share(self) -> float:
        """Effective sample size divided by the number of rows."""
        return self.effective_sample_size / self.rows

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rows": self.rows,
            "effective_sample_size": self.effective_sample_size,
            "effective_share": self.effective_share,
            "largest_weight": self.largest_weight,
            "empty_cells": [],  # with an empty cell there are no weights: `fit_weights` refuses
            "strata": [
                {
                    "stratum": dict(zip(self.model.stratum, z, strict=True)),
                    "effective_sample_size": size,
                }
                for z, size in self.strata.items()
            ],
            "cells": [
                {
                    "treatment": dict(zip(self.model.treatment, cell.treatment, strict=True)),
                    "stratum": dict(zip(self.model.stratum, cell.stratum, strict=True)),
                    "rows": cell.rows,
                    "probability": cell.probability,
                    "weight": cell.weight,
                }
                for cell in self.cells
            ],
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class FittedWeights:
    """Weights for every combination of treatment and stratum seen in training.

    Parameters
    ----------
    model : WeightModel
        What the weights are.
    table : mapping
        (treatment values, stratum values) to weight.
    report : OverlapReport
        Diagnostics on the training rows.
    """

    model: WeightModel
    table: Mapping[tuple[Values, Values], float]
    report: OverlapReport

    def apply(self, columns: Columns) -> NDArray[np.float64]:
        """Weights of some rows.

        Parameters
        ----------
        columns : mapping of str to sequence of str
            At least the treatment's and the stratum's columns, all of one length N.

        Returns
        -------
        array of shape (N,)
            π(t) / P(t | z), dimensionless, mean about 1.

        Raises
        ------
        NoValidPlanError
            For a combination that training never saw.
        """
        keys = _keys(self.model, columns)
        try:
            return np.array([self.table[key] for key in keys], dtype=np.float64)
        except KeyError as error:
            t, z = error.args[0]
            raise NoValidPlanError(
                f"there is no weight for the combination {_cell_text(self.model, t, z)}: no training row has it; "
                "give more training rows or merge values"
            ) from error


def fit_weights(model: WeightModel, columns: Columns) -> FittedWeights:
    """Estimate π(t) / P(t | z) by relative frequencies.

    Parameters
    ----------
    model : WeightModel
        Treatment, stratum and policy.
    columns : mapping of str to sequence of str
        The training columns, each with N values.

    Returns
    -------
    FittedWeights
        The weights and their overlap report.

    Raises
    ------
    NoValidPlanError
        When positivity fails: a value of the treatment that the policy uses never occurs in some stratum. The
        message names the cell.

    References
    ----------
    P. Rosenbaum and D. Rubin, "The central role of the propensity score" (Biometrika 1983); effective sample
    size after L. Kish, *Survey Sampling* (1965).

    Examples
    --------
    >>> model = WeightModel(("x",), ("z",), ("x",), ("z",), "marginal")
    >>> fitted = fit_weights(model, {"x": list("0001" "0111"), "z": list("0000" "1111")})
    >>> fitted.apply({"x": ["0", "1"], "z": ["0", "0"]}).round(4).tolist()
    [0.6667, 2.0]
    """
    keys = _keys(model, columns)
    cells = Counter(keys)
    treatments = Counter(t for t, _ in keys)
    strata = Counter(z for _, z in keys)
    policy = _policy(model, treatments, len(keys))
    _require_positivity(model, policy, cells, strata)
    table: dict[tuple[Values, Values], float] = {}
    listed = []
    for t, z in sorted(cells):
        probability = cells[t, z] / strata[z]
        weight = policy[t] / probability
        table[t, z] = weight
        listed.append(Cell(t, z, cells[t, z], probability, weight))
    report = _report(model, tuple(listed), len(keys))
    return FittedWeights(model, table, report)


def _keys(model: WeightModel, columns: Columns) -> list[tuple[Values, Values]]:
    treatment = [columns[name] for name in model.treatment_columns]
    stratum = [columns[name] for name in model.stratum_columns]
    rows = len(treatment[0])
    return [(tuple(c[i] for c in treatment), tuple(c[i] for c in stratum)) for i in range(rows)]


def _policy(model: WeightModel, treatments: Counter[Values], rows: int) -> dict[Values, float]:
    if model.policy == "marginal":
        return {t: count / rows for t, count in treatments.items()}
    if model.policy == "uniform":
        return dict.fromkeys(treatments, 1 / len(treatments))
    table: dict[Values, float] = {(value,): probability for value, probability in model.policy}
    seen = {t[0] for t in treatments}
    for (value,), probability in sorted(table.items()):
        if probability > 0 and value not in seen:
            raise NoValidPlanError(
                f"the policy gives '{value}' probability {probability:g}, but no training row has "
                f"{model.treatment[0]} = '{value}'; {did_you_mean(value, seen)}"
            )
    return {t: table.get(t, 0.0) for t in treatments}


def _require_positivity(
    model: WeightModel,
    policy: Mapping[Values, float],
    cells: Counter[tuple[Values, Values]],
    strata: Counter[Values],
) -> None:
    used = sorted(t for t, probability in policy.items() if probability > 0)
    # The product is only walked when a cell is missing, and counting tells whether one is.
    filled = sum(1 for t, _ in cells if policy[t] > 0)
    missing = len(used) * len(strata) - filled
    if missing == 0:
        return
    t, z = next((t, z) for z, t in product(sorted(strata), used) if (t, z) not in cells)
    function = len(cells) == len(policy) and len(strata) > 1
    hint = (
        f"every value of {', '.join(model.treatment)} occurs with one value of {', '.join(model.stratum)} only, so "
        "the confounder is a function of the treatment and no weighting can separate them"
        if function
        else "collect or render rows of that kind, merge strata, or set a policy that does not use this value"
    )
    raise NoValidPlanError(
        f"positivity fails: no training row has {_cell_text(model, t, z)}"
        + (f" ({missing - 1} more such cells)" if missing > 1 else "")
        + f"; {hint}"
    )


def _report(model: WeightModel, cells: tuple[Cell, ...], rows: int) -> OverlapReport:
    def effective(some: list[Cell]) -> float:
        total = math.fsum(c.rows * c.weight for c in some)
        squares = math.fsum(c.rows * c.weight**2 for c in some)
        return total**2 / squares if squares else 0.0

    by_stratum: dict[Values, list[Cell]] = {}
    for cell in cells:
        by_stratum.setdefault(cell.stratum, []).append(cell)
    size = effective(list(cells))
    warnings = []
    share = size / rows
    if len({cell.treatment for cell in cells}) == 1:
        warnings.append(
            f"{', '.join(model.treatment)} has the single value {', '.join(cells[0].treatment)} in all "
            f"{rows:,} training rows: nothing can be learnt about intervening on it"
        )
    if share < SMALL_EFFECTIVE_SHARE or (size < FEW_EFFECTIVE_ROWS and share < 0.5):
        smallest = min(cells, key=lambda c: (c.probability, c.treatment, c.stratum))
        warnings.append(
            f"the {rows:,} training rows carry about as much as {size:,.0f} unconfounded ones "
            f"({size / rows:.0%}): expect a noisier fit than their number suggests; rows with "
            f"{_cell_text(model, smallest.treatment, smallest.stratum)} would help most "
            f"({smallest.rows} now, each counts {smallest.weight:.1f} times)"
        )
    thin = [c for c in cells if c.rows < FEW_ROWS_IN_CELL and c.weight > 0]
    if thin:
        example = min(thin, key=lambda c: (c.rows, c.treatment, c.stratum))
        warnings.append(
            f"{len(thin)} of {len(cells)} cells hold fewer than {FEW_ROWS_IN_CELL} rows (the smallest: "
            f"{_cell_text(model, example.treatment, example.stratum)} with {example.rows}): their weights are guesses"
        )
    return OverlapReport(
        model=model,
        rows=rows,
        effective_sample_size=size,
        strata={z: effective(group) for z, group in sorted(by_stratum.items())},
        largest_weight=max(c.weight for c in cells),
        cells=cells,
        warnings=tuple(warnings),
    )


def _cell_text(model: WeightModel, t: Values, z: Values) -> str:
    pairs = [*zip(model.treatment, t, strict=True), *zip(model.stratum, z, strict=True)]
    return ", ".join(f"{name} = '{value}'" for name, value in pairs)
