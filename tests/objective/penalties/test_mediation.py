"""Penalties on what is written after a rationale: by hand, with their licence, and finite in every batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from causal_reasoning.errors import InputError
from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.objective import compile_objective
from causal_reasoning.objective.loss import MAIN, WeightedLikelihood
from causal_reasoning.objective.penalties import MediatedLoss, plan_mediation
from causal_reasoning.objective.penalties.agreement import Agreement
from causal_reasoning.objective.penalties.implied import mediated_statement
from causal_reasoning.objective.penalties.sensitivity import Sensitivity
from causal_reasoning.objective.text_views import HIDDEN, SWAPPED
from tests.objective.baselines.steps import FixedStep

SHOWN = torch.tensor([[0.8, 0.2], [0.6, 0.4], [0.5, 0.5], [0.1, 0.9]])
OTHER = torch.tensor([[0.5, 0.5], [0.3, 0.7], [0.5, 0.5], [0.25, 0.75]])


def step(rows: int = 2, tokens_per_answer: float = 1.0) -> FixedStep:
    """Rows of one token of a rationale and one of an answer; targets 0, 1 and 1, 0."""
    made = FixedStep(
        logits={name: table[: 2 * rows].log() for name, table in ((MAIN, SHOWN), (HIDDEN, OTHER), (SWAPPED, OTHER))},
        targets=[0, 1, 1, 0][: 2 * rows],
        rows=[0, 0, 1, 1][: 2 * rows],
        tokens_per_answer=tokens_per_answer,
    )
    made.parts = lambda view=MAIN: torch.tensor([0, 1, 0, 1][: 2 * rows])
    return made


def test_agreement_is_the_symmetric_divergence_of_the_answers_alone() -> None:
    by_hand = (
        ((0.6 - 0.3) * np.log(0.6 / 0.3) + (0.4 - 0.7) * np.log(0.4 / 0.7)) / 2
        + ((0.1 - 0.25) * np.log(0.1 / 0.25) + (0.9 - 0.75) * np.log(0.9 / 0.75)) / 2
    ) / 2
    assert float(Agreement(HIDDEN, 1)(step())) == pytest.approx(by_hand, abs=1e-6)
    # In the unit of the likelihood: nats per token of a mean answer.
    assert float(Agreement(HIDDEN, 1)(step(tokens_per_answer=2.0))) == pytest.approx(by_hand / 2, abs=1e-6)
    assert float(Agreement(MAIN, 1)(step())) == 0


def test_sensitivity_is_a_hinge_on_the_gain_of_whole_answers_in_nats() -> None:
    # log .4/.7 = −.5596 and log .1/.25 = −.9163: both answers are likelier after the other rationale.
    gains = np.log([0.4 / 0.7, 0.1 / 0.25])
    measure = Sensitivity(SWAPPED, 1, margin=1.0)
    assert measure.gain(step()).tolist() == pytest.approx(gains, abs=1e-6)
    assert float(measure(step())) == pytest.approx((1 - gains).mean(), abs=1e-6)
    # The unit is the whole answer's, however long answers are.
    assert float(measure(step(tokens_per_answer=3.0))) == pytest.approx((1 - gains).mean(), abs=1e-5)
    turned = step()
    turned.logits_of = {MAIN: OTHER.log(), SWAPPED: SHOWN.log()}
    assert float(Sensitivity(SWAPPED, 1, margin=0.7)(turned)) == pytest.approx((0.7 - 0.5596) / 2, abs=1e-4)
    assert measure.notes(turned)["kept"] == 0.0
    assert Sensitivity(SWAPPED, 1, margin=0.5).notes(turned)["kept"] == 1.0


def test_the_loss_adds_them_and_logs_what_is_minimised_without_them() -> None:
    plans = plan_mediation(load_graph("chain_of_thought"))
    assert [plan.kind for plan in plans] == ["agreement", "sensitivity"]
    loss = MediatedLoss(WeightedLikelihood(), plans)
    parts = loss(step())
    expected = parts["unpenalised"] + 0.1 * parts["agreement"] + 0.1 * parts["sensitivity"]
    assert float(parts["loss"]) == pytest.approx(float(expected), abs=1e-6)
    assert not loss.needs_whole_batch
    assert {"sensitivity.gain", "sensitivity.kept"} <= set(parts)


def test_one_row_is_enough() -> None:
    loss = MediatedLoss(WeightedLikelihood(), plan_mediation(load_graph("chain_of_thought")))
    parts = loss(step(rows=1))
    assert all(np.isfinite(float(value)) for value in parts.values())


def test_gradients_pull_the_answers_together_and_apart() -> None:
    scores, hidden = SHOWN.log().requires_grad_(), OTHER.log().requires_grad_()
    both = step()
    both.logits_of = {MAIN: scores, HIDDEN: hidden}
    Agreement(HIDDEN, 1)(both).backward()
    assert scores.grad is not None
    assert hidden.grad is not None
    assert scores.grad[0].tolist() == hidden.grad[0].tolist() == [0, 0]  # the rationale is left alone
    # .6 against .3: the one goes down, the other up.
    assert scores.grad[1, 0] > 0 > hidden.grad[1, 0]
    own, other = SHOWN.log().requires_grad_(), OTHER.log().requires_grad_()
    apart = step()
    apart.logits_of = {MAIN: own, SWAPPED: other}
    Sensitivity(SWAPPED, 1)(apart).backward()
    assert own.grad is not None
    assert other.grad is not None
    assert own.grad[1, 1] < 0 < other.grad[1, 1]  # the target gets likelier after its own rationale only


def chain(edges: str, penalties: str = "{agreement: 0.2}", read: str = "question", extra: str = "") -> AssumptionGraph:
    return parse_graph(
        "version: 1\nname: g\nnodes:\n  question: {bind: {text: question}}\n  rationale: {bind: {text: rationale}}\n"
        f"  answer: {{bind: {{text: answer}}}}\n{extra}edges: [{edges}]\n"
        f"query: {{do: question, read: {read}, write: [rationale, answer]}}\nobjective: {{penalties: {penalties}}}\n",
        "g.yaml",
    )


def test_the_licence_is_d_separation() -> None:
    (implied,) = plan_mediation(chain("question -> rationale -> answer"))
    assert implied.implied
    assert implied.statement == "answer ⊥ question | rationale"
    assert implied.because == "{rationale} blocks every path between question and answer"
    (direct,) = plan_mediation(chain("question -> rationale -> answer, question -> answer"))
    assert not direct.implied
    assert direct.because == "not implied by the graph (question -> answer); asked for by name"
    (collider,) = plan_mediation(chain("question -> rationale -> answer, rationale <-> answer"))
    assert not collider.implied  # the rationale is a collider: given it, the question tells of the hidden cause
    plan = compile_objective(chain("question -> rationale -> answer, question -> answer"))
    assert "agreement is not implied by the graph and moves the minimiser" in plan.approximate
    assert compile_objective(chain("question -> rationale -> answer")).approximate == ""


def test_only_what_the_graph_separates_is_hidden_unless_named() -> None:
    extra = "  words: {bind: {text: words}}\n"
    edges = "question -> rationale -> answer, words -> rationale, words -> answer"
    (plan,) = plan_mediation(chain(edges, read="[question, words]", extra=extra))
    assert plan.statement == "answer ⊥ question | rationale, words"
    assert plan.view.to_dict() == {"name": "hidden", "hides": ["question"], "mask": "..."}
    named = chain(edges, "{agreement: {against: [words]}}", "[question, words]", extra)
    assert not mediated_statement(named, ("words",)).kinds
    (asked,) = plan_mediation(named)
    assert asked.view.to_dict()["hides"] == ["words"]
    assert "words -> answer" in asked.because


def test_sensitivity_needs_the_rationale_to_be_a_cause() -> None:
    (plan,) = plan_mediation(chain("question -> rationale -> answer", "{sensitivity: {margin: 2}}"))
    assert plan.implied
    assert plan.formula.startswith("max( 0, 2 − [log p_θ(answer | question, rationale)")
    (against,) = plan_mediation(chain("question -> rationale, question -> answer", "{sensitivity: 0.1}"))
    assert against.because == ("not implied by the graph, in which rationale is no cause of answer; asked for by name")


def test_a_plan_with_them_costs_a_pass_for_each_view_and_shares_the_one_of_the_front_door() -> None:
    plan = compile_objective(load_graph("chain_of_thought"))
    assert plan.forward_passes.train == 3
    assert [view.name for view in plan.text_views] == ["hidden", "swapped"]
    assert "+ 0.1 · agreement + 0.1 · sensitivity,  w = " in plan.formula
    assert [one["name"] for one in plan.to_dict()["penalties"]] == ["agreement", "sensitivity"]
    door = load_graph("frontdoor_rationale")
    both = compile_objective(
        replace(door, objective=door.objective.model_copy(update={"penalties": {"agreement": 0.1}}))
    )
    assert both.forward_passes.train == 3  # agreement hides question and words, the front door the question
    assert [view.name for view in both.text_views] == ["hidden", "hidden for agreement"]


@pytest.mark.parametrize(
    ("penalties", "message"),
    [
        ("{agreement: {of: answer}}", "leave 'of' out"),
        ("{agreement: {against: rationale}}", "'rationale' is not read, so it cannot be hidden"),
        ("{sensitivity: {against: question}}", "leave 'against' out"),
        ("{agreement: {margin: 1}}", "'margin' is for the kind 'sensitivity', this is 'agreement'"),
        ("{agrement: 0.1}", "did you mean 'agreement'"),
        ("{hsic: 0.1}", "no node is a representation"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(penalties: str, message: str) -> None:
    with pytest.raises(InputError, match=r"^g\.yaml:\d+:\d+: ") as caught:
        chain("question -> rationale -> answer", penalties)
    assert message in str(caught.value)


def test_without_a_rationale_there_is_nothing_to_mediate() -> None:
    with pytest.raises(InputError, match="only 'answer' is written"):
        parse_graph(
            "version: 1\nname: g\nnodes:\n  q: {bind: {text: q}}\n  answer: {bind: {text: answer}}\n"
            "edges: [q -> answer]\nquery: {do: q, read: q, write: answer}\nobjective: {penalties: {agreement: 0.1}}\n"
        )
