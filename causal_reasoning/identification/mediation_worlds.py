"""Which nodes of a mediation question hear which value of the treatment.

Y(x, M(x*)) is the outcome with the treatment set to x and the mediators set to what they would be under x*. Nodes
that lead to the mediators live in the world of x*, nodes that lead to the outcome past the mediators in the world of
x. A node that does both is fine as long as it does not hear the treatment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, bits, closure, tables, union
from causal_reasoning.identification.derivation import some


@dataclass(frozen=True, eq=False)
class Worlds:
    """A mediation question on a graph without latent nodes, as bit sets.

    Parameters
    ----------
    graph : CausalGraph
        The graph, projected to its observed nodes.
    do, on, mediators : int
        Treatments, outcomes and mediators.
    """

    graph: CausalGraph
    do: int
    on: int
    mediators: int

    @cached_property
    def edges(self) -> Tables:
        """The edges of the graph."""
        return tables(self.graph)

    @cached_property
    def direct(self) -> int:
        """The outcomes and what leads to them past mediators and treatments."""
        return closure(self.edges.parents, self.on, ~(self.do | self.mediators))

    @cached_property
    def carriers(self) -> int:
        """The mediators from which a directed path leads to an outcome past the other mediators."""
        return union(self.edges.parents, self.direct) & self.mediators

    @cached_property
    def mediated(self) -> int:
        """The carriers and what leads to them past treatments."""
        return closure(self.edges.parents, self.carriers, ~self.do)

    @cached_property
    def hearing(self) -> int:
        """The nodes of both kinds with an arrow from a treatment."""
        return union(self.edges.children, self.do) & (self.direct | self.mediated)

    @cached_property
    def witnesses(self) -> int:
        """Nodes that would have to hear both values: recanting witnesses."""
        return self.hearing & self.direct & self.mediated

    @cached_property
    def districts(self) -> tuple[int, ...]:
        """The nodes of both kinds, split into what hidden causes connect; effects before causes."""
        left = self.direct | self.mediated
        place = {name: i for i, name in enumerate(self.graph.topological_order)}
        found = []
        while left:
            district = closure(self.edges.siblings, left & -left, left)
            found.append(district)
            left &= ~district
        return tuple(sorted(found, key=lambda mask: -max(place[name] for name in self.graph.names(mask))))

    def hears_reference(self, district: int) -> bool:
        """Whether a district hears the reference value x*."""
        return bool(district & self.hearing & self.mediated)

    def recanting(self) -> int | None:
        """Find a district that would have to hear both values; of several, the one with the fewest nodes."""
        both = [mask for mask in self.districts if mask & self.hearing & self.direct and self.hears_reference(mask)]
        return min(both, key=lambda mask: (mask.bit_count(), self.graph.names(mask)), default=None)

    def causes(self, district: int) -> int:
        """What a district needs to be set: its parents outside."""
        return union(self.edges.parents, district) & ~district

    # -- words -------------------------------------------------------------------------------------------------

    def direct_path(self, node: int) -> str:
        """Write a directed path from a treatment through a node to an outcome past the mediators."""
        return self._path(node, self.on, self.direct)

    def mediated_path(self, node: int) -> str:
        """Write a directed path from a treatment through a node and a mediator to an outcome."""
        toward = self._path(node, self.carriers, self.mediated)
        last = toward.rsplit(" -> ", 1)[1]
        first = self._walk(self.edges.children, self.graph.mask([last]), self.on, self.direct)
        return " -> ".join([toward, *first[1:]])

    def link(self, district: int, first: int, second: int) -> str:
        """Write a path of hidden causes between two sets of nodes of a district."""
        return " <-> ".join(self._walk(self.edges.siblings, first, second, district))

    def _path(self, node: int, goals: int, within: int) -> str:
        start = self.edges.parents[node.bit_length() - 1] & self.do
        names = [self.graph.names(start)[0], *self._walk(self.edges.children, node, goals, within)]
        return " -> ".join(names)

    def _walk(self, table: Sequence[int], start: int, goals: int, within: int) -> list[str]:
        """Find a shortest walk; of several the first by the order of the nodes."""
        layers = [start]
        seen = start
        while not layers[-1] & goals:
            new = union(table, layers[-1]) & (within | goals) & ~seen
            if not new:
                raise AssertionError("there is no such path")
            layers.append(new)
            seen |= new
        back = [next(bits(layers[-1] & goals))]
        for layer in reversed(layers[:-1]):
            back.append(next(i for i in bits(layer) if table[i] >> back[-1] & 1))
        return [self.graph.nodes[i] for i in reversed(back)]

    def say(self, mask: int) -> str:
        """Names of a bit set."""
        return some(self.graph.names(mask))
