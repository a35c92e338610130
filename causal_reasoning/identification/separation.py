"""Independence in graphs with hidden common causes: m-separation and minimal separators."""

from __future__ import annotations

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, bits, closure, tables, union
from causal_reasoning.identification.query import Names, disjoint, known_nodes
from causal_reasoning.identification.separators import Torso, near_target, torso


def m_separated(graph: CausalGraph, a: Names, b: Names, given: Names = ()) -> bool:
    """Decide whether the graph implies that two sets of nodes are independent given a third.

    Parameters
    ----------
    graph : CausalGraph
        A graph; its latent nodes are nodes like any other here.
    a, b, given : str or iterable of str
        Disjoint sets of nodes.

    Returns
    -------
    bool
        Whether every path between the first two sets is blocked by the third. Time linear in nodes and edges.

    Raises
    ------
    QueryError
        For an unknown node or a node in two of the sets.

    Examples
    --------
    >>> m_bias = CausalGraph("xyz", [], [("x", "z"), ("z", "y")])
    >>> m_separated(m_bias, "x", "y"), m_separated(m_bias, "x", "y", "z")
    (True, False)

    References
    ----------
    R. Shachter, "Bayes-ball" (UAI 1998), for the search; T. Richardson, "Markov properties for acyclic
    directed mixed graphs" (2003), section 2.1, for the criterion.
    """
    first = known_nodes(graph, a, "the first set:")
    second = known_nodes(graph, b, "the second set:")
    third = known_nodes(graph, given, "the condition")
    disjoint(first, "in the first set", second, "in the second")
    disjoint(first, "in the first set", third, "in the condition")
    disjoint(second, "in the second set", third, "in the condition")
    reached = connected(tables(graph), graph.mask(first), graph.mask(third))
    return not reached & graph.mask(second)


def minimal_separator(
    graph: CausalGraph, a: Names, b: Names, *, required: Names = (), allowed: Names | None = None
) -> tuple[str, ...] | None:
    """Find one set that separates two sets of nodes and contains no unnecessary node.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    a, b : str or iterable of str
        Disjoint sets of nodes.
    required : str or iterable of str
        Nodes that must be in the set.
    allowed : str or iterable of str, optional
        Nodes that may be in it besides; by default the observed ones.

    Returns
    -------
    tuple of str or None
        Of the minimal separators the one closest to ``b``, or ``None`` if there is none.

    Raises
    ------
    QueryError
        For an unknown node or a node in two of the sets.

    Examples
    --------
    >>> graph = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")])
    >>> minimal_separator(graph, "a", "d")
    ('c',)

    References
    ----------
    B. van der Zander, M. Liśkiewicz and J. Textor (2019), see `causal_reasoning.identification.separators`: only
    ancestors of the three sets can be in a minimal separator, and in the moral graph over them it is a vertex
    separator.
    """
    first = known_nodes(graph, a, "the first set:")
    second = known_nodes(graph, b, "the second set:")
    forced = known_nodes(graph, required, "the required node")
    may = graph.mask(graph.observed if allowed is None else known_nodes(graph, allowed, "the allowed node"))
    disjoint(first, "in the first set", second, "in the second")
    disjoint(first, "in the first set", forced, "required")
    disjoint(second, "in the second set", forced, "required")
    ends = graph.mask(first), graph.mask(second)
    found = near_target(moral_torso(tables(graph), *ends, graph.mask(forced), may & ~(ends[0] | ends[1])))
    return None if found is None else graph.names(found | graph.mask(forced))


def connected(edges: Tables, start: int, given: int) -> int:
    """Collect the nodes that are m-connected to a set given another: one visit per node and direction.

    Parameters
    ----------
    edges : Tables
        The graph.
    start, given : int
        Disjoint bit sets.

    Returns
    -------
    int
        A bit set without the start and the condition.
    """
    against = start  # entered against an arrow, or the start itself
    along = 0  # entered along an arrow
    new_against, new_along = start, 0
    while new_against or new_along:
        through = new_against & ~given
        # A collider lets through that is given; one with a given descendant is come back to from there.
        bounce = new_along & given
        into = union(edges.siblings, through | bounce) | union(edges.children, through | new_along & ~given)
        out = union(edges.parents, through | bounce)
        new_along, new_against = into & ~along, out & ~against
        along |= new_along
        against |= new_against
    return (along | against) & ~start & ~given


def moral_torso(edges: Tables, first: int, second: int, required: int, allowed: int) -> Torso:
    """Reduce m-separation to separation in an undirected graph.

    Parameters
    ----------
    edges : Tables
        The graph.
    first, second : int
        Bit sets of the nodes to be separated. A node of either may be allowed as well; it can then be part of
        a separator and need not be separated itself.
    required : int
        Nodes that are in every separator, and are left out of the result.
    allowed : int
        Nodes that may be in a separator.

    Returns
    -------
    Torso
        Its separators, together with the required nodes, are the m-separators among the ancestors of the
        three sets.
    """
    relevant = closure(edges.parents, first | second | required)
    rows = moral_rows(edges, relevant)
    source, target = len(rows), len(rows) + 1
    rows += [first, second]
    for i in bits(first):
        rows[i] |= 1 << source
    for i in bits(second):
        rows[i] |= 1 << target
    if required:
        rows = [0 if required >> i & 1 else row & ~required for i, row in enumerate(rows)]
    return torso(rows, source, target, allowed & relevant & ~required)


def moral_rows(edges: Tables, relevant: int) -> list[int]:
    """Marry the parents of every node of an ancestral set; a hidden cause of two nodes is an extra node.

    Parameters
    ----------
    edges : Tables
        The graph.
    relevant : int
        Bit set of nodes, with all their ancestors.

    Returns
    -------
    list of int
        Neighbours, first of the nodes of the graph, then of the hidden causes in the order of `hidden_pairs`.
    """
    family = [edges.parents[i] | 1 << i if relevant >> i & 1 else 0 for i in range(edges.size)]
    pairs = hidden_pairs(edges, relevant)
    for position, (i, j) in enumerate(pairs):
        family[i] |= 1 << edges.size + position
        family[j] |= 1 << edges.size + position
    rows = [0] * (edges.size + len(pairs))
    for group in family:
        for i in bits(group):
            rows[i] |= group
    return rows


def hidden_pairs(edges: Tables, relevant: int) -> list[tuple[int, int]]:
    """List the pairs of relevant nodes with a hidden common cause, in order."""
    return [(i, j) for i in bits(relevant) for j in bits(edges.siblings[i] & relevant) if i < j]
