"""The graphs that imply the same independences: those that the same data cannot tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import bits
from causal_reasoning.identification.cpdag import Pattern, essential
from causal_reasoning.identification.mixed_class import MixedClass


@dataclass(frozen=True)
class EquivalenceClass:
    """Markov equivalent graphs.

    Parameters
    ----------
    members : tuple of CausalGraph
        Different graphs over the same observed nodes. Without hidden causes their order depends on the class
        only; with hidden causes the graph that was asked about comes first, and what is like it soon.
    capped : bool
        Whether there may be more: the cap was reached, or the search was given up.
    """

    members: tuple[CausalGraph, ...]
    capped: bool

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[CausalGraph]:
        return iter(self.members)


def equivalence_class(graph: CausalGraph, *, cap: int = 1000, effort: int = 100_000) -> EquivalenceClass:
    """List the graphs that imply the same independences as a graph.

    Parameters
    ----------
    graph : CausalGraph
        Without hidden causes its class is that of acyclic directed graphs. With hidden causes, that is latent
        nodes or bidirected edges, it is first projected to the observed nodes, and its class is that of mixed
        graphs in which the same pairs of nodes have an edge.
    cap : int
        Most members to list.
    effort : int
        With hidden causes: how many separations the search may test; the default takes a few seconds.

    Returns
    -------
    EquivalenceClass
        The members, and whether there may be more.

    Notes
    -----
    Without hidden causes the delay between two members is polynomial. With hidden causes each edge can be an
    arrow either way, a hidden cause, or an arrow and a hidden cause; choices are made edge by edge and given up
    as soon as they close a circle or connect what must be separated, and each complete choice is checked. That
    can still take exponential time between members, hence `effort`.

    With hidden causes only conditional independences are compared, not Verma's constraints; and mixed graphs
    whose projected edges join other pairs can be equivalent as well.

    Examples
    --------
    >>> for member in equivalence_class(CausalGraph("abc", [("a", "b"), ("b", "c")])):
    ...     print(member)
    CausalGraph(a -> b; b -> c)
    CausalGraph(b -> a; b -> c)
    CausalGraph(b -> a; c -> b)
    >>> len(equivalence_class(CausalGraph("xy", [], [("x", "y")])))
    5

    References
    ----------
    See `cpdag` and `markov_equivalent`.
    """
    cap = max(cap, 0)
    if graph.latent or graph.bidirected:
        search = MixedClass(graph.latent_projection(), effort)
        found = list(islice(search.members(), cap + 1))
        return EquivalenceClass(tuple(found[:cap]), len(found) > cap or search.left <= 0)
    found = list(islice(equivalent_dags(graph), cap + 1))
    return EquivalenceClass(tuple(found[:cap]), len(found) > cap)


def equivalent_dags(graph: CausalGraph) -> Iterator[CausalGraph]:
    """Yield every acyclic directed graph that implies the same independences.

    Parameters
    ----------
    graph : CausalGraph
        A graph without hidden causes.

    Yields
    ------
    CausalGraph
        Each member once. What all members share is oriented; then the first edge without direction is given
        either direction, followed by what Meek's rules make of it. Every choice leads to a member, so that the
        delay is polynomial: at most one closure under the rules for each edge.

    Raises
    ------
    QueryError
        If the graph has hidden causes.

    References
    ----------
    C. Meek (1995), see `cpdag`: a pattern closed under rules 1 to 4 has, for each of its edges without direction,
    members with either direction.
    """
    names = graph.nodes
    stack = [essential(graph)]
    while stack:
        pattern = stack.pop()
        edge = pattern.first_undirected()
        if edge is None:
            yield _dag(names, pattern)
            continue
        for arrow in (edge[::-1], edge):
            choice = pattern.copy()
            choice.orient([arrow])
            stack.append(choice)


def _dag(names: tuple[str, ...], pattern: Pattern) -> CausalGraph:
    return CausalGraph(names, [(names[i], names[j]) for i, row in enumerate(pattern.children) for j in bits(row)])
