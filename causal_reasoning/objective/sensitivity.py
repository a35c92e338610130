"""Sensitivity to misclassification: how much confounding a noisy stratum leaves, before anything is trained.

A plan that adjusts for a surrogate is exact if the surrogate *is* the confounder. If it names the wrong stratum in a
share ε of the rows, a part of the confounding stays. How large a part is measured here, as in
`causal_reasoning.objective.proof`: on random models of the graph everything is known, so the stratum is replaced by
a copy that is wrong with probability ε, the objective is minimised exactly, and its distance from the truth is
compared with that of plain likelihood.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.objective.compile import Derivation
from causal_reasoning.objective.estimators import ESTIMATORS
from causal_reasoning.objective.notation import listed
from causal_reasoning.objective.plan import ObjectivePlan
from causal_reasoning.objective.proof import (
    MOST_NODES,
    conditional,
    distance,
    interventional,
    policy_factor,
    random_model,
)
from causal_reasoning.objective.surrogates import strata_nodes, surrogate_strata

RATES = (0.0, 0.05, 0.1, 0.2, 0.3)
"""Shares of misclassified rows that the curve is printed at."""


@dataclass(frozen=True)
class Point:
    """One point of the curve.

    Parameters
    ----------
    rate : float
        Share of the rows whose stratum is wrong.
    error : float
        Largest difference of a probability p(write | read) from the truth, averaged over the models.
    share : float
        The same in parts of what plain likelihood is off by: 0 is fully adjusted, 1 is not adjusted at all.
    """

    rate: float
    error: float
    share: float


@dataclass(frozen=True)
class Sensitivity:
    """How fast a plan deteriorates when its surrogates are noisy.

    Parameters
    ----------
    nodes : tuple of str
        The surrogates, sorted; all are misclassified independently at the same rate.
    estimator : str
        The plan.
    models : int
        Random models of the graph that were averaged over.
    plain : float
        Largest difference of a probability from the truth for plain likelihood, averaged over the models.
    points : tuple of Point
        The curve.
    """

    nodes: tuple[str, ...]
    estimator: str
    models: int
    plain: float
    points: tuple[Point, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """A line for each point, for people."""
        return tuple(
            f"{point.rate:>4.0%} of the rows misclassified: off by {point.error:.3f}, {point.share:.0%} of what plain "
            f"likelihood is off by"
            for point in self.points
        )

    def text(self) -> str:
        """A small table."""
        head = (
            f"{listed(self.nodes)} misclassified, by {self.estimator}, means over {self.models} random models of the "
            f"graph (plain likelihood is off by {self.plain:.3f})"
        )
        rows = [f"  {'misclassified':>13}  {'off by':>6}  {'of plain likelihood':>19}"]
        rows += [f"  {p.rate:>13.0%}  {p.error:>6.3f}  {p.share:>19.0%}" for p in self.points]
        return "\n".join([head, *rows])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "nodes": list(self.nodes),
            "estimator": self.estimator,
            "models": self.models,
            "plain": self.plain,
            "points": [{"rate": p.rate, "error": p.error, "share": p.share} for p in self.points],
        }


def sensitivity(
    derivation: Derivation, *, rates: Iterable[float] = RATES, models: int = 100, seed: int = 0
) -> Sensitivity | None:
    """Measure how a derivation's objective deteriorates with the misclassification of its surrogates.

    Parameters
    ----------
    derivation : Derivation
        A compiled graph.
    rates : iterable of float
        Shares of misclassified rows, in [0, 1]. A wrong value is any of the others, equally likely.
    models : int
        How many random models.
    seed : int
        Seed of the models.

    Returns
    -------
    Sensitivity or None
        ``None`` if the plan adjusts for no surrogate, or is a baseline.

    Raises
    ------
    NoValidPlanError
        If the graph is too large to be enumerated.

    Notes
    -----
    The noise is non-differential: given the true stratum it depends on nothing else. A surrogate that errs more often
    for one value of the treatment can do better or worse than the curve says.

    References
    ----------
    S. Greenland, "The effect of misclassification in the presence of covariates" (American Journal of Epidemiology
    1980): adjusting for a misclassified confounder leaves a part of the confounding.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> from causal_reasoning.objective import derive
    >>> curve = sensitivity(derive(load_graph("surrogate_length")), models=3)
    >>> [round(point.share, 6) for point in curve.points][0]
    0.0
    >>> sensitivity(derive(load_graph("reasoning"))) is None
    True
    """
    graph, plan = derivation.graph.asked_of_the_data, derivation.plan
    nodes = surrogate_strata(graph, plan)
    if plan.baseline or not nodes:
        return None
    return plan_sensitivity(graph, plan, nodes, rates=rates, models=models, seed=seed)


def plan_sensitivity(
    graph: AssumptionGraph,
    plan: ObjectivePlan,
    nodes: tuple[str, ...],
    *,
    rates: Iterable[float] = RATES,
    models: int = 100,
    seed: int = 0,
) -> Sensitivity:
    """The same for any plan and any of its strata; see `sensitivity`."""
    causal = graph.causal.latent_projection()
    treatments = plan.weights.treatment if plan.weights else ()
    targets = (*graph.query.do, *graph.query.read, *graph.query.write, *treatments, *strata_nodes(plan))
    needed = causal.subgraph(causal.ancestors(*targets))
    if len(needed) > MOST_NODES:
        raise NoValidPlanError(
            f"{graph.source or graph.name}: {len(needed)} nodes matter to the objective, and a sensitivity curve by "
            f"enumeration takes at most {MOST_NODES}"
        )
    rates = tuple(rates)
    if plan.weights is not None:
        # Noise makes the stratum violate the graph, so that general weights need not average one: that is the point.
        options = replace(plan.weights.options, accept_poor_overlap=True)
        plan = replace(plan, weights=replace(plan.weights, options=options))
    errors = np.zeros((models, len(rates)))
    plain = np.zeros(models)
    for number in range(models):
        model = random_model(needed, np.random.default_rng([seed, number]))
        joint = model.observed()
        policy = policy_factor(graph, joint, np.random.default_rng([seed, number, 1]))
        truth = interventional(graph, model, policy)
        plain[number] = distance(conditional(graph, joint), truth)
        for i, rate in enumerate(rates):
            noisy = misclassify(joint, nodes, rate)
            errors[number, i] = distance(ESTIMATORS[plan.estimator].minimiser(plan, graph, noisy, policy), truth)
    mean, base = errors.mean(axis=0), float(plain.mean())
    points = tuple(
        Point(rate, float(error), float(error / base) if base else 0.0)
        for rate, error in zip(rates, mean.tolist(), strict=True)
    )
    return Sensitivity(nodes, plan.estimator, models, base, points)


def misclassify(joint: Factor, nodes: Iterable[str], rate: float) -> Factor:
    """Replace variables by copies that are wrong with some probability, then equally likely any other value.

    Parameters
    ----------
    joint : Factor
        A joint distribution.
    nodes : iterable of str
        The variables.
    rate : float
        Probability of a wrong value, in [0, 1].

    Returns
    -------
    Factor
        The joint distribution of the copies and everything else.

    Examples
    --------
    >>> misclassify(Factor(("x", "z"), [[0.4, 0.1], [0.1, 0.4]]), ["z"], 0.5).values.tolist()
    [[0.25, 0.25], [0.25, 0.25]]
    """
    for node in sorted(nodes):
        size = joint.sizes[node]
        if size < 2:
            continue
        off = rate / (size - 1)
        channel = np.full((size, size), off) + (1 - rate - off) * np.eye(size)
        axis = joint.axes.index(node)
        joint = Factor(joint.axes, np.moveaxis(np.tensordot(joint.values, channel, axes=(axis, 0)), -1, axis))
    return joint
