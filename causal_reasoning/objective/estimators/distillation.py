"""Distilled standardization: a teacher that sums over strata, and a student that needs no stratum in use.

One model is both. With control text it is fitted to the answer within strata; without, it is trained towards the sum
over strata, token by token, with the running filter of `causal_reasoning.objective.mixture`. What is served is the
student: an ordinary prompt, one forward pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.estimators.adjusting import (
    adjusting_set,
    adjustment_reason,
    conditional_term,
    conditional_text,
    prior_table,
    stratum_model,
    token_tables,
)
from causal_reasoning.objective.loss import MAIN, Array, Step
from causal_reasoning.objective.mixture import LOG_PRIOR, earlier
from causal_reasoning.objective.notation import latex_names, listed
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term
from causal_reasoning.objective.strata import MOST_DISTILLED, View

NAME = "distillation"
STUDENT, OTHER = "student", "other"
VIEWS = (View(STUDENT, "nothing"), View(OTHER, "others"))


@dataclass(frozen=True)
class Distillation:
    """E[ −log p_θ(y | x, z) + Σ_k KL( q_k ‖ p_θ(y_k | y_<k, x) ) ], q_k = Σ_z π_k(z) p(y_k | y_<k, x, z).

    The teacher q_k passes no gradient. The row's own stratum comes from the main view, the others from one view each,
    the student from a view without control text; ``step.group`` numbers the strata in sorted order.
    """

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Likelihood within strata, and the divergence of the student from their sum."""
        step.prepare((MAIN, STUDENT))
        nll = (step.weight * step.nll()).mean()
        teacher = self.teacher(step)
        student = step.logits(STUDENT).log_softmax(-1)
        distilled = mean_divergence(step, teacher, student)
        return {"loss": nll + distilled, "nll": nll.detach(), "distillation": distilled.detach()}

    def teacher(self, step: Step) -> Array:
        """Log q_k at the written positions, without gradient: shape (P, V)."""
        prior = step.memory[LOG_PRIOR].to(step.weight.device)
        rows, targets, own = step.rows(), step.targets().unsqueeze(1), step.group
        others = [f"{OTHER} {j}" for j in range(len(prior) - 1)]
        step.prepare(others, gradient=False)
        views = [(MAIN, own), *((view, (own <= j) * 1 + j) for j, view in enumerate(others))]
        total: Array = None
        for view, stratum in views:
            log_p = step.logits(view, gradient=False).log_softmax(-1)
            written = log_p.gather(1, targets).squeeze(1)
            weighed = (prior[stratum][rows] + earlier(written, rows)).unsqueeze(1) + log_p
            total = weighed if total is None else total.logaddexp(weighed)
        return total.log_softmax(-1)


def mean_divergence(step: Step, teacher: Array, student: Array) -> Array:
    """Weighted mean over rows of KL( teacher ‖ student ), from log-probabilities at the written positions."""
    return (step.weight * step.per_row((teacher.exp() * (teacher - student)).sum(-1))).mean()


def student_text(graph: AssumptionGraph, z: tuple[str, ...], conditional: tuple[str, str]) -> tuple[str, str]:
    """KL( Σ_z π(z) p(write | read, z) ‖ p_θ(write | read) ) as text and as LaTeX, with p as it is given."""
    text, latex = conditional
    y, x = graph.query.write, graph.query.read
    return (
        f"KL( Σ_{{{listed(z)}}} π({listed(z)}) {text} ‖ p_θ({listed(y)} | {listed(x)}) )",
        rf"\text{{KL}}\left( \sum_{{{latex_names(z)}}} \pi({latex_names(z)})\, {latex} \;\lVert\; "
        rf"p_\theta({latex_names(y)} \mid {latex_names(x)}) \right)",
    )


def plan_distillation(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan likelihood within strata and a student that learns their sum.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        As for the exact sum.
    """
    z = adjusting_set(graph, identification, NAME)
    if isinstance(z, Refusal):
        return z
    strata = stratum_model(graph, z, "plain", most=MOST_DISTILLED)
    nll = conditional_term(graph, strata)
    student, student_latex = student_text(graph, z, conditional_text(graph, z))
    return ObjectivePlan(
        estimator=NAME,
        formula=f"L(θ) = E[ {nll.formula} + {student} ]",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ {nll.latex} + {student_latex} \right]",
        terms=(
            nll,
            Term(
                "distillation",
                "standardization",
                student,
                student_latex,
                f"{adjustment_reason(graph, z)}; token by token, with π({listed(z)}) ∝ P({listed(z)}) times the "
                "probability of the tokens before, which makes it the sum of whole answers; the sum passes no "
                "gradient, and what is served shows no control text",
            ),
        ),
        forward_passes=ForwardPasses(train=1, inference=1, train_per_stratum=1),
        loss=Distillation(),
        groups=strata.columns,
        strata=strata,
        views=VIEWS,
    )


def distilled_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """The student's table at the optimum: the teacher's token by token, with its running filter."""
    weight = prior_table(plan, joint)
    strata = weight.axes
    answer = Factor((), 1.0)
    for _, table in token_tables(plan, graph, joint):
        filtered = weight.condition(set(weight.axes) - set(strata))
        answer = answer.multiply(filtered.multiply(table).marginalise(strata))
        weight = weight.multiply(table)
    return answer
