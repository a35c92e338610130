"""Effects from selected samples: exact where recovered, and refused where a formula would be wrong."""

from __future__ import annotations

import random

import numpy as np
import pytest

from causal_reasoning.estimand import Factor
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import IdentifiedInGeneral, NotIdentified, QueryError, identify_effect
from causal_reasoning.identification.adjustment import adjustment_formula
from causal_reasoning.identification.general import General
from causal_reasoning.identification.result import NotRecovered
from causal_reasoning.identification.selection import Unrecoverable, recover_effect
from tests.identification.identification_oracle import BinaryModel, random_graph, random_query, subsets
from tests.identification.test_published_cases import parse


def selected_rows(model: BinaryModel) -> Factor:
    """The joint of the observed nodes where s = 1."""
    names = [name for name in model.graph.observed if name != "s"]
    table = model.distribution([*names, "s"]).at(s=1)
    return Factor(table.axes, table.values / table.values.sum())


def with_selection(rng: random.Random) -> CausalGraph:
    """A random graph with a selection node that one or two nodes influence."""
    graph = random_graph(rng, rng.randint(3, 5), latent=0.1)
    causes = rng.sample(graph.nodes, rng.choice([0, 1, 1, 2]))
    tied = rng.sample(graph.nodes, rng.choice([0, 0, 1]))
    return CausalGraph(
        [*graph.nodes, "s"],
        [*graph.directed, *((name, "s") for name in causes)],
        [*graph.bidirected, *((name, "s") for name in tied)],
        graph.latent,
    )


def difference(left: Factor, right: Factor) -> float:
    """The largest difference of two factors over the axes of the second."""
    one, two = np.broadcast_arrays(left.aligned(right.axes), right.values)
    return float(np.abs(one - two).max())


def test_what_is_recovered_is_exact_and_what_is_not_no_adjustment_recovers() -> None:
    rng = random.Random(11)
    recovered = refused = 0
    while recovered < 60 or refused < 60:
        graph = with_selection(rng)
        plain = [name for name in graph.observed if name != "s"]
        if len(plain) < 4:
            continue
        do, on, given = random_query(rng, graph.subgraph([*plain, *graph.latent]))
        answer = recover_effect(graph, do, on, given, selected="s")
        model = BinaryModel(graph, rng.randrange(10**6))
        truth = model.effect(do, on, given)
        rows = selected_rows(model)
        if isinstance(answer, General):
            recovered += 1
            assert difference(answer.estimand.evaluate(rows), truth) < 1e-9, (graph, do, on, given)
        elif isinstance(answer, Unrecoverable) and not given:
            refused += 1
            for chosen in subsets(set(plain) - {*do, *on}):
                formula = adjustment_formula(do, on, chosen)
                assert difference(formula.evaluate(rows), truth) > 1e-9, (graph, do, on, chosen)


@pytest.mark.parametrize(
    ("edges", "text"),
    [
        ("X -> Y, X -> S", "P(Y | X, S=1)"),  # Bareinboim and Tian (2015): selection on the treatment is harmless
        ("X -> Y, Z -> X, Z -> Y", "Σ_{Z} P(Y | X, Z, S=1) P(Z | S=1)"),  # selection at random
        ("X -> M -> Y, X -> S", "P(Y | X, S=1)"),
    ],
)
def test_recoverable_graphs(edges: str, text: str) -> None:
    answer = recover_effect(parse(edges + ", S"), "X", "Y", selected="S")
    assert isinstance(answer, General)
    truth = answer.estimand.text().replace("P(Y | Z, X, S=1)", "P(Y | X, Z, S=1)")
    assert truth == text


@pytest.mark.parametrize("edges", ["X -> Y -> S", "X -> Y, X -> S, Y -> S", "X -> Y, Z -> X, Z -> Y, Z -> S"])
def test_unrecoverable_graphs_say_what_selection_distorts(edges: str) -> None:
    answer = identify_effect(parse(edges), "X", "Y", selected="S")
    assert isinstance(answer, NotRecovered)
    assert "selected on S" in answer.reason


def test_a_hedge_is_reported_as_one_and_a_recovery_as_identified() -> None:
    bow = identify_effect(parse("X -> Y, X <-> Y, X -> S"), "X", "Y", selected="S")
    assert isinstance(bow, NotIdentified)
    fine = identify_effect(parse("X -> Y, X -> S"), "X", "Y", selected="S")
    assert isinstance(fine, IdentifiedInGeneral)
    assert fine.selected == ("S",)
    assert fine.to_dict()["estimand"]["text"] == "P(Y | X, S=1)"
    assert fine.to_dict()["estimand"]["latex"] == r"P(Y \mid X, S = 1)"


def test_a_selection_node_with_effects_or_in_the_query_is_refused() -> None:
    with pytest.raises(QueryError, match="has an effect on Y"):
        recover_effect(parse("X -> Y, S -> Y"), "X", "Y", selected="S")
    with pytest.raises(QueryError, match="'S' cannot be both"):
        recover_effect(parse("X -> Y -> S"), "X", "Y", "S", selected="S")
