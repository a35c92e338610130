"""Circles of arrows, named."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx

from causal_reasoning.graph.causal_graph import Edge


def find_circle(arrows: Iterable[Edge]) -> list[Edge]:
    """Name the arrows of one circle, or none.

    Parameters
    ----------
    arrows : iterable of (str, str)
        Arrows, cause first.

    Returns
    -------
    list of (str, str)
        In the order of the circle; the same for every order of the arrows.
    """
    try:
        return [(a, b) for a, b, *_ in nx.find_cycle(nx.DiGraph(sorted(arrows)))]
    except nx.NetworkXNoCycle:
        return []


def circle_message(circle: list[Edge]) -> str:
    """Say in one sentence that arrows run in a circle, and what to do about it.

    Examples
    --------
    >>> circle_message([("x", "y"), ("y", "x")])
    'x -> y and y -> x are a circle; keep one, or write x <-> y if a hidden common cause is meant'
    """
    if len(circle) == 2:
        (a, b), _ = sorted(circle)
        way_out = f"keep one, or write {a} <-> {b} if a hidden common cause is meant"
        return f"{a} -> {b} and {b} -> {a} are a circle; {way_out}"
    if len(circle) == 1:
        return f"{circle[0][0]} -> {circle[0][0]}: a node cannot be its own cause"
    walk = " -> ".join([a for a, _ in circle] + [circle[0][0]])
    return f"the arrows run in a circle: {walk}; drop or reverse one of them"
