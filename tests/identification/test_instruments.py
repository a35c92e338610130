"""Instruments against path-by-path brute force over all conditions, and against linear models."""

from __future__ import annotations

import random

import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import Instrument, QueryError
from causal_reasoning.identification.instruments import find_instruments, is_instrument
from tests.identification.identification_oracle import random_graph, subsets


def without_effect(graph: CausalGraph, x: str, y: str) -> tuple[nx.DiGraph[str], nx.DiGraph[str]] | None:
    """The canonical DAG, and the same without the first arrows of causal paths; None if there is no such path."""
    dag = graph.canonical_dag()
    above = {y, *nx.ancestors(dag, y)}
    first = above & set(dag.successors(x))
    cut = dag.copy()
    cut.remove_edges_from([(x, node) for node in first])
    return (dag, cut) if first else None


def all_conditions(graph: CausalGraph, x: str, y: str) -> dict[str, list[tuple[str, ...]]]:
    """For every node the sets given which it is an instrument, by the definition, with d-separation of networkx."""
    graphs = without_effect(graph, x, y)
    if graphs is None:
        return {}
    dag, cut = graphs
    below: set[str] = nx.descendants(dag, x)
    pool = set(graph.observed) - {x, y} - below
    return {
        z: [
            w
            for w in subsets(pool - {z})
            if nx.is_d_separator(cut, {z}, {y}, set(w)) and not nx.is_d_separator(cut, {z}, {x}, set(w))
        ]
        for z in sorted(pool)
    }


def random_effect(rng: random.Random, largest: int) -> tuple[CausalGraph, str, str] | None:
    graph = random_graph(rng, rng.randint(3, largest), latent=rng.choice([0.0, 0.15, 0.3]))
    pairs = [(x, y) for x in graph.observed for y in graph.observed if x != y and y in graph.descendants(x)]
    return (graph, *rng.choice(pairs)) if pairs else None


def test_every_ancestral_instrument_is_found_with_a_minimal_condition() -> None:
    rng = random.Random(21)
    found = conditional = beyond = 0
    for _ in range(1800):
        asked = random_effect(rng, 6)
        if asked is None:
            continue
        graph, x, y = asked
        truth = all_conditions(graph, x, y)
        answer = {one.node: one.given for one in find_instruments(graph, x, y)}
        # The theorem: if any node is an instrument given anything, some node is one given ancestors.
        assert bool(answer) == any(truth.values()), (graph, x, y)
        graphs = without_effect(graph, x, y)
        assert graphs is not None
        for z, conditions in truth.items():
            above = nx.ancestors(graphs[1], z) | nx.ancestors(graphs[1], y)
            assert (z in answer) == any(set(w) <= above for w in conditions), (graph, x, y, z)
            beyond += z not in answer and bool(conditions)
            if z in answer:
                assert answer[z] in conditions
                assert not any(set(w) < set(answer[z]) for w in conditions)
                found += 1
                conditional += bool(answer[z])
    assert found > 200 and conditional > 50 and beyond > 0


def test_the_definition_is_decided_for_every_set() -> None:
    rng = random.Random(22)
    yes = 0
    for _ in range(600):
        asked = random_effect(rng, 5)
        if asked is None:
            continue
        graph, x, y = asked
        truth = all_conditions(graph, x, y)
        for z in set(graph.observed) - {x, y}:
            for w in subsets(set(graph.observed) - {x, y, z}):
                assert is_instrument(graph, x, y, z, w) == (w in truth.get(z, [])), (graph, x, y, z, w)
                yes += w in truth.get(z, [])
    assert yes > 100


def test_in_linear_models_the_ratio_of_partial_covariances_is_the_total_effect() -> None:
    rng, noise = random.Random(23), np.random.default_rng(23)
    checked = confounded = 0

    def partial(sigma: NDArray[np.float64], a: int, b: int, given: list[int]) -> float:
        explained = sigma[a, given] @ np.linalg.solve(sigma[np.ix_(given, given)], sigma[given, b]) if given else 0.0
        return float(sigma[a, b] - explained)

    for _ in range(1200):
        asked = random_effect(rng, 7)
        if asked is None:
            continue
        graph, x, y = asked
        dag = graph.canonical_dag()
        order = list(nx.lexicographical_topological_sort(dag))
        place = {name: i for i, name in enumerate(order)}
        weights = np.zeros((len(order), len(order)))
        for cause, effect in dag.edges:
            weights[place[effect], place[cause]] = noise.uniform(0.4, 1.5) * noise.choice([-1, 1])
        total = np.linalg.inv(np.eye(len(order)) - weights)
        sigma = total @ np.diag(noise.uniform(0.5, 2, len(order))) @ total.T
        for one in find_instruments(graph, x, y):
            given = [place[name] for name in one.given]
            top = partial(sigma, place[one.node], place[y], given)
            bottom = partial(sigma, place[one.node], place[x], given)
            assert top / bottom == pytest.approx(total[place[y], place[x]], abs=1e-6), (graph, x, y, one)
            checked += 1
            confounded += y in graph.siblings(x)
    assert checked > 150 and confounded > 10


CONFOUNDED = [("x", "y")]


def test_textbook_instruments() -> None:
    """Pearl, Causality (2009), figure 7.8 and section 7.4."""
    plain = CausalGraph("xyz", [("z", "x"), ("x", "y")], CONFOUNDED)
    assert find_instruments(plain, "x", "y") == (Instrument("z"),)
    exclusion = CausalGraph("xyz", [("z", "x"), ("x", "y"), ("z", "y")], CONFOUNDED)
    assert find_instruments(exclusion, "x", "y") == ()
    given = CausalGraph("xyzw", [("w", "z"), ("w", "y"), ("z", "x"), ("x", "y")], CONFOUNDED)
    assert find_instruments(given, "x", "y") == (Instrument("z", ("w",)),)
    assert is_instrument(given, "x", "y", "z", "w") and not is_instrument(given, "x", "y", "z")


def test_hidden_nodes_are_no_instruments() -> None:
    graph = CausalGraph("uxyz", [("u", "x"), ("u", "z"), ("x", "y")], CONFOUNDED, latent="u")
    assert find_instruments(graph, "x", "y") == (Instrument("z"),)
    with pytest.raises(QueryError, match="instrument 'u' is latent"):
        is_instrument(graph, "x", "y", "u")


def test_an_effect_of_the_treatment_is_no_instrument() -> None:
    for hidden in ([], CONFOUNDED):
        graph = CausalGraph("xyc", [("x", "y"), ("x", "c")], hidden)
        assert find_instruments(graph, "x", "y") == ()
        assert not is_instrument(graph, "x", "y", "c")


def test_an_instrument_need_not_be_a_cause_of_the_treatment() -> None:
    sibling = CausalGraph("xyz", [("x", "y")], [*CONFOUNDED, ("x", "z")])
    assert find_instruments(sibling, "x", "y") == (Instrument("z"),)
    remote = CausalGraph("abxyz", [("a", "z"), ("a", "b"), ("b", "x"), ("x", "y")], CONFOUNDED)
    assert [one.node for one in find_instruments(remote, "x", "y")] == ["a", "b", "z"]


def test_the_total_effect_through_mediators() -> None:
    graph = CausalGraph("xmyzd", [("z", "x"), ("x", "m"), ("m", "y"), ("x", "y"), ("m", "d")], CONFOUNDED)
    assert find_instruments(graph, "x", "y") == (Instrument("z"),)
    assert not is_instrument(graph, "x", "y", "z", "m")
    assert not is_instrument(graph, "x", "y", "z", "d")


def test_several_outcomes_share_an_instrument() -> None:
    edges = [("z", "x"), ("x", "y"), ("x", "q"), ("w", "x")]
    graph = CausalGraph("xyqzw", edges, [*CONFOUNDED, ("q", "w")])
    assert [one.node for one in find_instruments(graph, "x", "y")] == ["w", "z"]
    assert find_instruments(graph, "x", ["q", "y"]) == (Instrument("z"),)


def test_none_for_several_treatments_or_without_an_effect() -> None:
    graph = CausalGraph("xyzw", [("z", "x"), ("x", "y"), ("w", "y")], CONFOUNDED)
    assert find_instruments(graph, ["w", "x"], "y") == ()
    assert not is_instrument(graph, ["w", "x"], "y", "z")
    assert find_instruments(graph, "y", "x") == ()


def test_bad_questions() -> None:
    graph = CausalGraph("xyz", [("z", "x"), ("x", "y")])
    with pytest.raises(QueryError, match="instrument 'q' is no node"):
        is_instrument(graph, "x", "y", "q")
    with pytest.raises(QueryError, match="'x' cannot be both the instrument and the treatment"):
        is_instrument(graph, "x", "y", "x")
    with pytest.raises(QueryError, match="'z' cannot be both the instrument and the condition"):
        is_instrument(graph, "x", "y", "z", "z")
    with pytest.raises(QueryError, match="'y' cannot be both the condition and the outcome"):
        is_instrument(graph, "x", "y", "z", "y")
    with pytest.raises(QueryError, match="the treatment 'v' is no node"):
        find_instruments(graph, "v", "y")
