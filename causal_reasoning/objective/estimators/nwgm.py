"""Normalised weighted geometric mean: average the scores over strata, where standardization averages probabilities.

Training is that of `causal_reasoning.objective.estimators.standardization`; the answer takes
softmax( Σ_z P(z) log p_θ(y_k | y_<k, x, z) ) at each token. It is a different distribution wherever strata disagree.

If the scores were linear in the embedding e_z of the control text, the mean of the scores would be the score of the
mean embedding Σ_z P(z) e_z: one pass in the place of K. With ``settings: {passes: 1}`` the model answers like that. A
network is not linear, and nothing bounds the difference: a run measures it against the exact sum.
"""

from __future__ import annotations

import numpy as np

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
from causal_reasoning.objective.notation import latex_names, listed
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal

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
    K. Xu et al., "Show, attend and tell" (ICML 2015), for the approximation, there over positions of attention;
    T. Wang et al., "Visual commonsense R-CNN" (CVPR 2020), for one pass with the mean of the confounder's embeddings.
    """
    z = adjusting_set(graph, identification, NAME)
    if isinstance(z, Refusal):
        return z
    passes = graph.objective.settings.get("passes", "K") if graph.objective.baseline is None else "K"
    if passes not in ("K", 1):
        return Refusal(NAME, f"the setting 'passes' must be 1 (one pass) or K (one for each stratum), not {passes!r}")
    one = passes == 1
    strata = stratum_model(graph, z, "mean_embedding" if one else "geometric_mean")
    text, latex = conditional_text(graph, z)
    if one:
        text = text.replace(f", {listed(z)})", f", Σ P({listed(z)}) e({listed(z)}))")
        mean = rf", \textstyle\sum P({latex_names(z)})\, e({latex_names(z)}))"
        latex = latex.replace(f", {latex_names(z)})", mean)
    else:
        text = f"softmax( Σ_{{{listed(z)}}} P({listed(z)}) log {text} )"
        latex = rf"\text{{softmax}}\left( \sum_{{{latex_names(z)}}} P({latex_names(z)}) \log {latex} \right)"
    approximate = (
        "a geometric mean over strata in place of the sum: before normalising, log-probabilities are too small by "
        "about Var_z[log p(y | x, z)] / 2"
    )
    if one:
        approximate += "; and one pass with the mean embedding of the control text in place of the mean of the scores"
    return averaging_plan(
        NAME,
        graph,
        strata,
        (text, latex),
        "the sum is replaced by a normalised geometric mean at each token"
        + (", computed as if scores were linear in the embedding e of the control text" if one else ""),
        ForwardPasses(1, 1) if one else ForwardPasses(train=1, inference=0, inference_per_stratum=1),
        approximate,
    )


def geometric_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """The normalised geometric mean of the observed conditionals, one written node after the other.

    One pass gives the same here: a table's scores are linear in the indicator of the stratum.
    """
    prior = prior_table(plan, joint)
    answer = Factor((), 1.0)
    for node, table in token_tables(plan, graph, joint):
        # Where nothing was observed the log-probability is −∞ in spirit; a geometric mean is then zero.
        scores = Factor(table.axes, np.log(np.maximum(table.values, np.finfo(np.float64).tiny)))
        mean = scores.multiply(prior).marginalise(prior.axes)
        power = Factor(mean.axes, np.exp(mean.values))
        answer = answer.multiply(power.condition(set(power.axes) - {node}))
    return answer
