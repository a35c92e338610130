"""Conditional independences that a graph implies: few from which all others follow, or one for a pair of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, tables
from causal_reasoning.identification.districts import blankets
from causal_reasoning.identification.query import Names, QueryError, disjoint, observed_nodes
from causal_reasoning.identification.separation import connected, moral_torso
from causal_reasoning.identification.separators import smallest


@dataclass(frozen=True)
class Independence:
    """The statement that two sets of variables are independent given a third.

    Parameters
    ----------
    a, b, given : tuple of str
        Disjoint sets, sorted; the third may be empty.

    Examples
    --------
    >>> Independence(("a",), ("b", "c"), ("d",)).text()
    'a ⊥ b, c | d'
    """

    a: tuple[str, ...]
    b: tuple[str, ...]
    given: tuple[str, ...] = ()

    def text(self) -> str:
        """Print on one line."""
        behind = f" | {', '.join(self.given)}" if self.given else ""
        return f"{', '.join(self.a)} ⊥ {', '.join(self.b)}{behind}"

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {"a": list(self.a), "b": list(self.b), "given": list(self.given), "text": self.text()}


@dataclass(frozen=True)
class Basis:
    """Independences that together imply all that a graph implies.

    Parameters
    ----------
    statements : tuple of Independence
        Each says what one node is independent of among those before it; sorted by that node's place in the order.
    order : tuple of str
        The observed nodes, causes first.
    capped : bool
        Whether statements were left out; then not everything follows.
    """

    statements: tuple[Independence, ...]
    order: tuple[str, ...]
    capped: bool = False

    def text(self) -> str:
        """Print one statement a line."""
        lines = [statement.text() for statement in self.statements]
        return "\n".join([*lines, "…"] if self.capped else lines)

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {
            "statements": [statement.to_dict() for statement in self.statements],
            "order": list(self.order),
            "capped": self.capped,
        }


def independence_basis(graph: CausalGraph, cap: int = 1000) -> Basis:
    """List independences from which all others follow: the ordered local Markov property.

    Parameters
    ----------
    graph : CausalGraph
        The graph; latent nodes are projected away.
    cap : int
        How many statements to look at, at least one; those that follow from others are left out afterwards. Every
        node that has any gets its first before one gets a second.

    Returns
    -------
    Basis
        Without hidden common causes, at most one statement for each node: given its parents it is independent of all
        others before it. With them, one for each district that it has in an ancestral set up to it, which can be
        exponentially many; between two of these lies polynomial time. Those that follow from others by contraction
        are left out. Every m-separation between observed nodes follows from the rest by the semi-graphoid axioms
        (symmetry, decomposition, weak union, contraction), hence in every distribution; the axioms of intersection
        and composition are not needed.

    Examples
    --------
    >>> chain = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")])
    >>> print(independence_basis(chain).text())
    c ⊥ a | b
    d ⊥ a, b | c
    >>> hidden = CausalGraph("abc", [], [("a", "b"), ("b", "c")])
    >>> print(independence_basis(hidden).text())
    c ⊥ a

    References
    ----------
    T. Verma and J. Pearl, "Causal networks: semantics and expressiveness" (UAI 1988): without hidden causes.
    T. Richardson (2003) and H. Jeong, A. Ejaz, J. Tian and E. Bareinboim (2025): with them, see
    `causal_reasoning.identification.districts`.
    """
    if cap < 1:
        raise ValueError(f"the cap must be at least 1, not {cap}")
    seen = graph.latent_projection()
    edges = tables(seen)
    found: list[list[_Statement]] = []
    waiting = []
    before = 0
    for name in seen.topological_order:
        node = seen.mask([name])
        before |= node
        found.append([])
        waiting.append((found[-1], _statements(edges, node, before)))
    left = cap
    while waiting and left >= 0:
        still = []
        for own, statements in waiting:
            statement = next(statements, None)
            if statement is not None:
                left -= 1
                if left < 0:
                    break
                own.append(statement)
                still.append((own, statements))
        waiting = still
    kept = [one for own in found for one in own if not any(_follows(edges, one, rival) for rival in own)]
    return Basis(tuple(one.named(seen) for one in kept), seen.topological_order, capped=left < 0)


@dataclass(frozen=True)
class _Statement:
    """A node, what it is independent of, and its pillow, as bit sets."""

    node: int
    others: int
    pillow: int

    def named(self, graph: CausalGraph) -> Independence:
        return Independence(graph.names(self.node), graph.names(self.others), graph.names(self.pillow))


def _statements(edges: Tables, node: int, before: int) -> Iterator[_Statement]:
    """Yield what a node is independent of among itself and the nodes before it."""
    for blanket in blankets(edges, node.bit_length() - 1, before):
        yield _Statement(node, blanket.ancestral & ~(blanket.pillow | node), blanket.pillow)


def _follows(edges: Tables, one: _Statement, rival: _Statement) -> bool:
    """Decide whether a statement follows from another about the same node and from those about earlier nodes.

    If the node is independent of the others given more, and what is given more is independent of the others as well,
    then by contraction the node is independent of them without it.
    """
    more = rival.pillow & ~one.pillow
    if not more or one.pillow & ~rival.pillow or one.others & ~rival.others:
        return False
    return not connected(edges, one.others, one.pillow) & more


def implied_independence(graph: CausalGraph, a: Names, b: Names) -> Independence | None:
    """Find the condition with the fewest observed nodes under which two sets of nodes are independent.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    a, b : str or iterable of str
        Disjoint sets of observed nodes.

    Returns
    -------
    Independence or None
        The condition is empty if none is needed. Of several it is the one closest to the second set, where the sets
        are put in alphabetical order first, so that the condition is the same for both ways of asking. ``None`` if
        the graph implies no such statement. One linear search for each node of the condition.

    Raises
    ------
    QueryError
        For an unknown or latent node, a node in both sets or an empty set.

    Examples
    --------
    >>> graph = CausalGraph("abcd", [("a", "b"), ("b", "d"), ("a", "c"), ("c", "d")])
    >>> implied_independence(graph, "b", "c").text()
    'b ⊥ c | a'
    >>> implied_independence(graph, "a", "b") is None
    True
    """
    first = observed_nodes(graph, a, "the first set:")
    second = observed_nodes(graph, b, "the second set:")
    for names, which in ((first, "first"), (second, "second")):
        if not names:
            raise QueryError(f"the {which} set is empty; {did_you_mean('', graph.observed)}")
    disjoint(first, "in the first set", second, "in the second")
    one, other = sorted((first, second))
    ends = graph.mask(one), graph.mask(other)
    allowed = graph.mask(graph.observed) & ~(ends[0] | ends[1])
    found = smallest(moral_torso(tables(graph), *ends, 0, allowed))
    return None if found is None else Independence(first, second, graph.names(found))
