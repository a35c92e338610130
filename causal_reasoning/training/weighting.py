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
    """

    loss: NDArray[np.float64]
    sampling: NDArray[np.float64]
    validation: NDArray[np.float64]
    overlap: OverlapReport | None


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
    if plan is None or plan.weights is None:
        return RowWeights(ones, ones, held_out, None)
    try:
        fitted = fit_weights(plan.weights, train.columns)
        weights, checked = fitted.apply(train.columns), fitted.apply(validation.columns)
    except NoValidPlanError as error:
        raise NoValidPlanError(f"{train.source}: {error}") from error
    if plan.realisation == "loss_weights":
        return RowWeights(weights, ones, checked, fitted.report)
    return RowWeights(ones, weights, checked, fitted.report)
