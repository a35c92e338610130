"""Weighting: likelihood of the observed rows, weighted to the mutilated world.

With z an adjustment set for the treatment t on everything that is read or written,
P_π(v) / P(v) = π(t) / P(t | z), so that E_obs[ π(t) / P(t | z) · −log p_θ(write | read) ] is the target risk.
Any other identified effect is a weighted risk too, with the weights of `causal_reasoning.objective.ratio`.
Rosenbaum and Rubin 1983 (inverse probability weighting); Tian and Pearl 2002 (c-factors); Jung, Tian and
Bareinboim 2020 (weighted empirical risk).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import (
    Identification,
    IdentifiedByAdjustment,
    ZeroEffect,
    minimal_adjustment_sets,
)
from causal_reasoning.objective.density_ratio import Blocked, density_ratio
from causal_reasoning.objective.estimators.text_weights import (
    HEAD_HINT,
    HEAD_NOTE,
    estimands,
    text_weights,
    weight_model,
)
from causal_reasoning.objective.notation import latex_names, listed, nll, policy_of, risk
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term, WeightModel
from causal_reasoning.objective.ratio import Ratio
from causal_reasoning.objective.surrogates import surrogate_note


def plan_weighting(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan weights P_π(v) / P(v) on categorical columns.

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
    treatment = tuple(sorted(graph.query.do))
    text = next((node for node in treatment if graph.is_text(node)), None)
    if text is not None and graph.objective.nuisance != "head":
        return Refusal(
            "weighting",
            f"the treatment '{text}' is bound to text, and its probability cannot be estimated from counts: it "
            f"needs a categorical column, or {HEAD_HINT}",
        )
    if text is not None:
        return _with_heads(graph, identification)
    if isinstance(identification, IdentifiedByAdjustment):
        stratum = _stratum(graph, identification)
        if stratum is not None and identification.treatments == treatment:
            because = (
                f"{{{listed(stratum)}}} meets the adjustment criterion for do({listed(treatment)}) on "
                f"{listed(identification.query.on)}"
                if stratum
                else f"nothing needs adjusting for do({listed(treatment)})"
            )
            weights = weight_model(graph, treatment, stratum, None)
            return _plan(graph, weights, f"{because}, hence P_π(v)/P(v) = π(t)/P(t | z)")
    if isinstance(identification, ZeroEffect):
        return _without_effect(graph, treatment)
    found = _ratio(graph, identification, treatment)
    if isinstance(found, Refusal):
        return _with_heads(graph, identification) if graph.objective.nuisance == "head" else found
    others = tuple(sorted(found.names - set(treatment)))
    weights = weight_model(graph, treatment, others, found)
    return _plan(
        graph,
        weights,
        "read a row's values into the identified formula, and it is an expectation over observed rows with this "
        "factor; the conditionals of everything else stand above and below and cancel",
    )


def _without_effect(graph: AssumptionGraph, treatment: tuple[str, ...]) -> ObjectivePlan | Refusal:
    """A treatment without effect that is read: it must not tell about the answer any more."""
    sets = minimal_adjustment_sets(graph.causal, treatment, graph.outcomes)
    usable = (z for z in islice(sets, 100) if not any(graph.is_text(node) for node in z))
    stratum = next(usable, None)
    if stratum is None:
        return Refusal("weighting", f"no categorical columns separate {listed(treatment)} from what is read or written")
    weights = weight_model(graph, treatment, stratum, None)
    return _plan(
        graph, weights, f"given {{{listed(stratum)}}}, {listed(treatment)} says nothing about {listed(graph.outcomes)}"
    )


def _ratio(graph: AssumptionGraph, identification: Identification, treatment: tuple[str, ...]) -> Ratio | Refusal:
    """The density ratio of the first formula that needs columns only."""
    text = [node for node in graph.causal.observed if graph.is_text(node)]
    blocked: Blocked | None = None
    for estimand in estimands(graph, identification):
        found = density_ratio(
            graph.causal,
            estimand,
            treatment,
            graph.outcomes,
            text,
            marginal=policy_of(graph) == "marginal",
        )
        if isinstance(found, Ratio):
            return found
        if blocked is None or len(found.nodes) < len(blocked.nodes):
            blocked = found
    if blocked is None:
        return Refusal("weighting", "the query is not identified, so no weights lead to the mutilated world")
    names = ", ".join(f"'{node}'" for node in blocked.nodes)
    if isinstance(identification, IdentifiedByAdjustment) and identification.treatments == treatment:
        adjusting = ", ".join(f"'{n}'" for n in identification.adjustment if graph.is_text(n))
        return Refusal(
            "weighting", f"every adjustment set contains a node bound to text ({adjusting or names}); {HEAD_HINT}"
        )
    return Refusal(
        "weighting",
        f"the weights {blocked.ratio.text()} need probabilities of {names}, which "
        f"{'is' if len(blocked.nodes) == 1 else 'are'} bound to text and not to a categorical column; {HEAD_HINT}",
    )


def _with_heads(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Weights of which some factors are probabilities given texts."""
    shown = [t for t in graph.query.do if t in graph.query.read]
    found = text_weights(graph, identification, graph.outcomes, shown=shown)
    return Refusal("weighting", found) if isinstance(found, str) else _plan(graph, *found)


def _plan(graph: AssumptionGraph, weights: WeightModel, because: str) -> ObjectivePlan:
    likelihood, likelihood_latex = nll(graph)
    shown_latex = weight_latex(weights)
    realised = (
        "strata are drawn by weight in the batch sampler, the loss stays plain"
        if graph.objective.realisation == "resampling"
        else "each row's loss is multiplied by its weight"
    )
    return ObjectivePlan(
        estimator="weighting",
        formula=f"L(θ) = E[ w · ({likelihood}) ],  w = {weights.formula}",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ w \cdot \left({likelihood_latex}\right) \right]"
        rf",\quad w = {shown_latex}",
        terms=(
            Term("nll", "likelihood", likelihood, likelihood_latex, f"its weighted minimiser is {risk(graph)}"),
            Term(
                "w",
                "weight",
                weights.formula,
                shown_latex,
                f"turns the observed world into the mutilated one: {because}; "
                f"realised as {graph.objective.realisation.replace('_', ' ')}: {realised}",
            ),
        ),
        forward_passes=ForwardPasses(train=1, inference=1),
        approximate=estimation_notes(graph, weights),
        weights=weights,
        realisation=graph.objective.realisation,
    )


def estimation_notes(graph: AssumptionGraph, weights: WeightModel) -> str:
    """What keeps the minimiser from being exact: options, and strata that stand in for what nobody labelled."""
    options = weights.options
    parts = [note] if (note := surrogate_note(graph, weights.stratum)) else []
    if options.nuisance == "logistic":
        parts.append("propensities come from a regression")
    if weights.text_ratio is not None:
        parts.append(HEAD_NOTE)
    if options.smoothing:
        parts.append(f"counts are smoothed by {options.smoothing:g}")
    if options.clip is not None:
        parts.append(f"weights are clipped at {options.clip:g}")
    return "; ".join(parts)


def _stratum(graph: AssumptionGraph, identification: IdentifiedByAdjustment) -> tuple[str, ...] | None:
    """The recommended set if it is categorical, else the smallest minimal set that is."""
    candidates = [identification.adjustment, *sorted(identification.sets.minimal, key=lambda z: (len(z), z))]
    return next((z for z in candidates if not any(graph.is_text(node) for node in z)), None)


def weight_latex(weights: WeightModel) -> str:
    """The weight as LaTeX."""
    if weights.text_ratio is not None:
        own, shown = weight_latex(replace(weights, text_ratio=None)), weights.text_ratio.latex()
        return own if own == shown else f"{own} = {shown}"
    if weights.ratio is not None:
        return weights.ratio.latex()
    t = latex_names(weights.treatment)
    given = rf" \mid {latex_names(weights.stratum)}" if weights.stratum else ""
    numerator = "P" if weights.policy == "marginal" else r"\pi"
    return rf"\frac{{{numerator}({t})}}{{P({t}{given})}}"
