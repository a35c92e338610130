"""What a surrogate costs a plan: the claim that it rests on, and where it can do nothing at all."""

from __future__ import annotations

from dataclasses import replace

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.surrogates import describe
from causal_reasoning.objective.notation import listed
from causal_reasoning.objective.plan import ObjectivePlan, Refusal


def strata_nodes(plan: ObjectivePlan) -> tuple[str, ...]:
    """The nodes that a plan adjusts for, sorted."""
    nodes = plan.weights.stratum if plan.weights else ()
    return tuple(sorted({*nodes, *(plan.strata.nodes if plan.strata else ())}))


def surrogate_strata(graph: AssumptionGraph, plan: ObjectivePlan) -> tuple[str, ...]:
    """The surrogates among the nodes that a plan adjusts for, sorted."""
    return tuple(node for node in strata_nodes(plan) if node in graph.surrogates)


def surrogate_note(graph: AssumptionGraph, nodes: tuple[str, ...]) -> str:
    """Why a plan that adjusts for some nodes is approximate; empty if none of them is a surrogate.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    nodes : tuple of str
        What the plan adjusts for.

    Returns
    -------
    str
        A part of a sentence for each surrogate. One that is computed from a text that comes after the treatment may
        also carry what the treatment does, and adjusting for it then takes a part of the effect away.
    """
    after = graph.causal.descendants(*graph.query.do)
    parts = []
    for node in nodes:
        if node not in graph.surrogates:
            continue
        how = graph.surrogates[node]
        note = f"{node} ({describe(how)}) is a surrogate: confounding stays as far as it is a noisy copy"
        late = [n for n in sorted(after) if graph.binding(n) is not None and _holds(graph, n, how.of)]
        if late:
            note += (
                f", and {late[0]} comes after {listed(graph.query.do)}: adjusting takes a part of the effect away as "
                f"far as {node} depends on {listed(graph.query.do)}"
            )
        parts.append(note)
    return "; ".join(parts)


def refuse_surrogate(graph: AssumptionGraph, plan: ObjectivePlan) -> Refusal | None:
    """Refuse a plan that adjusts for a category computed from the treatment itself.

    Such a surrogate is a function of the treatment: P(z | t) is zero or one, positivity fails, and it fails
    silently, as the weights are bounded, look well, and adjust nothing.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    plan : ObjectivePlan
        What was planned.

    Returns
    -------
    Refusal or None
        With the reason.
    """
    for node in surrogate_strata(graph, plan):
        of = graph.surrogates[node].of
        treatment = next((t for t in sorted(graph.query.do) if _holds(graph, t, of)), None)
        if treatment is not None:
            return Refusal(
                plan.estimator,
                f"'{node}' is computed from '{of}', which is the treatment '{treatment}' itself: it is a function of "
                "the treatment, so every value of the treatment occurs in one stratum only and positivity fails "
                f"silently; compute '{node}' from another text, or make what shows in the text the treatment",
            )
    return None


def with_surrogates(graph: AssumptionGraph, plan: ObjectivePlan | Refusal) -> ObjectivePlan | Refusal:
    """A plan that says what it owes to surrogates, or the refusal of one that they make worthless."""
    if isinstance(plan, Refusal) or not surrogate_strata(graph, plan):
        return plan
    refusal = refuse_surrogate(graph, plan)
    if refusal is not None:
        return refusal
    note = surrogate_note(graph, surrogate_strata(graph, plan))
    if note in plan.approximate:
        return plan
    return replace(plan, approximate="; ".join(part for part in (plan.approximate, note) if part))


def _holds(graph: AssumptionGraph, node: str, column: str) -> bool:
    """Whether a column of the data, not a computed one, holds a node."""
    if node in graph.computed or node in graph.surrogates or graph.binding(node) is None:
        return False
    return graph.column(node) == column
