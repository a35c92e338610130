"""Instrumental variables, unconditional and conditional, for the effect of one treatment.

A node Z is an *instrument* for the effect of a treatment X on an outcome Y given a set W if

1. Z and W are observed and contain no descendant of X;
2. Z is independent of Y given W once the effect is taken away: in the graph without the first arrows of the
   causal paths from X to Y;
3. Z is not independent of X given W in that graph.

Brito and Pearl ask of W only that it contains no descendant of Y, and nothing of Z: in a linear model an effect of
the treatment, such as a noisy copy of it, can do the same service. Here all is settled before the treatment, so
that an instrument is what the word says: it moves the treatment. An instrument does not identify an effect by
itself. It does so with assumptions on the form of the mechanisms: if they are linear, the total effect is the ratio
of partial covariances Cov(Y, Z | W) / Cov(X, Z | W).

References
----------
J. Pearl, *Causality* (2009), section 7.4; C. Brito and J. Pearl, "Generalized instrumental variables" (UAI
2002): conditional instruments. B. van der Zander, J. Textor and M. Liśkiewicz, "Efficiently finding conditional
instruments for causal inference" (IJCAI 2015): to decide whether a node is an instrument given some W is
NP-hard; it can be decided in polynomial time for W among the ancestors of Z and Y (ancestral instruments), and
if there is an instrument there is an ancestral one.
"""

from __future__ import annotations

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.adjustment import Problem, pose
from causal_reasoning.identification.bitsets import bits, closure, tables
from causal_reasoning.identification.query import Names, QueryError, disjoint, observed_nodes
from causal_reasoning.identification.result import Instrument
from causal_reasoning.identification.separation import connected, moral_torso
from causal_reasoning.identification.separators import near_target


def is_instrument(graph: CausalGraph, do: Names, on: Names, node: str, given: Names = ()) -> bool:
    """Decide whether a node is an instrument given a set; see the definition of this module.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        The treatment and the outcome. With several outcomes the instrument must serve for all of them at once.
        With several treatments, or without an effect, nothing is an instrument.
    node : str
        The candidate.
    given : str or iterable of str
        What is conditioned on.

    Returns
    -------
    bool
        In linear time.

    Raises
    ------
    QueryError
        For an unknown or latent node, a missing treatment or outcome, or a node that is named twice.

    Examples
    --------
    >>> graph = CausalGraph("xyzw", [("w", "z"), ("w", "y"), ("z", "x"), ("x", "y")], [("x", "y")])
    >>> is_instrument(graph, "x", "y", "z"), is_instrument(graph, "x", "y", "z", "w")
    (False, True)
    """
    problem = pose(graph, do, on)
    candidate = observed_nodes(graph, node, "the instrument")
    condition = observed_nodes(graph, given, "the condition")
    if len(candidate) != 1:
        raise QueryError(f"one node at a time can be asked for, not {len(candidate)}")
    for others, role in ((problem.do, "the treatment"), (problem.on, "the outcome")):
        disjoint(candidate, "the instrument", graph.names(others), role)
        disjoint(condition, "the condition", graph.names(others), role)
    disjoint(candidate, "the instrument", condition, "the condition")
    z, w = graph.mask(candidate), graph.mask(condition)
    return not (z | w) & ~_settled(problem) and _works(problem, z, w)


def find_instruments(graph: CausalGraph, do: Names, on: Names) -> tuple[Instrument, ...]:
    """Find every node that is an instrument given some of its own ancestors and those of the outcome.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        The treatment and the outcome, as for `is_instrument`.

    Returns
    -------
    tuple of Instrument
        Sorted by node, each with one minimal set: the one closest to the outcome, which is empty if nothing has
        to be conditioned on. If the outcome is one node and there is an instrument at all, there is one here,
        though a node may be missing that is an instrument only given nodes that are no ancestors. A few
        linear searches for each node.

    Raises
    ------
    QueryError
        For an unknown or latent node, a missing treatment or outcome, or a node that is named twice.

    Examples
    --------
    >>> graph = CausalGraph("xyzw", [("w", "z"), ("w", "y"), ("z", "x"), ("x", "y")], [("x", "y")])
    >>> find_instruments(graph, "x", "y")
    (Instrument(node='z', given=('w',)),)
    """
    problem = pose(graph, do, on)
    settled = _settled(problem)
    found = []
    for i in bits(settled):
        z = 1 << i
        given = near_target(moral_torso(problem.backdoor, z, problem.on, 0, settled & ~z))
        if given is not None and _works(problem, z, given):
            found.append(Instrument(graph.nodes[i], graph.names(given)))
    return tuple(found)


def _settled(problem: Problem) -> int:
    """Bit set of what may be an instrument or condition: observed nodes that are no effects of the one treatment."""
    if problem.do.bit_count() != 1 or not problem.causal:
        return 0
    return problem.observed & ~(problem.on | closure(tables(problem.graph).children, problem.do))


def _works(problem: Problem, node: int, given: int) -> bool:
    """Decide conditions 2 and 3 of the definition."""
    reached = connected(problem.backdoor, node, given)
    return not reached & problem.on and bool(reached & problem.do)
