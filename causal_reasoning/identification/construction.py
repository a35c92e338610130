"""A treatment that the adapter sets: the intervention holds by construction, and what it leaves open is named."""

from __future__ import annotations

from causal_reasoning.errors import did_you_mean
from causal_reasoning.estimand import Probability
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification.bitsets import Tables, tables
from causal_reasoning.identification.paths import Wanted, shortest_paths
from causal_reasoning.identification.query import Names, Query, QueryError, disjoint, observed_nodes
from causal_reasoning.identification.result import SetByTheAdapter


def set_by_the_adapter(graph: AssumptionGraph, do: Names, on: Names, given: Names = ()) -> SetByTheAdapter:
    """Answer a query whose treatments are all slots.

    A slot is no column of the data: what the rows say of the other nodes is as it was, P(on | do(slot)) = P(on). The
    intervention therefore blocks no path between what is read and what is written.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    do : str or iterable of str
        Slots of the graph.
    on, given : str or iterable of str
        Outcomes and conditions.

    Returns
    -------
    SetByTheAdapter
        With a path that confounds what is read and what is written, if there is one.

    Raises
    ------
    QueryError
        For an unknown or latent outcome or condition, no outcome, or a node that is named twice.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> set_by_the_adapter(load_graph("dca"), "skill", ["answer", "question"]).open
    'question <- confounder -> answer'
    """
    outcomes = observed_nodes(graph.causal, on, "the outcome")
    conditions = observed_nodes(graph.causal, given, "the condition")
    disjoint(outcomes, "the outcome", conditions, "the condition")
    if not outcomes:
        raise QueryError(f"there is no outcome; {did_you_mean('', graph.causal.observed)}")
    query = Query(tuple(sorted({do} if isinstance(do, str) else set(do))), outcomes, conditions)
    return SetByTheAdapter(
        query=query,
        graph=graph.name,
        digest=graph.digest,
        estimand=Probability(query.on, given=query.given),
        open=_confounding(graph),
    )


def _confounding(graph: AssumptionGraph) -> str:
    """A path by which what is read and what is written go together without one causing the other; empty if none.

    What is written is fitted given what is read and nothing else, so any path with a common cause on it and no collider
    is open. A part of the adapter is no common cause of anything that the rows hold.
    """
    causal = graph.causal.subgraph(n for n in graph.causal.nodes if n not in graph.computed)
    read, written = causal.mask(graph.query.read), causal.mask(graph.query.write)
    edges = tables(causal)
    # Without the arrows out of what is written, no path to it is one by which it causes what is read.
    edges = Tables(
        edges.size,
        [parents & ~written for parents in edges.parents],
        [0 if written >> node & 1 else children for node, children in enumerate(edges.children)],
        edges.siblings,
    )
    common_cause = Wanted(frozenset(("<-", "<->")), lambda _, kind: kind != "collider")
    found, _ = shortest_paths(causal, edges, read, written, common_cause, 1)
    return found[0].text() if found else ""
