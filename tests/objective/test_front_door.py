"""The front door through a written rationale: its conditions, its loss by hand, and the two shortcuts that fail."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from causal_reasoning.errors import NotIdentifiedError, NoValidPlanError
from causal_reasoning.graph import load_graph, parse_graph
from causal_reasoning.objective import compile_objective, derive
from causal_reasoning.objective.estimators.base import cell_weights
from causal_reasoning.objective.estimators.front_door import FrontDoorLikelihood, front_door_minimiser
from causal_reasoning.objective.loss import MAIN
from causal_reasoning.objective.plan import ObjectivePlan
from causal_reasoning.objective.proof import distance, interventional, policy_factor, prove_plan, random_model
from causal_reasoning.objective.text_views import HIDDEN
from tests.objective.baselines.steps import FixedStep

HEAD = "objective: {nuisance: head}"


def text_of(
    edges: str,
    nodes: str = "",
    *,
    read: str = "question",
    write: str = "[rationale, answer]",
    more: str = HEAD,
) -> str:
    return (
        "version: 1\nname: g\nnodes:\n"
        "  question: {bind: {text: question}}\n  rationale: {bind: {text: rationale}}\n"
        f"  answer: {{bind: {{text: answer}}}}\n{nodes}"
        f"edges: [{edges}]\nquery: {{do: question, read: {read}, write: {write}}}\n{more}\n"
    )


CHAIN = "question -> rationale -> answer, question <-> answer"


def front_door(text: str) -> ObjectivePlan:
    plans = {plan.estimator: plan for plan in derive(parse_graph(text)).valid}
    return plans["front_door"]


def test_the_weights_are_of_the_rationale_and_act_on_the_answer_alone() -> None:
    plan = compile_objective(parse_graph(text_of(CHAIN)))
    assert plan.estimator == "front_door"
    assert plan.formula == (
        "L(θ) = E[ −log p_θ(rationale | question) + w · (−log p_θ(answer | rationale)) + "
        "KL( p_θ(answer | rationale) ‖ p_θ(answer | question, rationale) ) ],  w = P(rationale) / "
        "P(rationale | question) = 1 / [P(question, rationale) / (P(question) P(rationale))]"
    )
    assert plan.realisation == "loss_weights"
    assert (plan.forward_passes.train, plan.forward_passes.inference) == (2, 1)
    assert [view.to_dict() for view in plan.text_views] == [{"name": "hidden", "hides": ["question"], "mask": "..."}]
    assert "classifiers on frozen embeddings" in plan.approximate


def test_what_is_written_is_written_causes_first_whatever_the_order_in_the_file() -> None:
    turned = parse_graph(text_of(CHAIN, write="[answer, rationale]"))
    assert turned.query.write == ("rationale", "answer")
    assert turned.digest == parse_graph(text_of(CHAIN)).digest


def test_a_label_of_the_rationale_makes_the_weights_easier() -> None:
    labelled = text_of(
        "question -> plan -> rationale -> answer, question <-> answer", "  plan: {bind: {column: plan}}\n"
    )
    assert front_door(labelled).formula.endswith("w = P(plan) / P(plan | question)")
    # Where question and rationale both have labels, nothing but counting is left.
    counted = text_of(
        "skill -> question, skill -> plan -> rationale -> answer, skill <-> answer",
        "  plan: {bind: {column: plan}}\n  skill: {bind: {column: skill}}\n",
    ).replace("do: question", "do: [question, skill]")
    with pytest.raises(NoValidPlanError, match="the treatment 'skill' is not read"):
        compile_objective(parse_graph(counted))


def test_without_classifiers_an_average_over_questions_is_left() -> None:
    derivation = derive(parse_graph(text_of(CHAIN, more="")))
    assert [plan.estimator for plan in derivation.valid] == ["question_average"]
    refused = {r.estimator: r.because for r in derivation.plan.refused}
    assert "'nuisance: head' under objective" in refused["front_door"]


@pytest.mark.parametrize(
    ("edges", "write", "phrase"),
    [
        (CHAIN, "answer", "only 'answer' is written; what carries the effect of question must be written before it"),
        ("question -> rationale -> answer, question <-> rationale, rationale -> m", "[rationale, answer]", ""),
        (CHAIN + ", question -> answer", "[rationale, answer]", ""),
    ],
)
def test_a_door_that_is_not_one_is_refused(edges: str, write: str, phrase: str) -> None:
    with pytest.raises((NoValidPlanError, NotIdentifiedError)) as caught:
        derive(parse_graph(text_of(edges, "  m: {bind: {text: m}}\n", write=write)))
    assert phrase in str(caught.value)


def test_an_effect_that_needs_no_door_says_so() -> None:
    refused = {r.estimator: r.because for r in compile_objective(load_graph("erm_rationale")).refused}
    assert refused["front_door"] == "the effect of question needs no front door: it is zero, or identified by adjusting"


def test_both_plans_are_proven_on_random_models_and_the_mean_over_questions_with_more_draws() -> None:
    for text in (
        text_of(CHAIN),
        text_of("words -> rationale, " + CHAIN, "  words: {bind: {text: words}}\n", read="[question, words]"),
    ):
        graph = parse_graph(text)
        plans = {plan.estimator: plan for plan in derive(graph).valid}
        assert prove_plan(graph, plans["front_door"], models=10).proven
        average = plans["question_average"]
        assert average.questions is not None
        errors = [
            prove_plan(graph, replace(average, questions=replace(average.questions, draws=draws)), models=5).error
            for draws in (1, 8, 10_000)
        ]
        assert errors[0] > errors[1] > errors[2]
        assert errors[2] < 1e-4


def test_the_two_shortcuts_are_wrong_by_numbers() -> None:
    graph = parse_graph(text_of(CHAIN))
    plan = front_door(text_of(CHAIN))
    assert plan.weights is not None
    model = random_model(graph.causal.latent_projection(), np.random.default_rng(4))
    joint = model.observed()
    policy = policy_factor(graph, joint, np.random.default_rng(0))
    truth = interventional(graph, model, policy)
    weighted = joint.multiply(cell_weights(plan.weights, joint, policy))
    assert distance(front_door_minimiser(plan, graph, joint, policy), truth) < 1e-12
    # The answer with the question shown: weights that depend on what is read change nothing.
    shown = weighted.condition(["question", "rationale"]).aligned(("answer", "question", "rationale"))
    observed = joint.condition(["question", "rationale"]).aligned(("answer", "question", "rationale"))
    assert shown == pytest.approx(observed)
    # The whole row weighted: the answer is right and the rationale no longer listens to the question.
    steps = weighted.marginalise(["answer"]).condition(["question"]).aligned(("rationale", "question"))
    spoilt = np.abs(steps - joint.marginalise(["answer"]).condition(["question"]).aligned(("rationale", "question")))
    assert spoilt.max() > 0.05
    assert steps[:, 0] == pytest.approx(steps[:, 1])


def random_text(rng: random.Random) -> str:
    """A random graph that may have a front door: mostly the chain with its hidden cause, and two more nodes."""
    order = (
        rng.sample(["question", "rationale", "answer"], 3)
        if rng.random() < 0.1
        else ["question", "rationale", "answer"]
    )
    for extra in "xy":
        order.insert(rng.randint(0, len(order)), extra)
    pairs = [(p, q) for i, p in enumerate(order) for q in order[i + 1 :]]
    own = {("question", "rationale"), ("rationale", "answer")}
    edges = [f"{p} -> {q}" for p, q in pairs if rng.random() < (0.9 if (p, q) in own else 0.3)]
    edges += [f"{p} <-> {q}" for p, q in pairs if rng.random() < (0.9 if {p, q} == {"question", "answer"} else 0.1)]
    kinds = [rng.choice(["{bind: {text: NAME}}", "{bind: {column: NAME}}", "{}"]).replace("NAME", n) for n in "xy"]
    nodes = f"  x: {kinds[0]}\n  y: {kinds[1]}\n"
    read = "[question, x]" if "text" in kinds[0] and rng.random() < 0.7 else "question"
    return text_of(", ".join(edges), nodes, read=read)


def test_every_front_door_that_is_planned_on_a_random_graph_is_right() -> None:
    rng, found = random.Random(5), {"front_door": 0, "question_average": 0}
    for number in range(120):
        text = random_text(rng)
        graph = parse_graph(text)
        try:
            plans = derive(graph).valid
        except (NoValidPlanError, NotIdentifiedError):
            continue
        for plan in plans:
            if plan.estimator == "front_door":
                assert prove_plan(graph, plan, models=2, seed=number).proven, text
            elif plan.questions is not None:
                many = replace(plan, questions=replace(plan.questions, draws=10_000))
                assert prove_plan(graph, many, models=2, seed=number).error < 1e-3, text
            else:
                continue
            found[plan.estimator] += 1
    assert min(found.values()) >= 5, found


class TwoRows(FixedStep):
    """Each row writes one token of a rationale and one of an answer; scores without the question differ."""

    def __init__(self, weight: list[float]) -> None:
        shown = torch.tensor([[0.8, 0.2], [0.6, 0.4], [0.5, 0.5], [0.1, 0.9]]).log().requires_grad_()
        hidden = torch.tensor([[0.5, 0.5], [0.3, 0.7], [0.5, 0.5], [0.25, 0.75]]).log().requires_grad_()
        super().__init__(logits={MAIN: shown, HIDDEN: hidden}, targets=[0, 1, 1, 0], rows=[0, 0, 1, 1], weight=weight)
        self.parts = lambda view=MAIN: torch.tensor([0, 1, 0, 1])


def test_the_loss_is_the_sum_of_its_three_parts_by_hand() -> None:
    step = TwoRows([2.0, 0.5])
    parts = FrontDoorLikelihood(1)(step)
    log = np.log
    steps = -(log(0.8) + log(0.5)) / 2
    answer = -(2 * log(0.7) + 0.5 * log(0.25)) / 2
    handed = (0.3 * log(0.3 / 0.6) + 0.7 * log(0.7 / 0.4) + 0.25 * log(0.25 / 0.1) + 0.75 * log(0.75 / 0.9)) / 2
    assert float(parts["steps"]) == pytest.approx(steps, abs=1e-6)
    assert float(parts["answer"]) == pytest.approx(answer, abs=1e-6)
    assert float(parts["handed_on"]) == pytest.approx(handed, abs=1e-6)
    assert float(parts["loss"].detach()) == pytest.approx(steps + answer + handed, abs=1e-6)
    parts["loss"].backward()
    shown, hidden = step.logits_of[MAIN], step.logits_of[HIDDEN]
    assert shown is not None
    assert hidden is not None
    assert shown.grad is not None
    assert hidden.grad is not None
    # Without the question only the answer is learnt, by weighted likelihood: p − 1 at the target, times w, as a mean.
    assert hidden.grad.tolist() == [
        pytest.approx(row, abs=1e-6) for row in ([0, 0], [0.3, -0.3], [0, 0], [-0.75 / 4, 0.75 / 4])
    ]
    # With it, the answer follows what was learnt without: the difference of the two distributions.
    assert shown.grad[1].tolist() == pytest.approx([(0.6 - 0.3) / 2, (0.4 - 0.7) / 2], abs=1e-6)
    assert shown.grad[0].tolist() == pytest.approx([(0.8 - 1) / 2, 0.2 / 2], abs=1e-6)
