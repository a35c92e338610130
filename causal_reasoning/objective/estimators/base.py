"""What an estimator is: a plan, and the minimiser of what it plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.plan import ObjectivePlan, Refusal, WeightModel
from causal_reasoning.objective.weights import fit_weights

_ROWS = 1e6

Minimiser = Callable[[ObjectivePlan, AssumptionGraph, Factor, Factor], Factor]


@dataclass(frozen=True)
class Estimator:
    """A way to turn an identified query into a training objective.

    Parameters
    ----------
    plan : callable
        From a graph and its identification to a plan or a refusal.
    minimiser : callable
        ``minimiser(plan, graph, joint, policy)``: the table p(write | read) that minimises the planned objective
        where the observed nodes have a given joint distribution; ``policy`` is π over the treatments. What
        `causal_reasoning.objective.proof` compares with the truth.
    settings : tuple of str
        What it reads of ``objective.settings``.
    broken : mapping of str to callable
        For an estimator that survives some mistakes, the minimiser with each of them made, by what is wrong. The
        proof shows how far off each is.
    """

    plan: Callable[[AssumptionGraph, Identification], ObjectivePlan | Refusal]
    minimiser: Minimiser
    broken: Mapping[str, Minimiser] = field(default_factory=dict)
    settings: tuple[str, ...] = ()


def weighted_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """Minimise E[ w · −log p(write | read) ] over tables: the conditional distribution of the weighted rows.

    The weights are estimated by the code that training uses, from rows whose counts are the probabilities.
    """
    weighted = joint if plan.weights is None else joint.multiply(cell_weights(plan.weights, joint, policy))
    kept = {*graph.query.read, *graph.query.write}
    return weighted.marginalise(set(weighted.axes) - kept).condition(graph.query.read)


def cell_weights(model: WeightModel, joint: Factor, policy: Factor) -> Factor:
    """Fit weights to a joint distribution, given as a table."""
    names = tuple(sorted(model.treatment + model.stratum))
    cells = joint.marginalise(set(joint.axes) - set(names))
    values = np.indices(cells.values.shape).reshape(len(names), -1)
    columns = {model.columns[name]: [str(v) for v in row] for name, row in zip(names, values, strict=True)}
    if model.policy not in ("marginal", "uniform"):
        # A table names the user's values; here it stands for any distribution over the values there are.
        indices = [tuple(str(i) for i in index) for index in np.ndindex(policy.values.shape)]
        model = replace(model, policy=tuple(zip(indices, policy.values.ravel().tolist(), strict=True)))
    fitted = fit_weights(model, columns, cells.values.ravel() * _ROWS)
    return Factor(names, fitted.apply(columns).reshape(cells.values.shape))
