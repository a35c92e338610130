"""Normalised weighted geometric mean: average the scores over strata, where standardization averages probabilities.

Training is that of `causal_reasoning.objective.estimators.standardization`; the answer takes
softmax( Σ_z P(z) log p_θ(y_k | y_<k, x, z) ) at each token. It is a different distribution wherever strata disagree.
"""

from __future__ import annotations

import numpy as np

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.estimators.adjusting import (
    adjusting_set,
    adjustment_reason,
    conditional_term,
    conditional_text,
    prior_table,
    stratum_model,
    token_tables,
)
from causal_reasoning.objective.notation import latex_names, listed
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term

NAME = "nwgm"


def plan_nwgm(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan likelihood within strata, and the normalised geometric mean over strata in use.

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

    References
    ----------
    K. Xu et al., "Show, attend and tell" (ICML 2015), for the approximation, there over positions of attention.
    """
    z = adjusting_set(graph, identification, NAME)
    if isinstance(z, Refusal):
        return z
    strata = stratum_model(graph, z, "geometric_mean")
    nll = conditional_term(graph, strata)
    text, latex = conditional_text(graph, z)
    text = f"softmax( Σ_{{{listed(z)}}} P({listed(z)}) log {text} )"
    latex = rf"\text{{softmax}}\left( \sum_{{{latex_names(z)}}} P({latex_names(z)}) \log {latex} \right)"
    return ObjectivePlan(
        estimator=NAME,
        formula=f"L(θ) = E[ {nll.formula} ],  answer by {text}",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ {nll.latex} \right],\quad \text{{answer by }} {latex}",
        terms=(
            nll,
            Term(
                "answer",
                "standardization",
                text,
                latex,
                f"{adjustment_reason(graph, z)}; the sum is replaced by a normalised geometric mean at each token",
            ),
        ),
        forward_passes=ForwardPasses(train=1, inference=0, inference_per_stratum=1),
        approximate="a geometric mean over strata in place of the sum: before normalising, log-probabilities are too "
        "small by about Var_z[log p(y | x, z)] / 2",
        strata=strata,
    )


def geometric_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """The normalised geometric mean of the observed conditionals, one written node after the other."""
    prior = prior_table(plan, joint)
    answer = Factor((), 1.0)
    for node, table in token_tables(plan, graph, joint):
        # Where nothing was observed the log-probability is −∞ in spirit; a geometric mean is then zero.
        scores = Factor(table.axes, np.log(np.maximum(table.values, np.finfo(np.float64).tiny)))
        mean = scores.multiply(prior).marginalise(prior.axes)
        power = Factor(mean.axes, np.exp(mean.values))
        answer = answer.multiply(power.condition(set(power.axes) - {node}))
    return answer
