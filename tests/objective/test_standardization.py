"""Standardization and its variants: golden numbers, proofs on random graphs, refusals, and the trap beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product

import numpy as np
import pytest

from causal_reasoning.errors import InputError, NoValidPlanError
from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.identification import identify
from causal_reasoning.objective import ObjectivePlan, Refusal, compile_objective
from causal_reasoning.objective.estimators import ESTIMATORS
from causal_reasoning.objective.estimators.monte_carlo import expected_log_mean
from causal_reasoning.objective.proof import prove_plan
from causal_reasoning.objective.strata import FittedStrata, StratumModel, fit_strata
from tests.objective.toy import P_X, P_Y, P_Z

EXACT = ("standardization", "distillation")
APPROXIMATE = ("monte_carlo", "nwgm")
POLICY = Factor((), 1.0)


def graph(edges: str, query: str = "do: x, read: x, write: y", **nodes: str) -> AssumptionGraph:
    """A graph in which what is read and written is text and all else categorical, unless ``nodes`` say otherwise."""
    names = sorted({name for edge in edges.split("; ") for name in edge.replace("<->", "->").split(" -> ")})
    text_nodes = re.findall(r"[a-z]+", query.partition("read:")[2])
    lines = {n: f"{{bind: {{{'text' if n in text_nodes else 'column'}: {n}}}}}" for n in names} | nodes
    text = "version: 1\nname: g\nnodes:\n" + "".join(f"  {name}: {line}\n" for name, line in lines.items())
    return parse_graph(text + f"edges: [{', '.join(edges.split('; '))}]\nquery: {{{query}}}\n", "g.yaml")


TOY = graph("z -> x; z -> y; x -> y")


def toy_joint() -> Factor:
    values = np.zeros((2, 2, 2))
    for x, y, z in product(range(2), repeat=3):
        values[x, y, z] = P_Z[z] * (P_X[z] if x else 1 - P_X[z]) * (P_Y[x][z] if y else 1 - P_Y[x][z])
    return Factor(("x", "y", "z"), values)


def plan_of(name: str, graph: AssumptionGraph = TOY) -> ObjectivePlan:
    plan = ESTIMATORS[name].plan(graph, identify(graph))
    assert isinstance(plan, ObjectivePlan), plan
    return plan


def refusal_of(name: str, graph: AssumptionGraph) -> str:
    refusal = ESTIMATORS[name].plan(graph, identify(graph))
    assert isinstance(refusal, Refusal)
    return refusal.because


def minimiser(name: str) -> list[float]:
    """P(y=1 | x) for x = 0, 1."""
    table = ESTIMATORS[name].minimiser(plan_of(name), TOY, toy_joint(), POLICY)
    return [float(table.at(x=x, y=1).values) for x in range(2)]


@pytest.mark.parametrize(
    ("name", "golden"), [("standardization", [0.35, 0.55]), ("distillation", [0.35, 0.55]), ("nwgm", [0.2899, 0.5670])]
)
def test_the_toy_has_its_golden_numbers(name: str, golden: list[float]) -> None:
    assert minimiser(name) == pytest.approx(golden, abs=5e-5)


@pytest.mark.parametrize(("draws", "golden"), [(1, -0.7136), (2, -0.6557), (4, -0.6256), (8, -0.6112)])
def test_the_logarithm_of_few_draws_is_too_small(draws: int, golden: float) -> None:
    found = expected_log_mean(np.array(P_Z), np.array([[0.3], [0.8]]), draws)
    assert found == pytest.approx([golden], abs=5e-5)
    if draws == 8:
        assert np.log(minimiser("monte_carlo")[1]) == pytest.approx(golden, abs=5e-5)
        # Second order: −Var / (2 M p²), with mean .55 and variance .0625.
        assert found[0] - np.log(0.55) == pytest.approx(-0.0625 / (2 * 8 * 0.55**2), rel=0.05)


def test_the_expected_logarithm_is_that_of_all_outcomes_enumerated() -> None:
    rng = np.random.default_rng(0)
    prior, values = rng.dirichlet(np.ones(3)), rng.random((3, 4)) ** 8 + 1e-9
    brute = np.zeros(4)
    for drawn in product(range(3), repeat=5):
        brute += prior[list(drawn)].prod() * np.log(values[list(drawn)].mean(axis=0))
    assert expected_log_mean(prior, values, 5) == pytest.approx(brute, abs=1e-9)


def test_likelihood_of_the_mixture_does_not_deconfound() -> None:
    """The trap: −log Σ_z P(z) p_θ(y | x, z) of rows (x, y) fits the mixture to P(y | x), whatever the strata do."""
    observed = toy_joint().marginalise("z").values
    # Expectation-maximisation over the tables p_θ(y=1 | x, z), from a start in which the strata differ.
    table = np.array([[0.2, 0.5], [0.4, 0.7]])
    for _ in range(2000):
        p = np.stack([1 - table, table], axis=1)  # x, y, z
        part = np.array(P_Z) * p / (np.array(P_Z) * p).sum(axis=2, keepdims=True) * observed[:, :, None]
        table = part[:, 1] / part.sum(axis=1)
    assert table @ np.array(P_Z) == pytest.approx([0.1556, 0.7091], abs=5e-5)
    assert np.abs(table - np.array(P_Y)).max() > 0.05


def test_only_the_sum_is_the_plan_of_a_text_treatment_under_auto() -> None:
    plan = compile_objective(load_graph("question_confounded"))
    assert plan.estimator == "standardization"
    assert plan.formula == (
        "L(θ) = E[ −log p_θ(answer | question, source) ],  "
        "answer by Σ_{source} P(source) p_θ(answer | question, source)"
    )
    assert plan.strata is not None
    assert (plan.strata.nodes, plan.strata.columns, plan.strata.answer) == (("source",), ("source",), "sum")
    assert plan.strata.text(("a",)) == "[source: a]\n"
    assert plan.strata.shown() == "'[source: …]' behind the prompt"
    assert plan.to_dict()["forward_passes"] == {"train": 1, "inference": "K"}
    assert plan_of("distillation").to_dict()["forward_passes"] == {"train": "K + 1", "inference": 1}


def random_graph(rng: np.random.Generator) -> AssumptionGraph:
    """A random graph with a confounded text treatment, perhaps with hidden causes and a second written node."""
    order = ["a", "b", "c", "x", "d", "y"]
    edges = [f"{p} -> {q}" for i, p in enumerate(order) for q in order[i + 1 :] if rng.random() < 0.45]
    edges += ["a -> x", "a -> y", "x -> y"] + (["b <-> d"] if rng.random() < 0.3 else [])
    write = "[d, y]" if rng.random() < 0.3 else "y"
    return graph("; ".join(dict.fromkeys(edges)), f"do: x, read: x, write: {write}")


def test_exact_plans_are_proven_on_random_graphs_and_approximate_ones_say_so() -> None:
    rng = np.random.default_rng(7)
    proven = off = 0
    while proven < 20:
        drawn = random_graph(rng)
        if isinstance(ESTIMATORS["standardization"].plan(drawn, identify(drawn)), Refusal):
            continue
        for name in EXACT:
            assert prove_plan(drawn, plan_of(name, drawn), models=2, seed=proven).error < 1e-6
        for name in APPROXIMATE if proven < 5 else ():
            proof = prove_plan(drawn, plan_of(name, drawn), models=1, seed=proven)
            assert proof.approximate
            off += proof.error > 1e-3
        proven += 1
    assert off >= 8


@pytest.mark.parametrize(
    "drawn",
    [
        graph("z -> t; z -> y; t -> x; x -> y", "do: t, read: x, write: y"),
        graph("z -> t; z -> y; t -> x; x -> y", "do: t, read: x, write: y, policy: uniform"),
        graph("z -> x; z -> y; x -> y; c -> y", "do: x, read: [x, c], write: y"),
    ],
)
def test_a_treatment_that_shows_in_what_is_read_need_not_be_read_itself(drawn: AssumptionGraph) -> None:
    """P_π(y | x) = Σ_z P(z) P(y | x, z) where x tells nothing of z under do and y listens to t through x only."""
    for name in EXACT:
        proof = prove_plan(drawn, plan_of(name, drawn))
        assert proof.proven
        assert proof.plain > 0.01


def test_sums_over_strata_are_proven_or_refused_where_read_and_set_differ() -> None:
    rng = np.random.default_rng(11)
    proven = refused = 0
    while proven < 15 or refused < 15:
        order = ["a", "t", "x", "y"]
        order.insert(int(rng.integers(0, 5)), "b")
        edges = [f"{p} -> {q}" for i, p in enumerate(order) for q in order[i + 1 :] if rng.random() < 0.2]
        edges += [f"{p} <-> {q}" for i, p in enumerate(order) for q in order[i + 1 :] if rng.random() < 0.1]
        edges = list(dict.fromkeys([*edges, "a -> t", "a -> y", "t -> x", "x -> y"]))
        read = "[x, b]" if rng.random() < 0.2 else "x"
        if not any("b" in edge for edge in edges):
            continue
        drawn = graph("; ".join(edges), f"do: t, read: {read}, write: y")
        plan = ESTIMATORS["standardization"].plan(drawn, identify(drawn))
        if isinstance(plan, Refusal):
            refused += 1
            continue
        assert prove_plan(drawn, plan, models=2, seed=proven).error < 1e-6, edges
        proven += 1


def test_two_treatments_that_are_both_read_are_adjusted_together() -> None:
    both = graph("z -> x; z -> t; z -> y; x -> y; t -> y", "do: [x, t], read: [x, t], write: y")
    assert prove_plan(both, plan_of("standardization", both)).proven


@pytest.mark.parametrize(
    ("drawn", "phrase"),
    [
        (
            graph("z -> t; z -> y; t -> x; z -> x; x -> y", "do: t, read: x, write: y"),
            "the treatment 't' is not read, and x tells of z under do(t) too: the sum over z would have to weigh by "
            "P(z | x) there, and not by P(z)",
        ),
        (
            graph("z -> x; z -> y; x -> y; z -> c; c -> y", "do: x, read: [x, c], write: y"),
            "'c' is read, not set, and c tells of z under do(x) too",
        ),
        (
            graph("z -> t; z -> y; t -> x; x -> y; t -> y", "do: t, read: x, write: y"),
            "the treatment 't' is not read, and P(y | x, z) is another one under do(t) than as observed",
        ),
        (graph("x -> y"), "nothing needs adjusting"),
        (graph("y -> x"), "do(x) changes nothing"),
        (graph("z -> x; z -> y; x -> y", z="{bind: {text: z}}"), "bound to text ('z')"),
        (graph("x -> m; m -> y; x <-> y"), "no set of observed nodes is an adjustment set"),
    ],
)
def test_what_cannot_be_averaged_is_refused_with_the_reason(drawn: AssumptionGraph, phrase: str) -> None:
    for name in (*EXACT, *APPROXIMATE):
        assert phrase in refusal_of(name, drawn)


def test_a_categorical_set_is_preferred_to_one_of_text() -> None:
    drawn = graph("w -> x; w -> z; z -> y; x -> y", z="{bind: {text: z}}")
    assert plan_of("standardization", drawn).strata == StratumModel(("w",), ("w",), "sum")


MODEL = StratumModel(("source", "year"), ("s", "y"), "sum", most=3)
COLUMNS: Mapping[str, list[str]] = {"s": list("aabb") * 10, "y": list("1212") * 5 + list("1111") * 5}


def test_strata_are_counted_in_sorted_order_and_survive_json() -> None:
    fitted = fit_strata(StratumModel(("z",), ("s",), "draws", draws=4), {"s": list("baab") * 2})
    assert (fitted.values, fitted.probabilities) == ((("a",), ("b",)), (0.5, 0.5))
    assert "fewer than 10 rows" in fitted.warnings[0]
    again = FittedStrata.from_dict(fitted.to_dict(), "file")
    assert (again.model, again.values, again.probabilities) == (fitted.model, fitted.values, fitted.probabilities)
    with pytest.raises(InputError, match=r"^file: the record of the strata cannot be read: lacks 'strata'"):
        FittedStrata.from_dict({k: v for k, v in fitted.to_dict().items() if k != "strata"}, "file")


def test_too_many_strata_are_refused_with_the_number_and_a_way_out() -> None:
    with pytest.raises(NoValidPlanError, match=r"source, year have 4 strata .* at most 3 .* 'monte_carlo'"):
        fit_strata(MODEL, COLUMNS)


@pytest.mark.parametrize("control", ["no field", "{value} {style}", "{value"])
def test_a_template_of_control_text_must_show_the_value_and_nothing_unknown(control: str) -> None:
    with pytest.raises(InputError, match=r"template of the control text"):
        StratumModel(("z",), ("z",), "sum", control=control)
