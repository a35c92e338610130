"""Edges as bit sets: the form in which the algorithms of this package read a graph."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from causal_reasoning.graph.causal_graph import CausalGraph


@dataclass(frozen=True)
class Tables:
    """Neighbours of each node as integers; bit i stands for the i-th node of the graph.

    Parameters
    ----------
    size : int
        The number of nodes.
    parents, children, siblings : list of int
        Causes, effects and nodes with a hidden common cause, for each node.
    """

    size: int
    parents: list[int]
    children: list[int]
    siblings: list[int]


def tables(graph: CausalGraph) -> Tables:
    """Read the edges of a graph into bit sets, in one pass.

    Parameters
    ----------
    graph : CausalGraph
        The graph.

    Returns
    -------
    Tables
        Fresh lists, which the caller may change.
    """
    index = {name: i for i, name in enumerate(graph.nodes)}
    size = len(index)
    result = Tables(size, [0] * size, [0] * size, [0] * size)
    for cause, effect in graph.directed:
        i, j = index[cause], index[effect]
        result.parents[j] |= 1 << i
        result.children[i] |= 1 << j
    for a, b in graph.bidirected:
        i, j = index[a], index[b]
        result.siblings[i] |= 1 << j
        result.siblings[j] |= 1 << i
    return result


def bits(mask: int) -> Iterator[int]:
    """Yield the positions of the bits that are set, lowest first."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def union(table: Sequence[int], mask: int) -> int:
    """Unite the entries of the table at the bits of a mask."""
    result = 0
    for i in bits(mask):
        result |= table[i]
    return result


def closure(table: Sequence[int], mask: int, within: int = -1) -> int:
    """Collect everything that can be reached from a mask through a table.

    Parameters
    ----------
    table : sequence of int
        Neighbours of each node.
    mask : int
        Where to start; always part of the result.
    within : int
        The nodes that may be entered; by default all.

    Returns
    -------
    int
        A bit set. Each node is looked at once.
    """
    seen = frontier = mask
    while frontier:
        frontier = union(table, frontier) & within & ~seen
        seen |= frontier
    return seen
