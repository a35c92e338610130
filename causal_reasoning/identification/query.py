"""What is asked of a graph, and precise refusals of questions that make no sense."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.causal_graph import CausalGraph

Names = str | Iterable[str]
"""One node or several; a plain string is one node."""


class QueryError(ValueError):
    """The question cannot be asked of this graph; the message says why and what is near."""


@dataclass(frozen=True)
class Query:
    """The distribution P(on | do(do), given).

    Parameters
    ----------
    do : tuple of str
        The treatments, sorted.
    on : tuple of str
        The outcomes, sorted.
    given : tuple of str
        What is observed after the intervention, sorted.

    Examples
    --------
    >>> Query(("x",), ("y",), ("z",)).text()
    'P(y | do(x), z)'
    """

    do: tuple[str, ...]
    on: tuple[str, ...]
    given: tuple[str, ...] = ()

    def text(self) -> str:
        """Print on one line."""
        behind = ", ".join([f"do({', '.join(self.do)})", *self.given])
        return f"P({', '.join(self.on)} | {behind})"

    def to_dict(self) -> dict[str, list[str]]:
        """Plain lists under ``do``, ``on`` and ``given``."""
        return {"do": list(self.do), "on": list(self.on), "given": list(self.given)}


def make_query(graph: CausalGraph, do: Names, on: Names, given: Names = ()) -> Query:
    """Sort and check a query.

    Parameters
    ----------
    graph : CausalGraph
        The graph that is asked.
    do, on, given : str or iterable of str
        Treatments, outcomes and conditions.

    Returns
    -------
    Query
        With sorted tuples.

    Raises
    ------
    QueryError
        If there is no treatment or no outcome, if a node is unknown or latent, or if a node is named in two
        places.
    """
    query = Query(
        observed_nodes(graph, do, "the treatment"),
        observed_nodes(graph, on, "the outcome"),
        observed_nodes(graph, given, "the condition"),
    )
    if not query.do:
        raise QueryError(f"there is no treatment; {did_you_mean('', graph.observed)}")
    if not query.on:
        raise QueryError(f"there is no outcome; {did_you_mean('', graph.observed)}")
    disjoint(query.do, "the treatment", query.on, "the outcome")
    disjoint(query.do, "the treatment", query.given, "the condition")
    disjoint(query.on, "the outcome", query.given, "the condition")
    return query


def known_nodes(graph: CausalGraph, names: Names, what: str) -> tuple[str, ...]:
    """Sort the names of nodes; refuse unknown ones.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    names : str or iterable of str
        The nodes.
    what : str
        What they are for, for the message.

    Returns
    -------
    tuple of str
        Each name once.

    Raises
    ------
    QueryError
        Naming the first unknown node and the nearest known one.
    """
    found = (names,) if isinstance(names, str) else tuple(names)
    for name in found:
        if not isinstance(name, str):
            raise QueryError(f"{what} must be given by names of nodes, not by {name!r}")
        if name not in graph:
            raise QueryError(f"{what} '{name}' is no node of the graph; {did_you_mean(name, graph.nodes)}")
    return tuple(sorted(set(found)))


def observed_nodes(graph: CausalGraph, names: Names, what: str) -> tuple[str, ...]:
    """Sort the names of nodes; refuse unknown and latent ones (see `known_nodes`)."""
    found = known_nodes(graph, names, what)
    for name in found:
        if name in graph.latent:
            raise QueryError(f"{what} '{name}' is latent: nothing about it can be computed from data")
    return found


def disjoint(first: tuple[str, ...], one: str, second: tuple[str, ...], other: str) -> None:
    """Raise `QueryError` if a node is in both tuples; ``one`` and ``other`` say what they are."""
    both = sorted(set(first) & set(second))
    if both:
        raise QueryError(f"'{both[0]}' cannot be both {one} and {other}")
