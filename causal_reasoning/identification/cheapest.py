"""The adjustment set of least total cost: what is measured, embedded or paid for is not equally dear."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from numbers import Real

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.adjustment import pose
from causal_reasoning.identification.bitsets import union
from causal_reasoning.identification.query import Names, QueryError, known_nodes
from causal_reasoning.identification.separators import Torso


def cheapest_adjustment_set(
    graph: CausalGraph,
    do: Names,
    on: Names,
    cost: Mapping[str, float],
    *,
    required: Names = (),
    excluded: Names = (),
) -> tuple[str, ...] | None:
    """Find the adjustment set whose nodes cost least together.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        Treatments and outcomes.
    cost : mapping of str to float
        What it costs to adjust for a node: a finite number of at least zero. A node that is not named costs one.
    required, excluded : str or iterable of str
        Nodes that must and must not be in the set.

    Returns
    -------
    tuple of str or None
        Of all sets of least cost one with the fewest nodes, of these the one closest to the outcomes; ``None`` if
        there is no adjustment set. Beside the required nodes none is superfluous, free ones neither. It does not
        depend on the names of the nodes, and costs are compared without rounding. A maximum flow: polynomial.

    Raises
    ------
    QueryError
        As `causal_reasoning.identification.adjustment.pose` does, and for a cost of an unknown node or one that is
        no finite number of at least zero.

    Examples
    --------
    >>> graph = CausalGraph("abcxy", [("c", "x"), ("c", "a"), ("c", "b"), ("a", "y"), ("b", "y"), ("x", "y")])
    >>> cheapest_adjustment_set(graph, "x", "y", {})
    ('c',)
    >>> cheapest_adjustment_set(graph, "x", "y", {"c": 5, "a": 0.5})
    ('a', 'b')

    References
    ----------
    B. van der Zander, M. Liśkiewicz and J. Textor (2019), see `causal_reasoning.identification.adjustment`: minimum
    cost adjustment sets are minimum vertex cuts.
    """
    problem = pose(graph, do, on, required=required, excluded=excluded)
    price = _prices(graph, cost)
    # One more node always counts less than the smallest difference in cost.
    weight = [value * (len(price) + 1) + 1 for value in price]
    found = lightest(problem.torso, weight)
    return None if found is None else graph.names(found | problem.required)


def _prices(graph: CausalGraph, cost: Mapping[str, float]) -> list[int]:
    """Turn the costs into whole numbers of the same proportions, one for each node."""
    known_nodes(graph, cost, "the node with a cost")
    exact: list[Fraction] = []
    for name in graph.nodes:
        value = cost.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value < 0:
            raise QueryError(f"the cost of '{name}' must be a finite number of at least 0, not {value!r}")
        exact.append(Fraction(value) if isinstance(value, int) else Fraction(float(value)))
    unit = math.lcm(*(part.denominator for part in exact))
    return [int(part * unit) for part in exact]


def lightest(graph: Torso, weight: Sequence[int]) -> int | None:
    """Find the separator of least total weight.

    Parameters
    ----------
    graph : Torso
        The graph.
    weight : sequence of int
        A positive number for each node that is not a terminal; entries for others are not read.

    Returns
    -------
    int or None
        A minimal separator as a bit set, of several the one nearest to the target; ``None`` if nothing separates.
        The shortest augmenting paths are found in layers, so there are at most as many layerings as halves of
        nodes, and usually a handful.

    References
    ----------
    L. R. Ford and D. R. Fulkerson, *Flows in Networks* (1962); E. Dinitz, "Algorithm for solution of a problem of
    maximum flow in a network with power estimation" (1970).
    """
    if not graph.separable:
        return None
    flow = _Flow(graph, weight)
    while True:
        layers, cut = flow.layers()
        if not layers:
            return cut
        flow.saturate(layers)


Half = tuple[int, bool]
"""A node is split into the half that is entered (``False``) and the half that is left (``True``)."""


class _Flow:
    """A flow from the target to the source of a torso, so that the cut in the end is the one near the target."""

    def __init__(self, graph: Torso, weight: Sequence[int]) -> None:
        self.rows, self.start, self.end = graph.neighbours, graph.target, graph.source
        self.weight = weight
        self.inner = ~(1 << self.start | 1 << self.end)
        size = len(self.rows)
        self.through = [0] * size  # the flow through a node
        self.along: list[dict[int, int]] = [{} for _ in range(size)]  # the flow from a node to each next one
        self.next = [0] * size  # where that is positive
        self.previous = [0] * size
        self.open = union(self.rows, (1 << size) - 1)  # nodes that can take more
        self.used = 0  # nodes with some flow

    def layers(self) -> tuple[list[tuple[int, int]], int]:
        """Sort the halves by their distance in the residual graph; or return no layers and the cut.

        A layer is a bit set of halves that are entered and one of halves that are left; the last layer is the
        first with a neighbour of the end.
        """
        entered = left = new_left = 0
        new_entered = self.rows[self.start]
        found = []
        while new_entered or new_left:
            entered |= new_entered
            left |= new_left
            found.append((new_entered, new_left))
            if new_left & self.rows[self.end]:
                return found, 0
            into = (union(self.rows, new_left) & self.inner | new_left & self.used) & ~entered
            out = (new_entered & self.open | union(self.previous, new_entered)) & ~left
            new_entered, new_left = into, out
        return [], entered & ~left

    def saturate(self, layers: list[tuple[int, int]]) -> None:
        """Send flow along paths through the layers until there is none: search backwards, drop dead ends."""
        entered, left = [pair[0] for pair in layers], [pair[1] for pair in layers]
        last = len(layers) - 1
        while goals := left[last] & self.rows[self.end]:
            path: list[Half] = [((goals & -goals).bit_length() - 1, True)]
            while path:
                depth = last + 1 - len(path)
                v, leaving = path[-1]
                if depth == 0:
                    self._push(path[::-1])
                    break
                if leaving:
                    before = entered[depth - 1] & (self.next[v] | self.open & 1 << v)
                else:
                    before = left[depth - 1] & (self.rows[v] | self.used & 1 << v)
                if before:
                    path.append(((before & -before).bit_length() - 1, not leaving))
                else:
                    (left if leaving else entered)[depth] &= ~(1 << v)
                    path.pop()

    def _push(self, path: list[Half]) -> None:
        """Send as much as possible along a path of halves."""
        steps = list(pairwise(path))
        amount = min(room for room in (self._room(a, b) for a, b in steps) if room is not None)
        for (u, leaving), (v, _) in steps:
            if u == v:
                self.through[u] += -amount if leaving else amount
                self._mark(u)
            elif leaving:
                self.along[u][v] = self.along[u].get(v, 0) + amount
                self.next[u] |= 1 << v
                self.previous[v] |= 1 << u
            else:
                self.along[v][u] -= amount
                if not self.along[v][u]:
                    self.next[v] &= ~(1 << u)
                    self.previous[u] &= ~(1 << v)

    def _room(self, one: Half, other: Half) -> int | None:
        """How much more can go from one half to the next; ``None`` is without limit."""
        (u, leaving), (v, _) = one, other
        if u == v:
            return self.through[u] if leaving else self.weight[u] - self.through[u]
        return None if leaving else self.along[v][u]

    def _mark(self, v: int) -> None:
        bit = 1 << v
        self.used = self.used | bit if self.through[v] else self.used & ~bit
        self.open = self.open | bit if self.through[v] < self.weight[v] else self.open & ~bit
