"""Maximal ancestral graphs, and whether two graphs with hidden causes imply the same independences."""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, bits, tables
from causal_reasoning.identification.separation import connected


def maximal_ancestral_graph(graph: CausalGraph) -> CausalGraph:
    """Build the graph in which exactly the nodes are adjacent that no set of observed nodes separates.

    Parameters
    ----------
    graph : CausalGraph
        Any graph; latent nodes are projected away.

    Returns
    -------
    CausalGraph
        Over the observed nodes, with at most one edge between two of them: ``a -> b`` if a is an ancestor of b,
        ``a <-> b`` if neither is one of the other. It implies the same independences as the graph. An arrow
        says who is an ancestor, not that there is no hidden cause beside it. One search for each pair of nodes.

    Examples
    --------
    A bow and an arrow cannot be told apart by independences:

    >>> maximal_ancestral_graph(CausalGraph("xy", [("x", "y")], [("x", "y")]))
    CausalGraph(x -> y)

    References
    ----------
    T. Richardson and P. Spirtes, "Ancestral graph Markov models", Annals of Statistics 30 (2002);
    two nodes are separated by some set if and only if they are by their common ancestors' set, that is all
    their ancestors but themselves.
    """
    projected = graph.latent_projection()
    edges, names = tables(projected), projected.nodes
    above = [projected.ancestor_mask(1 << i) for i in range(len(names))]
    directed, bidirected = [], []
    for i in range(len(names)):
        for j in range(i):
            given = (above[i] | above[j]) & ~(1 << i | 1 << j)
            if not connected(edges, 1 << i, given) >> j & 1:
                continue
            if above[j] >> i & 1:
                directed.append((names[i], names[j]))
            elif above[i] >> j & 1:
                directed.append((names[j], names[i]))
            else:
                bidirected.append((names[i], names[j]))
    return CausalGraph(names, directed, bidirected)


def markov_equivalent(first: CausalGraph, second: CausalGraph) -> bool:
    """Decide whether two graphs imply the same independences among observed nodes.

    Parameters
    ----------
    first, second : CausalGraph
        Any graphs; latent nodes are projected away.

    Returns
    -------
    bool
        ``False`` also if their observed nodes are not the same. Polynomial: O(n · m²) for the m edges of the
        maximal ancestral graphs over n nodes.

    Notes
    -----
    Conditional independences only. With hidden causes data can obey other constraints, of which Verma's is the
    best known; two graphs that are equivalent here may still be told apart by those.

    Examples
    --------
    >>> chain = CausalGraph("abc", [("a", "b"), ("b", "c")])
    >>> fork = CausalGraph("abcu", [("u", "a"), ("u", "b"), ("b", "c")], latent="u")
    >>> markov_equivalent(chain, fork)
    True

    References
    ----------
    P. Spirtes and T. Richardson, "A polynomial time algorithm for determining DAG equivalence in the presence
    of latent variables and selection bias" (AISTATS 1997): the same adjacencies, the same unshielded colliders,
    and the same colliders at the ends of discriminating paths. R. A. Ali, T. Richardson and P. Spirtes, "Markov
    equivalence for ancestral graphs", Annals of Statistics 37 (2009).
    """
    if first.observed != second.observed:
        return False
    return same_independences(marks(maximal_ancestral_graph(first)), marks(maximal_ancestral_graph(second)))


@dataclass(frozen=True)
class Marks:
    """A maximal ancestral graph as bit sets.

    Parameters
    ----------
    adjacent : list of int
        The neighbours of each node.
    into : list of int
        For each node the neighbours whose edge has an arrowhead at it.
    parents : list of int
        For each node the neighbours from which an arrow leads to it.
    """

    adjacent: list[int]
    into: list[int]
    parents: list[int]


def marks(mag: CausalGraph) -> Marks:
    """Read the edges of a maximal ancestral graph."""
    edges: Tables = tables(mag)
    into = [p | s for p, s in zip(edges.parents, edges.siblings, strict=True)]
    adjacent = [i | c for i, c in zip(into, edges.children, strict=True)]
    return Marks(adjacent, into, edges.parents)


def same_independences(first: Marks, second: Marks) -> bool:
    """Decide whether two maximal ancestral graphs over the same nodes are equivalent; see `markov_equivalent`."""
    if first.adjacent != second.adjacent:
        return False
    for b, around in enumerate(first.adjacent):
        for a in bits(around):
            # Neighbours of b that are not adjacent to a: do both edges have arrowheads at b?
            open_ends = around & ~first.adjacent[a] & ~(1 << a)
            one = open_ends & first.into[b] if first.into[b] >> a & 1 else 0
            two = open_ends & second.into[b] if second.into[b] >> a & 1 else 0
            if one != two:
                return False
    return all(
        _discriminated_alike(first, second, v, y) for y in range(len(first.adjacent)) for v in bits(first.adjacent[y])
    )


def _discriminated_alike(first: Marks, second: Marks, v: int, y: int) -> bool:
    """Compare the node before the last on all paths that discriminate it in both graphs.

    Such a path begins at a node that is not adjacent to y; every node between that and v is a collider on the
    path and a parent of y. The search goes from v's side to the beginning, through edges with two arrowheads.
    """
    parents = first.parents[y] & second.parents[y] & ~(1 << v)
    into = [a & b for a, b in zip(first.into, second.into, strict=True)]
    for w in bits(parents & first.adjacent[v]):
        if not into[w] >> v & 1 or _collider(first, w, v, y) == _collider(second, w, v, y):
            continue
        seen = frontier = 1 << w
        while frontier:
            q = (frontier & -frontier).bit_length() - 1
            frontier &= frontier - 1
            if into[q] & ~first.adjacent[y] & ~(1 << y):
                return False
            further = sum(1 << p for p in bits(into[q] & parents & ~seen) if into[p] >> q & 1)
            seen |= further
            frontier |= further
    return True


def _collider(graph: Marks, w: int, v: int, y: int) -> bool:
    return bool(graph.into[v] >> w & 1 and graph.into[v] >> y & 1)
