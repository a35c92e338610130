"""A graph and a query in the form in which dowhy takes them; dowhy itself is not imported."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.graph.interchange.networkx_graphs import to_networkx

# dowhy takes a text for the name of a file if one of these stands anywhere in it.
_FILE_LIKE = re.compile(r"\.(dot|gml|txt)")


@dataclass(frozen=True)
class DowhyProblem:
    """The arguments of dowhy's functions for identification; see `to_dowhy`.

    Parameters
    ----------
    graph : networkx.DiGraph
        A plain DAG: every hidden common cause is a node of its own.
    action_nodes, outcome_nodes : tuple of str
        Treatments and outcomes.
    observed_nodes : tuple of str
        What dowhy may use; it takes the other nodes for latent.
    """

    graph: nx.DiGraph[str] = field(compare=False)
    action_nodes: tuple[str, ...]
    outcome_nodes: tuple[str, ...]
    observed_nodes: tuple[str, ...]

    def arguments(self) -> dict[str, Any]:
        """The arguments by name, with lists in the place of tuples: dowhy refuses tuples."""
        return {
            "graph": self.graph,
            "action_nodes": list(self.action_nodes),
            "outcome_nodes": list(self.outcome_nodes),
            "observed_nodes": list(self.observed_nodes),
        }

    @property
    def gml(self) -> str:
        """The graph as GML for ``CausalModel(graph=...)``, which learns from the data what is observed.

        Raises
        ------
        GraphError
            For a name with ``.dot``, ``.gml`` or ``.txt`` in it: dowhy would look for a file.
        """
        for name in self.graph.nodes:
            if found := _FILE_LIKE.search(name):
                raise GraphError(
                    f"dowhy takes GML with the name '{name}' in it for the name of a file, because of "
                    f"'{found.group()}'; rename the node, or hand over the graph itself"
                )
        return "\n".join(nx.generate_gml(self.graph)) + "\n"


def to_dowhy(graph: CausalGraph, do: str | Iterable[str], on: str | Iterable[str]) -> DowhyProblem:
    """Prepare a graph and a query for dowhy.

    dowhy knows plain DAGs only: it reads ``a <-> b`` in text as an arrow to a node called ``<->``. Here every
    hidden common cause is a node with arrows into both, which is left out of the observed nodes.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        Treatments and outcomes: observed nodes.

    Returns
    -------
    DowhyProblem
        For dowhy's functions, and as GML for its class ``CausalModel``.

    Raises
    ------
    GraphError
        For an unknown or a latent node, for which dowhy gives an answer nevertheless; for a node that is
        treatment and outcome; if either is missing.

    Notes
    -----
    To be used so::

        from dowhy.causal_identifier import EstimandType, identify_effect_auto

        problem = to_dowhy(graph, "x", "y")
        identify_effect_auto(**problem.arguments(), estimand_type=EstimandType.NONPARAMETRIC_ATE)

        from dowhy import CausalModel

        CausalModel(data, treatment="x", outcome="y", graph=problem.gml)

    Do not use dowhy's ID algorithm on a graph with latent nodes: it conditions on them.

    Examples
    --------
    >>> problem = to_dowhy(CausalGraph("xy", [("x", "y")], [("x", "y")]), "x", "y")
    >>> sorted(problem.graph.edges)
    [('hidden_x_y', 'x'), ('hidden_x_y', 'y'), ('x', 'y')]
    >>> problem.observed_nodes
    ('x', 'y')
    """
    treatments, outcomes = _nodes(graph, do, "treatment"), _nodes(graph, on, "outcome")
    if both := sorted(set(treatments) & set(outcomes)):
        raise GraphError(f"'{both[0]}' cannot be both the treatment and the outcome")
    plain: nx.DiGraph[str] = nx.DiGraph()
    full = to_networkx(graph, hidden="nodes")
    # Attributes are left out: some of our names for them mean something else to dowhy.
    plain.add_nodes_from(full.nodes)
    plain.add_edges_from(full.edges)
    return DowhyProblem(plain, treatments, outcomes, graph.observed)


def _nodes(graph: CausalGraph, names: str | Iterable[str], what: str) -> tuple[str, ...]:
    found = tuple(sorted({names} if isinstance(names, str) else set(names)))
    if not found:
        raise GraphError(f"there is no {what}; {did_you_mean('', graph.observed)}")
    for name in found:
        if name not in graph:
            raise GraphError(f"the {what} '{name}' is no node of the graph; {did_you_mean(name, graph.nodes)}")
        if name in graph.latent:
            raise GraphError(f"the {what} '{name}' is latent: nothing about it can be computed from data")
    return found
