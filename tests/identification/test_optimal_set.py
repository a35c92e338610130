"""The optimal set against asymptotic variances of linear models and against published examples."""

from __future__ import annotations

import random

import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import is_adjustment_set, optimal_adjustment_set
from tests.identification.identification_oracle import brute_force_sets, random_graph


def covariance(graph: CausalGraph, rng: np.random.Generator) -> tuple[list[str], NDArray[np.float64]]:
    """The covariance matrix of a random linear model of the canonical DAG."""
    dag = graph.canonical_dag()
    order = list(nx.lexicographical_topological_sort(dag))
    weights = np.zeros((len(order), len(order)))
    for cause, effect in dag.edges:
        weights[order.index(effect), order.index(cause)] = rng.uniform(0.3, 1.5) * rng.choice([-1, 1])
    spread = np.linalg.inv(np.eye(len(order)) - weights)
    return order, spread @ np.diag(rng.uniform(0.5, 2, len(order))) @ spread.T


def variance(order: list[str], sigma: NDArray[np.float64], x: str, y: str, adjust: tuple[str, ...]) -> float:
    """Asymptotic variance of the least-squares coefficient of x: Var(y | x, z) / Var(x | z)."""

    def residual(target: str, names: list[str]) -> float:
        i, z = order.index(target), [order.index(name) for name in names]
        explained = sigma[i, z] @ np.linalg.solve(sigma[np.ix_(z, z)], sigma[z, i]) if z else 0.0
        return float(sigma[i, i] - explained)

    return residual(y, [x, *adjust]) / residual(x, list(adjust))


@pytest.mark.parametrize(("seed", "latent", "hidden"), [(0, 0.0, False), (1, 0.25, False), (2, 0.2, True)])
def test_no_set_has_a_smaller_variance(seed: int, latent: float, hidden: bool) -> None:
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    found = contested = fenced = 0
    for _ in range(500):
        graph = random_graph(rng, rng.randint(4, 7), latent=latent, hidden_edges=hidden)
        if len(graph.observed) < 3:
            continue
        x, y = rng.sample(graph.observed, 2)
        if y not in graph.descendants(x):
            continue
        sets = brute_force_sets(graph, (x,), (y,))
        answer = optimal_adjustment_set(graph, x, y)
        if not latent:
            assert (answer.nodes is not None) == bool(sets)
        if answer.nodes is None:
            continue
        assert answer.nodes in sets
        found += 1
        contested += len(sets) > 1
        fenced += answer.because.startswith("the nodes next to the outcome")
        for _ in range(3):
            order, sigma = covariance(graph, noise)
            best = variance(order, sigma, x, y, answer.nodes)
            assert all(best <= variance(order, sigma, x, y, other) + 1e-9 for other in sets), (graph, x, y)
    assert contested > 50
    assert fenced > 5 or not latent


def test_the_regression_graph_on_which_a_mediator_was_once_returned() -> None:
    """Five nodes: A and D confound, B mediates; {B} would remove the effect."""
    graph = CausalGraph("ABDXY", [("A", "X"), ("A", "Y"), ("D", "Y"), ("X", "B"), ("B", "Y")])
    assert optimal_adjustment_set(graph, "X", "Y").nodes == ("A", "D")


def test_causal_paths_that_share_their_first_edge() -> None:
    """X -> M, then two ways to Y: nothing special about it."""
    edges = [("X", "M"), ("M", "A"), ("M", "B"), ("A", "Y"), ("B", "Y"), ("W", "A"), ("C", "X"), ("C", "B")]
    graph = CausalGraph("XMABYWC", edges)
    assert optimal_adjustment_set(graph, "X", "Y").nodes == ("C", "W")


def test_joint_treatments() -> None:
    """Henckel, Perković and Maathuis, section 3: parents of all causal nodes, treatments left out."""
    graph = CausalGraph(
        ["a1", "a2", "b", "c", "y"],
        [("a1", "y"), ("a2", "y"), ("b", "a1"), ("b", "y"), ("c", "a2"), ("c", "y")],
    )
    assert optimal_adjustment_set(graph, ["a1", "a2"], "y").nodes == ("b", "c")


def test_a_hidden_parent_of_the_outcome_leaves_no_best_set() -> None:
    graph = CausalGraph("xyzw", [("z", "x"), ("z", "y"), ("x", "y"), ("w", "z")], [("w", "y")])
    answer = optimal_adjustment_set(graph, "x", "y")
    assert answer.nodes == ("w", "z")  # all nodes are ancestors: {z, w} blocks and predicts best
    below = CausalGraph("xyzv", [("z", "x"), ("z", "y"), ("x", "y")], [("v", "y"), ("v", "z")])
    refused = optimal_adjustment_set(below, "x", "y")
    assert refused.nodes is None
    assert "hidden cause of v and y" in refused.because


def test_hidden_noise_of_the_outcome_does_no_harm() -> None:
    graph = CausalGraph("xyzu", [("z", "x"), ("z", "y"), ("x", "y"), ("u", "y")], latent="u")
    assert optimal_adjustment_set(graph, "x", "y").nodes == ("z",)


def test_reasons_for_none() -> None:
    bow = CausalGraph("xy", [("x", "y")], [("x", "y")])
    assert optimal_adjustment_set(bow, "x", "y").nodes is None
    assert "no adjustment set" in optimal_adjustment_set(bow, "x", "y").because
    fork = CausalGraph("cqxy", [("c", "x"), ("c", "y"), ("c", "q"), ("x", "y")])
    assert "effect on q" in optimal_adjustment_set(fork, "x", ["q", "y"]).because
    wide = CausalGraph("cdxyq", [("c", "x"), ("c", "d"), ("d", "y"), ("x", "y"), ("x", "q")])
    assert "excluded" in optimal_adjustment_set(wide, "x", "y", excluded="d").because
    assert "required" in optimal_adjustment_set(fork, "x", "y", required="q").because
    assert is_adjustment_set(fork, "x", "y", ["c", "q"])
