"""Weighting: likelihood of the observed rows, weighted to the mutilated world.

With z an adjustment set for the treatment t on everything that is read or written,
P_π(v) / P(v) = π(t) / P(t | z), so that E_obs[ π(t) / P(t | z) · −log p_θ(write | read) ] is the target risk.
Rosenbaum and Rubin 1983 (inverse probability weighting); Jung, Tian and Bareinboim 2020 (weighted empirical risk).
"""

from __future__ import annotations

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification, IdentifiedByAdjustment
from causal_reasoning.objective.notation import latex_names, listed, nll, policy_of, risk
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term, WeightModel


def plan_weighting(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan weights π(t) / P(t | z) on categorical columns.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        A refusal that names the binding in the way.
    """
    if not isinstance(identification, IdentifiedByAdjustment):
        return Refusal("weighting", "there is no adjustment set to weight by")
    treatment = tuple(sorted(graph.query.do))
    for node in treatment:
        if graph.is_text(node):
            return Refusal(
                "weighting",
                f"the treatment '{node}' is bound to text, and π(t)/P(t | z) needs a categorical column",
            )
    stratum = _stratum(graph, identification)
    if stratum is None:
        blocking = ", ".join(f"'{n}'" for n in identification.adjustment if graph.is_text(n))
        return Refusal("weighting", f"every adjustment set contains a node bound to text ({blocking})")
    weights = WeightModel(
        treatment=treatment,
        stratum=stratum,
        treatment_columns=tuple(graph.column(n) for n in treatment),
        stratum_columns=tuple(graph.column(n) for n in stratum),
        policy=policy_of(graph),
    )
    likelihood, likelihood_latex = nll(graph)
    weight_latex = _weight_latex(weights)
    realised = (
        "strata are drawn by weight in the batch sampler, the loss stays plain"
        if graph.objective.realisation == "resampling"
        else "each row's loss is multiplied by its weight"
    )
    blocked = (
        f"{{{listed(stratum)}}} meets the adjustment criterion for do({listed(treatment)}) on "
        f"{listed(identification.query.on)}"
        if stratum
        else f"nothing needs adjusting for do({listed(treatment)})"
    )
    return ObjectivePlan(
        estimator="weighting",
        formula=f"L(θ) = E[ w · ({likelihood}) ],  w = {weights.formula}",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ w \cdot \left({likelihood_latex}\right) \right]"
        rf",\quad w = {weight_latex}",
        terms=(
            Term("nll", "likelihood", likelihood, likelihood_latex, f"its weighted minimiser is {risk(graph)}"),
            Term(
                "w",
                "weight",
                weights.formula,
                weight_latex,
                f"turns the observed world into the mutilated one: {blocked}, hence P_π(v)/P(v) = π(t)/P(t | z); "
                f"realised as {graph.objective.realisation.replace('_', ' ')}: {realised}",
            ),
        ),
        forward_passes=ForwardPasses(train=1, inference=1),
        weights=weights,
        realisation=graph.objective.realisation,
    )


def _stratum(graph: AssumptionGraph, identification: IdentifiedByAdjustment) -> tuple[str, ...] | None:
    """The recommended set if it is categorical, else the smallest minimal set that is."""
    candidates = [identification.adjustment, *sorted(identification.sets.minimal, key=lambda z: (len(z), z))]
    return next((z for z in candidates if not any(graph.is_text(node) for node in z)), None)


def _weight_latex(weights: WeightModel) -> str:
    t = latex_names(weights.treatment)
    given = rf" \mid {latex_names(weights.stratum)}" if weights.stratum else ""
    numerator = "P" if weights.policy == "marginal" else r"\pi"
    return rf"\frac{{{numerator}({t})}}{{P({t}{given})}}"
