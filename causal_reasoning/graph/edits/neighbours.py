"""All graphs that are one edit away: the nearest alternatives to some assumptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice, permutations

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.edits.base import Edit, EditError, Link, links
from causal_reasoning.graph.edits.edges import AddEdge, DropEdge, Reverse
from causal_reasoning.graph.edits.nodes import Hide, Observe

KINDS = ("drop", "reverse", "add", "hide", "observe")
"""The kinds of edits that neighbours differ by, in the order in which they are listed."""


@dataclass(frozen=True)
class Neighbourhood:
    """The edits that lead to the neighbours of a graph.

    Parameters
    ----------
    graph : CausalGraph
        The graph in the middle.
    edits : tuple of Edit
        Drops, reversals and additions of edges, then nodes that are hidden and observed; each kind in
        alphabetical order, arrows before hidden common causes.
    capped : bool
        Whether there are more.
    """

    graph: CausalGraph
    edits: tuple[Edit, ...]
    capped: bool

    def __len__(self) -> int:
        return len(self.edits)

    def __iter__(self) -> Iterator[tuple[Edit, CausalGraph]]:
        return ((edit, edit.apply(self.graph)) for edit in self.edits)


def neighbours(
    graph: CausalGraph, *, kinds: Iterable[str] = KINDS, hidden: bool = True, cap: int = 10_000
) -> Neighbourhood:
    """Find every acyclic graph that is one edit away.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    kinds : iterable of str
        Any of ``drop``, ``reverse`` and ``add`` (an edge), ``hide`` and ``observe`` (a node).
    hidden : bool
        Whether hidden common causes are dropped and added as well as arrows.
    cap : int
        Most neighbours to list.

    Returns
    -------
    Neighbourhood
        Iterate over it for pairs of an edit and the edited graph; these are all different from the graph and
        from each other.

    Raises
    ------
    EditError
        For an unknown kind.

    Notes
    -----
    A graph with n nodes has O(n²) neighbours. Which of them are acyclic is decided with one set of descendants
    for each node; no graph is built before it is asked for.

    Examples
    --------
    >>> chain = CausalGraph("abc", [("a", "b"), ("b", "c")])
    >>> [edit.text() for edit, _ in neighbours(chain, kinds=["drop", "reverse", "add"], hidden=False)]
    ['drop a -> b', 'drop b -> c', 'reverse a -> b', 'reverse b -> c', 'add a -> c']
    """
    wanted = set(kinds)
    for kind in sorted(wanted - set(KINDS)):
        raise EditError(f"there is no kind of neighbours '{kind}'; {did_you_mean(kind, KINDS)}")
    cap = max(cap, 0)
    found = list(islice(_edits(graph, wanted, hidden), cap + 1))
    return Neighbourhood(graph, tuple(found[:cap]), len(found) > cap)


def _edits(graph: CausalGraph, kinds: set[str], hidden: bool) -> Iterator[Edit]:
    existing = [link for link in links(graph) if hidden or not link.hidden]
    if "drop" in kinds:
        yield from (DropEdge(link) for link in existing)
    below = {name: set(graph.descendants(name)) for name in graph.nodes}
    if "reverse" in kinds:
        for link in existing:
            # Turned round, the arrow closes a circle if there is another way from its cause to its effect.
            others = (child for child in graph.children(link.a) if child != link.b)
            if not link.hidden and not any(link.b in below[child] for child in others):
                yield Reverse(link.a, link.b)
    if "add" in kinds:
        there = set(existing)
        for a, b in permutations(graph.nodes, 2):
            if Link(a, b) not in there and a not in below[b]:
                yield AddEdge(Link(a, b))
        for a, b in combinations(graph.nodes, 2) if hidden else ():
            if Link(a, b, hidden=True) not in there:
                yield AddEdge(Link(a, b, hidden=True))
    if "hide" in kinds:
        yield from (Hide(name) for name in graph.observed)
    if "observe" in kinds:
        yield from (Observe(name) for name in graph.latent)
