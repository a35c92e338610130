"""Models with explicit noise: every counterfactual is a sum over the values of the noise."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from causal_reasoning.estimand import Factor
from causal_reasoning.graph.causal_graph import CausalGraph

Names = tuple[str, ...]
Values = dict[str, NDArray[np.int64]]


class NoiseModel:
    """Each node is a function of its parents, which its own noise selects; hidden causes are nodes like others.

    The functions are the constants, which make everything possible, and some random ones. All combinations of noise
    are listed, so a unit of the population is a column.
    """

    def __init__(self, graph: CausalGraph, seed: int, functions: int = 2, hidden_values: int = 2) -> None:
        self.graph = graph
        dag = graph.canonical_dag()
        self.order = list(nx.lexicographical_topological_sort(dag))
        self.parents = {name: sorted(dag.predecessors(name)) for name in self.order}
        self.values = {name: hidden_values if dag.nodes[name]["latent"] else 2 for name in self.order}
        rng = np.random.default_rng(seed)
        self.tables = {name: self._table(name, functions, rng) for name in self.order}
        self.weights = {name: rng.dirichlet(np.full(len(self.tables[name]), 3.0)) for name in self.order}
        shape = [len(self.tables[name]) for name in self.order]
        self.noise = dict(zip(self.order, np.indices(shape).reshape(len(shape), -1), strict=True))
        self.share = np.ones(int(np.prod(shape)))
        for name in self.order:
            self.share = self.share * self.weights[name][self.noise[name]]

    def _table(self, name: str, functions: int, rng: np.random.Generator) -> NDArray[np.int64]:
        shape = tuple(self.values[other] for other in self.parents[name])
        constants = np.arange(self.values[name]).reshape(-1, *[1] * len(shape))
        if not shape:
            return constants
        if shape == (2,) and self.values[name] == 2:  # all there are
            return np.array([[0, 0], [1, 1], [0, 1], [1, 0]])
        drawn = rng.integers(0, self.values[name], (functions, *shape))
        return np.concatenate([np.broadcast_to(constants, (len(constants), *shape)), drawn])

    def run(self, do: Mapping[str, int | NDArray[np.int64]]) -> Values:
        """The value of every node for every unit, under an intervention that may differ from unit to unit."""
        result: Values = {}
        for name in self.order:
            if name in do:
                result[name] = np.broadcast_to(np.asarray(do[name]), self.share.shape)
            else:
                parents = tuple(result[other] for other in self.parents[name])
                result[name] = self.tables[name][(self.noise[name], *parents)]
        return result

    def nested(self, do: Mapping[str, int], reference: Mapping[str, int], mediators: Names) -> Values:
        """All nodes under `do` with the mediators as they are under `reference`."""
        before = self.run(reference)
        return self.run({**do, **{name: before[name] for name in mediators}})

    def distribution(self, values: Values, names: Names) -> NDArray[np.float64]:
        """The joint distribution of some nodes."""
        result = np.zeros([self.values[name] for name in names])
        np.add.at(result, tuple(values[name] for name in names), self.share)
        return result

    def observed(self) -> Factor:
        """What data would show."""
        return Factor(self.graph.observed, self.distribution(self.run({}), self.graph.observed))

    def gradient(self, values: Values, names: Names) -> NDArray[np.float64]:
        """Derivatives of a distribution by the weights of all functions, one row for each of them."""
        shape = [self.values[name] for name in names]
        code = np.ravel_multi_index([values[name] for name in names], shape)
        rows = []
        for name in self.order:
            weights = self.weights[name]
            block = np.zeros((len(weights), int(np.prod(shape))))
            np.add.at(block, (self.noise[name], code), self.share / weights[self.noise[name]])
            # Weights sum to one: only directions in which they still do count.
            rows.append(weights[:, None] * (block - weights @ block))
        return np.concatenate(rows)


def unexplained(model: NoiseModel, target: NDArray[np.float64]) -> float:
    """How far a gradient is from the span of those of the observed distribution.

    If it is not in the span, there is a direction in which the target changes and nothing that is observed does.
    """
    seen = model.gradient(model.run({}), model.graph.observed)
    solution, *_ = np.linalg.lstsq(seen, target, rcond=1e-11)
    return float(np.abs(seen @ solution - target).max())


def cases(seed: int, count: int, size: int) -> Iterator[tuple[CausalGraph, Names, Names, Names]]:
    """Random graphs with treatments, outcomes and mediators, mostly in causal order."""
    rng = random.Random(seed)
    while count:
        nodes = [f"v{i}" for i in range(rng.randint(3, size))]
        order = rng.sample(nodes, len(nodes))
        arrows, hidden = rng.choice([0.5, 0.7, 0.9]), rng.choice([0.0, 0.1, 0.2, 0.35])
        pairs = list(itertools.combinations(order, 2))
        latent = [name for name in nodes if rng.random() < 0.08]
        seen = [name for name in order if name not in latent]
        if rng.random() < 0.25:
            rng.shuffle(seen)
        treatments = 1 if rng.random() < 0.85 else 2
        outcomes = 1 if rng.random() < 0.85 else 2
        do, on, rest = seen[:treatments], seen[treatments:][-outcomes:], seen[treatments:-outcomes]
        if not on or not rest:
            continue
        graph = CausalGraph(
            nodes,
            [pair for pair in pairs if rng.random() < arrows],
            [pair for pair in pairs if rng.random() < hidden][:3],
            latent,
        )
        mediators = rng.sample(rest, rng.randint(1, min(2, len(rest))))
        count -= 1
        yield graph, tuple(sorted(do)), tuple(sorted(on)), tuple(sorted(mediators))
