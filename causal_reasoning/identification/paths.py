"""Shortest paths of a given kind between treatments and outcomes."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, bits

Mark = Literal["->", "<-", "<->"]
Kind = Literal["fork", "chain", "collider"]

BUDGET = 4000
"""How many partial paths one search may look at."""


@dataclass(frozen=True)
class Path:
    """A path from a treatment to an outcome.

    Parameters
    ----------
    nodes : tuple of str
        In the order of the path.
    marks : tuple of str
        ``->``, ``<-`` or ``<->``: one between each node and the next.
    """

    nodes: tuple[str, ...]
    marks: tuple[Mark, ...]

    def text(self) -> str:
        """Print as ``skill <- confounder -> question``."""
        steps = (f" {mark} {node}" for mark, node in zip(self.marks, self.nodes[1:], strict=True))
        return self.nodes[0] + "".join(steps)

    def inner(self) -> list[tuple[str, Kind]]:
        """List the nodes between the ends, each with what the path makes of it."""
        return [
            (node, kind_of(before != "<-", after != "->"))
            for node, before, after in zip(self.nodes[1:-1], self.marks, self.marks[1:], strict=False)
        ]


def kind_of(into_from_left: bool, into_from_right: bool) -> Kind:
    """Say what a path makes of a node, by the arrowheads at the node on either side."""
    if into_from_left and into_from_right:
        return "collider"
    return "chain" if into_from_left or into_from_right else "fork"


@dataclass(frozen=True)
class Wanted:
    """Which paths to look for.

    Parameters
    ----------
    first : frozenset of str
        Marks with which a path may begin.
    passes : callable
        ``passes(node, kind)``: whether a path may run through the node, as a collider or as what else it is.
    collider : bool
        Whether a path must have a collider.
    """

    first: frozenset[Mark]
    passes: Callable[[int, Kind], bool]
    collider: bool = False


ANY: frozenset[Mark] = frozenset(("->", "<-", "<->"))
State = tuple[int, bool, bool]


def shortest_paths(
    graph: CausalGraph, edges: Tables, starts: int, goals: int, wanted: Wanted, limit: int
) -> tuple[list[Path], bool]:
    """List the shortest paths of a kind that meet starts and goals at their ends only.

    Parameters
    ----------
    graph : CausalGraph
        For the names.
    edges : Tables
        The edges that may be used.
    starts, goals : int
        Bit sets.
    wanted : Wanted
        The kind.
    limit : int
        How many.

    Returns
    -------
    list of Path, bool
        Shortest first, then by the order of the nodes; and whether these are all there are. A search ordered
        by the exact length of the best walk that remains, cut off after `BUDGET` steps.
    """
    steps = _steps(edges)
    left = _distances(steps, goals, wanted, starts)
    heap: list[tuple[int, tuple[int, ...], tuple[Mark, ...], State]] = []

    def push(nodes: tuple[int, ...], marks: tuple[Mark, ...], state: State) -> None:
        if state in left:
            heapq.heappush(heap, (len(marks) + left[state], nodes, marks, state))

    for start in bits(starts):
        for node, mark, head in steps[start]:
            if mark in wanted.first and not starts >> node & 1:
                push((start, node), (mark,), (node, head, False))
    found: list[Path] = []
    budget = BUDGET
    while heap and budget:
        budget -= 1
        _, nodes, marks, (here, head, collider) = heapq.heappop(heap)
        if goals >> here & 1:
            if len(found) == limit:
                return found, False
            found.append(Path(tuple(graph.nodes[i] for i in nodes), marks))
            continue
        for node, mark, next_head in steps[here]:
            if node in nodes or starts >> node & 1:
                continue
            kind = kind_of(head, mark != "->")
            if wanted.passes(here, kind):
                push((*nodes, node), (*marks, mark), (node, next_head, collider or kind == "collider"))
    return found, not heap


Step = tuple[int, Mark, bool]


def _steps(edges: Tables) -> list[list[Step]]:
    """For each node: where an edge leads, how it is written, whether it has an arrowhead there."""
    return [
        [(j, "->", True) for j in bits(edges.children[i])]
        + [(j, "<-", False) for j in bits(edges.parents[i])]
        + [(j, "<->", True) for j in bits(edges.siblings[i])]
        for i in range(edges.size)
    ]


def _distances(steps: list[list[Step]], goals: int, wanted: Wanted, starts: int) -> dict[State, int]:
    """Length of the shortest walk to a goal from (node, entered by an arrowhead, collider seen)."""
    result: dict[State, int] = {}
    queue: deque[State] = deque()
    for goal in bits(goals):
        for head in (False, True):
            for seen in (True,) if wanted.collider else (False, True):
                result[goal, head, seen] = 0
                queue.append((goal, head, seen))
    while queue:
        state = queue.popleft()
        node, head, seen = state
        for other, back, head_there in steps[node]:
            # The edge read the other way: it leaves `other` and enters `node`.
            if (back != "->") != head or starts >> other & 1 or goals >> other & 1:
                continue
            for other_head in (False, True):
                kind = kind_of(other_head, head_there)
                if not wanted.passes(other, kind):
                    continue
                for seen_before in (False, True):
                    if seen != (seen_before or kind == "collider"):
                        continue
                    previous = (other, other_head, seen_before)
                    if previous not in result:
                        result[previous] = result[state] + 1
                        queue.append(previous)
    return result
