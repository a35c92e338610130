"""Turn a compiled objective into weights of the training and validation rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.surrogates import Embed
from causal_reasoning.data.table import Table
from causal_reasoning.data.text_weights import TextWeights, fit_text_weights
from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.objective import ObjectivePlan
from causal_reasoning.objective.head_report import HeadReport
from causal_reasoning.objective.weights import FittedWeights, OverlapReport, fit_weights


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
    overlap : OverlapReport, HeadReport or None
        Diagnostics of the weights; ``None`` when all are one.
    groups : array of shape (N,)
        Index of each training row's group, for objectives that compare groups; zeros for others.
    validation_groups : array of shape (M,)
        The same for validation rows; −1 for a group that no training row is in.
    labels : mapping of str to array of shape (N,)
        Further groupings of the training rows that the objective asks for, by the names of their columns.
    validation_labels : mapping of str to array of shape (M,)
        The same of the validation rows.
    """

    loss: NDArray[np.float64]
    sampling: NDArray[np.float64]
    validation: NDArray[np.float64]
    overlap: OverlapReport | HeadReport | None
    groups: NDArray[np.int64]
    validation_groups: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    labels: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    validation_labels: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)


def row_weights(plan: ObjectivePlan | None, train: Table, validation: Table, embed: Embed | None = None) -> RowWeights:
    """Estimate the weights of an objective on the training rows.

    Parameters
    ----------
    plan : ObjectivePlan or None
        The compiled objective; ``None`` is plain likelihood.
    train, validation : Table
        N and M rows.
    embed : callable, optional
        The base model's embedding of texts, for weights that need probabilities given texts.

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
    groups, others = _groups(plan.groups if plan else (), train, validation)
    numbered = {", ".join(names): _groups(names, train, validation) for names in (plan.labels if plan else ())}
    more = [{name: pair[part] for name, pair in numbered.items()} for part in (0, 1)]
    if plan is None or plan.weights is None:
        return RowWeights(ones, ones, held_out, None, groups, others, *more)
    fitted: FittedWeights | TextWeights
    try:
        if plan.weights.text_ratio is not None:
            fitted = fit_text_weights(plan.weights, train, embed)
            weights, checked = fitted.own, fitted.apply(validation)
        else:
            fitted = fit_weights(plan.weights, train.columns)
            weights, checked = fitted.apply(train.columns), fitted.apply(validation.columns)
    except NoValidPlanError as error:
        raise NoValidPlanError(f"{train.source}: {error}") from error
    if plan.realisation == "loss_weights":
        return RowWeights(weights, ones, checked, fitted.report, groups, others, *more)
    return RowWeights(ones, weights, checked, fitted.report, groups, others, *more)


def _groups(columns: tuple[str, ...], train: Table, validation: Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number the combinations of values of some columns in the training rows, in sorted order."""
    if not columns:
        return np.zeros(len(train), dtype=np.int64), np.zeros(len(validation), dtype=np.int64)
    rows, others = (list(zip(*(t.columns[name] for name in columns), strict=True)) for t in (train, validation))
    number = {values: i for i, values in enumerate(sorted(set(rows)))}
    found = [np.array([number.get(values, -1) for values in part], dtype=np.int64) for part in (rows, others)]
    return found[0], found[1]
