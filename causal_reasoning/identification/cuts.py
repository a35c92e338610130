"""Minimal vertex cuts of directed graphs in which only some nodes may be cut.

A *cut* is a set of cuttable nodes that every directed path from a source to a target meets; it is *minimal*
if no proper subset is a cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from causal_reasoning.identification.bitsets import bits, closure, union


@dataclass(frozen=True, eq=False)
class Network:
    """A directed graph with two terminals.

    Parameters
    ----------
    after : sequence of int
        The nodes behind each node, as bit sets.
    source, target : int
        The terminals, as positions.
    cuttable : int
        Bit set of the nodes that may be cut; neither terminal.
    """

    after: Sequence[int]
    source: int
    target: int
    cuttable: int

    @cached_property
    def before(self) -> list[int]:
        """The nodes in front of each node."""
        result = [0] * len(self.after)
        for i, row in enumerate(self.after):
            for j in bits(row):
                result[j] |= 1 << i
        return result


def has_cut(network: Network) -> bool:
    """Decide whether a cut exists: one search."""
    reached = closure(network.after, 1 << network.source, ~network.cuttable)
    return not reached >> network.target & 1


def nearest_cut(network: Network) -> int | None:
    """Find the minimal cut that is closest to the target.

    Parameters
    ----------
    network : Network
        The graph.

    Returns
    -------
    int or None
        A bit set, or ``None`` if no cut exists. It does not depend on the order of the nodes. Two searches:
        linear time.

    Examples
    --------
    >>> chain = Network([0b0010, 0b0100, 0b1000, 0], 0, 3, 0b0110)
    >>> nearest_cut(chain) == 0b0100
    True
    """
    if not has_cut(network):
        return None
    side = closure(network.before, 1 << network.target, ~network.cuttable)
    fence = union(network.before, side) & network.cuttable
    return union(network.after, closure(network.after, 1 << network.source, ~fence)) & fence


def all_minimal_cuts(network: Network) -> Iterator[int]:
    """Yield every minimal cut once.

    A minimal cut is known by what can be reached from the source without it. The search grows a set that must
    be reached and a set of nodes that must be cut, and enters no branch without a minimal cut: whether a
    branch has one is decided by the smallest reach of a minimal cut around what must be reached.

    Parameters
    ----------
    network : Network
        The graph.

    Yields
    ------
    int
        Bit sets, in an order that depends on the order of the nodes only. Between two of them at most as many
        linear searches as there are cuttable nodes (polynomial delay), in linear space for each open branch.

    References
    ----------
    J. S. Provan and D. R. Shier, "A paradigm for listing (s, t)-cuts in graphs", Algorithmica 15 (1996), for
    the idea of growing the source side around a pivot; K. Takata (2010), as in `separators.all_minimal`, for the
    undirected case, whose form is kept here.
    """
    start = _grow(network, 1 << network.source)
    stack = [(start, 0)] if start is not None else []
    while stack:
        (reached, fence), fixed = stack.pop()
        while True:
            # What leads straight into the target can never be on the source's side.
            open_ends = fence & ~fixed & ~network.before[network.target]
            if not open_ends:
                yield fence
                break
            v = open_ends & -open_ends
            grown = _grow(network, reached | v)
            if grown is not None and not grown[0] & fixed:
                stack.append((grown, fixed))
            fixed |= v


def _grow(network: Network, inside: int) -> tuple[int, int] | None:
    """Return the smallest reach of a minimal cut that contains some reachable nodes, and that cut."""
    inside = closure(network.after, inside, ~network.cuttable)
    if inside >> network.target & 1:
        return None
    around = union(network.after, inside) & ~inside
    beyond = closure(network.before, 1 << network.target, ~(around | inside))
    # A node that leads nowhere but back inside is of no use in a cut; cutting it would not be minimal.
    fence = union(network.before, beyond) & around
    return closure(network.after, inside, ~fence), fence
