"""The overlap report: how far the data can carry weights, said before anything is trained."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.objective.plan import WeightModel

Values = tuple[str, ...]

# Below these the report warns; they say when a fit is likely to disappoint, not when it is wrong.
FEW_EFFECTIVE_ROWS = 500
SMALL_EFFECTIVE_SHARE = 0.2
FEW_ROWS_IN_CELL = 10

# Below this nothing is trained unless the user accepts it in so many words.
FEWEST_EFFECTIVE_ROWS = 10
FEW_ROWS = 100  # a trial with fewer is the user's own business
SMALLEST_EFFECTIVE_SHARE = 0.01

READABLE = 0.99
"""Above this share of what guessing leaves open, the stratum counts as a function of the treatment."""

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5)


@dataclass(frozen=True)
class Cell:
    """One combination of treatment and stratum in the training data.

    Parameters
    ----------
    treatment, stratum : tuple of str
        The values, in the order of the weight model's nodes.
    rows : float
        Rows in the training data.
    probability : float
        P(t | z), estimated.
    weight : float
        The weight of each of its rows.
    """

    treatment: Values
    stratum: Values
    rows: float
    probability: float
    weight: float


@dataclass(frozen=True)
class OverlapReport:
    """How much of the training data is left after weighting.

    Parameters
    ----------
    model : WeightModel
        What the weights are.
    rows : float
        Training rows.
    effective_sample_size : float
        (Σw)² / Σw², in rows (Kish 1965).
    strata : mapping of tuple to float
        Effective sample size within each stratum, in rows.
    largest_weight : float
        The largest weight of a cell.
    predictability : float
        Share of the rows whose stratum is guessed right from the treatment, by the most frequent stratum of each
        value; compare with ``base_rate``, that of always guessing the most frequent stratum. At 1 the confounder is
        a function of the treatment.
    base_rate : float
        See above.
    quantiles : tuple of (float, float)
        Quantiles over rows of P(z | t), the probability of a row's stratum given its treatment.
    cells : tuple of Cell
        All combinations that occur, sorted.
    empty : tuple of (treatment values, stratum values)
        Combinations that the policy uses and no row has.
    bias : tuple of str
        What the options cost, a sentence each.
    warnings : tuple of str
        Sentences for the user; empty when the overlap is good.
    """

    model: WeightModel
    rows: float
    effective_sample_size: float
    strata: Mapping[Values, float]
    largest_weight: float
    predictability: float
    base_rate: float
    quantiles: tuple[tuple[float, float], ...]
    cells: tuple[Cell, ...]
    empty: tuple[tuple[Values, Values], ...]
    bias: tuple[str, ...]
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
            "predictability": {"from_treatment": self.predictability, "base_rate": self.base_rate},
            "quantiles": [{"quantile": share, "probability": value} for share, value in self.quantiles],
            "empty_cells": [self._named(t, z) for t, z in self.empty],
            "accept_poor_overlap": self.model.options.accept_poor_overlap,
            "strata": [
                {"stratum": self._named((), z)["stratum"], "effective_sample_size": size}
                for z, size in self.strata.items()
            ],
            "cells": [
                {
                    **self._named(cell.treatment, cell.stratum),
                    "rows": cell.rows,
                    "probability": cell.probability,
                    "weight": cell.weight,
                }
                for cell in self.cells
            ],
            "bias": list(self.bias),
            "warnings": list(self.warnings),
        }

    def _named(self, t: Values, z: Values) -> dict[str, dict[str, str]]:
        return {
            "treatment": dict(zip(self.model.treatment, t, strict=False)),
            "stratum": dict(zip(self.model.stratum, z, strict=True)),
        }


def report_overlap(
    model: WeightModel,
    cells: tuple[Cell, ...],
    empty: tuple[tuple[Values, Values], ...] = (),
    bias: tuple[str, ...] = (),
) -> OverlapReport:
    """Summarise the cells of a fit.

    Parameters
    ----------
    model : WeightModel
        What the weights are.
    cells : tuple of Cell
        Combinations with rows, with their weights.
    empty : tuple of (treatment values, stratum values)
        Combinations that the policy uses and no row has; only with ``accept_poor_overlap``.
    bias : tuple of str
        What the options cost.

    Returns
    -------
    OverlapReport
        With warnings.

    Raises
    ------
    NoValidPlanError
        If fewer than 10 effective rows or 1 % of the rows are left, or the stratum is as good as a function of the
        treatment, and the model does not accept poor overlap.
    """
    rows = sum(cell.rows for cell in cells)
    rows = int(rows) if rows == int(rows) else rows
    by_stratum: dict[Values, list[Cell]] = {}
    for cell in cells:
        by_stratum.setdefault(cell.stratum, []).append(cell)
    size = _effective(cells)
    guessed, base = _predictability(cells)
    report = OverlapReport(
        model=model,
        rows=rows,
        effective_sample_size=size,
        strata={z: _effective(tuple(group)) for z, group in sorted(by_stratum.items())},
        largest_weight=max(c.weight for c in cells),
        predictability=guessed / rows,
        base_rate=base / rows,
        quantiles=_quantiles(cells),
        cells=cells,
        empty=empty,
        bias=bias,
        warnings=tuple(_warnings(model, cells, rows, size, empty)),
    )
    accepted = model.options.accept_poor_overlap or rows < FEW_ROWS
    if not accepted and model.ratio is None and base < rows and guessed - base >= READABLE * (rows - base):
        raise NoValidPlanError(
            f"positivity fails: {', '.join(model.stratum)} is as good as a function of {', '.join(model.treatment)}, "
            f"which names it right in {guessed / rows:.1%} of the rows ({base / rows:.1%} by guessing), so the weights "
            "look bounded and adjust next to nothing; adjust for something that is not read off the treatment, or "
            "write 'accept_poor_overlap: true' under objective to go on"
        )
    poor = size < FEWEST_EFFECTIVE_ROWS or size < SMALLEST_EFFECTIVE_SHARE * rows
    if poor and rows >= FEW_ROWS and not model.options.accept_poor_overlap:
        worst = max(cells, key=lambda c: (c.weight, c.treatment, c.stratum))
        raise NoValidPlanError(
            f"overlap is too poor: the {rows:,} training rows carry about as much as {size:.0f} unconfounded ones, "
            f"and each row with {cell_text(model, worst.treatment, worst.stratum)} counts {worst.weight:.0f} times; "
            "collect or render such rows, merge strata, or write 'accept_poor_overlap: true' under objective to go on"
        )
    return report


def cell_text(model: WeightModel, t: Values, z: Values) -> str:
    """Print as ``skill = 'first', style = 'a'``."""
    pairs = [*zip(model.treatment, t, strict=True), *zip(model.stratum, z, strict=True)]
    return ", ".join(f"{name} = '{value}'" for name, value in pairs)


def _effective(cells: tuple[Cell, ...]) -> float:
    total = math.fsum(c.rows * c.weight for c in cells)
    squares = math.fsum(c.rows * c.weight**2 for c in cells)
    return total**2 / squares if squares else 0.0


def _predictability(cells: tuple[Cell, ...]) -> tuple[float, float]:
    """Rows whose stratum is guessed right, knowing the treatment and not knowing it."""
    best: dict[Values, float] = {}
    strata: defaultdict[Values, float] = defaultdict(float)
    for cell in cells:
        best[cell.treatment] = max(best.get(cell.treatment, 0), cell.rows)
        strata[cell.stratum] += cell.rows
    return sum(best.values()), max(strata.values())


def _quantiles(cells: tuple[Cell, ...]) -> tuple[tuple[float, float], ...]:
    treated: defaultdict[Values, float] = defaultdict(float)
    for cell in cells:
        treated[cell.treatment] += cell.rows
    values = np.array([cell.rows / treated[cell.treatment] for cell in cells])
    order = np.argsort(values)
    ends = np.cumsum(np.array([cell.rows for cell in cells])[order])
    points = [min(int(np.searchsorted(ends, share * ends[-1], side="left")), len(order) - 1) for share in QUANTILES]
    return tuple((share, float(values[order[i]])) for share, i in zip(QUANTILES, points, strict=True))


def _warnings(
    model: WeightModel,
    cells: tuple[Cell, ...],
    rows: float,
    size: float,
    empty: tuple[tuple[Values, Values], ...],
) -> list[str]:
    warnings = []
    if len({cell.treatment for cell in cells}) == 1:
        warnings.append(
            f"{', '.join(model.treatment)} has the single value {', '.join(cells[0].treatment)} in all "
            f"{rows:,} training rows: nothing can be learnt about intervening on it"
        )
    share = size / rows
    if share < SMALL_EFFECTIVE_SHARE or (size < FEW_EFFECTIVE_ROWS and share < 0.5):
        smallest = min(cells, key=lambda c: (c.probability, c.treatment, c.stratum))
        warnings.append(
            f"the {rows:,} training rows carry about as much as {size:,.0f} unconfounded ones "
            f"({size / rows:.0%}): expect a noisier fit than their number suggests; rows with "
            f"{cell_text(model, smallest.treatment, smallest.stratum)} would help most "
            f"({smallest.rows} now, each counts {smallest.weight:.1f} times)"
        )
    thin = [c for c in cells if c.rows < FEW_ROWS_IN_CELL and c.weight > 0]
    if thin:
        example = min(thin, key=lambda c: (c.rows, c.treatment, c.stratum))
        warnings.append(
            f"{len(thin)} of {len(cells)} cells hold fewer than {FEW_ROWS_IN_CELL} rows (the smallest: "
            f"{cell_text(model, example.treatment, example.stratum)} with {example.rows}): their weights are guesses"
        )
    if empty:
        t, z = empty[0]
        more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
        warnings.append(
            f"accepted by accept_poor_overlap: no training row has {cell_text(model, t, z)}{more}; what the model does "
            "there is extrapolation"
        )
    return warnings
