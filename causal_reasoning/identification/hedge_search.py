"""Where identification fails: hedges, found and freed of every edge that they do not need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from causal_reasoning.graph.causal_graph import CausalGraph, Edge
from causal_reasoning.identification.bitsets import Tables, bits, closure, tables
from causal_reasoning.identification.query import Query
from causal_reasoning.identification.separation import connected


class Obstacle(NamedTuple):
    """A hedge and the query that it stands in the way of, as bit sets.

    Parameters
    ----------
    outer, inner : int
        The nodes of the two forests.
    do, on, given : int
        The query, after every condition that may become a treatment has become one.
    """

    outer: int
    inner: int
    do: int
    on: int
    given: int


def obstacle(graph: CausalGraph, query: Query) -> Obstacle | None:
    """Find the smallest hedge for a query.

    Parameters
    ----------
    graph : CausalGraph
        A graph without latent nodes.
    query : Query
        The query, with or without condition.

    Returns
    -------
    Obstacle or None
        ``None`` if the effect is identified. Of several hedges, one with the fewest nodes. Polynomial: for each
        c-component a shrinking sequence of sets, each found by two linear searches.

    References
    ----------
    I. Shpitser and J. Pearl, "Identification of joint interventional distributions in recursive semi-Markovian
    causal models" (AAAI 2006), for hedges; the same, "Identification of conditional interventional
    distributions" (UAI 2006), for conditions; Y. Huang and M. Valtorta, "Identifiability in causal Bayesian
    networks: a sound and complete algorithm" (AAAI 2006), for the search by ancestors and c-components.
    """
    return _obstacle(tables(graph), *(graph.mask(names) for names in (query.do, query.on, query.given)))


def essential(graph: CausalGraph, query: Query) -> CausalGraph:
    """Delete edges as long as the query stays unidentified.

    Two models of what is left are models of the whole graph too, so this makes a certificate small.

    Parameters
    ----------
    graph : CausalGraph
        A graph without latent nodes, in which the query is not identified.
    query : Query
        The query.

    Returns
    -------
    CausalGraph
        With the same nodes. The query is not identified, and it is without any one of the edges. About as many
        searches as edges are left, times the logarithm of the number of edges.
    """
    masks = [graph.mask(names) for names in (query.do, query.on, query.given)]
    # Hidden causes last: it is arrows that graphs have too many of.
    edges = [(edge, False) for edge in graph.directed] + [(edge, True) for edge in graph.bidirected]

    def built(kept: Sequence[tuple[Edge, bool]]) -> CausalGraph:
        return CausalGraph(graph.nodes, [e for e, both in kept if not both], [e for e, both in kept if both])

    # Halves: if the query stays unidentified without the whole stretch, it goes; if not, its halves are tried.
    # A set of edges that was needed once is needed ever after, as there are only fewer edges later.
    kept = edges
    stretches = [edges]
    while stretches:
        stretch = stretches.pop()
        gone = set(stretch)
        rest = [edge for edge in kept if edge not in gone]
        if _obstacle(tables(built(rest)), *masks) is not None:
            kept = rest
        elif len(stretch) > 1:
            middle = len(stretch) // 2
            stretches += [stretch[middle:], stretch[:middle]]
    return built(kept)


def reduced_condition(edges: Tables, do: int, on: int, given: int) -> tuple[int, int]:
    """Turn conditions into treatments wherever the second rule of the do-calculus allows it.

    Parameters
    ----------
    edges : Tables
        The graph.
    do, on, given : int
        The query.

    Returns
    -------
    (int, int)
        Treatments and conditions; the order of the moves does not matter.

    References
    ----------
    I. Shpitser and J. Pearl, "Identification of conditional interventional distributions" (UAI 2006), algorithm
    IDC, line 1.
    """
    moved = True
    while moved:
        moved = False
        for i in bits(given):
            one = 1 << i
            cut = Tables(
                edges.size,
                [0 if do >> j & 1 else row & ~one for j, row in enumerate(edges.parents)],
                [0 if j == i else row & ~do for j, row in enumerate(edges.children)],
                [0 if do >> j & 1 else row & ~do for j, row in enumerate(edges.siblings)],
            )
            if not connected(cut, one, do | given & ~one) & on:
                do, given, moved = do | one, given & ~one, True
    return do, given


def _obstacle(edges: Tables, do: int, on: int, given: int) -> Obstacle | None:
    do, given = reduced_condition(edges, do, on, given)
    relevant = closure(edges.parents, on | given, ~do)
    found: list[Obstacle] = []
    left = relevant
    while left:
        inner = closure(edges.siblings, left & -left, relevant)
        left &= ~inner
        outer = _surroundings(edges, inner)
        if outer != inner:
            found.append(Obstacle(outer, inner, do, on, given))
    return min(found, key=lambda one: (one.outer.bit_count(), one.outer, one.inner), default=None)


def _surroundings(edges: Tables, inner: int) -> int:
    """Find the smallest set, by turns ancestral and a c-component, around a connected set of nodes.

    The effect of everything else on the set is identified exactly if nothing is left but the set itself.
    """
    outer, before = (1 << edges.size) - 1, 0
    while outer != before:
        before = outer
        outer = closure(edges.parents, inner, outer)
        outer = closure(edges.siblings, inner, outer)
    return outer
