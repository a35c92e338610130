"""Verma constraints hold in exact models, fail elsewhere, say what independences do not, and leave nothing out."""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Callable, Iterable

import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.estimand import Expression, Factor, Probability, latex
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import testable
from causal_reasoning.identification.implications import independence_basis
from causal_reasoning.identification.verma import VermaConstraint, verma_constraints
from tests.identification.identification_oracle import BinaryModel, random_graph

Table = NDArray[np.float64]

VERMA = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")], [("b", "d")])
NAPKIN = CausalGraph("wrxy", [("w", "r"), ("r", "x"), ("x", "y")], [("w", "x"), ("w", "y")])


def differences(expression: Expression, constant_in: tuple[str, ...], joint: Factor) -> Table:
    """How much an expression moves with some of its variables: all zero if it is constant in them."""
    value = expression.evaluate(joint)
    rest = [name for name in value.axes if name not in constant_in]
    table = value.aligned([*constant_in, *rest]).reshape(2 ** len(constant_in), -1)
    return (table[1:] - table[:1]).ravel()


def interesting(seed: int, size: int, count: int) -> Iterable[tuple[CausalGraph, tuple[VermaConstraint, ...]]]:
    """Random mixed graphs with a Verma constraint."""
    rng = random.Random(seed)
    names = [f"v{i}" for i in range(size)]
    while count:
        pairs = list(itertools.combinations(rng.sample(names, size), 2))
        arrows, hidden = rng.choice([0.25, 0.4, 0.6]), rng.choice([0.15, 0.3, 0.5])
        graph = CausalGraph(
            names, [pair for pair in pairs if rng.random() < arrows], [pair for pair in pairs if rng.random() < hidden]
        )
        found = verma_constraints(graph)
        if found.constraints:
            assert not found.capped
            count -= 1
            yield graph, found.constraints


# -- known graphs ----------------------------------------------------------------------------------------------------


def test_the_first_verma_constraint() -> None:
    """Verma and Pearl (1990); Tian and Pearl (2002), figure 1."""
    (one,) = verma_constraints(VERMA).constraints
    assert one.text() == "Σ_{b} P(d | a, b, c) P(b | a) does not depend on a"
    assert (one.over, one.independent_of) == (("c", "d"), ("a",))


def test_the_napkin_formula_may_use_any_value_of_its_first_treatment() -> None:
    (one,) = verma_constraints(NAPKIN).constraints
    assert one.independent_of == ("r",)
    assert one.over == ("x", "y")
    effect = BinaryModel(NAPKIN, 1).effect(("x",), ("y",))
    value = one.expression.evaluate(BinaryModel(NAPKIN, 1).observed())
    for r in (0, 1):
        np.testing.assert_allclose(value.at(r=r).aligned(("x", "y")), effect.aligned(("x", "y")), atol=1e-12)


@pytest.mark.parametrize(
    "graph",
    [
        CausalGraph("xy", [("x", "y")], [("x", "y")]),
        CausalGraph("zxy", [("z", "x"), ("x", "y")], [("x", "y")]),
        CausalGraph("xmy", [("x", "m"), ("m", "y")], [("x", "y")]),
        CausalGraph("abcd", [], [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a")]),
        CausalGraph("abcd", [*VERMA.directed, ("a", "d")], [("b", "d")]),
    ],
    ids=["bow", "instrument", "front door", "no arrows", "Verma with a -> d"],
)
def test_graphs_without_any(graph: CausalGraph) -> None:
    answer = verma_constraints(graph)
    assert answer.constraints == () and not answer.capped


def test_none_without_hidden_causes() -> None:
    rng = random.Random(51)
    for size in (5, 10, 40):
        answer = verma_constraints(random_graph(rng, size, hidden_edges=False, latent=0.0))
        assert answer.constraints == () and not answer.capped


def test_a_latent_node_is_as_good_as_a_bidirected_edge() -> None:
    latent = CausalGraph("abcdu", [*VERMA.directed, ("u", "b"), ("u", "d")], latent="u")
    assert verma_constraints(latent) == verma_constraints(VERMA)


# -- numbers ---------------------------------------------------------------------------------------------------------


def test_constant_in_exact_models_and_not_in_others() -> None:
    noise = np.random.default_rng(52)
    checked = 0
    for size in (4, 5, 6):
        for seed, (graph, constraints) in enumerate(interesting(52 + size, size, 15)):
            joint = BinaryModel(graph, seed).observed()
            other = Factor(joint.axes, noise.dirichlet(np.ones(2**size)).reshape(joint.values.shape))
            for one in constraints:
                assert {*one.over, *one.independent_of} == one.expression.free
                assert not set(one.over) & set(one.independent_of)
                assert np.abs(differences(one.expression, one.independent_of, joint)).max() < 1e-9, (graph, one)
                assert np.abs(differences(one.expression, one.independent_of, other)).max() > 1e-4, (graph, one)
                checked += 1
    assert checked >= 45


def slopes(function: Callable[[Factor], Table], joint: Factor, step: float = 1e-3) -> Table:
    """The derivatives by all cells of a distribution, to the fourth order of the step."""
    columns = []
    for cell in np.ndindex(joint.values.shape):

        def moved(amount: float, cell: tuple[int, ...] = cell) -> Table:
            values = joint.values.copy()
            values[cell] *= 1 + amount
            return function(Factor(joint.axes, values / values.sum()))

        slope = 8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))
        columns.append(slope / (12 * step * np.sqrt(joint.values[cell])))
    return np.array(columns).T


def rank(*matrices: Table) -> int:
    """The number of independent equations."""
    matrix = np.vstack(matrices)
    sizes = np.linalg.svd(matrix, compute_uv=False) if matrix.size else np.zeros(0)
    return int((sizes > 1e-7 * sizes.max(initial=0) + 1e-12).sum())


def equations(graph: CausalGraph, joint: Factor) -> tuple[Table, list[Table]]:
    """The slopes of the independences, and of each Verma constraint."""
    basis = [(Probability(one.a, one.b + one.given), one.b) for one in independence_basis(graph).statements]
    plain = [slopes(lambda table, e=e, c=c: differences(e, c, table), joint) for e, c in basis]  # type: ignore[misc]
    verma = [
        slopes(lambda table, one=one: differences(one.expression, one.independent_of, table), joint)  # type: ignore[misc]
        for one in verma_constraints(graph).constraints
    ]
    return np.vstack([np.zeros((1, joint.values.size)), *plain]), verma


def nested_dimension(graph: CausalGraph) -> int:
    """Free parameters of the nested Markov model of binary variables: one table for each intrinsic set.

    A node can be fixed if none of its descendants is in its district; intrinsic sets are the districts of what is left.
    R. Evans and T. Richardson, "Smooth, identifiable supermodels of discrete DAG models with latent variables"
    (Bernoulli 25, 2019).
    """
    hidden: nx.Graph[str] = nx.Graph(graph.bidirected)
    hidden.add_nodes_from(graph.nodes)
    arrows: nx.DiGraph[str] = nx.DiGraph(graph.directed)
    arrows.add_nodes_from(graph.nodes)
    seen: set[frozenset[str]] = set()
    intrinsic: set[frozenset[str]] = set()
    waiting = [frozenset(graph.nodes)]
    while waiting:
        left = waiting.pop()
        if left in seen:
            continue
        seen.add(left)
        for names in nx.connected_components(hidden.subgraph(left)):
            intrinsic.add(frozenset(names))
            for name in names:
                if not nx.descendants(arrows.subgraph(left), name) & names:
                    waiting.append(left - {name})
    return sum(2 ** len(graph.parents(*names)) for names in intrinsic)


@pytest.mark.parametrize(("size", "count"), [(4, 12), (5, 25)])
def test_nothing_is_missing_and_nothing_is_a_plain_independence(size: int, count: int) -> None:
    """With the independences they cut out the nested Markov model; each cuts off something that those do not."""
    for seed, (graph, _) in enumerate(interesting(60 + size, size, count)):
        joint = BinaryModel(graph, seed).observed()
        plain, verma = equations(graph, joint)
        assert rank(plain, *verma) == 2**size - 1 - nested_dimension(graph), graph
        for one in verma:
            assert rank(plain, one) > rank(plain), graph


def test_without_a_verma_constraint_the_independences_are_all_there_is() -> None:
    rng = random.Random(53)
    silent = 0
    for seed in range(60):
        graph = random_graph(rng, 4, latent=0.0)
        joint = BinaryModel(graph, seed).observed()
        plain, verma = equations(graph, joint)
        assert rank(plain, *verma) == 15 - nested_dimension(graph), graph
        silent += not verma
    assert silent > 40


def model_dimension(graph: CausalGraph, states: int, seed: int) -> int:
    """The dimension of the set of observed distributions when hidden causes have many values."""
    dag = graph.canonical_dag()
    order = list(nx.lexicographical_topological_sort(dag))
    letter = dict(zip(order, string.ascii_letters, strict=False))
    values = {name: states if dag.nodes[name]["latent"] else 2 for name in order}
    parents = {name: sorted(dag.predecessors(name)) for name in order}
    noise = np.random.default_rng(seed)
    shapes = {name: [*(values[p] for p in parents[name]), values[name]] for name in order}
    weights = {name: noise.uniform(0.2, 1, shape) for name, shape in shapes.items()}
    terms = ["".join(letter[p] for p in [*parents[name], name]) for name in order]
    formula = ",".join(terms) + "->" + "".join(letter[name] for name in graph.nodes)
    tables = {name: weight / weight.sum(-1, keepdims=True) for name, weight in weights.items()}
    columns = []
    for name in order:
        for cell in np.ndindex(tables[name].shape):
            # The distribution is linear in each table: the slope is the distribution with the changed table.
            change = np.zeros_like(tables[name])
            change[cell] += 1
            change[cell[:-1]] -= tables[name][cell[:-1]]
            operands = [change if other == name else tables[other] for other in order]
            columns.append(np.einsum(formula, *operands, optimize="greedy").ravel())
    return int(np.linalg.matrix_rank(np.array(columns), tol=1e-9))


def test_structural_models_obey_no_further_equation() -> None:
    """The dimension of the distributions that structural models reach, counted without any theory of constraints."""
    front_door = CausalGraph("xmy", [("x", "m"), ("m", "y")], [("x", "y")])
    graphs = [VERMA, NAPKIN, front_door]
    graphs += [graph for size, count in ((4, 6), (5, 10)) for graph, _ in interesting(70 + size, size, count)]
    for seed, graph in enumerate(graphs):
        joint = BinaryModel(graph, seed).observed()
        plain, verma = equations(graph, joint)
        assert model_dimension(graph, 4, seed) == joint.values.size - 1 - rank(plain, *verma), graph


# -- limits ----------------------------------------------------------------------------------------------------------


def ladder(length: int) -> CausalGraph:
    """Verma graphs one after the other: every second node shares a hidden cause with the next but one."""
    names = [f"v{i:02}" for i in range(length)]
    return CausalGraph(
        names, list(itertools.pairwise(names)), [(names[i], names[i + 2]) for i in range(1, length - 2, 2)]
    )


def test_the_search_is_cut_short_and_says_so() -> None:
    assert verma_constraints(ladder(8), cap=1).capped
    assert len(verma_constraints(ladder(8), cap=1).constraints) == 1
    assert verma_constraints(ladder(30), steps=10).capped
    for arguments in ({"cap": 0}, {"steps": 0}):
        with pytest.raises(ValueError, match="must be at least 1, not 0"):
            verma_constraints(VERMA, **arguments)


def test_large_graphs_are_answered() -> None:
    rng = random.Random(54)
    names = [f"v{i:03}" for i in range(120)]
    pairs = list(itertools.combinations(names, 2))
    edges = [pair for pair in pairs if rng.random() < 0.03]
    graph = CausalGraph(names, edges, [], [name for name in names if rng.random() < 0.25])
    report = testable.testable_implications(graph, cap=200)
    assert len(report.verma) <= 200
    assert report == testable.testable_implications(graph, cap=200)


def test_plain_data() -> None:
    (one,) = verma_constraints(VERMA).constraints
    assert one.to_dict() == {
        "expression": {"text": "Σ_{b} P(d | a, b, c) P(b | a)", "latex": latex(one.expression)},
        "over": ["c", "d"],
        "independent_of": ["a"],
        "text": "Σ_{b} P(d | a, b, c) P(b | a) does not depend on a",
    }
