"""Standardization: fit the answer within strata, average the answers over the strata's own distribution.

The treatment x is what the model reads. With z an adjustment set for do(x) on the answer,

    P(y | do(x)) = Σ_z P(z) P(y | x, z),

and P(y | x, z) is what plain likelihood fits if each row shows its own z to the model. In use the model answers with
the sum. The observed z must enter the fit: −log Σ_z P(z) p_θ(y | x, z) of rows (x, y) fits the sum to P(y | x) and
leaves the parts undetermined.
"""

from __future__ import annotations

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

NAME = "standardization"


def plan_standardization(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan the g-formula: likelihood within strata, and an exact sum over them in use.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        A refusal that says which node of the query or which binding is in the way.

    References
    ----------
    J. Robins, "A new approach to causal inference in mortality studies" (Mathematical Modelling 1986).
    """
    z = adjusting_set(graph, identification, NAME)
    if isinstance(z, Refusal):
        return z
    return averaging_plan(
        NAME,
        graph,
        stratum_model(graph, z, "sum"),
        sum_text(graph, z),
        f"whole answers are summed, with P({listed(z)}) counted on the training rows",
        ForwardPasses(train=1, inference=0, inference_per_stratum=1),
    )


def standardized_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """Σ_z P(z) p(y | x, z), with the p that minimises E[ −log p(y | x, z) ]: the observed conditional."""
    prior = prior_table(plan, joint)
    answer = prior
    for _, table in token_tables(plan, graph, joint):
        answer = answer.multiply(table)
    return answer.marginalise(prior.axes)


def sum_text(graph: AssumptionGraph, z: tuple[str, ...]) -> tuple[str, str]:
    """Σ_z P(z) p_θ(write | read, z) as text and as LaTeX."""
    text, latex = conditional_text(graph, z)
    return (
        f"Σ_{{{listed(z)}}} P({listed(z)}) {text}",
        rf"\sum_{{{latex_names(z)}}} P({latex_names(z)})\, {latex}",
    )
