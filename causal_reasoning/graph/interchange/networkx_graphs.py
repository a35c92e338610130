"""networkx graphs: hidden common causes as edges with an attribute, or as nodes."""

from __future__ import annotations

from typing import Any, Literal, cast

import networkx as nx

from causal_reasoning.graph.causal_graph import CausalGraph, Edge, GraphError
from causal_reasoning.graph.interchange.circle import circle_message, find_circle
from causal_reasoning.graph.interchange.diagram import MARKS, WORDS, Diagram, hidden_cause_names
from causal_reasoning.graph.interchange.marks import attributes_of, is_yes, said_of

BIDIRECTED = "bidirected"


def to_networkx(source: Diagram | CausalGraph, hidden: Literal["edges", "nodes"] = "edges") -> nx.DiGraph[str]:
    """Turn a causal graph into a networkx graph.

    Parameters
    ----------
    source : Diagram or CausalGraph
        The graph, perhaps with marks.
    hidden : {"edges", "nodes"}
        What becomes of ``a <-> b``: an edge from ``a`` to ``b`` with the attribute ``bidirected=True``, or a
        latent node of its own with arrows into both, for algorithms that know plain DAGs only. Such a node
        carries the attribute ``bidirected=True`` too, and gets a name of letters, digits and ``_``.

    Returns
    -------
    networkx.MultiDiGraph or networkx.DiGraph
        The first with ``"edges"``, as an arrow and a hidden common cause may join the same nodes. Every node
        has the attributes ``latent`` and ``observed`` (true or false), and its marks.

    Raises
    ------
    ValueError
        If ``hidden`` is something else.

    Examples
    --------
    >>> bow = CausalGraph("xy", [("x", "y")], [("x", "y")])
    >>> list(to_networkx(bow).edges(data="bidirected", default=False))
    [('x', 'y', False), ('x', 'y', True)]
    >>> sorted(to_networkx(bow, hidden="nodes").edges)
    [('hidden_x_y', 'x'), ('hidden_x_y', 'y'), ('x', 'y')]
    """
    if hidden not in ("edges", "nodes"):
        raise ValueError(f"hidden must be 'edges' or 'nodes', not {hidden!r}")
    diagram = source if isinstance(source, Diagram) else Diagram(source)
    graph = diagram.graph
    result: nx.DiGraph[str] = nx.MultiDiGraph() if hidden == "edges" else nx.DiGraph()
    fresh = hidden_cause_names(graph) if hidden == "nodes" else {}
    for name in graph.nodes:
        latent = name in graph.latent
        marks = dict.fromkeys(attributes_of(diagram, name), True)
        result.add_node(name, **{**marks, "latent": latent, "observed": not latent})
    for (a, b), name in fresh.items():
        result.add_node(name, latent=True, observed=False, **{BIDIRECTED: True})
        result.add_edges_from([(name, a), (name, b)])
    result.add_edges_from(graph.directed)
    if hidden == "edges":
        result.add_edges_from((a, b, {BIDIRECTED: True}) for a, b in graph.bidirected)
    return result


def from_networkx(source: nx.Graph[Any]) -> Diagram:
    """Read a networkx graph.

    Parameters
    ----------
    source : networkx.DiGraph or networkx.MultiDiGraph
        Nodes are strings. Edges with a true attribute ``bidirected`` are hidden common causes, as are nodes
        with it; nodes with ``latent`` true or ``observed`` false (or ``"no"``) are latent; ``exposure``,
        ``outcome``, ``adjusted`` and ``selected`` are marks.

    Returns
    -------
    Diagram
        What `to_networkx` was given, if it comes from there.

    Raises
    ------
    GraphError
        For an undirected graph, nodes that are no strings, circles, and opposite arrows between two nodes,
        which could mean a mistake or a hidden common cause.

    Examples
    --------
    >>> from_networkx(nx.DiGraph([("x", "y")])).graph
    CausalGraph(x -> y)
    """
    if not source.is_directed():
        raise GraphError("the graph is undirected; a causal graph needs a direction for every edge (directed 1 in GML)")
    for name in source.nodes:
        if not isinstance(name, str):
            raise GraphError(f"the node {name!r} is a {type(name).__name__}; nodes must be named by strings")
    said = {name: said_of(name, attributes) for name, attributes in source.nodes(data=True)}
    directed, bidirected = set(), set()
    folded = set()
    for name, attributes in source.nodes(data=True):
        if is_yes(BIDIRECTED, attributes.get(BIDIRECTED, "no"), f"'{name}'"):
            bidirected.add(_ends(cast("nx.DiGraph[Any]", source), name))
            folded.add(name)
    for a, b, attributes in source.edges(data=True):
        if is_yes(BIDIRECTED, attributes.get(BIDIRECTED, "no"), f"the edge from '{a}' to '{b}'"):
            bidirected.add((a, b))
        elif a not in folded:
            directed.add((a, b))
    if circle := find_circle(directed):
        raise GraphError(circle_message(circle))
    kept = [name for name in source.nodes if name not in folded]
    graph = CausalGraph(kept, directed, bidirected, [name for name in kept if "latent" in said[name]])
    return Diagram(graph, *(tuple(name for name in kept if WORDS[mark] in said[name]) for mark in MARKS))


def _ends(source: nx.DiGraph[Any], name: str) -> Edge:
    """Find the two nodes that a node for a hidden common cause joins."""
    effects = sorted(source.successors(name))
    if len(effects) != 2 or any(source.predecessors(name)):
        raise GraphError(f"'{name}' is marked as a hidden common cause; it needs two effects and no cause of its own")
    return effects[0], effects[1]
