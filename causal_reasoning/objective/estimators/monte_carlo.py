"""Monte Carlo standardization: the sum over strata, estimated by a few strata that are drawn from P(z).

Training is that of `causal_reasoning.objective.estimators.standardization`; only the answer differs. Strata are drawn
from P(z) and not from P(z | x), which would give back the observed distribution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.estimators.adjusting import (
    adjusting_set,
    averaging_plan,
    conditional_text,
    prior_table,
    stratum_model,
    token_tables,
)
from causal_reasoning.objective.notation import listed
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal

NAME = "monte_carlo"
DRAWS = 8
MOST = 10_000

# E log of a mean is an integral over u = log t from −∞ to ∞; outside of these bounds it is below 1e-12, and the
# trapezoidal rule with this step is exact to about as much.
_LOWEST, _HIGHEST, _STEP = -32.0, 32.0, 0.05


def plan_monte_carlo(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan likelihood within strata, and a mean over drawn strata in use.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        As for the exact sum.
    """
    z = adjusting_set(graph, identification, NAME)
    if isinstance(z, Refusal):
        return z
    draws = graph.objective.draws
    strata = stratum_model(graph, z, "draws", most=MOST, draws=draws)
    text, latex = conditional_text(graph, z, "m")
    text = f"(1/{draws}) Σ_m {text},  {listed(tuple(f'{name}_m' for name in z))} ~ P({listed(z)})"
    latex = rf"\frac{{1}}{{{draws}}} \sum_{{m}} {latex}"
    return averaging_plan(
        NAME,
        graph,
        strata,
        (text, latex),
        f"the mean over {draws} strata drawn from P({listed(z)}) is right on average",
        # With fewer strata than draws every stratum is computed once and weighed by how often it was drawn.
        ForwardPasses(train=1, inference=draws),
        f"a probability is right on average over draws, its logarithm is too small by about "
        f"Var_z[p(y | x, z)] / (2·{draws}·p²)",
    )


def drawn_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """Exp E log p̂, the answer's probability as its likelihood sees it on average over draws: not normalised."""
    prior = prior_table(plan, joint)
    answer = Factor((), 1.0)
    for _, table in token_tables(plan, graph, joint):
        answer = answer.multiply(table)
    kept = tuple(sorted(set(answer.axes) - set(prior.axes)))
    values = answer.aligned((*prior.axes, *kept)).reshape(prior.values.size, -1)
    draws = plan.strata.draws if plan.strata else 1
    found = np.exp(expected_log_mean(prior.values.ravel(), values, draws))
    return Factor(kept, found.reshape([answer.sizes[name] for name in kept]))


def expected_log_mean(prior: NDArray[np.float64], values: NDArray[np.float64], draws: int) -> NDArray[np.float64]:
    """E log of the mean of independent draws, exactly.

    Parameters
    ----------
    prior : array of shape (K,)
        Probabilities of the K values that a draw takes.
    values : array of shape (K, C)
        The values, for each of C cells; positive.
    draws : int
        How many are averaged.

    Returns
    -------
    array of shape (C,)
        Exact up to quadrature, about 1e-9, in time linear in K: by Frullani's integral
        log s = ∫ (e^{−t} − e^{−ts})/t dt over t > 0, and the expectation of e^{−ts} is a power of that of one draw.

    Examples
    --------
    >>> expected_log_mean(np.array([0.5, 0.5]), np.array([[0.3], [0.8]]), 2).round(4).tolist()
    [-0.6557]
    """
    # The logarithm of a scaled mean: cells of very small probability keep their digits.
    scale = values.max(axis=0)
    total = np.zeros(values.shape[1])
    for u in np.arange(_LOWEST, _HIGHEST, _STEP):
        t = np.exp(u)
        one = prior @ np.exp(-t / draws * values / scale)
        total += np.exp(-t) - one**draws
    return np.asarray(total * _STEP + np.log(scale))
