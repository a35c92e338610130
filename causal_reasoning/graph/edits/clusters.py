"""Edits of the grain of a graph: merge several nodes into one, split one into several."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.edits.base import Edit, EditError, Link, fresh, known, links
from causal_reasoning.graph.edits.bindings import DataBinding, binding_text

WORDS = ("as", "into", "with")
"""Words of the edit language: no part of a split can be called so."""


@dataclass(frozen=True)
class Merge(Edit):
    """Treat several nodes as one.

    The new node has the edges of all of them; edges among them vanish. It takes over role and binding of the
    node whose name it keeps or, under a new name, of the node that is named first: the rest is folded into that
    one. So it is latent exactly if that node is, unless a binding is given.

    Parameters
    ----------
    members : tuple of str
        Two or more nodes.
    into : str
        One of them, or a new name.
    bind : TextBinding or ColumnBinding, optional
        What the new node is in the data.

    Notes
    -----
    A merger that would make a circle is refused: in a -> b -> c, a and c cannot be one node.

    Examples
    --------
    >>> chain = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")])
    >>> Merge(("b", "c"), "m").apply(chain)
    CausalGraph(m -> d; a -> m)

    References
    ----------
    T. Anand, A. Ribeiro, J. Tian and E. Bareinboim, "Causal effect identification in cluster DAGs" (AAAI 2023).
    """

    members: tuple[str, ...]
    into: str
    bind: DataBinding | None = None

    def __post_init__(self) -> None:
        if len(set(self.members)) < 2:
            raise EditError("a merger takes two nodes or more, for instance 'merge a b into c'")
        if len(set(self.members)) < len(self.members):
            twice = next(n for n in self.members if self.members.count(n) > 1)
            raise EditError(f"'{twice}' stands twice; keep one")

    @property
    def keeper(self) -> str:
        """The node whose role and binding the new node has."""
        return self.into if self.into in self.members else self.members[0]

    @property
    def cost(self) -> int:
        """How many nodes there are less."""
        return len(self.members) - 1

    def text(self) -> str:
        """``merge a b into c``."""
        return f"merge {' '.join(self.members)} into {self.into}" + (
            f" as {binding_text(self.bind)}" if self.bind else ""
        )

    def check(self, graph: CausalGraph) -> None:
        """Refuse unknown nodes and a name that another node has."""
        known(graph, *self.members)
        if self.into not in self.members:
            fresh(graph, self.into)

    def new_names(self, node: str) -> tuple[str, ...]:
        """The members have one name, so that edges between them vanish."""
        return (self.into,) if node in self.members else (node,)

    def nodes(self, graph: CausalGraph) -> tuple[str, ...]:
        """The members are one node."""
        return (*(name for name in graph.nodes if name not in self.members), self.into)

    def latent(self, graph: CausalGraph) -> tuple[str, ...]:
        """The new node is latent if its keeper is, and has no binding of its own."""
        others = tuple(name for name in graph.latent if name not in self.members)
        return (*others, self.into) if self.keeper in graph.latent and not self.bind else others


@dataclass(frozen=True)
class Part:
    """One of the nodes that a node is split into.

    Parameters
    ----------
    node : str
        Its name.
    bind : TextBinding or ColumnBinding, optional
        What it is in the data.
    """

    node: str
    bind: DataBinding | None = None

    def text(self) -> str:
        """``n`` or ``n as column:NAME``."""
        return self.node + (f" as {binding_text(self.bind)}" if self.bind else "")


@dataclass(frozen=True)
class Split(Edit):
    """Look at a node more closely: several nodes in its place.

    Every part has all causes and all effects of the node; nothing is assumed away that was not before. So a
    hidden cause that the node shared with another is one of all parts: they share it with the other node and
    with each other. Between the parts there are no arrows but those of ``inner``. Merging the parts gives the
    graph back.

    The part that keeps the node's name or, if none does, the first one keeps its binding; the others are latent
    unless they have one of their own. In a query all parts stand in for the node.

    Parameters
    ----------
    node : str
        A node of the graph.
    parts : tuple of Part
        Two or more; one of them may keep the node's name.
    inner : tuple of Link
        Edges between parts.

    Examples
    --------
    >>> graph = CausalGraph("xyz", [("x", "y"), ("y", "z")])
    >>> Split("y", (Part("a"), Part("b")), (Link("a", "b"),)).apply(graph)
    CausalGraph(x -> a; a -> b; x -> b; a -> z; b -> z, latent: b)
    """

    node: str
    parts: tuple[Part, ...]
    inner: tuple[Link, ...] = ()

    def __post_init__(self) -> None:
        names = self.names
        if len(names) < 2:
            raise EditError("a split gives two nodes or more, for instance 'split n into a b'")
        if len(set(names)) < len(names):
            raise EditError(f"'{next(n for n in names if names.count(n) > 1)}' stands twice; keep one")
        for word in WORDS:
            if word in names:
                raise EditError(f"'{word}' is a word of this edit; choose another name for the part")
        for link in self.inner:
            for end in link.ends:
                if end not in names:
                    raise EditError(f"'{end}' is none of the parts {', '.join(names)}; add that edge with 'add'")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parts."""
        return tuple(part.node for part in self.parts)

    @property
    def keeper(self) -> str:
        """The part that keeps the node's binding."""
        return self.node if self.node in self.names else self.names[0]

    @property
    def cost(self) -> int:
        """How many nodes there are more, and how many edges between them were given."""
        return len(self.parts) - 1 + len(self.inner)

    def text(self) -> str:
        """``split n into a, b with a -> b``."""
        inner = f" with {', '.join(link.text() for link in self.inner)}" if self.inner else ""
        return f"split {self.node} into {', '.join(part.text() for part in self.parts)}{inner}"

    def check(self, graph: CausalGraph) -> None:
        """Refuse an unknown node and names that other nodes have."""
        known(graph, self.node)
        for name in self.names:
            if name != self.node:
                fresh(graph, name)

    def nodes(self, graph: CausalGraph) -> tuple[str, ...]:
        """The parts in the place of the node."""
        return (*(name for name in graph.nodes if name != self.node), *self.names)

    def latent(self, graph: CausalGraph) -> tuple[str, ...]:
        """Parts without a binding are latent, except for the keeper of an observed node."""
        kept = {self.keeper} if self.node not in graph.latent else set()
        parts = tuple(part.node for part in self.parts if not part.bind and part.node not in kept)
        return (*(name for name in graph.latent if name != self.node), *parts)

    def new_names(self, node: str) -> tuple[str, ...]:
        """The node has the names of all parts, and so have its edges."""
        return self.names if node == self.node else (node,)

    def added(self, graph: CausalGraph) -> tuple[Link, ...]:
        """Edges between parts: those that were given, and the hidden causes that all parts have now."""
        shared = any(link.hidden and self.node in link.ends for link in links(graph))
        pairs = combinations(self.names, 2) if shared else ()
        return (*self.inner, *(Link(a, b, hidden=True) for a, b in pairs))
