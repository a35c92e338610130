"""Edits of one node: add, drop, hide, observe."""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.edits.base import Edit, EditError, Link, fresh, known
from causal_reasoning.graph.edits.bindings import DataBinding, binding_text
from causal_reasoning.graph.spec import ColumnBinding


@dataclass(frozen=True)
class AddNode(Edit):
    """Put in a node without edges.

    Parameters
    ----------
    node : str
        A new name.
    bind : TextBinding or ColumnBinding, optional
        What it is in the data; without one the node is latent, as in a graph file.

    Examples
    --------
    >>> AddNode("u").apply(CausalGraph("a")).latent
    ('u',)
    """

    node: str
    bind: DataBinding | None = None

    @property
    def cost(self) -> int:
        """One."""
        return 1

    def text(self) -> str:
        """``add n`` or ``add n as column:NAME``."""
        return f"add {self.node}" + (f" as {binding_text(self.bind)}" if self.bind else "")

    def check(self, graph: CausalGraph) -> None:
        """Refuse a name that is taken."""
        fresh(graph, self.node)

    def nodes(self, graph: CausalGraph) -> tuple[str, ...]:
        """One more."""
        return (*graph.nodes, self.node)

    def latent(self, graph: CausalGraph) -> tuple[str, ...]:
        """One more, if the node has no binding."""
        return graph.latent if self.bind else (*graph.latent, self.node)


@dataclass(frozen=True)
class DropNode(Edit):
    """Take a node and its edges out.

    The node is deleted, as if it had never been thought of; it is not marginalised. To keep what it does to the
    others and admit that it is not in the data, use `Hide`.

    Parameters
    ----------
    node : str
        A node of the graph.

    Examples
    --------
    >>> DropNode("b").apply(CausalGraph("abc", [("a", "b"), ("b", "c")]))
    CausalGraph(a, c)
    """

    node: str

    @property
    def cost(self) -> int:
        """One."""
        return 1

    def text(self) -> str:
        """``drop n``."""
        return f"drop {self.node}"

    def check(self, graph: CausalGraph) -> None:
        """Refuse an unknown node."""
        known(graph, self.node)

    def nodes(self, graph: CausalGraph) -> tuple[str, ...]:
        """One less."""
        return tuple(name for name in graph.nodes if name != self.node)

    def latent(self, graph: CausalGraph) -> tuple[str, ...]:
        """Without the node."""
        return tuple(name for name in graph.latent if name != self.node)

    def carry(self, link: Link) -> tuple[Link, ...]:
        """The edges of the node go."""
        return () if self.node in link.ends else (link,)


@dataclass(frozen=True)
class Hide(Edit):
    """Admit that a node is not observed.

    Parameters
    ----------
    node : str
        An observed node of the graph.

    Examples
    --------
    >>> Hide("a").apply(CausalGraph("ab", [("a", "b")])).latent
    ('a',)
    """

    node: str

    @property
    def cost(self) -> int:
        """One."""
        return 1

    def text(self) -> str:
        """``hide n``."""
        return f"hide {self.node}"

    def check(self, graph: CausalGraph) -> None:
        """Refuse an unknown node and a latent one."""
        known(graph, self.node)
        if self.node in graph.latent:
            raise EditError(f"'{self.node}' is latent already")

    def latent(self, graph: CausalGraph) -> tuple[str, ...]:
        """One more."""
        return (*graph.latent, self.node)


@dataclass(frozen=True)
class Observe(Edit):
    """Measure a latent node.

    Parameters
    ----------
    node : str
        A latent node of the graph.
    bind : TextBinding or ColumnBinding, optional
        What it is in the data; by default a categorical column of its name.

    Examples
    --------
    >>> Observe("u").apply(CausalGraph("u", latent="u")).latent
    ()
    """

    node: str
    bind: DataBinding | None = None

    @property
    def cost(self) -> int:
        """One."""
        return 1

    @property
    def binding(self) -> DataBinding:
        """What the node is in the data."""
        return self.bind or ColumnBinding(column=self.node)

    def text(self) -> str:
        """``observe n`` or ``observe n as column:NAME``."""
        return f"observe {self.node}" + (f" as {binding_text(self.bind)}" if self.bind else "")

    def check(self, graph: CausalGraph) -> None:
        """Refuse an unknown node and an observed one."""
        known(graph, self.node)
        if self.node not in graph.latent:
            raise EditError(f"'{self.node}' is observed already")

    def latent(self, graph: CausalGraph) -> tuple[str, ...]:
        """One less."""
        return tuple(name for name in graph.latent if name != self.node)
