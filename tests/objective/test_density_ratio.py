"""Weights of general formulas: exact on random models, and refused where they would need the density of a text."""

from __future__ import annotations

import random

import numpy as np
import pytest

from causal_reasoning.estimand import Factor
from causal_reasoning.identification import General, id_algorithm, identify_effect
from causal_reasoning.objective.density_ratio import Blocked, density_ratio
from causal_reasoning.objective.ratio import Ratio
from tests.identification.identification_oracle import BinaryModel, random_graph, random_query
from tests.identification.test_published_cases import parse


def ratio(edges: str, do: str, on: str, *, opaque: str | None = None, marginal: bool = True) -> Ratio | Blocked:
    graph = parse(edges)
    found = id_algorithm(graph, do.split(), on.split())
    assert isinstance(found, General)
    hidden = on.split() if opaque is None else opaque.split()
    return density_ratio(graph, found.estimand, do.split(), on.split(), hidden, marginal=marginal)


@pytest.mark.parametrize(
    ("edges", "do", "on", "text"),
    [
        ("C -> X -> Y, C -> Y", "X", "Y", "P(X) / P(X | C)"),
        ("C -> X -> Q -> Y, C -> Q, X -> Y", "X", "Q Y", "P(X) / P(X | C)"),
        # Front door: the row's x is the one that is summed over; Σ_x π(x) P(m | x) = P(m) with the marginal π.
        ("X -> M -> Y, X <-> Y", "X", "Y", "P(M) / P(M | X)"),
        # Verma's graph: B is no adjustment set for C on D, since B <-> D, and yet these are the weights.
        ("A -> B -> C -> D, B <-> D", "C", "D", "P(C) / P(C | B)"),
        (
            "W -> R -> X -> Y, W <-> X, W <-> Y",
            "X",
            "Y",
            "[P(R) P(X)] / [[Σ_{W'} P(X | R, W') P(W')] P(R | W)]",
        ),
    ],
)
def test_weights_of_known_graphs(edges: str, do: str, on: str, text: str) -> None:
    found = ratio(edges, do, on)
    assert isinstance(found, Ratio)
    assert found.text() == text


def test_a_policy_of_ones_own_stays_a_sum() -> None:
    found = ratio("X -> M -> Y, X <-> Y", "X", "Y", marginal=False)
    assert isinstance(found, Ratio)
    assert found.text() == "[Σ_{X'} P(M | X') π(X')] / P(M | X)"
    assert found.latex() == (
        r"\frac{\sum_{\mathrm{X}'} P(\mathrm{M} \mid \mathrm{X}')\,\pi(\mathrm{X}')}{P(\mathrm{M} \mid \mathrm{X})}"
    )


def test_the_density_of_a_text_is_refused_by_name() -> None:
    found = ratio("X -> M -> Y, X <-> Y", "X", "Y", opaque="M Y")
    assert isinstance(found, Blocked)
    assert found.nodes == ("M",)
    # Y shares a hidden cause with X and is downstream: its own mechanism changes with x.
    other = ratio("X -> Z -> Y, X <-> Y, X -> Y, Z <-> W, W -> X", "Z", "Y", opaque="X")
    assert isinstance(other, Blocked)
    assert other.nodes == ("X",)


@pytest.mark.parametrize("seed", range(4))
def test_weighted_rows_are_the_mutilated_world(seed: int) -> None:
    rng = random.Random(seed)
    done = 0
    while done < 60:
        graph = random_graph(rng, rng.randint(3, 6), latent=0.1)
        if len(graph.observed) < 4:
            continue
        do, on, _ = random_query(rng, graph)
        verdict = identify_effect(graph, do, on, advice=False)
        general = id_algorithm(graph, do, on)
        if not isinstance(general, General) or not verdict.identified:
            continue
        done += 1
        joint = BinaryModel(graph, done).observed()
        marginal = rng.random() < 0.5
        table = np.random.default_rng(done).dirichlet(np.ones(2 ** len(do))).reshape((2,) * len(do))
        policy = joint.marginalise(set(joint.axes) - set(do)) if marginal else Factor(do, table)
        truth = BinaryModel(graph, done).effect(do, on).multiply(policy).marginalise(do)
        for estimand in (general.estimand, verdict.estimand):  # type: ignore[union-attr]
            found = density_ratio(graph, estimand, do, on, rng.choice([on, ()]), marginal=marginal)
            weights = (found.ratio if isinstance(found, Blocked) else found).evaluate(joint, policy)
            rows = joint.multiply(weights)
            value = rows.marginalise(set(rows.axes) - set(on))
            assert np.abs(value.values - truth.aligned(value.axes)).max() < 1e-9, (graph, do, on)
