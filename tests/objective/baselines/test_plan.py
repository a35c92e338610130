"""Plans of baselines: complete, printable, and refused in a sentence where they were asked for wrongly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph import load_graph
from causal_reasoning.identification import identify
from causal_reasoning.objective.baselines import BASELINES, plan_baseline
from causal_reasoning.objective.baselines.groupdro import WorstGroup
from causal_reasoning.objective.loss import WeightedLikelihood
from causal_reasoning.objective.plan import ObjectivePlan
from causal_reasoning.report.mathml import mathml

GRAPH = load_graph("reasoning")
VERDICT = identify(GRAPH)


def plan(name: str, **options: Any) -> ObjectivePlan:
    if BASELINES.get(name) and BASELINES[name].needs == "groups":
        options.setdefault("groups", ("style",))
    return plan_baseline(name, GRAPH, VERDICT, **options)


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_has_a_plan_that_tells_everything(name: str) -> None:
    made = plan(name)
    data = made.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert (data["estimator"], data["baseline"], data["licensed"]) == (name, True, False)
    assert data["license_reason"] == made.license_reason == made.terms[0].because
    assert made.formula.endswith("ℓ = −log p_θ(answer | question)")
    assert made.terms[0].kind == "likelihood"
    assert all(term.kind == "penalty" for term in made.terms[1:])
    for latex in (made.latex, *(term.latex for term in made.terms)):
        assert mathml(latex) is not None, latex
    kind = BASELINES[name]
    for text in (kind.title, kind.description, kind.source):
        assert text
    assert kind.description.endswith(".")


def test_the_table_of_baselines_is_the_one_promised() -> None:
    assert sorted(BASELINES) == [
        *("cat", "cft", "coral", "counterfactual", "erm", "groupdro", "irm", "mixup", "swa", "vrex"),
    ]
    assert {name: kind.needs for name, kind in BASELINES.items() if kind.needs != "none"} == {
        **dict.fromkeys(("groupdro", "irm", "vrex", "coral"), "groups"),
        "counterfactual": "pairs",
        "cat": "spans",
    }


def test_defaults_are_those_of_the_papers() -> None:
    assert {name: kind.defaults() for name, kind in BASELINES.items()} == {
        "erm": {},
        "swa": {"start": 0.75},
        "mixup": {"alpha": 0.2},
        "groupdro": {"balanced": 1.0, "eta": 0.01},
        "vrex": {"balanced": 1.0, "weight": 10.0, "anneal": 0.1},
        "irm": {"balanced": 1.0, "weight": 100.0, "anneal": 0.1},
        "coral": {"balanced": 1.0, "weight": 1.0},
        "counterfactual": {"share": 0.5, "consistency": 0.0},
        "cft": {"align": 1.0, "adjust": 1.0, "shuffles": 20.0, "classes": 32.0},
        "cat": {"form": "log_ratio", "alpha": 2.0, "weight": 1.0, "decay": 1.0},
    }


def test_settings_and_groups_reach_the_loss() -> None:
    made = plan("groupdro", settings={"eta": 1})
    assert made.loss == WorstGroup(1.0)
    assert made.groups == ("style",)
    assert plan("erm").loss == WeightedLikelihood()
    assert plan("vrex", settings={"weight": 3}).terms[1].weight == 3.0
    assert "hinge" not in plan("cat", settings={"form": "hinge"}).terms[1].formula


@pytest.mark.parametrize(
    ("name", "options", "passes"),
    [
        ("erm", {}, 1),
        ("mixup", {}, 1),
        ("irm", {}, 1),
        ("counterfactual", {}, 2),
        ("counterfactual", {"settings": {"share": 1.0}}, 1),
        ("counterfactual", {"settings": {"share": 1.0, "consistency": 1.0}}, 2),
        ("cft", {}, 2),
    ],
)
def test_forward_passes(name: str, options: dict[str, Any], passes: int) -> None:
    made = plan(name, **options)
    assert (made.forward_passes.train, made.forward_passes.inference) == (passes, 1)


def test_views_that_a_baseline_reads() -> None:
    assert BASELINES["counterfactual"]().views == ("counterfactual",)
    assert BASELINES["cat"]().views == ("causal",)
    assert BASELINES["irm"](groups=("style",)).views == ()


@pytest.mark.parametrize(
    ("name", "options", "phrase"),
    [
        ("groupdr", {}, "there is no baseline 'groupdr'; did you mean 'groupdro'?"),
        ("irm", {"groups": ()}, "compares groups: name the columns that tell them apart, for instance skill"),
        ("erm", {"groups": ("style",)}, "'erm' does not compare groups; leave 'groups' out"),
        ("irm", {"groups": ("question",)}, "'question' is text and cannot tell groups apart"),
        ("irm", {"settings": {"wieght": 1.0}}, "has no setting 'wieght'; did you mean 'weight'?"),
        ("erm", {"settings": {"eta": 1.0}}, "has no setting 'eta'; it has no settings"),
        ("irm", {"settings": {"weight": -1}}, "weight of the baseline 'irm' must be a number at least 0, not -1"),
        ("irm", {"settings": {"anneal": 1.5}}, "must be a number at least 0 and at most 1, not 1.5"),
        ("irm", {"settings": {"weight": float("nan")}}, "not nan"),
        ("irm", {"settings": {"weight": True}}, "not True"),
        ("irm", {"settings": {"weight": "10"}}, "not '10'"),
        ("cft", {"settings": {"shuffles": 2.5}}, "must be a whole number at least 1, not 2.5"),
        ("cat", {"settings": {"form": "round"}}, "must be one of hinge, log_ratio, share, not 'round'"),
        ("erm", {"drawn": ("confounder",)}, "'erm' has no counterfactual view; leave 'drawn' out"),
        ("counterfactual", {"drawn": ("confonder",)}, "there is no node 'confonder' to draw anew; did you mean"),
    ],
)
def test_what_was_asked_for_wrongly_is_told_in_a_sentence(name: str, options: dict[str, Any], phrase: str) -> None:
    with pytest.raises(InputError) as caught:
        plan(name, **options)
    assert phrase in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_what_compares_groups_draws_them_alike_unless_told_otherwise() -> None:
    graph = load_graph("reasoning")

    def plan(name: str, **settings: float) -> ObjectivePlan:
        groups = ("style",) if BASELINES[name].needs == "groups" else ()
        return plan_baseline(name, graph, identify(graph), groups=groups, settings=settings)

    assert {name for name in BASELINES if plan(name).balanced} == {"groupdro", "vrex", "irm", "coral"}
    assert not plan("vrex", balanced=0.0).balanced
    assert plan("vrex").to_dict()["balanced"]
    with pytest.raises(InputError, match="balanced of the baseline 'irm' must be a whole number at least 0 and at m"):
        plan("irm", balanced=0.5)
