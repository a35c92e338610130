"""Edits of one edge: add, drop, reverse."""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.edits.base import Edit, EditError, Link, known, links, present


@dataclass(frozen=True)
class AddEdge(Edit):
    """Assume an arrow or a hidden common cause.

    Parameters
    ----------
    link : Link
        The new edge, between nodes that exist.

    Examples
    --------
    >>> AddEdge(Link("a", "b", hidden=True)).apply(CausalGraph("ab"))
    CausalGraph(a <-> b)
    """

    link: Link

    @property
    def cost(self) -> int:
        """One."""
        return 1

    def text(self) -> str:
        """``add a -> b`` or ``add a <-> b``."""
        return f"add {self.link.text()}"

    def check(self, graph: CausalGraph) -> None:
        """Refuse unknown ends, an edge of a node with itself, and an edge that is there."""
        known(graph, *self.link.ends)
        a, b = self.link.ends
        if a == b:
            what = "share a hidden cause with itself" if self.link.hidden else "be its own cause"
            raise EditError(f"a node cannot {what}")
        existing = links(graph)
        if self.link in existing:
            raise EditError(f"the edge {self.link.text()} is there already")
        if not self.link.hidden and Link(b, a) in existing:
            raise EditError(f"there is {b} -> {a}; to turn it round, write 'reverse {b} -> {a}'")

    def added(self, graph: CausalGraph) -> tuple[Link, ...]:
        """The edge."""
        return (self.link,)


@dataclass(frozen=True)
class DropEdge(Edit):
    """Assume that there is no such arrow or hidden common cause.

    Parameters
    ----------
    link : Link
        An edge of the graph.

    Examples
    --------
    >>> DropEdge(Link("a", "b")).apply(CausalGraph("ab", [("a", "b")], [("a", "b")]))
    CausalGraph(a <-> b)
    """

    link: Link

    @property
    def cost(self) -> int:
        """One."""
        return 1

    def text(self) -> str:
        """``drop a -> b`` or ``drop a <-> b``."""
        return f"drop {self.link.text()}"

    def check(self, graph: CausalGraph) -> None:
        """Refuse an edge that is not there."""
        present(graph, self.link)

    def carry(self, link: Link) -> tuple[Link, ...]:
        """Every edge but this one stays."""
        return () if link == self.link else (link,)


@dataclass(frozen=True)
class Reverse(Edit):
    """Turn an arrow round.

    Parameters
    ----------
    cause, effect : str
        The arrow as it is in the graph.

    Examples
    --------
    >>> Reverse("a", "b").apply(CausalGraph("ab", [("a", "b")]))
    CausalGraph(b -> a)
    """

    cause: str
    effect: str

    @property
    def cost(self) -> int:
        """One."""
        return 1

    def text(self) -> str:
        """``reverse a -> b``."""
        return f"reverse {self.cause} -> {self.effect}"

    def check(self, graph: CausalGraph) -> None:
        """Refuse an arrow that is not there."""
        present(graph, Link(self.cause, self.effect))

    def carry(self, link: Link) -> tuple[Link, ...]:
        """The arrow comes out the other way round."""
        return (Link(self.effect, self.cause),) if link == Link(self.cause, self.effect) else (link,)
