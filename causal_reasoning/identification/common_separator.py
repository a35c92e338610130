"""One set of nodes for several separations at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from causal_reasoning.identification.bitsets import Tables, bits
from causal_reasoning.identification.separation import connected, moral_torso
from causal_reasoning.identification.separators import near_target


@dataclass(frozen=True, eq=False)
class Separation:
    """Two sets that are to be independent in a graph, given some nodes and the set that is looked for.

    Parameters
    ----------
    edges : Tables
        The graph.
    first, second : int
        Disjoint bit sets.
    given : int
        What is given in any case.
    """

    edges: Tables
    first: int
    second: int
    given: int = 0

    def holds(self, chosen: int) -> bool:
        """Decide whether a set separates."""
        return not connected(self.edges, self.first, self.given | chosen) & self.second


def common_separator(separations: Sequence[Separation], allowed: int) -> int | None:
    """Select nodes that separate everywhere.

    Parameters
    ----------
    separations : sequence of Separation
        What must hold.
    allowed : int
        The nodes to select from; none of them is in a separation.

    Returns
    -------
    int or None
        A bit set of which no node can be left out alone, or ``None`` if all allowed nodes together do not separate.
        Then another set might: what separates in one place can open a way in another.
    """
    if not all(separation.holds(allowed) for separation in separations):
        return None
    kept, before = 0, -1
    # Each separation in turn gets what it lacks, until nothing is opened again.
    while kept != before:
        before = kept
        for asked in separations:
            if not asked.holds(kept):
                torso = moral_torso(asked.edges, asked.first, asked.second, asked.given | kept, allowed & ~kept)
                kept |= near_target(torso) or 0
    if not all(separation.holds(kept) for separation in separations):
        kept = allowed
    before = -1
    while kept != before:
        before = kept
        for i in bits(kept):
            if all(separation.holds(kept & ~(1 << i)) for separation in separations):
                kept &= ~(1 << i)
    return kept


def without_arrows_out(edges: Tables, nodes: int) -> Tables:
    """Cut the arrows out of some nodes.

    Parameters
    ----------
    edges : Tables
        The graph; it is not changed.
    nodes : int
        Bit set of the nodes.

    Returns
    -------
    Tables
        With the same hidden common causes.
    """
    children = list(edges.children)
    for i in bits(nodes):
        children[i] = 0
    return Tables(edges.size, [row & ~nodes for row in edges.parents], children, edges.siblings)
