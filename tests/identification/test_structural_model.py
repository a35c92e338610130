"""Discrete models against one product of all their tables."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import QueryError
from causal_reasoning.identification.structural_model import Hidden, Mechanism, Model
from tests.identification.identification_oracle import BinaryModel, random_graph, random_query

BOW = CausalGraph("xy", [("x", "y")], [("x", "y")])
COIN = Hidden(("x", "y"), (0.5, 0.5))
X = Mechanism("x", [], [("x", "y")], [[0.9, 0.1], [0.1, 0.9]])
Y = Mechanism("y", ["x"], [("x", "y")], [[[0.8, 0.2], [0.7, 0.3]], [[0.6, 0.4], [0.1, 0.9]]])


def translated(binary: BinaryModel) -> Model:
    """The same model; the root of a bidirected edge becomes a hidden cause."""
    graph = binary.graph
    hidden = []
    for edge in graph.bidirected:
        chance = float(binary.tables[f"{edge[0]} <-> {edge[1]}"])
        hidden.append(Hidden(edge, (1 - chance, chance)))
    mechanisms = []
    for name in graph.nodes:
        read = binary.parents[name]
        parents = [other for other in read if other in graph]
        edges = [edge for edge in graph.bidirected if name in edge]
        order = [read.index(other) for other in [*parents, *(f"{a} <-> {b}" for a, b in edges)]]
        table = binary.tables[name].transpose(order)
        mechanisms.append(Mechanism(name, parents, edges, np.stack([1 - table, table], -1)))
    return Model(graph, tuple(hidden), tuple(mechanisms))


@pytest.mark.parametrize("seed", range(40))
def test_elimination_gives_what_one_product_gives(seed: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(rng, rng.randint(4, 7), latent=0)
    binary = BinaryModel(graph, seed)
    model = translated(binary)
    assert np.abs(model.observed().values - binary.observed().values).max() < 1e-12
    do, on, given = random_query(rng, graph)
    found = model.effect(do, on, given)
    assert np.abs(found.values - binary.effect(do, on, given).aligned(found.axes)).max() < 1e-12
    few = rng.sample(graph.nodes, 2)
    assert np.abs(model.observed(few).values - binary.distribution(sorted(few)).values).max() < 1e-12


def test_by_hand() -> None:
    """P(y=1 | do(x=1)) = (.4 + .9) / 2, and P(y=1 | x=1) = .1 · .4 + .9 · .9."""
    model = Model(BOW, (COIN,), (X, Y))
    assert float(model.effect("x", "y").at(x=1, y=1).values) == pytest.approx(0.65)
    assert float(model.observed().condition(["x"]).at(x=1, y=1).values) == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("graph", "hidden", "mechanisms", "message"),
    [
        (BOW, (COIN,), (X,), "one mechanism for every node"),
        (BOW, (COIN,), (X, X), "one mechanism for every node"),
        (BOW, (COIN, COIN), (X, Y), "two hidden causes"),
        (BOW, (), (X, Y), "'x' reads a hidden cause that it does not have"),
        (CausalGraph("xy", [("x", "y")]), (COIN,), (X, Y), "no edge x <-> y"),
        (CausalGraph("xy", [], [("x", "y")]), (COIN,), (X, Y), "'y' reads a node that is no parent"),
        (BOW, (Hidden(("x", "y"), (0.5, 0.6)),), (X, Y), r"'u\(x, y\)' is no distribution"),
        (BOW, (Hidden(("x", "y"), (0.5, 0.25, 0.25)),), (X, Y), "axes of lengths"),
        (BOW, (COIN,), (Mechanism("x", [], [], [0.5, 0.4]), Y), "'x' is no distribution"),
        (BOW, (COIN,), (Mechanism("x", [], [], [1.5, -0.5]), Y), "'x' is no distribution"),
        (CausalGraph("xy", [("x", "y")], [], "x"), (), (), "'x' is latent"),
    ],
)
def test_what_is_no_model_of_the_graph_is_refused(
    graph: CausalGraph, hidden: tuple[Hidden, ...], mechanisms: tuple[Mechanism, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Model(graph, hidden, mechanisms)


def test_a_table_too_large_is_refused_and_a_part_of_it_is_not() -> None:
    names = [f"n{i:02}" for i in range(30)]
    graph = CausalGraph(names, list(itertools.pairwise(names)))
    model = Model(
        graph,
        (),
        tuple(
            Mechanism(name, names[i - 1 : i], [], [[0.75, 0.25], [0.25, 0.75]] if i else [0.75, 0.25])
            for i, name in enumerate(names)
        ),
    )
    with pytest.raises(QueryError, match="30 variables would have 1073741824 entries, and at most 1048576"):
        model.observed()
    # A chain of symmetric channels: the bias halves at every step.
    assert float(model.observed(names[5]).at({names[5]: 0}).values) == pytest.approx(0.5 + 0.25 / 2**5)
    assert float(model.effect(names[3], names[5]).at({names[3]: 0, names[5]: 0}).values) == pytest.approx(0.5 + 0.5 / 4)
    with pytest.raises(QueryError, match="is no node of the graph"):
        model.observed("n99")


def test_a_mechanism_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        X.table[0, 0] = 1.0
