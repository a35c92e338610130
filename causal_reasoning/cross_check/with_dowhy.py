"""Ask dowhy the question of a verdict, and compare."""

from __future__ import annotations

import time

from causal_reasoning.cross_check.agreement import Agreement
from causal_reasoning.cross_check.compare import Case, compare
from causal_reasoning.cross_check.process import ask_dowhy
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.interchange import to_dowhy
from causal_reasoning.identification.result import Identification


def cross_check_dowhy(graph: CausalGraph, verdict: Identification, *, seconds: float = 20.0) -> Agreement:
    """Compare a verdict with what dowhy says about the same graph.

    dowhy runs in a process of its own, which is ended when the time is over; what it answered by then is
    compared. It is asked for a directed path, for adjustment sets in four ways, for a front door and for
    instruments. Every set that it names goes through our verifier, and where one side finds nothing our search
    says whether there is something to find.

    Parameters
    ----------
    graph : CausalGraph
        The graph of the verdict.
    verdict : Identification
        What `identify_effect` answered.
    seconds : float
        Most time for dowhy; its import alone takes about six.

    Returns
    -------
    Agreement
        One comparison a question, and the outcome in words.

    Notes
    -----
    Some of what dowhy 0.14 offers is not asked for, as its answers are known to be wrong: its ID algorithm
    conditions on latent nodes, its optimised search for back-door sets can name mediators, and its searches for
    efficient sets fail on some graphs. Latent nodes among its instruments are left out. A conditional query is
    compared as the joint effect on outcomes and conditions. A graph with selection is compared as if there were
    none: what dowhy finds then is listed and not held against the verdict.
    """
    query = verdict.query
    outcomes = tuple(sorted(query.on + query.given))
    begin = time.monotonic()
    (answers,) = ask_dowhy([to_dowhy(graph, query.do, outcomes)], seconds)
    took = time.monotonic() - begin
    return Agreement(query, answers.version, compare(Case(graph, query.do, outcomes, verdict), answers), took)
