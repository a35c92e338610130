"""Small discrete structural causal models of a mixed graph, enumerated exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causal_reasoning.estimand import Factor
from causal_reasoning.graph.causal_graph import CausalGraph, Edge
from causal_reasoning.identification.query import Names, QueryError, make_query, observed_nodes

MOST_ENTRIES = 1 << 20
"""The largest table that is enumerated: twenty variables of two values."""


@dataclass(frozen=True)
class Hidden:
    """The hidden common cause of two nodes, independent of all others.

    Parameters
    ----------
    nodes : (str, str)
        The nodes, sorted.
    probabilities : tuple of float
        The distribution of its values.
    """

    nodes: Edge
    probabilities: tuple[float, ...]

    @property
    def name(self) -> str:
        """Print as ``u(a, b)``."""
        return f"u({self.nodes[0]}, {self.nodes[1]})"


@dataclass(frozen=True, eq=False)
class Mechanism:
    """How a node gets its value.

    Parameters
    ----------
    node : str
        The node.
    parents : tuple of str
        The observed nodes that it reads.
    hidden : tuple of (str, str)
        The bidirected edges whose hidden causes it reads.
    table : array
        P(node | parents, hidden), with one axis for each parent, then each hidden cause, then the node.
    words : str
        The same as a formula, for people.
    """

    node: str
    parents: tuple[str, ...]
    hidden: tuple[Edge, ...]
    table: NDArray[np.float64]
    words: str

    def __init__(
        self, node: str, parents: Iterable[str], hidden: Iterable[Edge], table: ArrayLike, words: str = ""
    ) -> None:
        values = np.array(table, dtype=np.float64)
        values.setflags(write=False)
        object.__setattr__(self, "node", node)
        object.__setattr__(self, "parents", tuple(parents))
        object.__setattr__(self, "hidden", tuple(hidden))
        object.__setattr__(self, "table", values)
        object.__setattr__(self, "words", words or f"{node} drawn from a table")

    @property
    def size(self) -> int:
        """The number of values of the node."""
        return int(self.table.shape[-1])


@dataclass(frozen=True, eq=False)
class Model:
    """A structural causal model whose graph is a given one, or a part of it.

    A mechanism need not read every parent that its node has in the graph; it cannot read anything else. Hidden
    causes are independent, one for each bidirected edge that is used.

    Parameters
    ----------
    graph : CausalGraph
        A graph without latent nodes; see `CausalGraph.latent_projection`.
    hidden : tuple of Hidden
        The hidden causes.
    mechanisms : tuple of Mechanism
        One for every node.

    Raises
    ------
    ValueError
        If it is no model of the graph: a node without mechanism, an input that the graph does not have, a table
        of the wrong shape or that is no distribution.

    Examples
    --------
    >>> bow = CausalGraph("xy", [("x", "y")], [("x", "y")])
    >>> cause = Hidden(("x", "y"), (0.5, 0.5))
    >>> x = Mechanism("x", (), [("x", "y")], [[0.9, 0.1], [0.1, 0.9]])
    >>> y = Mechanism("y", (), [("x", "y")], [[0.8, 0.2], [0.2, 0.8]])
    >>> model = Model(bow, (cause,), (x, y))
    >>> model.observed().condition(["x"]).at(x=1).values.round(3).tolist()
    [0.26, 0.74]
    >>> model.effect("x", "y").at(x=1).values.round(3).tolist()
    [0.5, 0.5]

    Notes
    -----
    Exact enumeration by elimination of one variable after the other. A table of more than 2^20 entries is
    refused, so twenty nodes of two values are the most for `observed` without an argument.

    A latent node with several children becomes several bidirected edges in the projection. It can play the part
    of all their hidden causes at once, so a model of the projection is one of the graph with the latent node.
    """

    graph: CausalGraph
    hidden: tuple[Hidden, ...]
    mechanisms: tuple[Mechanism, ...]

    def __post_init__(self) -> None:
        if self.graph.latent:
            raise ValueError(f"'{self.graph.latent[0]}' is latent: a model is one of the latent projection")
        if sorted(one.node for one in self.mechanisms) != list(self.graph.nodes):
            raise ValueError("a model needs one mechanism for every node of its graph")
        causes = {one.nodes: one for one in self.hidden}
        if len(causes) < len(self.hidden):
            raise ValueError("a bidirected edge has two hidden causes")
        for one in self.hidden:
            if one.nodes not in self.graph.bidirected:
                raise ValueError(f"the graph has no edge {one.nodes[0]} <-> {one.nodes[1]}")
            if one.name in self.graph:
                raise ValueError(f"'{one.name}' is the name of a node and of a hidden cause")
            _require_distribution(one.probabilities, one.name)
        sizes = self.sizes
        for mechanism in self.mechanisms:
            node = mechanism.node
            if not set(mechanism.parents) <= set(self.graph.parents(node)):
                raise ValueError(f"the mechanism of '{node}' reads a node that is no parent of it")
            if not all(edge in causes and node in edge for edge in mechanism.hidden):
                raise ValueError(f"the mechanism of '{node}' reads a hidden cause that it does not have")
            shape = [sizes[name] for name in mechanism.parents]
            shape += [len(causes[edge].probabilities) for edge in mechanism.hidden]
            if mechanism.table.shape[:-1] != tuple(shape):
                raise ValueError(
                    f"'{node}' has a table with axes of lengths {mechanism.table.shape}; its inputs: {shape}"
                )
            _require_distribution(mechanism.table, node)

    @property
    def sizes(self) -> dict[str, int]:
        """The number of values of each node."""
        return {one.node: one.size for one in self.mechanisms}

    def observed(self, over: Names | None = None) -> Factor:
        """Enumerate the distribution of observed nodes.

        Parameters
        ----------
        over : str or iterable of str, optional
            The nodes; by default all.

        Returns
        -------
        Factor
            Their joint distribution.

        Raises
        ------
        QueryError
            For an unknown node, or if a table would have more than 2^20 entries.
        """
        names = self.graph.nodes if over is None else observed_nodes(self.graph, over, "the node")
        return self._distribution(names, ())

    def effect(self, do: Names, on: Names, given: Names = ()) -> Factor:
        """Enumerate P(on | do(do), given).

        Parameters
        ----------
        do, on, given : str or iterable of str
            Treatments, outcomes and conditions.

        Returns
        -------
        Factor
            Over all of them; it sums to one over ``on``.

        Raises
        ------
        QueryError
            For a query that the graph cannot be asked, or if a table would have more than 2^20 entries.
        """
        query = make_query(self.graph, do, on, given)
        joint = self._distribution(query.do + query.on + query.given, query.do)
        return joint.divide(joint.marginalise(query.on))

    def text(self) -> str:
        """Print the mechanisms in causal order, one a line."""
        words = {one.node: one.words for one in self.mechanisms}
        return "\n".join(words[name] for name in self.graph.topological_order)

    def _distribution(self, names: Sequence[str], do: Sequence[str]) -> Factor:
        """Compute the distribution of some nodes; with treatments, that for each of their values."""
        mechanisms = {one.node: one for one in self.mechanisms}
        read: set[str] = set()
        waiting = [name for name in names if name not in do]
        while waiting:  # nodes that no result depends on are left out
            name = waiting.pop()
            if name not in read and name not in do:
                read.add(name)
                waiting.extend(mechanisms[name].parents)
        causes = {one.nodes: one for one in self.hidden}
        used = {edge for name in read for edge in mechanisms[name].hidden}
        factors = [Factor((causes[edge].name,), causes[edge].probabilities) for edge in sorted(used)]
        for name in sorted(read):
            one = mechanisms[name]
            factors.append(Factor([*one.parents, *(causes[edge].name for edge in one.hidden), name], one.table))
        factors += [Factor((name,), np.ones(mechanisms[name].size)) for name in sorted(set(do))]
        gone = {causes[edge].name for edge in used} | ({*read, *do} - set(names))
        while gone:
            # Cheapest first, as in bucket elimination; ties by name, so that rounding is the same every time.
            name = min(sorted(gone), key=lambda one: _entries([f for f in factors if one in f.axes]))
            gone.remove(name)
            bucket = [factor for factor in factors if name in factor.axes]
            factors = [factor for factor in factors if name not in factor.axes]
            factors.append(_multiplied(bucket).marginalise([name]))
        return _multiplied(factors)


def _entries(factors: Iterable[Factor]) -> int:
    sizes: dict[str, int] = {}
    for factor in factors:
        sizes |= factor.sizes
    return prod(sizes.values())


def _multiplied(factors: Sequence[Factor]) -> Factor:
    if _entries(factors) > MOST_ENTRIES:
        number = len({name for factor in factors for name in factor.axes})
        raise QueryError(
            f"a table over {number} variables would have {_entries(factors)} entries, and at most {MOST_ENTRIES} are "
            f"enumerated; name fewer nodes"
        )
    return reduce(Factor.multiply, factors)


def _require_distribution(table: ArrayLike, name: str) -> None:
    values = np.asarray(table, dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any() or np.abs(values.sum(axis=-1) - 1).max() > 1e-12:
        raise ValueError(f"the table of '{name}' is no distribution")
