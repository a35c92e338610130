"""Direct and indirect effects against published cases and nested counterfactuals by enumeration."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.estimand import Factor
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import QueryError
from causal_reasoning.identification.mediation import identify_mediation
from causal_reasoning.identification.mediation_formula import district_formula, mediation_formula
from causal_reasoning.identification.mediation_result import (
    Answer,
    EffectFormula,
    EffectHedge,
    Mediation,
    NoEffect,
    RecantingDistrict,
    RecantingWitness,
)
from causal_reasoning.identification.mediation_worlds import Worlds
from tests.identification.mediation_oracle import Names, NoiseModel, cases, unexplained

Truth = Callable[[dict[str, int], dict[str, int], dict[str, int]], tuple[NDArray[np.float64], NDArray[np.float64]]]


def parse(arrows: str, hidden: str = "", latent: str = "") -> CausalGraph:
    directed = [(edge[0], edge[2]) for edge in arrows.split()]
    nodes = {name for edge in directed for name in edge}
    return CausalGraph(nodes, directed, [(pair[0], pair[1]) for pair in hidden.split()], latent)


def formula(answer: Answer) -> str:
    assert isinstance(answer, EffectFormula)
    return answer.estimand.text()


def test_simple_mediation() -> None:
    answer = identify_mediation(parse("x>m m>y x>y"), "x", "y", "m")
    assert formula(answer.direct) == "Σ_{m} [P(y | x, m) - P(y | x*, m)] P(m | x*)"
    assert formula(answer.indirect) == "Σ_{m} P(y | x*, m) [P(m | x) - P(m | x*)]"
    assert formula(answer.controlled) == "[P(y | x, m) - P(y | x*, m)]"
    assert formula(answer.total) == "[P(y | x) - P(y | x*)]"


def test_pearls_numbers() -> None:
    # Pearl, "The causal mediation formula" (Prevention Science 13, 2012): drug x, enzyme m, cure y.
    y1 = np.array([[0.20, 0.30], [0.40, 0.80]])  # x, m
    m1 = np.array([0.40, 0.75])  # x
    m, y = np.stack([1 - m1, m1], -1), np.stack([1 - y1, y1], -1)
    joint = Factor(("x", "m", "y"), 0.5 * m[:, :, None] * y)
    answer = identify_mediation(parse("x>m m>y x>y"), "x", "y", "m")

    def value(part: Answer, **at: int) -> float:
        assert isinstance(part, EffectFormula)
        return float(part.estimand.evaluate(joint).at({"x": 1, "x*": 0, "y": 1, **at}).values)

    assert value(answer.direct) == pytest.approx(0.32)
    assert value(answer.indirect) == pytest.approx(0.035)
    assert value(answer.total) == pytest.approx(0.46)
    assert value(answer.controlled, m=0) == pytest.approx(0.20)
    assert value(answer.controlled, m=1) == pytest.approx(0.50)


def test_observed_confounders_are_adjusted_for() -> None:
    answer = identify_mediation(parse("x>m m>y x>y c>x c>m c>y"), "x", "y", "m")
    assert formula(answer.direct) == "Σ_{c, m} [P(y | x, m, c) - P(y | x*, m, c)] P(m | x*, c) P(c)"
    assert formula(answer.indirect) == "Σ_{c, m} P(y | x*, m, c) [P(m | x, c) - P(m | x*, c)] P(c)"


def test_a_confounder_of_mediator_and_outcome_that_the_treatment_causes_recants() -> None:
    # Avin, Shpitser and Pearl (2005). The controlled direct effect is identified nevertheless.
    answer = identify_mediation(parse("x>w x>m x>y w>m w>y m>y"), "x", "y", "m")
    assert isinstance(answer.direct, RecantingWitness)
    assert (answer.direct.node, answer.direct.direct, answer.direct.mediated) == (
        "w",
        "x -> w -> y",
        "x -> w -> m -> y",
    )
    assert isinstance(answer.indirect, RecantingWitness)
    assert isinstance(answer.total, EffectFormula)
    assert formula(answer.controlled) == "Σ_{w} [P(y | m, w, x) P(w | x) - P(y | m, w, x*) P(w | x*)]"
    # It recants no more once it is a mediator itself.
    both = identify_mediation(parse("x>w x>m x>y w>m w>y m>y"), "x", "y", ["m", "w"])
    assert both.direct.identified and both.indirect.identified


def test_a_hidden_cause_of_mediator_and_outcome() -> None:
    answer = identify_mediation(parse("x>m m>y x>y", "my"), "x", "y", "m")
    assert isinstance(answer.direct, RecantingDistrict)
    assert answer.direct.nodes == ("m", "y")
    assert (answer.direct.direct, answer.direct.mediated) == ("x -> y", "x -> m -> y")
    assert isinstance(answer.controlled, EffectHedge)
    assert isinstance(answer.total, EffectFormula)
    assert "recanting district {m, y}" in answer.text()


def test_a_randomised_treatment_is_not_enough_and_a_front_door_is() -> None:
    # All of the effect of x on y past m runs through z: each half has its own front door.
    answer = identify_mediation(parse("x>m m>y x>z z>y", "xy"), "x", "y", "m")
    assert formula(answer.direct) == ("Σ_{m, z} [Σ_{x'} P(y | m, x', z) P(x')] [P(z | x) - P(z | x*)] P(m | x*)")
    assert isinstance(identify_mediation(parse("x>m m>y x>y", "xy"), "x", "y", "m").direct, EffectHedge)


def test_zero_effects_are_results_whatever_else_is_known() -> None:
    through = identify_mediation(parse("x>m m>y", "xm"), "x", "y", "m")
    assert isinstance(through.direct, NoEffect) and isinstance(through.controlled, NoEffect)
    assert isinstance(through.total, EffectHedge) and isinstance(through.indirect, EffectHedge)
    past = identify_mediation(parse("x>y x>m", "xy"), "x", "y", "m")
    assert isinstance(past.indirect, NoEffect)
    assert "no directed path from x to y runs through m" in past.indirect.text()
    assert isinstance(past.direct, EffectHedge)
    nothing = identify_mediation(parse("y>x m>y"), "x", "y", "m")
    assert all(isinstance(part, NoEffect) for part in nothing.parts.values())
    assert "no directed path leads from x to y" in nothing.text()


def test_the_only_path_being_mediated_the_indirect_effect_is_the_total_effect() -> None:
    answer = identify_mediation(parse("x>m m>y", "xy"), "x", "y", "m")
    assert isinstance(answer.direct, NoEffect)
    assert formula(answer.indirect) == formula(answer.total)
    assert "Σ_{m} [P(m | x) - P(m | x*)]" in answer.indirect.text()


def assert_exact(joint: Factor, answer: Answer, question: Mediation, truth: Truth, via: bool = False) -> None:
    """Compare an answer with the truth for all values of treatments, reference values and perhaps mediators."""
    if not answer.identified:
        return
    values = list(itertools.product((0, 1), repeat=len(question.do)))
    settings = list(itertools.product((0, 1), repeat=len(question.mediators))) if via else [()]
    formulas = [answer.estimand, answer.distribution] if isinstance(answer, EffectFormula) else []
    found = [formula.evaluate(joint) for formula in formulas]
    for one, other, through in itertools.product(values, values, settings):
        do, reference = dict(zip(question.do, one, strict=True)), dict(zip(question.do, other, strict=True))
        mediators = dict(zip(question.mediators, through, strict=False))
        first, second = truth(do, reference, mediators)
        if not found:
            assert np.abs(first - second).max() < 1e-9, answer
        fixed = {**do, **dict(zip(question.reference, other, strict=True)), **mediators}
        for value, expected in zip(found, (first - second, first), strict=False):
            here = value.at({name: at for name, at in fixed.items() if name in value.axes})
            assert np.abs(here.aligned(question.on) - expected).max() < 1e-9, answer


def test_every_positive_answer_is_exact() -> None:
    seen: Counter[str] = Counter()
    for seed, (graph, do, on, mediators) in enumerate(cases(1, 250, 5)):
        question = identify_mediation(graph, do, on, mediators)
        model = NoiseModel(graph, seed)

        def set_to(values: dict[str, int], model: NoiseModel = model, on: Names = on) -> NDArray[np.float64]:
            return model.distribution(model.run(values), on)

        def mixed(
            x: dict[str, int], z: dict[str, int], model: NoiseModel = model, on: Names = on, via: Names = mediators
        ) -> NDArray[np.float64]:
            return model.distribution(model.nested(x, z, via), on)

        joint = model.observed()
        assert_exact(joint, question.total, question, lambda x, z, _: (set_to(x), set_to(z)))
        both = question.controlled
        assert_exact(joint, both, question, lambda x, z, m: (set_to({**x, **m}), set_to({**z, **m})), via=True)
        assert_exact(joint, question.direct, question, lambda x, z, _: (mixed(x, z), set_to(z)))
        assert_exact(joint, question.indirect, question, lambda x, z, _: (mixed(z, x), set_to(z)))
        seen[question.direct.because if isinstance(question.direct, EffectFormula) else question.direct.verdict] += 1
    assert min(seen["mediation formula"], seen["not_identified"], seen["zero_effect"]) > 20


def test_the_formula_over_districts_is_the_mediation_formula_where_both_apply() -> None:
    compared = 0
    for seed, (graph, do, on, mediators) in enumerate(cases(2, 300, 5)):
        question = identify_mediation(graph, do, on, mediators)
        direct = question.direct
        if not isinstance(direct, EffectFormula) or direct.because != "mediation formula":
            continue
        projected = graph.latent_projection()
        worlds = Worlds(projected, *(projected.mask(names) for names in (do, on, mediators)))
        reference = dict(zip(do, question.reference, strict=True))
        simple, general = mediation_formula(worlds, reference), district_formula(worlds, reference)
        assert simple is not None and isinstance(general, tuple)
        joint = NoiseModel(graph, seed).observed()
        one, other = simple[0].evaluate(joint), general[0].evaluate(joint)
        axes = sorted({*one.axes, *other.axes})
        assert np.allclose(one.aligned(axes), other.aligned(axes), atol=1e-9)
        compared += 1
    assert compared > 30


def test_what_is_called_not_identifiable_can_change_unseen() -> None:
    """There is a direction in which the effect changes and the observed distribution does not."""
    refused = found = 0
    for graph, do, on, mediators in cases(3, 120, 4):
        question = identify_mediation(graph, do, on, mediators)
        refusals = {name for name, part in question.parts.items() if not part.identified}
        if not refusals or len(graph.bidirected) > 2:
            continue
        one, other = dict.fromkeys(do, 1), dict.fromkeys(do, 0)
        via = dict.fromkeys(mediators, 1)
        for name in refusals:
            refused += 1
            for seed in range(3):
                model = NoiseModel(graph, seed, functions=6, hidden_values=3)
                pairs = {
                    "total effect": (model.run(one), model.run(other)),
                    "controlled direct effect": (model.run({**one, **via}), model.run({**other, **via})),
                    "natural direct effect": (model.nested(one, other, mediators), model.run(other)),
                    "natural indirect effect": (model.nested(other, one, mediators), model.run(other)),
                }
                first, second = (model.gradient(values, on) for values in pairs[name])
                if unexplained(model, first - second) > 1e-6:
                    found += 1
                    break
    assert refused > 40
    assert found == refused


def test_a_node_called_like_a_reference_value_is_no_trouble() -> None:
    graph = CausalGraph(["x", "m", "y", "x*"], [("x", "m"), ("m", "y"), ("x", "y"), ("x*", "y")])
    answer = identify_mediation(graph, "x", "y", "m")
    assert answer.reference == ("x**",)
    assert formula(answer.direct) == "Σ_{m} [P(y | x, m) - P(y | x**, m)] P(m | x**)"


def test_names_with_braces_and_blanks() -> None:
    graph = CausalGraph(["{}", "a b", "y{0}"], [("{}", "a b"), ("a b", "y{0}"), ("{}", "y{0}")])
    answer = identify_mediation(graph, "{}", "y{0}", "a b")
    assert "P(y{0}({}, a b({}*))) - P(y{0}({}*))" in answer.text()


def test_mediators_that_carry_nothing_change_nothing() -> None:
    graph = parse("x>m m>y x>y q>y x>r")
    plain, more = identify_mediation(graph, "x", "y", "m"), identify_mediation(graph, "x", "y", ["m", "r"])
    assert formula(plain.direct) == formula(more.direct)
    assert formula(plain.indirect) == formula(more.indirect)


def test_plain_data_and_text() -> None:
    answer = identify_mediation(parse("x>m m>y x>y", "my"), "x", "y", "m", name="bow")
    data = answer.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["graph"] == "bow"
    assert data["query"] == {"do": ["x"], "on": ["y"], "mediators": ["m"], "reference": ["x*"]}
    assert data["total_effect"]["verdict"] == "identified"
    assert data["natural_direct_effect"]["recanting"]["nodes"] == ["m", "y"]
    assert data["controlled_direct_effect"]["hedge"]["text"] == "{m, y} over {y}"
    keys = {"effect", "verdict", "reason", "estimand", "distribution", "hedge", "recanting"}
    assert all(set(data[name.replace(" ", "_")]) == keys for name in answer.parts)
    assert answer.text().splitlines()[0] == "effect of x on y through m"
    assert len(answer.text().splitlines()) == 5


def test_the_answer_does_not_depend_on_the_order_of_the_input() -> None:
    for graph, do, on, mediators in cases(4, 60, 6):
        again = CausalGraph(graph.nodes[::-1], graph.directed[::-1], graph.bidirected[::-1], graph.latent[::-1])
        one = identify_mediation(graph, do, on, mediators)
        assert one == identify_mediation(again, do[::-1], on[::-1], mediators[::-1])


def test_refusals() -> None:
    graph = parse("x>m m>y x>y l>m", latent="l")
    with pytest.raises(QueryError, match="the mediator 'l' is latent"):
        identify_mediation(graph, "x", "y", "l")
    with pytest.raises(QueryError, match="the mediator 'n' is no node of the graph; known: 'l'"):
        identify_mediation(graph, "x", "y", "n")
    with pytest.raises(QueryError, match="there is no mediator"):
        identify_mediation(graph, "x", "y", [])
    with pytest.raises(QueryError, match="'y' cannot be both a mediator and the outcome"):
        identify_mediation(graph, "x", "y", "y")
    with pytest.raises(QueryError, match="'x' cannot be both a mediator and the treatment"):
        identify_mediation(graph, "x", "y", "x")
