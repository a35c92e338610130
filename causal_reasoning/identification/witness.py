"""Certificates that an effect is not identified: two models that no data can tell apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import closure, tables
from causal_reasoning.identification.hedge import Hedge
from causal_reasoning.identification.hedge_search import Obstacle, essential, obstacle, reduced_condition
from causal_reasoning.identification.parity_models import parity_models
from causal_reasoning.identification.parity_wiring import Wiring, wire
from causal_reasoning.identification.query import Names, Query, QueryError, make_query, observed_nodes
from causal_reasoning.identification.structural_model import MOST_ENTRIES, Model

AGREEMENT = 1e-12
"""How far observed distributions that agree may be apart, entry by entry."""
SMALLEST_GAP = 1e-3
"""How far effects that disagree must be apart, as a share of the larger one."""


@dataclass(frozen=True, eq=False)
class Witness:
    """Two models of one graph that agree on everything observed and disagree on an effect.

    Parameters
    ----------
    first, second : Model
        The models.
    values : tuple of (str, int)
        A value for each node of the query, sorted by node, with which the effects differ most.
    gap : float
        The difference there.
    query : Query
        The query.
    """

    first: Model
    second: Model
    values: tuple[tuple[str, int], ...]
    gap: float
    query: Query

    @property
    def effects(self) -> tuple[float, float]:
        """P(on | do(do), given) at the values, in the first and in the second model."""
        return self._effect(self.first), self._effect(self.second)

    @property
    def difference(self) -> float:
        """The largest difference between entries of the two observed distributions."""
        return _compare(self.first, self.second, self.query)[0]

    def text(self) -> str:
        """Print what agrees, what differs and both models, on several lines."""
        one, two = self.effects
        both, first, second = self._mechanisms()
        lines = [
            f"{self.query.text()} is not identified. Two models of the graph agree on all that is observed",
            f"(largest difference {self.difference:.2g}), and {self._at()} is {one:.4g} in the first, "
            f"{two:.4g} in the second.",
        ]
        for title, words in (("Both models", both), ("First model", first), ("Second model", second)):
            lines += [title, *(f"  {line}" for line in words)]
        return "\n".join([*lines, self._legend()])

    def to_dict(self) -> dict[str, object]:
        """Plain data: the values, the two effects there, the gap, and the mechanisms in words."""
        one, two = self.effects
        both, first, second = self._mechanisms()
        return {
            "values": dict(self.values),
            "effects": [one, two],
            "gap": self.gap,
            "difference": self.difference,
            "mechanisms": {"both": both, "first": first, "second": second},
            "text": self.text(),
        }

    def _effect(self, model: Model) -> float:
        effect = model.effect(self.query.do, self.query.on, self.query.given)
        return float(effect.at(dict(self.values)).values)

    def _at(self) -> str:
        fixed = {name: f"{name}={value}" for name, value in self.values}
        do, on, given = (
            ", ".join(fixed[n] for n in names) for names in (self.query.do, self.query.on, self.query.given)
        )
        return f"P({on} | do({do}){', ' if given else ''}{given})"

    def _mechanisms(self) -> tuple[list[str], list[str], list[str]]:
        """Mechanisms that the models share, those of the first, those of the second; causes first."""
        one = {mechanism.node: mechanism.words for mechanism in self.first.mechanisms}
        two = {mechanism.node: mechanism.words for mechanism in self.second.mechanisms}
        order = self.first.graph.topological_order
        busy = set(_busy(self.first, self.second))
        both = [one[name] for name in order if name in busy and one[name] == two[name]]
        idle = [name for name in order if name not in busy]
        if idle:
            names = ", ".join(sorted(idle)) if len(idle) <= 6 else f"the other {len(idle)} nodes"
            words = one[idle[0]].removeprefix(f"{idle[0]} = ")
            both.append(f"{names}{' = ' if len(idle) == 1 else ': each '}{words}, read by nothing")
        changed = [name for name in order if one[name] != two[name]]
        return both, [one[name] for name in changed], [two[name] for name in changed]

    def _legend(self) -> str:
        """Explain the notation as far as it is used."""
        coins = "u(a, b), a hidden cause of a and b, is a fair coin"
        if any(len(cause.probabilities) > 2 for cause in self.first.hidden):
            coins += ", or two: u(a, b)[0] and u(a, b)[1]"
        parts = [coins, "⊕ adds modulo 2"]
        if any(size > 2 for size in self.first.sizes.values()):
            parts.append("with several bits the value of a is a[0] + 2 a[1] + 4 a[2]")
        return "; ".join(parts) + "."


def witness(
    graph: CausalGraph, do: Names, on: Names, given: Names = (), *, hedge: Hedge | None = None
) -> Witness | None:
    """Construct two models that agree on everything observed and disagree on an effect.

    Parameters
    ----------
    graph : CausalGraph
        The assumptions; latent nodes are projected away.
    do, on, given : str or iterable of str
        Treatments, outcomes and conditions of P(on | do(do), given).
    hedge : Hedge, optional
        The hedge to build on; by default a small one is searched for.

    Returns
    -------
    Witness or None
        ``None`` if the effect is identified. A witness is never taken on trust: both models are enumerated, their
        observed distributions are positive everywhere and equal to 1e-12, and the effects differ by at least a
        thousandth of the larger one. Models that fail this would give ``None`` too; none have been found to.

    Raises
    ------
    QueryError
        For a query that the graph cannot be asked, for a hedge that is none, and where even a hedge without
        superfluous edges needs a table of more than 2^20 entries: about twenty nodes.

    Notes
    -----
    Polynomial in the size of the graph, but for the tables, which are exponential in the number of nodes of the hedge
    and of the ways that lead from it to the outcomes. Nodes that play no part are independent noise.

    Examples
    --------
    >>> bow = CausalGraph("xy", [("x", "y")], [("x", "y")])
    >>> print(witness(bow, "x", "y").text())
    P(y | do(x)) is not identified. Two models of the graph agree on all that is observed
    (largest difference 0), and P(y=0 | do(x=0)) is 0.5 in the first, 0.9375 in the second.
    Both models
      x = u(x, y)
    First model
      y = x ⊕ u(x, y), flipped with probability 1/16
    Second model
      y = 0, flipped with probability 1/16
    u(a, b), a hidden cause of a and b, is a fair coin; ⊕ adds modulo 2.
    >>> witness(CausalGraph("xyz", [("z", "x"), ("z", "y"), ("x", "y")]), "x", "y") is None
    True

    References
    ----------
    I. Shpitser and J. Pearl, "Identification of joint interventional distributions in recursive semi-Markovian
    causal models" (AAAI 2006): every unidentified effect has a hedge, and every hedge two such models; the same,
    "Identification of conditional interventional distributions" (UAI 2006), for conditions.
    """
    query = make_query(graph, do, on, given)
    projected = graph.latent_projection()
    found = obstacle(projected, query)
    start = None if hedge is None else _checked(projected, query, hedge, found)
    if found is None:
        return None
    refusal: QueryError | None = None
    for wiring in _wirings(projected, query, start):
        try:
            answer = _verified(*parity_models(projected, wiring), query)
        except QueryError as error:  # too large; the next one is smaller
            refusal = error
        else:
            if answer is not None:
                return answer
    if refusal is not None:
        raise QueryError(
            f"{query.text()} is not identified, but models that show it have tables of more than {MOST_ENTRIES} "
            f"entries, which are not enumerated; a query about fewer nodes may have a smaller witness"
        ) from refusal
    return None


def _wirings(graph: CausalGraph, query: Query, start: Obstacle | None) -> Iterator[Wiring]:
    """Yield the hedge that was asked for, then a smallest one."""
    if start is not None and (wiring := wire(tables(graph), start)) is not None:
        yield wiring
    small = essential(graph, query)
    found = obstacle(small, query)
    if found is not None and (wiring := wire(tables(small), found)) is not None:
        yield wiring


def _checked(graph: CausalGraph, query: Query, hedge: Hedge, found: Obstacle | None) -> Obstacle:
    """Refuse what is no hedge for the query."""
    edges = tables(graph)
    outer = graph.mask(observed_nodes(graph, hedge.outer, "the hedge's"))
    inner = graph.mask(observed_nodes(graph, hedge.inner, "the hedge's"))
    on = graph.mask(query.on)
    do, given = reduced_condition(edges, graph.mask(query.do), on, graph.mask(query.given))
    within = inner and inner & outer == inner and not inner & do and outer & do
    if (
        not within
        or any(closure(edges.siblings, one & -one, one) != one for one in (outer, inner))
        or closure(edges.parents, inner, outer) != outer
        or inner & ~closure(edges.parents, on | given, ~do)
    ):
        nearest = "the effect is identified"
        if found is not None:
            nearest = f"{Hedge(graph.names(found.outer), graph.names(found.inner)).text()} is one"
        raise QueryError(f"{hedge.text()} is no hedge for {query.text()}; {nearest}")
    return Obstacle(outer, inner, do, on, given)


def _verified(first: Model, second: Model, query: Query) -> Witness | None:
    """Enumerate both models; return what they prove, if it is enough."""
    difference, positive = _compare(first, second, query)
    if difference > AGREEMENT or not positive:
        return None
    one, two = (model.effect(query.do, query.on, query.given) for model in (first, second))
    # Rounded, so that of several values with the same gap the first one is taken on every machine.
    gaps = np.abs(one.values - two.values).round(12)
    place = np.unravel_index(int(gaps.argmax()), gaps.shape)
    # With many outcomes every single entry is small; it must still be far from a matter of rounding.
    if gaps[place] < max(SMALLEST_GAP * max(one.values[place], two.values[place]), 1000 * AGREEMENT):
        return None
    values = tuple((name, int(position)) for name, position in zip(one.axes, place, strict=True))
    return Witness(first, second, values, float(gaps[place]), query)


def _compare(first: Model, second: Model, query: Query) -> tuple[float, bool]:
    """Return the largest difference of the observed distributions, and whether both are positive everywhere.

    Nodes that read nothing and are read by nothing are left out of the tables: they are independent of all others.
    """
    over = _busy(first, second) or query.on
    tables_of = [(first.observed(over).values, second.observed(over).values)]
    other = {mechanism.node: mechanism.table for mechanism in second.mechanisms}
    tables_of += [(one.table, other[one.node]) for one in first.mechanisms if one.node not in over]
    difference = max(float(np.abs(one - two).max()) for one, two in tables_of)
    return difference, all(bool((table > 0).all()) for pair in tables_of for table in pair)


def _busy(first: Model, second: Model) -> tuple[str, ...]:
    """The nodes with an edge that one of the models uses."""
    found: set[str] = set()
    for mechanism in (*first.mechanisms, *second.mechanisms):
        if mechanism.parents or mechanism.hidden:
            found |= {mechanism.node, *mechanism.parents}
    return tuple(sorted(found))
