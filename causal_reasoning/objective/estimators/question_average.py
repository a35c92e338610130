"""The front door by standardization: write the rationale, then average the answer over questions.

With q the treatment that is read, r the rationale, a the answer and s whatever else is read,

    P(r, a | do(q), s) = P(r | q, s) · Σ_q' P(q') P(a | r, q', s),

and both p(r | q, s) and p(a | r, q', s) are what plain likelihood fits. Only the answer differs: the rationale is
written to the row's own question, and then the answer is averaged over questions q' drawn from the training rows.
No weights are estimated. In their place the model is asked for pairs of question and rationale that it may never have
seen together.

References
----------
J. Pearl, *Causality* (2009), section 3.3.2.
"""

from __future__ import annotations

import numpy as np

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification, m_separated
from causal_reasoning.objective.estimators.front_door import Split, written_front_door
from causal_reasoning.objective.estimators.monte_carlo import expected_log_mean
from causal_reasoning.objective.notation import latex_names, listed, nll
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term
from causal_reasoning.objective.questions import QuestionAverage

NAME = "question_average"


def plan_question_average(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan plain likelihood, and an answer that is averaged over drawn questions.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions; ``objective.draws`` is the number of questions.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        A refusal that says which condition fails.
    """
    split = written_front_door(graph, identification, NAME)
    if isinstance(split, Refusal):
        return split
    q, s, r, a = split.hidden, split.shown, split.first, split.last
    if s and not m_separated(graph.causal, q, s):
        return Refusal(NAME, f"{listed(q)} and {listed(s)} go together, so questions cannot be drawn apart from them")
    if not m_separated(graph.causal.without_outgoing(*r), r, a, (*q, *s)):
        return Refusal(NAME, f"given {listed((*q, *s))} a back-door path between {listed(r)} and {listed(a)} is open")
    draws = graph.objective.draws
    own, own_latex = nll(graph)
    text = f"(1/{draws}) Σ_m p_θ({listed(a)} | {_drawn(q)}, {listed((*s, *r))}),  {_drawn(q)} ~ P({listed(q)})"
    latex = (
        rf"\frac{{1}}{{{draws}}} \sum_{{m}} p_\theta({latex_names(a)} \mid "
        rf"{', '.join(latex_names((n,)) + '_m' for n in q)}, {latex_names((*s, *r))})"
    )
    steps = f"{listed(r)} by p_θ({listed(r)} | {listed((*q, *s))})"
    return ObjectivePlan(
        estimator=NAME,
        formula=f"L(θ) = E[ {own} ],  {steps}, then {listed(a)} by {text}",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ {own_latex} \right],\quad "
        rf"\text{{then {listed(a)} by }} {latex}",
        terms=(
            Term(
                "nll",
                "likelihood",
                own,
                own_latex,
                f"its minimiser is P({listed(r)} | {listed((*q, *s))}) P({listed(a)} | {listed((*q, *s, *r))}) as "
                "observed, both factors of the front-door formula",
            ),
            Term(
                "answer",
                "standardization",
                text,
                latex,
                f"{listed(q)} blocks every back-door path between {listed(r)} and {listed(a)}, hence "
                f"P({listed(a)} | do({listed(r)})) = Σ_{{{listed(q)}}} P({listed(q)}) P({listed(a)} | "
                f"{listed((*q, *s, *r))}); {listed(r)} is written to the row's own {listed(q)} first, and the mean "
                f"over {draws} drawn from the training rows is right on average",
            ),
        ),
        forward_passes=ForwardPasses(train=1, inference=1 + draws),
        approximate=f"a probability is right on average over draws, its logarithm is too small by about "
        f"Var_q[p(a | q, r)] / (2·{draws}·p²); and the model is asked for pairs of {listed(q)} and {listed(r)} that "
        "no row may have",
        questions=QuestionAverage(q, tuple(graph.column(node) for node in q), draws),
    )


def _drawn(q: tuple[str, ...]) -> str:
    return listed(tuple(f"{name}_m" for name in q))


def averaged_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """P(r | read) times exp E log of the mean over drawn questions: not normalised."""
    if plan.questions is None:
        raise ValueError("this plan averages over nothing")
    split = _split(plan, graph)
    q, s, r, a = split.hidden, split.shown, split.first, split.last
    steps = joint.marginalise(set(joint.axes) - {*q, *s, *r}).condition({*q, *s})
    prior = joint.marginalise(set(joint.axes) - set(q))
    answer = joint.marginalise(set(joint.axes) - {*q, *s, *r, *a}).condition({*q, *s, *r})
    kept = tuple(sorted({*s, *r, *a}))
    values = answer.aligned((*prior.axes, *kept)).reshape(prior.values.size, -1)
    mean = np.exp(expected_log_mean(prior.values.ravel(), np.maximum(values, 1e-300), plan.questions.draws))
    return steps.multiply(Factor(kept, mean.reshape([answer.sizes[name] for name in kept])))


def _split(plan: ObjectivePlan, graph: AssumptionGraph) -> Split:
    from causal_reasoning.identification import identify

    found = written_front_door(graph, identify(graph), plan.estimator)
    if isinstance(found, Refusal):
        raise ValueError(found.because)
    return found
