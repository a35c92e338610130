"""What a Markov equivalence class of acyclic directed graphs has in common, and Meek's orientation rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from causal_reasoning.graph.causal_graph import CausalGraph, Edge
from causal_reasoning.identification.bitsets import bits, tables
from causal_reasoning.identification.query import QueryError


@dataclass(frozen=True)
class Cpdag:
    """The completed partially directed graph, or essential graph, of an equivalence class.

    Parameters
    ----------
    nodes : tuple of str
        The nodes, sorted.
    directed : tuple of (str, str)
        Arrows that all members have, sorted.
    undirected : tuple of (str, str)
        Edges of which some members have one direction and some the other; sorted pairs.
    """

    nodes: tuple[str, ...]
    directed: tuple[Edge, ...]
    undirected: tuple[Edge, ...]

    def text(self) -> str:
        """Print edges such as ``a -> b; b -- c``."""
        edges = [f"{a} -> {b}" for a, b in self.directed] + [f"{a} -- {b}" for a, b in self.undirected]
        return "; ".join(edges)


def cpdag(graph: CausalGraph) -> Cpdag:
    """Find which arrows of a graph all Markov equivalent graphs share.

    Parameters
    ----------
    graph : CausalGraph
        A graph without hidden causes: no latent node, no bidirected edge.

    Returns
    -------
    Cpdag
        The same for every member of the class. Each of the m edges is looked at once as a premise of each
        rule, in O(n²) steps on n nodes at most.

    Raises
    ------
    QueryError
        If the graph has hidden causes.

    Examples
    --------
    >>> graph = CausalGraph("abcd", [("a", "b"), ("c", "d"), ("b", "d")])
    >>> cpdag(graph).text()
    'b -> d; c -> d; a -- b'

    References
    ----------
    T. Verma and J. Pearl, "Equivalence and synthesis of causal models" (UAI 1990): the class is given by the
    adjacencies and the colliders whose ends are not adjacent. C. Meek, "Causal inference and causal explanation
    with background knowledge" (UAI 1995): the rules. S. A. Andersson, D. Madigan and M. D. Perlman, "A
    characterization of Markov equivalence classes for acyclic digraphs", Annals of Statistics 25 (1997).
    """
    pattern = essential(graph)
    names = graph.nodes
    size = range(len(names))
    return Cpdag(
        names,
        tuple((names[i], names[j]) for i in size for j in bits(pattern.children[i])),
        tuple((names[i], names[j]) for i in size for j in bits(pattern.undirected[i]) if i < j),
    )


class Pattern:
    """A partially directed graph as bit sets, to be oriented step by step.

    Parameters
    ----------
    parents, children, undirected : list of int
        For each node where arrows come from, where they go, and where edges without direction lead.
    """

    __slots__ = ("adjacent", "children", "parents", "undirected")

    def __init__(self, parents: list[int], children: list[int], undirected: list[int]) -> None:
        self.parents = parents
        self.children = children
        self.undirected = undirected
        self.adjacent = [p | c | u for p, c, u in zip(parents, children, undirected, strict=True)]

    def copy(self) -> Pattern:
        """Make a copy that can be oriented further."""
        return Pattern(self.parents[:], self.children[:], self.undirected[:])

    def first_undirected(self) -> tuple[int, int] | None:
        """The edge without direction whose ends come first."""
        for i, row in enumerate(self.undirected):
            if row:
                return i, (row & -row).bit_length() - 1
        return None

    def orient(self, arrows: Iterable[tuple[int, int]]) -> None:
        """Direct some edges, and every edge that must be directed for that.

        Parameters
        ----------
        arrows : iterable of (int, int)
            Tail and head of edges that have no direction yet.

        Notes
        -----
        Afterwards the pattern is closed under Meek's rules 1 to 4, if it was so before: each new arrow is tried
        as each premise of each rule. No rule is used before all given arrows are in: rule 1 would take the second
        arrow of a collider for one that must go the other way.
        """
        waiting = [arrow for arrow in arrows if self._direct(*arrow)]
        while waiting:
            for tail, head in list(self._follow(*waiting.pop())):
                if self._direct(tail, head):
                    waiting.append((tail, head))

    def _direct(self, tail: int, head: int) -> bool:
        """Make an edge an arrow, if it is none yet."""
        if not self.undirected[tail] >> head & 1:
            return False
        self.undirected[tail] &= ~(1 << head)
        self.undirected[head] &= ~(1 << tail)
        self.children[tail] |= 1 << head
        self.parents[head] |= 1 << tail
        return True

    def _follow(self, x: int, y: int) -> Iterator[tuple[int, int]]:
        """Yield the arrows that follow from a new one, x -> y, and from what was there."""
        parents, children, undirected, adjacent = self.parents, self.children, self.undirected, self.adjacent
        # Rule 1: c -> a - b, c and b not adjacent, gives a -> b; otherwise there would be a new collider.
        for b in bits(undirected[y] & ~adjacent[x]):
            yield y, b
        # Rule 2: a -> c -> b and a - b gives a -> b; otherwise there would be a circle. The new arrow can be
        # the second or the first.
        for a in bits(parents[x] & undirected[y]):
            yield a, y
        for b in bits(children[y] & undirected[x]):
            yield x, b
        # Rule 3: a - c -> b and a - d -> b, c and d not adjacent, and a - b gives a -> b.
        for a in bits(undirected[x] & undirected[y]):
            if undirected[a] & parents[y] & ~adjacent[x] & ~(1 << x):
                yield a, y
        # Rule 4: a - d -> c -> b, a and c adjacent, d and b not, and a - b gives a -> b. Again the new arrow can
        # be the first or the second.
        beside = undirected[x] & adjacent[y]
        for b in bits(children[y] & ~adjacent[x]) if beside else ():
            for a in bits(beside & undirected[b]):
                yield a, b
        beside = adjacent[x] & undirected[y]
        for d in bits(parents[x] & ~adjacent[y]) if beside else ():
            for a in bits(beside & undirected[d]):
                yield a, y


def essential(graph: CausalGraph) -> Pattern:
    """Orient what all members of the class share; see `cpdag`."""
    if graph.latent or graph.bidirected:
        raise QueryError("the graph has hidden causes: its equivalence class is one of mixed graphs, without a CPDAG")
    edges = tables(graph)
    adjacent = [p | c for p, c in zip(edges.parents, edges.children, strict=True)]
    pattern = Pattern([0] * edges.size, [0] * edges.size, adjacent)
    colliders = [
        (end, middle)
        for middle in range(edges.size)
        for pair in combinations(bits(edges.parents[middle]), 2)
        if not adjacent[pair[0]] >> pair[1] & 1
        for end in pair
    ]
    pattern.orient(colliders)
    return pattern
