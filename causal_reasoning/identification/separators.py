"""Vertex separators of undirected graphs: one minimal, the smallest, all minimal ones.

A graph is a list of bit sets (neighbours of each node). A set *separates* ``a`` from ``b`` if it contains
neither and every path between them meets it; it is *minimal* if no proper subset separates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from causal_reasoning.identification.bitsets import bits, closure, union


@dataclass(frozen=True)
class Torso:
    """An undirected graph between two terminals in which every other node may be removed.

    Parameters
    ----------
    neighbours : list of int
        Bit sets over the nodes of the graph that it was made from; empty for nodes that are not in it.
    source, target : int
        The terminals.
    """

    neighbours: list[int]
    source: int
    target: int

    @property
    def separable(self) -> bool:
        """Whether any set separates the terminals: they are no neighbours."""
        return not self.neighbours[self.source] >> self.target & 1


def torso(neighbours: list[int], source: int, target: int, allowed: int) -> Torso:
    """Contract a graph to its terminals and the nodes that a separator may use.

    Two nodes that stay are made neighbours if a path between them runs through removed nodes only. Sets of
    allowed nodes separate the terminals in the result exactly if they do in the graph.

    Parameters
    ----------
    neighbours : list of int
        The graph; it is not changed.
    source, target : int
        The terminals.
    allowed : int
        Bit set of the nodes that stay.

    Returns
    -------
    Torso
        In time linear in the nodes and edges of the graph and of the result.
    """
    stay = allowed & ~(1 << source | 1 << target) | 1 << source | 1 << target
    result = [row & stay if stay >> i & 1 else 0 for i, row in enumerate(neighbours)]
    left = ((1 << len(neighbours)) - 1) & ~stay
    while left:
        component = closure(neighbours, left & -left, ~stay)
        left &= ~component
        around = union(neighbours, component) & stay
        for i in bits(around):
            result[i] |= around
    return Torso([row & ~(1 << i) for i, row in enumerate(result)], source, target)


def near_target(graph: Torso) -> int | None:
    """Find the minimal separator that is closest to the target.

    Parameters
    ----------
    graph : Torso
        The graph.

    Returns
    -------
    int or None
        A bit set, or ``None`` if nothing separates. Two searches: linear time.

    References
    ----------
    B. van der Zander, M. Liśkiewicz and J. Textor, "Separators and adjustment sets in causal graphs: complete
    criteria and an algorithmic framework", Artificial Intelligence 270 (2019), section 3 (other algorithm).
    """
    if not graph.separable:
        return None
    fence = graph.neighbours[graph.target]
    side = closure(graph.neighbours, 1 << graph.source, ~fence)
    return union(graph.neighbours, side) & fence


def smallest(graph: Torso) -> int | None:
    """Find the separator with the fewest nodes; of several, the one closest to the target.

    Parameters
    ----------
    graph : Torso
        The graph.

    Returns
    -------
    int or None
        A bit set, or ``None`` if nothing separates. It is unique and does not depend on the order of the
        nodes. One linear search for each node of the answer (augmenting paths).

    References
    ----------
    K. Menger (1927); L. R. Ford and D. R. Fulkerson, *Flows in Networks* (1962): among the minimum cuts there
    is one whose target side is contained in that of all others.
    """
    if not graph.separable:
        return None
    # One unit of flow through each node, from the target, so that the cut found is the one nearest to it.
    flow = _Flow({}, {})
    while True:
        path, reached, passed = _augment(graph, flow)
        if not path:
            return reached & ~passed
        flow.push(path, graph)


Half = tuple[int, bool]
"""A node is split into the half that is entered (``False``) and the half that is left (``True``)."""


@dataclass(frozen=True)
class _Flow:
    """Node-disjoint paths: the next and the previous node of each node that is on one."""

    following: dict[int, int]
    previous: dict[int, int]

    def push(self, path: list[Half], graph: Torso) -> None:
        """Send one more unit along a path of halves: drop the steps that it takes back, add the others."""
        steps = [(a, b) for a, b in pairwise(path) if a[0] != b[0]]
        for (v, leaving), (u, _) in steps:
            if not leaving:
                del self.following[u], self.previous[v]
        for (u, leaving), (v, _) in steps:
            if leaving:
                self.following[u], self.previous[v] = v, u
        self.previous[path[0][0]] = graph.target
        self.following[path[-1][0]] = graph.source


def _augment(graph: Torso, flow: _Flow) -> tuple[list[Half], int, int]:
    """Search the residual graph from the target; return a path to the source, or else what was reached."""
    rows, start, end = graph.neighbours, graph.target, graph.source
    origin: dict[Half, Half | None] = {}
    queue: list[Half] = []
    entered = left = 0

    def enter(nodes: int, come_from: Half | None) -> None:
        nonlocal entered
        for v in bits(nodes & ~entered & ~(1 << start)):
            origin[v, False] = come_from
            queue.append((v, False))
        entered |= nodes & ~(1 << start)

    def leave(v: int, come_from: Half) -> None:
        nonlocal left
        if not left >> v & 1:
            left |= 1 << v
            origin[v, True] = come_from
            queue.append((v, True))

    enter(rows[start], None)
    for half in queue:  # grows while it is read
        v, leaving = half
        if leaving:
            if rows[v] >> end & 1:
                path = [half]
                while (before := origin[path[-1]]) is not None:
                    path.append(before)
                return path[::-1], entered, left
            enter(rows[v] | (1 << v if v in flow.previous else 0), half)
        elif v not in flow.previous:
            leave(v, half)
        elif flow.previous[v] != start:
            leave(flow.previous[v], half)
    return [], entered, left


def all_minimal(graph: Torso) -> Iterator[int]:
    """Yield every minimal separator once.

    A minimal separator is known by the component of the source that it leaves. The search grows a connected
    set that must be inside that component and a set that must stay outside, and enters no branch without a
    separator.

    Parameters
    ----------
    graph : Torso
        The graph.

    Yields
    ------
    int
        Bit sets, in an order that depends on the order of the nodes only. Between two of them at most as many
        linear searches as there are nodes (polynomial delay), in linear space.

    References
    ----------
    K. Takata, "Space-optimal, backtracking algorithms to list the minimal vertex separators of a graph",
    Discrete Applied Mathematics 158 (2010).
    """
    rows, target = graph.neighbours, graph.target
    start = _grow(graph, 1 << graph.source) if graph.separable else None
    stack = [(start, 0)] if start is not None else []
    while stack:
        (inside, fence), outside = stack.pop()
        if inside & outside:
            continue
        while True:
            # A node next to the target can never be on the source's side.
            open_ends = fence & ~outside & ~rows[target]
            if not open_ends:
                yield fence
                break
            v = open_ends & -open_ends
            outside |= v
            grown = _grow(graph, inside | v)
            if grown is not None and not grown[0] & (outside & ~v):
                stack.append((grown, outside & ~v))


def _grow(graph: Torso, inside: int) -> tuple[int, int] | None:
    """Return the smallest source side of a minimal separator around a connected set, and its fence."""
    around = union(graph.neighbours, inside) & ~inside
    if around >> graph.target & 1:
        return None
    beyond = closure(graph.neighbours, 1 << graph.target, ~(around | inside))
    fence = union(graph.neighbours, beyond) & around
    return closure(graph.neighbours, inside, ~fence), fence
