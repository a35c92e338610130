"""The observed and the mutilated world in one graph: a regime that decides how the treatments get their values.

A node with arrows into the treatments says whether they are observed or set. What is independent of it, given
something, has the same distribution in both worlds, given that something.
"""

from __future__ import annotations

from collections.abc import Iterable

from causal_reasoning.graph.causal_graph import CausalGraph

REGIME = "the regime"
"""No node of a graph file can be called so: names have no blanks."""


def with_regime(graph: CausalGraph, do: Iterable[str]) -> CausalGraph:
    """Add the regime as a parent of the treatments.

    Parameters
    ----------
    graph : CausalGraph
        The assumptions.
    do : iterable of str
        The treatments.

    Returns
    -------
    CausalGraph
        With one node more, which is not latent.

    References
    ----------
    A. P. Dawid, "Influence diagrams for causal modelling and inference" (International Statistical Review 2002).

    Examples
    --------
    >>> from causal_reasoning.identification import m_separated
    >>> both = with_regime(CausalGraph("xyz", [("z", "x"), ("z", "y"), ("x", "y")]), "x")
    >>> [m_separated(both, "y", (REGIME,), given) for given in (("x",), ("x", "z"))]
    [False, True]
    """
    return CausalGraph(
        (*graph.nodes, REGIME), (*graph.directed, *((REGIME, t) for t in do)), graph.bidirected, graph.latent
    )
