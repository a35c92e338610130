"""What all estimators by standardization share: when Σ_z P(z) P(write | read, z) is the answer, and its tables."""

from __future__ import annotations

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification, IdentifiedByAdjustment, ZeroEffect, m_separated
from causal_reasoning.objective.notation import latex_names, listed
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term
from causal_reasoning.objective.regime import REGIME, with_regime
from causal_reasoning.objective.strata import MOST_STRATA, Answer, StratumModel


def adjusting_set(graph: AssumptionGraph, identification: Identification, name: str) -> tuple[str, ...] | Refusal:
    """Find the categorical nodes z with P_π(write | read) = Σ_z P(z) P(write | read, z).

    Where exactly the treatments are read, that is what an adjustment set is. Otherwise it is one for read and write
    together, and two independences must hold beside: z ⟂ read under do, so that what is read does not tell of the
    stratum, and write ⟂ regime | read, z, where the regime is a parent of the treatments that says whether they
    are set or observed, so that the observed answers within strata are those of do. Neither depends on the policy.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict on their query.
    name : str
        The estimator, for the refusal.

    Returns
    -------
    tuple of str or Refusal
        The recommended adjustment set if it is categorical, else the smallest minimal one that is; not empty.
    """
    do, read = set(graph.query.do), set(graph.query.read)
    t = listed(tuple(sorted(do)))
    if isinstance(identification, ZeroEffect):
        return Refusal(name, f"do({t}) changes nothing that is written, so there is nothing to average over")
    if not isinstance(identification, IdentifiedByAdjustment):
        return Refusal(name, f"no set of observed nodes is an adjustment set for do({t}), so there are no strata")
    if identification.treatments != tuple(sorted(do)):
        idle = ", ".join(f"'{n}'" for n in sorted(do - set(identification.treatments)))
        return Refusal(
            name,
            f"the adjustment set is one for do({listed(identification.treatments)}) only, since the rest has no effect "
            f"beside it; but the model reads {idle} too: leave {idle} out of 'do' and 'read'",
        )
    if () in identification.sets.minimal:
        return Refusal(name, f"nothing needs adjusting for do({t}): there are no strata, and plain likelihood will do")
    candidates = [identification.adjustment, *sorted(identification.sets.minimal, key=lambda z: (len(z), z))]
    categorical = [tuple(sorted(z)) for z in candidates if not any(graph.is_text(node) for node in z)]
    for z in categorical:
        if do == read or not _in_the_way(graph, z):
            return z
    if categorical:
        what = f"the treatment '{min(do - read)}' is not read" if do - read else f"'{min(read - do)}' is read, not set"
        return Refusal(name, f"{what}, and {_in_the_way(graph, categorical[0])}")
    text = ", ".join(f"'{node}'" for node in identification.adjustment if graph.is_text(node))
    return Refusal(name, f"every adjustment set contains a node bound to text ({text}), and strata are categories")


def _in_the_way(graph: AssumptionGraph, z: tuple[str, ...]) -> str:
    """What keeps Σ_z P(z) P(write | read, z) from being the answer where read and do differ; empty if nothing does."""
    causal, do, read, write = graph.causal, graph.query.do, graph.query.read, graph.query.write
    unset = tuple(sorted(set(read) - set(do)))
    both = with_regime(causal, do)
    if not m_separated(both, z, (REGIME,)):
        return f"{listed(z)} listens to {listed(do)}: under do({listed(do)}) its distribution is another one"
    if unset and not m_separated(causal.without_incoming(*do), z, unset):
        return (
            f"{listed(unset)} tells of {listed(z)} under do({listed(do)}) too: the sum over z would have to weigh by "
            f"P({listed(z)} | {listed(unset)}) there, and not by P({listed(z)})"
        )
    if not m_separated(both, write, (REGIME,), (*read, *z)):
        return (
            f"P({listed(write)} | {listed(read)}, {listed(z)}) is another one under do({listed(do)}) than as observed: "
            f"what is read does not stand for {listed(do)}"
        )
    return ""


def stratum_model(
    graph: AssumptionGraph, z: tuple[str, ...], answer: Answer, *, most: int = MOST_STRATA, draws: int = 0
) -> StratumModel:
    """The strata of a plan, with the options of the graph file."""
    return StratumModel(
        nodes=z,
        columns=tuple(graph.column(node) for node in z),
        answer=answer,
        control=graph.objective.control,
        draws=draws,
        most=most,
        accept_poor_overlap=graph.objective.accept_poor_overlap,
        place=graph.objective.control_place,
        slots=tuple(name for name, slot in graph.slots.items() if z == (slot.choose,)),
    )


def conditional_text(graph: AssumptionGraph, z: tuple[str, ...], index: str = "") -> tuple[str, str]:
    """p_θ(write | read, z) as text and as LaTeX; with an index at z if one is given."""
    write, read = graph.query.write, graph.query.read
    mark = f"_{index}" if index else ""
    return (
        f"p_θ({listed(write)} | {listed(read)}, {listed(tuple(name + mark for name in z))})",
        rf"p_\theta({latex_names(write)} \mid {latex_names(read)}, "
        rf"{', '.join(latex_names((name,)) + mark for name in z)})",
    )


def conditional_term(graph: AssumptionGraph, strata: StratumModel) -> Term:
    """The likelihood of the answer given the stratum that the row is in."""
    z = strata.nodes
    text, latex = conditional_text(graph, z)
    return Term(
        "nll",
        "likelihood",
        f"−log {text}",
        rf"-\log {latex}",
        f"its minimiser is P({listed(graph.query.write)} | {listed(graph.query.read)}, {listed(z)}) as observed: each "
        + (
            f"row uses {strata.shown()}"
            if strata.slots
            else f"row shows its own {listed(z)} as control text, {strata.shown()}"
        ),
    )


def averaging_plan(
    name: str,
    graph: AssumptionGraph,
    strata: StratumModel,
    answer: tuple[str, str],
    because: str,
    passes: ForwardPasses,
    approximate: str = "",
) -> ObjectivePlan:
    """The plan of likelihood within strata and an answer that averages over them.

    Parameters
    ----------
    name : str
        The estimator.
    graph : AssumptionGraph
        The assumptions.
    strata : StratumModel
        The strata, and how answers average over them.
    answer : (str, str)
        The average as text and as LaTeX.
    because : str
        What is said of it, after why the sum over strata is the distribution asked for.
    passes : ForwardPasses
        What it costs.
    approximate : str
        Why the average is not the exact sum; empty if it is.

    Returns
    -------
    ObjectivePlan
        With two terms, the likelihood and the answer.
    """
    nll = conditional_term(graph, strata)
    text, latex = answer
    reason = f"{adjustment_reason(graph, strata.nodes)}; {because}"
    return ObjectivePlan(
        estimator=name,
        formula=f"L(θ) = E[ {nll.formula} ],  answer by {text}",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ {nll.latex} \right],\quad \text{{answer by }} {latex}",
        terms=(nll, Term("answer", "standardization", text, latex, reason)),
        forward_passes=passes,
        approximate=approximate,
        strata=strata,
    )


def adjustment_reason(graph: AssumptionGraph, z: tuple[str, ...]) -> str:
    """Why the sum over strata is the distribution asked for."""
    t, y = listed(tuple(sorted(graph.query.do))), listed(graph.query.write)
    if set(graph.query.do) != set(graph.query.read):
        x = listed(graph.query.read)
        return (
            f"{{{listed(z)}}} meets the adjustment criterion for do({t}) on {listed(graph.outcomes)}; under do({t}) "
            f"{x} tells nothing of {listed(z)}, and P({y} | {x}, {listed(z)}) is as observed, hence "
            f"P_π({y} | {x}) = Σ_{{{listed(z)}}} P({listed(z)}) P({y} | {x}, {listed(z)}) for every policy π"
        )
    return (
        f"{{{listed(z)}}} meets the adjustment criterion for do({t}) on {y}, "
        f"hence P({y} | do({t})) = Σ_{{{listed(z)}}} P({listed(z)}) P({y} | {t}, {listed(z)})"
    )


def prior_table(plan: ObjectivePlan, joint: Factor) -> Factor:
    """P(z)."""
    return joint.marginalise(set(joint.axes) - set(_nodes(plan)))


def token_tables(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor) -> list[tuple[str, Factor]]:
    """P(y_k | y_<k, read, z) for each written node y_k: the tables that the planned likelihood fits."""
    found = []
    given = {*graph.query.read, *_nodes(plan)}
    for node in graph.query.write:
        found.append((node, joint.marginalise(set(joint.axes) - given - {node}).condition(given)))
        given = given | {node}
    return found


def _nodes(plan: ObjectivePlan) -> tuple[str, ...]:
    if plan.strata is None:
        raise ValueError(f"a plan by {plan.estimator} has no strata")
    return plan.strata.nodes
