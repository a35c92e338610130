"""What all edits have in common: a text, a cost, and what becomes of each edge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError


class EditError(GraphError):
    """The edit cannot be made to this graph, or is not written as an edit; one sentence says why."""


@dataclass(frozen=True, order=True)
class Link:
    """An edge as a value.

    Parameters
    ----------
    a, b : str
        Cause and effect; the ends of a hidden common cause are put in alphabetical order.
    hidden : bool
        Whether it is a hidden common cause, ``a <-> b``, instead of an arrow, ``a -> b``.

    Examples
    --------
    >>> Link("y", "x", hidden=True).text()
    'x <-> y'
    """

    a: str
    b: str
    hidden: bool = False

    def __post_init__(self) -> None:
        if self.hidden and self.b < self.a:
            first, second = self.b, self.a
            object.__setattr__(self, "a", first)
            object.__setattr__(self, "b", second)

    @property
    def arrow(self) -> str:
        """``->`` or ``<->``."""
        return "<->" if self.hidden else "->"

    @property
    def ends(self) -> tuple[str, str]:
        """Both nodes."""
        return self.a, self.b

    def text(self) -> str:
        """Print as in a graph file."""
        return f"{self.a} {self.arrow} {self.b}"


def links(graph: CausalGraph) -> tuple[Link, ...]:
    """All edges of a graph, arrows first, each kind in alphabetical order."""
    arrows = (Link(a, b) for a, b in sorted(graph.directed))
    return (*arrows, *(Link(a, b, hidden=True) for a, b in sorted(graph.bidirected)))


class Edit(ABC):
    """A change of the assumptions; each kind is a frozen dataclass.

    An edit is a value: it can be compared, printed, read back by `parse_edit` and applied to any graph that it
    fits.
    """

    @property
    @abstractmethod
    def cost(self) -> int:
        """How many assumptions are changed: one for each edge or node that is touched by name."""

    @abstractmethod
    def text(self) -> str:
        """Print as it is written on the command line; `parse_edit` reads it back."""

    @abstractmethod
    def check(self, graph: CausalGraph) -> None:
        """Raise `EditError` where the edit does not fit a graph; circles are found by `apply`."""

    def nodes(self, graph: CausalGraph) -> tuple[str, ...]:
        """The nodes after the edit."""
        return graph.nodes

    def latent(self, graph: CausalGraph) -> tuple[str, ...]:
        """The latent nodes after the edit."""
        return graph.latent

    def new_names(self, node: str) -> tuple[str, ...]:
        """What a node is called after an edit that keeps it; several names after a split."""
        return (node,)

    def carry(self, link: Link) -> tuple[Link, ...]:
        """What becomes of an edge: nothing, itself, another one or several."""
        ends = product(self.new_names(link.a), self.new_names(link.b))
        return tuple(Link(a, b, link.hidden) for a, b in ends if a != b)

    def added(self, graph: CausalGraph) -> tuple[Link, ...]:
        """Edges that do not come from an edge of the graph."""
        return ()

    def apply(self, graph: CausalGraph) -> CausalGraph:
        """Make the edit.

        Parameters
        ----------
        graph : CausalGraph
            A graph; it is not changed.

        Returns
        -------
        CausalGraph
            The edited graph.

        Raises
        ------
        EditError
            If the edit does not fit the graph or the arrows would run in a circle; the message names it.
        """
        self.check(graph)
        after = {new for link in links(graph) for new in self.carry(link)} | set(self.added(graph))
        try:
            return CausalGraph(
                self.nodes(graph),
                [link.ends for link in after if not link.hidden],
                [link.ends for link in after if link.hidden],
                self.latent(graph),
            )
        except GraphError as error:
            raise EditError(str(error).replace("the arrows run", "the arrows would run")) from error

    def __str__(self) -> str:
        return self.text()


def apply_edits(graph: CausalGraph, edits: Iterable[Edit]) -> CausalGraph:
    """Make several edits, one after the other; every step must be a causal graph.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    edits : iterable of Edit
        The edits, in order.

    Returns
    -------
    CausalGraph
        The graph after the last one.

    Raises
    ------
    EditError
        For the first edit that does not fit.
    """
    for edit in edits:
        graph = edit.apply(graph)
    return graph


def known(graph: CausalGraph, *nodes: str) -> None:
    """Raise `EditError` for a node that the graph does not have; the message names the nearest one."""
    for node in nodes:
        if node not in graph:
            raise EditError(f"there is no node '{node}'; {did_you_mean(node, graph.nodes)}")


def fresh(graph: CausalGraph, node: str) -> None:
    """Raise `EditError` for a name that the graph has already."""
    if node in graph:
        raise EditError(f"there is a node '{node}' already; choose another name")


def present(graph: CausalGraph, link: Link) -> None:
    """Raise `EditError` for an edge that the graph does not have; the message names what is there."""
    known(graph, *link.ends)
    existing = links(graph)
    if link in existing:
        return
    between = [other.text() for other in existing if set(other.ends) == set(link.ends)]
    if between:
        raise EditError(f"there is no edge {link.text()}; there is {' and '.join(between)}")
    near = [other.text() for other in existing if set(other.ends) & set(link.ends)]
    shown = f"the edges at {link.a} or {link.b} are {', '.join(near[:8])}" if near else "neither node has an edge"
    raise EditError(f"there is no edge {link.text()}; {shown}{', …' if len(near) > 8 else ''}")
