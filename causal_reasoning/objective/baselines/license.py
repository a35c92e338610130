"""What a graph says about a method that was not derived from it.

A method is *licensed* if the graph implies that, among all conditional distributions, the minimiser of its loss on
the observed distribution is the one the query asks for, P_π(write | read) under do(treatment). The rules here are
sound; where they say no, the sentence says which path or premise stands in the way.
"""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import Identification, Path, m_separated
from causal_reasoning.identification.bitsets import Tables, closure, tables
from causal_reasoning.identification.paths import ANY, Wanted, shortest_paths
from causal_reasoning.objective.estimators.likelihood import plan_likelihood
from causal_reasoning.objective.notation import listed, risk
from causal_reasoning.objective.plan import Refusal
from causal_reasoning.objective.regime import REGIME, with_regime


@dataclass(frozen=True)
class License:
    """Whether a graph licenses a method for its query.

    Parameters
    ----------
    licensed : bool
        Whether the minimiser is the distribution asked for.
    because : str
        A sentence that names the independence or the path.
    """

    licensed: bool
    because: str


@dataclass(frozen=True)
class Statement:
    """An independence that the graph implies, or a path that is open instead.

    Parameters
    ----------
    holds : bool
        Whether the graph implies it.
    text : str
        For instance ``answer ⟂ style | question`` or ``answer <- skill <- style is open given question``.
    """

    holds: bool
    text: str


def independence(graph: CausalGraph, a: tuple[str, ...], b: tuple[str, ...], given: tuple[str, ...] = ()) -> Statement:
    """Decide an independence and say it in words.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    a, b, given : tuple of str
        Disjoint sets of nodes.

    Returns
    -------
    Statement
        With a shortest open path where the graph does not imply the independence.

    Examples
    --------
    >>> fork = CausalGraph("xyz", [("z", "x"), ("z", "y")])
    >>> independence(fork, ("x",), ("y",), ("z",)).text
    'x ⟂ y | z'
    >>> independence(fork, ("x",), ("y",)).text
    'x <- z -> y is open'
    """
    behind = f" | {listed(given)}" if given else ""
    if m_separated(graph, a, b, given):
        return Statement(True, f"{listed(a)} ⟂ {listed(b)}{behind}")
    path = open_path(graph, a, b, given)
    condition = f" given {listed(given)}" if given else ""
    shown = path.text() if path else f"a path between {listed(a)} and {listed(b)}"
    return Statement(False, f"{shown} is open{condition}")


def open_path(
    graph: CausalGraph,
    a: tuple[str, ...],
    b: tuple[str, ...],
    given: tuple[str, ...] = (),
    edges: Tables | None = None,
) -> Path | None:
    """Find a shortest path between two sets of nodes that is open given a third.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    a, b, given : tuple of str
        Disjoint sets of nodes.
    edges : Tables, optional
        The edges that may be used, if not all of them.

    Returns
    -------
    Path or None
        ``None`` if there is none or the search was cut off.
    """
    edges = edges or tables(graph)
    blocked = graph.mask(given)
    opened = closure(edges.parents, blocked)
    wanted = Wanted(ANY, lambda node, kind: bool((opened if kind == "collider" else ~blocked) >> node & 1))
    found, _ = shortest_paths(graph, edges, graph.mask(a), graph.mask(b), wanted, 1)
    return found[0] if found else None


def of_likelihood(graph: AssumptionGraph, verdict: Identification) -> License:
    """Decide whether plain likelihood, whose minimiser is P(write | read) as observed, serves the query.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    verdict : Identification
        The verdict on their query.

    Returns
    -------
    License
        Where `causal_reasoning.objective.estimators.likelihood.plan_likelihood` is valid, and where it differs from
        the target risk in how the rows count alone.
    """
    plan = plan_likelihood(graph, verdict)
    if not isinstance(plan, Refusal):
        return License(True, plan.terms[0].because)
    if _same_conditional(graph):
        do, read, write = (listed(nodes) for nodes in (graph.query.do, graph.query.read, graph.query.write))
        return License(
            True,
            f"P({write} | {read}) is the same under do({do}), so the minimisers agree wherever {read} occurs in the "
            "data; only the rows count differently, which a model that cannot fit them all will notice",
        )
    return License(False, named(graph, plan.because))


def named(graph: AssumptionGraph, text: str) -> str:
    """Put the nodes of a query in place of the words read, write and treatment in formulas."""
    read, write, do = listed(graph.query.read), listed(graph.query.write), listed(graph.query.do)
    for word, node in (("(write | read)", f"({write} | {read})"), ("do(treatment)", f"do({do})")):
        text = text.replace(word, node)
    return text.replace("φ(read)", f"φ({read})")


def _same_conditional(graph: AssumptionGraph) -> bool:
    """Whether only the distribution of what is read differs between the observed and the mutilated world."""
    both = with_regime(graph.causal, graph.query.do)
    return m_separated(both, graph.query.write, (REGIME,), graph.query.read)


def nodes_of(graph: AssumptionGraph, columns: tuple[str, ...]) -> tuple[str, ...] | str:
    """Find the nodes that are bound to columns, or say in a sentence which column has none."""
    bound = {graph.column(name): name for name in graph.causal.observed}
    for column in columns:
        if column not in bound:
            return f"the graph has no node for the column '{column}', so it says nothing about it; " + did_you_mean(
                column, bound
            )
    return tuple(sorted(bound[column] for column in columns))


def of_groups(
    graph: AssumptionGraph, verdict: Identification, columns: tuple[str, ...], *, alone: bool, yes: str, no: str
) -> License:
    """Decide about a method that compares groups and has the minimiser of plain likelihood if they agree.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    verdict : Identification
        The verdict on their query.
    columns : tuple of str
        The columns whose values are the groups, e.
    alone : bool
        Whether the method needs read and write together to be independent of the groups, instead of write ⟂ e | read.
    yes, no : str
        What follows where the independence holds and where it does not; see `named`.

    Returns
    -------
    License
        Both premises decide: the independence, and that the observed conditional is the target.
    """
    groups = nodes_of(graph, columns)
    if isinstance(groups, str):
        return License(False, groups)
    read, write = graph.query.read, graph.query.write
    premise = (
        independence(graph.causal, tuple(sorted({*read, *write})), groups)
        if alone
        else independence(graph.causal, write, groups, read)
    )
    yes, no = named(graph, yes), named(graph, no)
    likelihood = of_likelihood(graph, verdict)
    if premise.holds and likelihood.licensed:
        return License(True, f"{premise.text}: {yes}; {likelihood.because}")
    if premise.holds:
        return License(False, f"{premise.text}: {yes}; but that is not {risk(graph)}: {likelihood.because}")
    target = "" if likelihood.licensed else f"; nor is plain likelihood's minimiser the target: {likelihood.because}"
    return License(False, f"{premise.text}: {no}{target}")
