"""Treatments that make no difference, by rule 3 of the do-calculus."""

from __future__ import annotations

from causal_reasoning.estimand import Probability
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, bits, closure, tables
from causal_reasoning.identification.derivation import Step, some
from causal_reasoning.identification.query import Query
from causal_reasoning.identification.separation import connected


def relevant_treatments(graph: CausalGraph, query: Query) -> tuple[tuple[str, ...], tuple[Step, ...]]:
    """Drop the treatments on which the effect does not depend.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    query : Query
        The query.

    Returns
    -------
    tuple of str, tuple of Step
        The treatments that are left, none of them if the effect is zero; and rule 3 for each that is not.

    References
    ----------
    J. Pearl, *Causality* (2009), theorem 3.4.1, rule 3: P(y | do(x, t), z) = P(y | do(x), z) if y and t are
    independent given x and z in the graph without arrows into x and into those of t that are no ancestors of z.

    Examples
    --------
    >>> graph = CausalGraph("abxy", [("a", "x"), ("x", "y")])
    >>> relevant_treatments(graph, Query(("a", "x"), ("y",)))[0]
    ('x',)
    """
    edges = tables(graph)
    left, y, z = graph.mask(query.do), graph.mask(query.on), graph.mask(query.given)
    steps: list[Step] = []
    changed = True
    while changed:
        changed = False
        for i in bits(left):
            one, others = 1 << i, left & ~(1 << i)
            # Arrows into the treatment are cut unless it is an ancestor of a condition: then it stays as it is.
            open_ = _without_incoming(edges, others)
            cut = others if closure(open_.parents, z) & one else others | one
            if not connected(_without_incoming(edges, cut), one, others | z) & y:
                steps.append(_step(graph, query, left, one))
                left, changed = others, True
                break
    return graph.names(left), tuple(steps)


def _step(graph: CausalGraph, query: Query, left: int, one: int) -> Step:
    before, after = Query(graph.names(left), query.on, query.given), graph.names(left & ~one)
    rest = (Query(after, query.on, query.given) if after else Probability(query.on, query.given)).text()
    given = f" once {', '.join(query.given)} is known" if query.given else ""
    also = f" under do({some(after)})" if after else ""
    name = graph.names(one)[0]
    return Step(
        "do-calculus rule 3",
        f"{before.text()} = {rest}",
        f"setting {name} changes nothing about {some(query.on)}{also}{given}",
    )


def _without_incoming(edges: Tables, cut: int) -> Tables:
    return Tables(
        edges.size,
        [0 if cut >> i & 1 else row for i, row in enumerate(edges.parents)],
        [row & ~cut for row in edges.children],
        [0 if cut >> i & 1 else row & ~cut for i, row in enumerate(edges.siblings)],
    )
