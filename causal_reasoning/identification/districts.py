"""The districts that a node has in ancestral sets: what its independences, of either kind, are read from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from causal_reasoning.identification.bitsets import Tables, bits, closure, union


@dataclass(frozen=True)
class Blanket:
    """A node's district in an ancestral set, and the largest ancestral set in which that is its district.

    Parameters
    ----------
    district : int
        Bit set of the nodes that hidden causes inside the ancestral set connect with the node; it is in it.
    pillow : int
        The rest of the district and all parents of the district, also those outside.
    ancestral : int
        The ancestral set.
    """

    district: int
    pillow: int
    ancestral: int


def blankets(edges: Tables, node: int, within: int, *, vacuous: bool = False) -> Iterator[Blanket]:
    """Yield every blanket of a node.

    Parameters
    ----------
    edges : Tables
        A graph without latent nodes.
    node : int
        The index of a node without children in ``within``.
    within : int
        Bit set of the nodes that ancestral sets are made of, the node included; only edges between them count.
    vacuous : bool
        Whether to yield blankets whose pillow covers all of the ancestral set, so that nothing is left that the node
        could be independent of.

    Yields
    ------
    Blanket
        Each district once; small ones tend to come first. Every ancestral set with the node in it has the district
        of one of them, is part of its ancestral set, and needs the same pillow. There may be exponentially many;
        between two of them lies polynomial time, as no branch without any is entered.

    References
    ----------
    T. Richardson, "Markov properties for acyclic directed mixed graphs" (Scandinavian Journal of Statistics 30,
    2003): maximal ancestral sets for each Markov blanket. H. Jeong, A. Ejaz, J. Tian and E. Bareinboim, "Testing
    causal models with hidden variables in polynomial delay via conditional independencies" (AAAI 2025): one for each
    ancestral c-component, listed with polynomial delay.
    """
    one = 1 << node
    start = closure(edges.siblings, one, closure(edges.parents, one, within))
    stack = [(start, 0)]
    while stack:
        district, outside = stack.pop()
        if not (vacuous or _promising(edges, one, within, district, outside)):
            continue
        undecided = union(edges.siblings, district) & within & ~(district | outside)
        if not undecided:
            yield Blanket(district, _pillow(edges, one, district), within & ~outside)
            continue
        other = undecided & -undecided
        ancestral = closure(edges.parents, district | other, within)
        if not ancestral & outside:
            stack.append((closure(edges.siblings, one, ancestral), outside))
        stack.append((district, outside | closure(edges.children, other, within)))


def _pillow(edges: Tables, one: int, district: int) -> int:
    return (district | union(edges.parents, district)) & ~one


def _promising(edges: Tables, one: int, within: int, district: int, outside: int) -> bool:
    """Decide whether a larger district that leaves some nodes outside has a pillow that does not cover all.

    The larger the ancestral set, the larger the pillow: it is enough to look at the smallest set with each node.
    """
    pillow, beside = _pillow(edges, one, district), union(edges.siblings, district)
    ancestral = closure(edges.parents, district, within)
    for other in bits(within & ~(outside | pillow | one)):
        added = closure(edges.parents, 1 << other, within & ~ancestral) & ~ancestral
        joined = closure(edges.siblings, beside & added, (ancestral | added) & ~district)
        if not (joined | union(edges.parents, joined)) >> other & 1:
            return True
    return False
