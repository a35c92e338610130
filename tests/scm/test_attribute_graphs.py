"""What the attributes world's assumption graphs say, and that the world agrees with them."""

from __future__ import annotations

import networkx as nx
import pytest

from causal_reasoning.graph import load_graph
from causal_reasoning.identification import IdentifiedByAdjustment, identify
from causal_reasoning.objective import compile_objective
from causal_reasoning.objective.baselines.build import plan_baseline
from causal_reasoning.scm import load_world

WEATHER = ("rain", "snow", "wind")
PROXIES = ("coins", "dogs", "trees")


def test_the_harbour_is_adjusted_for_and_the_rows_are_weighted() -> None:
    graph = load_graph("attributes")
    verdict = identify(graph)
    assert isinstance(verdict, IdentifiedByAdjustment)
    assert verdict.adjustment == ("harbour",)
    plan = compile_objective(graph)
    assert plan.estimator == "weighting"
    assert plan.weights is not None
    assert (plan.weights.treatment, plan.weights.stratum) == (("load",), ("harbour",))


def test_numbers_that_can_be_written_anew_are_drawn_anew() -> None:
    plan = compile_objective(load_graph("attributes_rendered"))
    assert plan.estimator == "rendering"
    (rendering,) = plan.renderings
    assert rendering.nodes == PROXIES
    assert rendering.texts == ("question",)


def test_redrawn_numbers_license_counterfactual_augmentation() -> None:
    graph = load_graph("attributes_rendered")
    verdict = identify(graph)
    whole = plan_baseline("counterfactual", graph, verdict, drawn=PROXIES, settings={"share": 1.0})
    assert whole.licensed
    assert not plan_baseline("counterfactual", graph, verdict, drawn=PROXIES).licensed  # half the rows as they were


@pytest.mark.parametrize("name", ["attributes", "attributes_rendered"])
def test_the_graphs_claim_no_independence_that_the_world_denies(name: str) -> None:
    """Every d-separation of the graph, with the treatment's arrows, holds in the world's own graph."""
    world = nx.DiGraph(list(load_world("attributes").graph().directed))
    graph = load_graph(name)
    assumed = nx.DiGraph(list(graph.causal.directed))
    nodes = sorted(set(assumed) - {"question", "answer"})
    for a in nodes:
        for b in nodes:
            for given in ((), ("harbour",), ("load",), ("harbour", "load")):
                if a < b and not {a, b} & set(given) and nx.is_d_separator(assumed, {a}, {b}, set(given)):
                    assert nx.is_d_separator(world, {a}, {b}, set(given))
    if name == "attributes_rendered":
        assert nx.is_d_separator(world, {"answer"}, {"harbour", *PROXIES}, set(WEATHER))
