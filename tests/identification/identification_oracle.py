"""Truths that owe nothing to the package: exact binary models and brute force over all subsets."""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Iterable

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from causal_reasoning.estimand import Factor
from causal_reasoning.graph.causal_graph import CausalGraph


def random_graph(rng: random.Random, size: int, *, hidden_edges: bool = True, latent: float = 0.15) -> CausalGraph:
    """A random mixed graph over `size` nodes in a random order, sometimes with latent nodes."""
    nodes = [f"v{i}" for i in range(size)]
    order = rng.sample(nodes, size)
    arrows, hidden = rng.choice([0.25, 0.4, 0.6]), rng.choice([0.0, 0.1, 0.25]) if hidden_edges else 0.0
    pairs = list(itertools.combinations(order, 2))
    return CausalGraph(
        nodes,
        [pair for pair in pairs if rng.random() < arrows],
        [pair for pair in pairs if rng.random() < hidden],
        [name for name in nodes if rng.random() < latent],
    )


class BinaryModel:
    """A random binary structural model of a graph: one fresh hidden root for every bidirected edge."""

    def __init__(self, graph: CausalGraph, seed: int) -> None:
        self.graph = graph
        self.dag = graph.canonical_dag()
        self.order = list(nx.lexicographical_topological_sort(self.dag))
        random_state = np.random.default_rng(seed)
        self.parents = {name: sorted(self.dag.predecessors(name)) for name in self.order}
        self.tables = {name: random_state.uniform(0.12, 0.88, (2,) * len(self.parents[name])) for name in self.order}

    def distribution(self, keep: Iterable[str], do: Iterable[str] = ()) -> Factor:
        """The joint of the kept nodes; with `do`, that of the others for each value of the treatments."""
        letter = dict(zip(self.order, string.ascii_letters, strict=False))
        cut, kept = set(do), tuple(keep)
        operands: list[NDArray[np.float64]] = []
        terms: list[str] = []
        for name in self.order:
            if name in cut:
                operands.append(np.ones(2))
                terms.append(letter[name])
            else:
                table = self.tables[name]
                operands.append(np.stack([1 - table, table], -1))
                terms.append("".join(letter[other] for other in [*self.parents[name], name]))
        formula = ",".join(terms) + "->" + "".join(letter[name] for name in kept)
        values = np.einsum(formula, *operands, optimize="greedy")
        return Factor(kept, values)

    def observed(self) -> Factor:
        """The joint distribution of the observed nodes."""
        return self.distribution(self.graph.observed)

    def effect(self, do: tuple[str, ...], on: tuple[str, ...], given: tuple[str, ...] = ()) -> Factor:
        """P(on | do(do), given), over all of them."""
        joint = self.distribution(sorted({*do, *on, *given}), do)
        return joint.divide(joint.marginalise(on))


def subsets(names: Iterable[str]) -> Iterable[tuple[str, ...]]:
    """All subsets, small ones first."""
    pool = sorted(names)
    return itertools.chain.from_iterable(itertools.combinations(pool, k) for k in range(len(pool) + 1))


def brute_force_sets(
    graph: CausalGraph, do: tuple[str, ...], on: tuple[str, ...], *, shared: bool = True
) -> list[tuple[str, ...]]:
    """All adjustment sets by the criterion as it is stated, with paths and d-separation of networkx.

    With `shared`, sets with outcomes in them are added if there is none without.
    """
    dag = graph.canonical_dag()
    causal: set[str] = set()
    for start, end in itertools.product(do, on):
        for path in nx.all_simple_paths(dag, start, end):
            if not set(path[1:]) & set(do):
                causal |= set(path[1:])
    forbidden = set(causal).union(*(nx.descendants(dag, name) for name in causal))
    backdoor = dag.copy()
    backdoor.remove_edges_from([(x, c) for x in do for c in causal if dag.has_edge(x, c)])
    usable = set(graph.observed) - set(do) - forbidden

    def search(names: set[str]) -> list[tuple[str, ...]]:
        found = []
        for candidate in subsets(names):
            goal = set(on) - set(candidate)
            if not goal or nx.is_d_separator(backdoor, set(do), goal, set(candidate)):
                found.append(candidate)
        return found

    return search(usable - set(on)) or (search(usable) if shared else [])


def minimal_only(sets: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Those without a proper subset in the list."""
    return [one for one in sets if not any(set(other) < set(one) for other in sets)]


def random_query(rng: random.Random, graph: CausalGraph) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Disjoint treatments, outcomes and now and then conditions, all observed."""
    pool = rng.sample(graph.observed, len(graph.observed))
    treatments, outcomes = rng.choice([(1, 1), (1, 1), (1, 2), (2, 1), (2, 2)])
    conditions = rng.choice([0, 0, 0, 1])
    cuts = list(itertools.accumulate([treatments, outcomes, conditions]))
    do, on, given = pool[: cuts[0]], pool[cuts[0] : cuts[1]], pool[cuts[1] : cuts[2]]
    return tuple(sorted(do)), tuple(sorted(on)), tuple(sorted(given))
