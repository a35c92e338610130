"""From a query to an answer."""

from __future__ import annotations

from causal_reasoning.estimand import Expression, Probability, Quotient, product, summed
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.adjustment import MinimalSets, Problem, adjustment_formula, minimal_sets, pose
from causal_reasoning.identification.derivation import Step, some
from causal_reasoning.identification.front_door import find_front_door, front_door_formula
from causal_reasoning.identification.front_door_proof import front_door_steps
from causal_reasoning.identification.general import General, Search, identify_generally
from causal_reasoning.identification.hedge import Hedge
from causal_reasoning.identification.instruments import find_instruments
from causal_reasoning.identification.optimal import OptimalSet, optimal_set
from causal_reasoning.identification.proof import adjustment_proof, failure_reason
from causal_reasoning.identification.query import Names, Query, known_nodes, make_query
from causal_reasoning.identification.relevance import relevant_treatments
from causal_reasoning.identification.repair import repairs
from causal_reasoning.identification.repair_search import identifying_repairs
from causal_reasoning.identification.result import (
    Identification,
    IdentifiedByAdjustment,
    IdentifiedByFrontDoor,
    IdentifiedInGeneral,
    NotIdentified,
    NotIdentifiedByAdjustment,
    NotRecovered,
    ZeroEffect,
)
from causal_reasoning.identification.selection import recover_effect


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
    advice: bool = True,
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
        Nodes on which the sample was selected; the effect asked for is that in the population.
    required, excluded : str or iterable of str
        Nodes that must and must not be adjusted for. With any of them only adjustment is tried.
    advice : bool
        Whether to search for repairs and instruments where the effect is not identified.

    Returns
    -------
    Identification
        In this order, the first that holds: `ZeroEffect`, `IdentifiedByAdjustment` (perhaps with the empty
        set), `IdentifiedByFrontDoor`, `IdentifiedInGeneral`, `NotIdentified`. The last is a proof that no
        formula exists. With selection nodes `IdentifiedInGeneral`, `NotIdentified` or `NotRecovered`; with
        required or excluded nodes and no adjustment set `NotIdentifiedByAdjustment`.

    Raises
    ------
    QueryError
        For an unknown or latent node, an empty treatment or outcome, or a node that is named twice.

    Notes
    -----
    A conditional query is answered by the joint effect on outcomes and conditions, divided by its marginal, if
    an adjustment set for the joint effect exists; otherwise by IDC, which does not need the joint effect where
    seeing a condition is as good as setting it. A condition that no treatment reaches may be part of the
    adjustment set, and need not be divided by then. Where seeing a condition is as good as setting it (rule 2 of
    the do-calculus), it counts as a treatment, and less may need adjusting for.

    Examples
    --------
    >>> graph = CausalGraph("cxy", [("c", "x"), ("c", "y"), ("x", "y")])
    >>> identify_effect(graph, "x", "y").estimand.text()
    'Σ_{c} P(y | x, c) P(c)'
    """
    query = make_query(graph, do, on, given)
    mark = graph.digest if digest is None else digest
    if selection := known_nodes(graph, selected, "the selection node"):
        return _recovered(graph, query, name, mark, selection)
    treatments, dropped = relevant_treatments(graph, query)
    if not treatments:
        return ZeroEffect(query, name, mark, Probability(query.on, query.given), dropped)
    everything = tuple(sorted(query.on + query.given))
    problem = pose(graph, query.do, everything, required=required, excluded=excluded)
    sets = minimal_sets(problem, cap)
    if query.given and not (required or excluded) and not (sets and {*query.given} <= {*sets.chosen}):
        easier = _seeing_is_doing(graph, query, treatments, dropped, name, mark, cap)
        if easier is not None:
            return easier
    if sets is not None:
        return _by_adjustment(query, name, mark, problem, sets, ())
    if problem.required or problem.excluded:
        return NotIdentifiedByAdjustment(query, name, mark, failure_reason(problem), repairs(problem))
    if treatments != query.do:
        fewer = pose(graph, treatments, everything)
        if (sets := minimal_sets(fewer, cap)) is not None:
            return _by_adjustment(query, name, mark, fewer, sets, dropped)
    if not query.given and (door := find_front_door(graph, treatments, query.on)) is not None:
        formula = front_door_formula(treatments, query.on, door.mediators, door.covariates)
        proof = front_door_steps(graph, treatments, query.on, door)
        return IdentifiedByFrontDoor(query, name, mark, door, formula, (*dropped, *proof))
    projected = graph.latent_projection()
    answer = identify_generally(projected, Query(treatments, query.on, query.given))
    if isinstance(answer, General):
        return IdentifiedInGeneral(query, name, mark, answer.estimand, (*dropped, *answer.steps))
    reason = hedge_reason(projected, query, answer, failure_reason(problem))
    if not advice:
        return NotIdentified(query, name, mark, answer, reason)
    helpful = identifying_repairs(graph, query)
    return NotIdentified(query, name, mark, answer, reason, helpful, find_instruments(graph, query.do, query.on))


def _seeing_is_doing(
    graph: CausalGraph,
    query: Query,
    treatments: tuple[str, ...],
    dropped: tuple[Step, ...],
    name: str,
    mark: str,
    cap: int,
) -> IdentifiedByAdjustment | None:
    """Make interventions of conditions where rule 2 allows it, and adjust for those: less need be adjusted for."""
    search = Search(graph.latent_projection())
    local = search.graph
    x, z = search.exchange(local.mask(treatments), local.mask(query.on), local.mask(query.given))
    if len(local.names(x)) == len(treatments):
        return None
    asked = Query(local.names(x), query.on, local.names(z))
    problem = pose(graph, asked.do, tuple(sorted(asked.on + asked.given)))
    sets = minimal_sets(problem, cap)
    if sets is None:
        return None
    return _by_adjustment(query, name, mark, problem, sets, (*dropped, *search.steps), asked)


def hedge_reason(graph: CausalGraph, query: Query, hedge: Hedge, path: str) -> str:
    """Say in one sentence what a hedge means.

    Parameters
    ----------
    graph : CausalGraph
        Without latent nodes: the hidden causes are its bidirected edges.
    query : Query
        What was asked.
    hedge : Hedge
        Why there is no answer.
    path : str
        Why there is no adjustment set.
    """
    outer, inner = set(hedge.outer), set(hedge.inner)
    ties = [f"{a} <-> {b}" for a, b in graph.bidirected if {a, b} <= outer]
    shown = ", ".join(ties[:4]) + (", …" if len(ties) > 4 else "")
    treated = hedge.treated
    verb = "acts" if len(treated) == 1 else "act"
    return (
        f"{path}; nor does any other formula identify {query.text()}: hidden causes ({shown}) tie {some(treated)} to "
        f"{some(tuple(sorted(inner)))}, on which {some(treated)} {verb}, so that two models of this graph agree on "
        f"everything observed and disagree on the effect"
    )


def _by_adjustment(
    query: Query,
    name: str,
    mark: str,
    problem: Problem,
    sets: MinimalSets,
    before: tuple[Step, ...],
    asked: Query | None = None,
) -> IdentifiedByAdjustment:
    treatments = problem.graph.names(problem.do)
    optimal = OptimalSet(None, "the theorem is about unconditional effects") if query.given else optimal_set(problem)
    asked = asked or Query(treatments, query.on, query.given)
    proof = adjustment_proof(problem, problem.graph.mask(sets.chosen))
    estimand = _estimand(asked, sets.chosen)
    return IdentifiedByAdjustment(query, name, mark, treatments, sets, optimal, estimand, proof, before)


def _recovered(
    graph: CausalGraph, query: Query, name: str, mark: str, selection: tuple[str, ...]
) -> IdentifiedInGeneral | NotIdentified | NotRecovered:
    answer = recover_effect(graph, query.do, query.on, query.given, selected=selection)
    if isinstance(answer, General):
        return IdentifiedInGeneral(query, name, mark, answer.estimand, answer.steps, selection)
    if isinstance(answer, Hedge):
        kept = graph.latent_projection({*graph.observed, *selection})
        return NotIdentified(
            query,
            name,
            mark,
            answer,
            hedge_reason(kept, query, answer, "even without selection there is no adjustment set"),
        )
    return NotRecovered(query, name, mark, selection, answer.reason)


def _estimand(query: Query, chosen: tuple[str, ...]) -> Expression:
    if query.given and set(query.given) <= set(chosen) and not set(query.on) & set(chosen):
        # The condition is part of the set: P(on | do, given) = Σ P(on | do, set) P(rest of the set | given).
        rest = tuple(name for name in chosen if name not in query.given)
        likelihood = Probability(query.on, query.do + chosen)
        return summed(rest, product(likelihood, Probability(rest, query.given)) if rest else likelihood)
    joint = adjustment_formula(query.do, tuple(sorted(query.on + query.given)), chosen)
    return Quotient(joint, summed(query.on, joint)) if query.given else joint
