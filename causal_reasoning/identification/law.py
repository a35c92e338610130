"""The distributions that the ID algorithm passes down: the observed one, and c-factors made of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from causal_reasoning.estimand import Expression, One, Probability, Quotient, summed
from causal_reasoning.estimand.simplify import simplify
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, closure, union
from causal_reasoning.identification.derivation import some


@dataclass(frozen=True, eq=False)
class Law(ABC):
    """A distribution over some nodes of a graph, perhaps for given values of others.

    Parameters
    ----------
    graph : CausalGraph
        For the names.
    edges : Tables
        Its edges.
    nodes : int
        Bit set of the nodes that are distributed; the graph between them is a model of the law.
    order : tuple of int
        All nodes of the graph, causes first.
    """

    graph: CausalGraph
    edges: Tables
    nodes: int
    order: tuple[int, ...]

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is called in a derivation."""

    @abstractmethod
    def marginal(self, keep: int) -> Expression:
        """The distribution of some of the nodes."""

    @abstractmethod
    def conditional(self, node: int, earlier: int) -> Expression:
        """The distribution of one node (an index) given all that come before it (a bit set)."""

    @abstractmethod
    def restrict(self, keep: int) -> Law:
        """Marginalise to an ancestral set."""

    def name(self, mask: int) -> str:
        """Write a marginal of it."""
        return f"P({some(self.graph.names(mask))})"

    def inner(self, nodes: int, joint: Expression) -> Law:
        """The law of line 7: a c-factor, for given values of the nodes outside."""
        return FactorLaw(self.graph, self.edges, nodes, self.order, joint)

    def pillow(self, node: int, earlier: int) -> int:
        """The Markov pillow: what a node depends on among the earlier ones, its c-component there and the parents."""
        district = closure(self.edges.siblings, 1 << node, earlier | 1 << node)
        return (district | union(self.edges.parents, district) & earlier) & ~(1 << node)


@dataclass(frozen=True, eq=False)
class ObservedLaw(Law):
    """The observed distribution, or a marginal of it to an ancestral set."""

    @property
    def title(self) -> str:
        """The observed distribution."""
        return "the observed distribution"

    def marginal(self, keep: int) -> Expression:
        """A probability."""
        return Probability(self.graph.names(keep)) if keep else One()

    def conditional(self, node: int, earlier: int) -> Expression:
        """Given the Markov pillow, which is all that matters."""
        return Probability(self.graph.names(1 << node), self.graph.names(self.pillow(node, earlier)))

    def restrict(self, keep: int) -> Law:
        """The same distribution, seen through fewer nodes."""
        return ObservedLaw(self.graph, self.edges, keep, self.order)


@dataclass(frozen=True, eq=False)
class FactorLaw(Law):
    """A c-factor: the effect on its nodes of setting all others, as an expression.

    Parameters
    ----------
    joint : Expression
        Over the nodes and what they depend on outside.
    """

    joint: Expression

    @property
    def title(self) -> str:
        """Tian's name for it."""
        return f"Q[{some(self.graph.names(self.nodes))}]"

    def marginal(self, keep: int) -> Expression:
        """Sum the others out."""
        return simplify(summed(self.graph.names(self.nodes & ~keep), self.joint))

    def conditional(self, node: int, earlier: int) -> Expression:
        """Q[earlier and the node] / Q[earlier]: a c-factor's own conditional, not that of the observed joint."""
        above = self.marginal(earlier | 1 << node)
        return simplify(Quotient(above, self.marginal(earlier))) if earlier else above

    def restrict(self, keep: int) -> Law:
        """Sum out what is no ancestor."""
        return FactorLaw(self.graph, self.edges, keep, self.order, self.marginal(keep))


def before(order: Sequence[int], node: int, inside: int) -> int:
    """Bit set of the nodes of a set that come before a node."""
    result = 0
    for i in order:
        if i == node:
            break
        result |= 1 << i
    return result & inside
