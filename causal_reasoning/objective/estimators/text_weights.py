"""Weights with texts in them: which formula needs the fewest classifiers.

An identified effect has several weights: one for each adjustment set, and one for each choice of the copy that a row is
read into. Each is rewritten without densities of texts where that is possible; the one is taken that is the easiest
to estimate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from causal_reasoning.estimand import Expression
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import (
    Identification,
    IdentifiedByAdjustment,
    IdentifiedByFrontDoor,
    IdentifiedInGeneral,
    ZeroEffect,
    minimal_adjustment_sets,
)
from causal_reasoning.identification.general import General, id_algorithm
from causal_reasoning.objective.density_ratio import density_ratio
from causal_reasoning.objective.notation import listed, policy_of
from causal_reasoning.objective.plan import WeightModel, WeightOptions
from causal_reasoning.objective.ratio import Conditional, Ratio
from causal_reasoning.objective.text_ratio import TextRatio, turned_round, without_text_densities

HEAD_HINT = "'nuisance: head' under objective estimates probabilities given a text from embeddings"
HEAD_NOTE = (
    "probabilities given texts come from classifiers on frozen embeddings, cross-fitted and calibrated: the weights "
    "are right as far as the embeddings show what matters"
)

_FORMULA = (
    "read a row's values into the identified formula, and it is an expectation over observed rows with this factor"
)
_MOST_SETS = 100


def texts_of(graph: AssumptionGraph) -> tuple[str, ...]:
    """The observed nodes that are bound to text."""
    return tuple(node for node in graph.causal.observed if graph.is_text(node))


def text_weights(
    graph: AssumptionGraph, identification: Identification, on: Sequence[str], *, shown: Sequence[str] = ()
) -> tuple[WeightModel, str] | str:
    """Find weights that turn observed rows into those of the mutilated world, by classifiers on texts if need be.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict on their query.
    on : sequence of str
        What the loss depends on beside the treatments; if these are not the outcomes of the query, their effect is
        identified anew.
    shown : sequence of str
        Treatments that the loss depends on.

    Returns
    -------
    (WeightModel, str) or str
        The weights and why they are right; or a part of a sentence that says what is in the way.
    """
    treatment = tuple(sorted(graph.query.do))
    found: list[tuple[tuple[int, int, int], WeightModel, str]] = []
    reasons: list[str] = []

    def consider(others: tuple[str, ...], ratio: Ratio, stated: Ratio | None, because: str) -> None:
        texts = texts_of(graph)
        for way in dict.fromkeys((ratio, turned_round(ratio, graph.causal, texts))):
            form = without_text_densities(way, texts)
            if isinstance(form, str):
                reasons.append(form)
            else:
                model = weight_model(graph, treatment, others, stated)
                found.append((text_cost(form), replace(model, text_ratio=form if form.heads else None), because))

    if tuple(sorted(on)) == graph.outcomes:
        for z, ratio, because in _readings(graph, identification):
            consider(z, ratio, None, because)
    if not found:
        marginal = policy_of(graph) == "marginal"
        for estimand in estimands(graph, identification, on):
            general = density_ratio(graph.causal, estimand, treatment, on, (), marginal=marginal, shown=shown)
            if isinstance(general, Ratio):
                consider(tuple(sorted(general.names - set(treatment))), general, general, _FORMULA)
    if not found:
        return reasons[0] if reasons else "the query is not identified, so no weights lead to the mutilated world"
    _, model, because = min(found, key=lambda one: one[0])
    return model, because


def text_cost(form: TextRatio) -> tuple[int, int, int]:
    """How hard a weight is to estimate: classifiers of pairs of texts, of columns, and all factors."""
    pairs = sum(e.kind == "pairs" for e in form.heads)
    return pairs, len(form.heads) - pairs, len(form.above) + len(form.below)


def _readings(graph: AssumptionGraph, identification: Identification) -> Iterator[tuple[tuple[str, ...], Ratio, str]]:
    """Weights π(t) / P(t | z), one for each adjustment set z."""
    treatment = tuple(sorted(graph.query.do))
    marginal = policy_of(graph) == "marginal"
    sets: list[tuple[str, ...]] = []
    says = f"say nothing about {listed(graph.outcomes)}"
    if isinstance(identification, IdentifiedByAdjustment) and identification.treatments == treatment:
        sets = list(dict.fromkeys((identification.adjustment, *identification.sets.minimal)))
        says = f"meets the adjustment criterion for do({listed(treatment)}) on {listed(graph.outcomes)}"
    elif isinstance(identification, ZeroEffect):
        sets = list(islice(minimal_adjustment_sets(graph.causal, treatment, graph.outcomes), _MOST_SETS))
        says = f"makes {listed(treatment)} {says}"
    top = Conditional(tuple((t, 0) for t in treatment), (), policy=not marginal)
    for z in sets:
        bottom = Conditional(top.of, tuple((n, 0) for n in z))
        because = f"{{{listed(z)}}} {says}, hence P_π(v)/P(v) = π(t)/P(t | z)"
        yield tuple(sorted(z)), Ratio((), (top,), (bottom,)), because


def estimands(
    graph: AssumptionGraph, identification: Identification, on: Sequence[str] | None = None
) -> list[Expression]:
    """Formulas of the effect on some nodes, by default of the query's: the verdict's and the ID algorithm's."""
    found: list[Expression] = []
    own = on is None or tuple(sorted(on)) == graph.outcomes
    if own and isinstance(identification, (IdentifiedByAdjustment, IdentifiedByFrontDoor, IdentifiedInGeneral)):
        found.append(identification.estimand)
    if not own or (identification.identified and not isinstance(identification, (ZeroEffect, IdentifiedInGeneral))):
        general = id_algorithm(graph.causal, graph.query.do, graph.outcomes if on is None else tuple(sorted(on)))
        if isinstance(general, General):
            found.append(general.estimand)
    return found


def weight_model(
    graph: AssumptionGraph, treatment: tuple[str, ...], others: tuple[str, ...], ratio: Ratio | None
) -> WeightModel:
    """Weights on the columns of some nodes, with the options of the graph file."""
    return WeightModel(
        treatment=treatment,
        stratum=others,
        treatment_columns=tuple(graph.column(n) for n in treatment),
        stratum_columns=tuple(graph.column(n) for n in others),
        policy=policy_of(graph),
        ratio=ratio,
        options=WeightOptions(
            nuisance=graph.objective.nuisance,
            accept_poor_overlap=graph.objective.accept_poor_overlap,
            smoothing=graph.objective.smoothing,
            clip=graph.objective.clip,
            self_normalise=graph.objective.self_normalise,
        ),
    )
