"""The cheapest changes after which an effect that is not identified is identified, each one verified."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from causal_reasoning.graph.causal_graph import CausalGraph, Edge
from causal_reasoning.identification.bitsets import bits, closure, tables, union
from causal_reasoning.identification.general import General, identify_generally
from causal_reasoning.identification.hedge import Hedge
from causal_reasoning.identification.hedge_search import obstacle
from causal_reasoning.identification.query import Query
from causal_reasoning.identification.repair import Repair

_WORK = 3000
"""Nodes times identifications that one search may spend."""


def identifying_repairs(graph: CausalGraph, query: Query, most: int = 5) -> tuple[Repair, ...]:
    """Find the cheapest changes of assumptions or data that identify a query.

    Parameters
    ----------
    graph : CausalGraph
        The assumptions, under which the query is not identified.
    query : Query
        The query.
    most : int
        How many repairs to return at most.

    Returns
    -------
    tuple of Repair
        Minimal ones, cheapest first: observing a latent node, or knowing that two nodes have no hidden common
        cause, costs 1; a measured mediator that no hidden cause touches costs 2. After each of them the ID
        algorithm has identified the query. The search looks at changes that break a hedge, in the order of
        their cost, and stops after 3,000 / n identifications (at least 8) for n nodes; what lies beyond is not
        found.

    Examples
    --------
    >>> bow = CausalGraph("xyu", [("x", "y"), ("u", "x"), ("u", "y")], latent="u")
    >>> [repair.text() for repair in identifying_repairs(bow, Query(("x",), ("y",)))]
    ['observe u', 'measure a mediator of all of x -> y that shares no hidden cause with either']
    """
    relevant = graph.subgraph(graph.ancestors(*query.do, *query.on, *query.given))
    budget = max(8, _WORK // max(1, len(relevant)))
    start = Repair((), (), ())
    queue = [(start.rank, start)]
    seen: set[Repair] = set()
    found: list[Repair] = []
    while queue and budget and len(found) < most:
        _, repair = heapq.heappop(queue)
        if any(repair.includes(other) for other in found):
            continue
        budget -= 1
        changed = repair.apply(relevant)
        projected = changed.latent_projection()
        hedge = obstacle(projected, query)
        if hedge is None:
            # What is promised is checked by the algorithm that will be asked again.
            if isinstance(identify_generally(projected, query), General):
                found.append(repair)
            continue
        for change in _changes(changed, Hedge(projected.names(hedge.outer), projected.names(hedge.inner))):
            larger = repair.extended(change)
            if larger not in seen and len(larger.mediate) <= 1:
                seen.add(larger)
                heapq.heappush(queue, (larger.rank, larger))
    return tuple(found)


def _changes(graph: CausalGraph, hedge: Hedge) -> Iterator[Repair]:
    """What could break a hedge: it lives on hidden causes between its nodes, and on arrows out of the treated."""
    edges = tables(graph)
    hidden = graph.mask(graph.latent)
    outer = graph.mask(hedge.outer)
    # For each node of the hedge the latent nodes that reach it through latent ones only.
    above = {i: closure(edges.parents, union(edges.parents, 1 << i) & hidden, hidden) for i in bits(outer)}
    nearby = 0
    for mask in above.values():
        nearby |= mask
    for i in bits(nearby):
        reached = sum(mask >> i & 1 for mask in above.values())
        # A latent node with one effect here and no other edge is noise.
        if reached > 1 or edges.siblings[i] or edges.parents[i]:
            yield Repair((graph.nodes[i],), (), ())
    ends = outer | nearby
    for i in bits(ends):
        for j in bits(edges.siblings[i] & ends):
            if i < j:
                yield Repair((), ((graph.nodes[i], graph.nodes[j]),), ())
    treated = graph.mask(hedge.treated)
    for i in bits(treated):
        for j in bits(edges.children[i] & outer):
            edge: Edge = (graph.nodes[i], graph.nodes[j])
            yield Repair((), (), (edge,))
