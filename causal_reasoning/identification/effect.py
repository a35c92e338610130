"""From a query to an answer."""

from __future__ import annotations

from causal_reasoning.estimand import Expression, Probability, Quotient, product, summed
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.adjustment import adjustment_formula, minimal_sets, pose
from causal_reasoning.identification.optimal import OptimalSet, optimal_set
from causal_reasoning.identification.proof import adjustment_proof, failure_reason
from causal_reasoning.identification.query import Names, Query, known_nodes, make_query
from causal_reasoning.identification.repair import repairs
from causal_reasoning.identification.result import (
    Identification,
    IdentifiedByAdjustment,
    NotIdentifiedByAdjustment,
    ZeroEffect,
)


def identify_effect(
    graph: CausalGraph,
    do: Names,
    on: Names,
    given: Names = (),
    *,
    name: str = "",
    digest: str | None = None,
    cap: int = 100,
    selected: Names = (),
    required: Names = (),
    excluded: Names = (),
) -> Identification:
    """Decide whether an interventional distribution can be computed from observed ones, and how.

    Parameters
    ----------
    graph : CausalGraph
        The assumptions.
    do, on, given : str or iterable of str
        Treatments, outcomes and conditions of P(on | do(do), given).
    name : str
        The name of the graph, for the record.
    digest : str, optional
        Its digest, for the record; by default that of the graph.
    cap : int
        How many minimal adjustment sets to list at most.
    selected : str or iterable of str
        Nodes on which the sample was selected. Recovery from selection is not decided: with any of them the
        answer is `NotIdentifiedByAdjustment`.
    required, excluded : str or iterable of str
        Nodes that must and must not be adjusted for.

    Returns
    -------
    Identification
        `ZeroEffect`, `IdentifiedByAdjustment` (perhaps with the empty set) or `NotIdentifiedByAdjustment`.

    Raises
    ------
    QueryError
        For an unknown or latent node, an empty treatment or outcome, or a node that is named twice.

    Notes
    -----
    A conditional query is answered by the joint effect on outcomes and conditions, divided by its marginal. A
    condition that no treatment reaches may be part of the adjustment set, and need not be divided by then.

    Examples
    --------
    >>> graph = CausalGraph("cxy", [("c", "x"), ("c", "y"), ("x", "y")])
    >>> identify_effect(graph, "x", "y").estimand.text()
    'Σ_{c} P(y | x, c) P(c)'
    """
    query = make_query(graph, do, on, given)
    everything = tuple(sorted(query.on + query.given))
    problem = pose(graph, query.do, everything, required=required, excluded=excluded)
    mark = graph.digest if digest is None else digest
    if selection := known_nodes(graph, selected, "the selection node"):
        return NotIdentifiedByAdjustment(
            query,
            name,
            mark,
            f"the sample was selected on {', '.join(selection)}; recovery from selection is not decided yet",
        )
    if not problem.causal:
        return ZeroEffect(query, name, mark, Probability(query.on, query.given))
    sets = minimal_sets(problem, cap)
    if sets is None:
        return NotIdentifiedByAdjustment(query, name, mark, failure_reason(problem), repairs(problem))
    unknown = OptimalSet(None, "the theorem is about unconditional effects")
    optimal = unknown if query.given else optimal_set(problem)
    return IdentifiedByAdjustment(
        query,
        name,
        mark,
        sets,
        optimal,
        _estimand(query, sets.chosen),
        adjustment_proof(problem, graph.mask(sets.chosen)),
    )


def _estimand(query: Query, chosen: tuple[str, ...]) -> Expression:
    if query.given and set(query.given) <= set(chosen) and not set(query.on) & set(chosen):
        # The condition is part of the set: P(on | do, given) = Σ P(on | do, set) P(rest of the set | given).
        rest = tuple(name for name in chosen if name not in query.given)
        likelihood = Probability(query.on, query.do + chosen)
        return summed(rest, product(likelihood, Probability(rest, query.given)) if rest else likelihood)
    joint = adjustment_formula(query.do, tuple(sorted(query.on + query.given)), chosen)
    return Quotient(joint, summed(query.on, joint)) if query.given else joint
