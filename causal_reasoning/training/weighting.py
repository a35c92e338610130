"""Turn a compiled objective into weights of the training and validation rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.table import Table
from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.objective import ObjectivePlan
from causal_reasoning.objective.weights import OverlapReport, fit_weights


@dataclass(frozen=True)
class RowWeights:
    """What the trainer needs of an objective.

    Parameters
    ----------
    loss : array of shape (N,)
        Factors of the training rows' losses.
    sampling : array of shape (N,)
        How often training rows are drawn, relative to each other.
    validation : array of shape (M,)
        Importance weights of the validation rows, whatever the realisation.
    overlap : OverlapReport or None
        Diagnostics of the weights; ``None`` when all are one.
    groups : array of shape (N,)
        Index of each training row's group, for objectives that compare groups; zeros for others.
    """

    loss: NDArray[np.float64]
    sampling: NDArray[np.float64]
    validation: NDArray[np.float64]
    overlap: OverlapReport | None
    groups: NDArray[np.int64]


def row_weights(plan: ObjectivePlan | None, train: Table, validation: Table) -> RowWeights:
    """Estimate the weights of an objective on the training rows.

    Parameters
    ----------
    plan : ObjectivePlan or None
        The compiled objective; ``None`` is plain likelihood.
    train, validation : Table
        N and M rows.

    Returns
    -------
    RowWeights
        All ones for plain likelihood.

    Raises
    ------
    NoValidPlanError
        When positivity fails, naming the cell.
    """
    ones, held_out = np.ones(len(train)), np.ones(len(validation))
    groups = _groups(plan.groups if plan else (), train)
    if plan is None or plan.weights is None:
        return RowWeights(ones, ones, held_out, None, groups)
    try:
        fitted = fit_weights(plan.weights, train.columns)
        weights, checked = fitted.apply(train.columns), fitted.apply(validation.columns)
    except NoValidPlanError as error:
        raise NoValidPlanError(f"{train.source}: {error}") from error
    if plan.realisation == "loss_weights":
        return RowWeights(weights, ones, checked, fitted.report, groups)
    return RowWeights(ones, weights, checked, fitted.report, groups)


def _groups(columns: tuple[str, ...], train: Table) -> NDArray[np.int64]:
    """Number the combinations of values of some columns, in sorted order."""
    if not columns:
        return np.zeros(len(train), dtype=np.int64)
    rows = list(zip(*(train.columns[name] for name in columns), strict=True))
    number = {values: i for i, values in enumerate(sorted(set(rows)))}
    return np.array([number[values] for values in rows], dtype=np.int64)
