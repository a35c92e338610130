"""Estimate importance weights from columns: π(t) / P(t | z), or any density ratio that a plan compiled."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import NoValidPlanError, did_you_mean
from causal_reasoning.estimand import Factor
from causal_reasoning.objective.overlap import Cell, OverlapReport, Values, cell_text, report_overlap
from causal_reasoning.objective.plan import WeightModel
from causal_reasoning.objective.propensity import cross_fitted_propensities
from causal_reasoning.objective.ratio import Ratio

__all__ = ["Cell", "FittedWeights", "OverlapReport", "fit_weights"]

Columns = Mapping[str, Sequence[str]]
Key = tuple[Values, Values]
AnyKey = TypeVar("AnyKey", bound=tuple[object, ...])


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
    table: Mapping[Key, float]
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
            Dimensionless, mean about 1.

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
                f"there is no weight for the combination {cell_text(self.model, t, z)}: no training row has it; "
                "give more training rows or merge values"
            ) from error


def fit_weights(model: WeightModel, columns: Columns, counts: NDArray[np.float64] | None = None) -> FittedWeights:
    """Estimate the weights of a plan.

    Parameters
    ----------
    model : WeightModel
        Treatment, stratum, policy, and the ratio if it is not π(t) / P(t | z).
    columns : mapping of str to sequence of str
        The training columns, each with N values.
    counts : array of shape (N,), optional
        How often each row occurs; by default once.

    Returns
    -------
    FittedWeights
        The weights and their overlap report.

    Raises
    ------
    NoValidPlanError
        When positivity fails: a value of the treatment that the policy uses never occurs in some stratum. The
        message names the cell. With ``accept_poor_overlap`` such cells are reported instead, unless all are.

    References
    ----------
    P. Rosenbaum and D. Rubin, "The central role of the propensity score" (Biometrika 1983); effective sample
    size after L. Kish, *Survey Sampling* (1965); Y. Jung, J. Tian and E. Bareinboim (2020) for general ratios.

    Examples
    --------
    >>> model = WeightModel(("x",), ("z",), ("x",), ("z",), "marginal")
    >>> fitted = fit_weights(model, {"x": list("0001" "0111"), "z": list("0000" "1111")})
    >>> fitted.apply({"x": ["0", "1"], "z": ["0", "0"]}).round(4).tolist()
    [0.6667, 2.0]
    """
    keys = _keys(model, columns)
    times = np.ones(len(keys)) if counts is None else counts
    cells = _count(keys, times)
    policy = policy_table(model, _count([t for t, _ in keys], times), float(times.sum()))
    # A general ratio says itself which combinations it needs: its weights then average one.
    empty = _empty_cells(model, policy, cells) if model.ratio is None else ()
    _require_positivity(model, policy, cells, empty)
    probability = _propensities(model, columns, keys, cells, times)
    if model.ratio is None:
        weights = {key: policy[key[0]] / probability[key] for key in cells}
    else:
        weights = _ratio_weights(model, model.ratio, columns, times, policy, cells)
    weights, bias = _tamed(model, weights, cells)
    listed = tuple(Cell(t, z, _whole(cells[t, z]), probability[t, z], weights[t, z]) for t, z in sorted(cells))
    return FittedWeights(model, weights, report_overlap(model, listed, empty, bias))


def _keys(model: WeightModel, columns: Columns) -> list[Key]:
    treatment = [columns[name] for name in model.treatment_columns]
    stratum = [columns[name] for name in model.stratum_columns]
    rows = len(treatment[0])
    return [(tuple(c[i] for c in treatment), tuple(c[i] for c in stratum)) for i in range(rows)]


def _count(keys: Sequence[AnyKey], times: NDArray[np.float64]) -> dict[AnyKey, float]:
    """Rows of each combination."""
    cells: dict[AnyKey, float] = {}
    for key, often in zip(keys, times.tolist(), strict=True):
        cells[key] = cells.get(key, 0.0) + often
    return cells


def _whole(number: float) -> float:
    """Counts of rows are whole numbers, and print as such."""
    return int(number) if number == int(number) else number


def policy_table(model: WeightModel, treatments: Mapping[Values, float], rows: float) -> dict[Values, float]:
    """Π as a table over the values of the treatment that training rows have, of which there are so many."""
    if model.policy == "marginal":
        return {t: count / rows for t, count in treatments.items()}
    if model.policy == "uniform":
        return dict.fromkeys(treatments, 1 / len(treatments))
    if model.policy == "environment":
        raise NoValidPlanError(
            "the policy is the distribution in rows that are known inside an experiment only; train or check the "
            "experiment, or name a file with 'like' in place of the split"
        )
    table = dict(model.policy)
    check_support(model.treatment, table, treatments)
    return {t: table.get(t, 0.0) for t in treatments}


def check_support(treatment: tuple[str, ...], policy: Mapping[Values, float], treatments: Collection[Values]) -> None:
    """Refuse a policy that sets what no training row has.

    Parameters
    ----------
    treatment : tuple of str
        The treatments, sorted.
    policy : mapping of tuple of str to float
        π.
    treatments : collection of tuple of str
        The combinations of values that training rows have.

    Raises
    ------
    NoValidPlanError
        Naming the combination and the nearest value.
    """
    for values, probability in sorted(policy.items()):
        if probability <= 0 or values in treatments:
            continue
        shown = ", ".join(f"{name} = '{value}'" for name, value in zip(treatment, values, strict=True))
        known = {t[0] for t in treatments}
        near = f"; {did_you_mean(values[0], known)}" if len(values) == 1 else ""
        raise NoValidPlanError(
            f"the policy gives probability {probability:g} to what no training row has: {shown}{near}"
        )


def _empty_cells(model: WeightModel, policy: Mapping[Values, float], cells: Mapping[Key, float]) -> tuple[Key, ...]:
    """Combinations that the policy uses and no row has, sorted by stratum."""
    used = sorted(t for t, probability in policy.items() if probability > 0)
    strata = sorted({z for _, z in cells})
    # The product is only walked when a cell is missing, and counting tells whether one is.
    if len(used) * len(strata) == sum(1 for t, _ in cells if policy[t] > 0):
        return ()
    return tuple((t, z) for z, t in product(strata, used) if (t, z) not in cells)


def _require_positivity(
    model: WeightModel, policy: Mapping[Values, float], cells: Mapping[Key, float], empty: tuple[Key, ...]
) -> None:
    strata = {z for _, z in cells}
    function = len(cells) == len(policy) and len(strata) > 1
    if not empty or (model.options.accept_poor_overlap and not function):
        return
    t, z = empty[0]
    hint = (
        f"every value of {', '.join(model.treatment)} occurs with one value of {', '.join(model.stratum)} only, so "
        "the confounder is a function of the treatment and no weighting can separate them"
        if function
        else "collect or render rows of that kind, merge strata, set a policy that does not use this value, or write "
        "'accept_poor_overlap: true' under objective"
    )
    raise NoValidPlanError(
        f"positivity fails: no training row has {cell_text(model, t, z)}"
        + (f" ({len(empty) - 1} more such cells)" if len(empty) > 1 else "")
        + f"; {hint}"
    )


def _propensities(
    model: WeightModel, columns: Columns, keys: list[Key], cells: Mapping[Key, float], times: NDArray[np.float64]
) -> dict[Key, float]:
    """P(t | z) for every cell."""
    options = model.options
    if options.nuisance == "logistic" and model.ratio is None:
        rows = cross_fitted_propensities(
            [" | ".join(t) for t, _ in keys], [columns[name] for name in model.stratum_columns], options.folds
        )
        # One value a cell: the mean over the folds that its rows are in.
        total = _count(keys, rows * times)
        return {key: total[key] / cells[key] for key in cells}
    strata = _count([z for _, z in keys], times)
    values = len({t for t, _ in cells})
    return {
        (t, z): (rows + options.smoothing) / (strata[z] + options.smoothing * values) for (t, z), rows in cells.items()
    }


def _ratio_weights(
    model: WeightModel,
    ratio: Ratio,
    columns: Columns,
    times: NDArray[np.float64],
    policy: Mapping[Values, float],
    cells: Mapping[Key, float],
) -> dict[Key, float]:
    """Evaluate a density ratio on the empirical distribution of the columns."""
    column = model.columns
    names = sorted({*ratio.names, *model.treatment} & set(column))
    values = {name: sorted(set(columns[column[name]])) for name in names}
    place = {name: {value: i for i, value in enumerate(values[name])} for name in names}
    table = np.full([len(values[name]) for name in names], model.options.smoothing)
    np.add.at(table, tuple(np.array([place[n][v] for v in columns[column[n]]]) for n in names), times)
    joint = Factor(names, table / table.sum())
    shape = [len(values[name]) for name in model.treatment]
    pi = np.zeros(shape)
    for t, probability in policy.items():
        pi[tuple(place[name][value] for name, value in zip(model.treatment, t, strict=True))] = probability
    try:
        weight = ratio.evaluate(joint, Factor(model.treatment, pi))
    except ZeroDivisionError as error:
        raise NoValidPlanError(
            f"positivity fails: {ratio.text()} divides by zero on the training rows; some combination of "
            f"{', '.join(names)} never occurs; collect such rows, or set 'smoothing' under objective"
        ) from error
    result = {}
    for t, z in cells:
        at = {
            name: place[name][v]
            for name, v in zip(model.treatment + model.stratum, t + z, strict=True)
            if name in weight.axes
        }
        result[t, z] = float(weight.at(at).values)
    total = sum(cells[key] * result[key] for key in cells) / sum(cells.values())
    if not model.options.accept_poor_overlap and not model.options.smoothing and abs(total - 1) > 1e-6:
        raise NoValidPlanError(
            f"positivity fails: the weights {ratio.text()} average {total:.3f} and not 1, so some combination of "
            f"{', '.join(names)} that the policy leads to never occurs; collect such rows, or write "
            "'accept_poor_overlap: true' under objective"
        )
    return result


def _tamed(
    model: WeightModel, weights: dict[Key, float], cells: Mapping[Key, float]
) -> tuple[dict[Key, float], tuple[str, ...]]:
    """Clip and normalise, and say what it costs."""
    options, rows = model.options, sum(cells.values())
    bias = []
    if options.smoothing:
        bias.append(f"{options.smoothing:g} is added to every count: probabilities are shrunk towards each other")
    if options.clip is not None:
        lost = sum(cells[k] * max(0.0, w - options.clip) for k, w in weights.items()) / rows
        touched = sum(cells[k] for k, w in weights.items() if w > options.clip)
        weights = {key: min(w, options.clip) for key, w in weights.items()}
        bias.append(
            f"weights are clipped at {options.clip:g}: {touched:,.0f} of {rows:,.0f} rows, {lost:.1%} of the target "
            "distribution is left out"
        )
    if options.self_normalise:
        mean = sum(cells[k] * w for k, w in weights.items()) / rows
        weights = {key: w / mean for key, w in weights.items()}
        bias.append(f"weights are divided by their mean {mean:.4f}: a bias of the order of 1 / effective rows")
    return weights, tuple(bias)
