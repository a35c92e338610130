"""Doubly robust: an average over strata, corrected by weighted residuals.

With an adjustment set z, weights w = P_π(v)/P(v) and an outcome model q(y | x, z) that is fitted on the observed z,

    R(θ) = E_{x, z ~ P(z)} E_{q(· | x, z)}[ −log p(y | x) ]
         + E_obs[ w · ( −log p(y | x) + E_{q(· | x, z)} log p(· | x) ) ].

If q is right, the second line is zero whatever the weights, and the first is standardization. If the weights are right,
the first line cancels against the second part of the second, and weighting is left. So either may be wrong.

**One token at a time.** The expectation over q would need answers drawn from it. Here the observed answer is forced: at
each token, with the tokens before as observed,

    w · Σ_k [ −Σ_v q̄_k(v) log p(v | y_<k, x)  −  log p(y_k | y_<k, x)  +  Σ_v q_k(v | z) log p(v | y_<k, x) ],

where q_k(· | z) is the outcome model in the row's own stratum and q̄_k = Σ_z π_k(z) q_k(· | z) the running filter of
`causal_reasoning.objective.mixture`. The first part is weighted too, so that x and the tokens before are those of the
mutilated world in both. What is minimised at a token is a cross-entropy with the target q̄_k + 1[v = y_k] − q_k(· | z),
which sums to one and may be negative in places.

- *q right*: exact for answers of any length, whatever the weights, if they are positive.
- *Weights right, q wrong*: exact for the first token. At a later one the averages over z by q's own filter and by the
  rows differ by as much as q mistakes which stratum the tokens before tell of; the rest of its error still cancels.
  (Drawing the tokens before from q in place of forcing them would be exact there too, and noisy.)
- *Both wrong*: biased by about the product of both errors.

A target that is negative for some token has no finite minimum: that token's probability is pushed towards zero. It is
pushed to `FLOOR` and no further, so that the loss is bounded below.

The outcome model is fitted on the rows whose residuals are taken. Where it knows their answers by heart, the residuals
vanish, and what is left is distillation.

References
----------
J. Robins, A. Rotnitzky and L. P. Zhao, "Estimation of regression coefficients when some regressors are not always
observed" (JASA 1994); V. Chernozhukov et al., "Double/debiased machine learning for treatment and structural
parameters" (Econometrics Journal 2018); Y. Jung, J. Tian and E. Bareinboim, "Estimating identifiable causal effects
through double machine learning" (AAAI 2021).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

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
from causal_reasoning.objective.estimators.base import cell_weights
from causal_reasoning.objective.estimators.distillation import (
    STUDENT,
    VIEWS,
    Distillation,
    mean_divergence,
    student_text,
)
from causal_reasoning.objective.estimators.text_weights import texts_of, weight_model
from causal_reasoning.objective.estimators.weighting import estimation_notes, weight_latex
from causal_reasoning.objective.loss import MAIN, Array, Step
from causal_reasoning.objective.notation import latex_names, listed, nll
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term, WeightModel
from causal_reasoning.objective.ratio import Conditional, Ratio
from causal_reasoning.objective.strata import MOST_DISTILLED
from causal_reasoning.objective.text_ratio import without_text_densities

NAME = "doubly_robust"

FLOOR = 1e-6
"""The probability below which a token is pushed no further down."""

BROKEN = ("weights wrong", "outcome model wrong", "both wrong")
"""The ways in which `broken_minimiser` goes wrong."""

Tables = Sequence[tuple[str, Factor]]


@dataclass(frozen=True)
class DoublyRobust:
    """E[ w · ( −log p(y | x, z) + KL(q̄ ‖ p(· | x)) − log p(y | x) + E_q log p(· | x) ) ], token by token.

    The first part fits the outcome model, which is the same network with control text; it passes no gradient to the
    others. What is logged as ``residual`` is about zero on average where the outcome model is right.
    """

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """The outcome model's likelihood, the student's divergence from its average, and the residual."""
        step.prepare((MAIN, STUDENT))
        fitted = (step.weight * step.nll()).mean()
        average = Distillation().teacher(step)
        own = step.logits(MAIN, gradient=False).log_softmax(-1).exp()
        student = step.logits(STUDENT).log_softmax(-1)
        written = step.targets().unsqueeze(1)
        target = average.exp() - own
        target = target.scatter_add(1, written, target.new_ones(written.shape))
        # In nats above the entropy of the average: a constant offset, which makes the value readable.
        entropy = (average.exp() * average).sum(-1)
        crossed = (target.clamp(min=0) * student).sum(-1)
        crossed = crossed + (target.clamp(max=0) * student.clamp(min=math.log(FLOOR))).sum(-1)
        corrected = (step.weight * step.per_row(entropy - crossed)).mean()
        distilled = mean_divergence(step, average, student.detach())
        return {
            "loss": fitted + corrected,
            "nll": fitted.detach(),
            "distillation": distilled,
            "residual": corrected.detach() - distilled,
        }


def plan_doubly_robust(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan a distilled average over strata with weighted residuals.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        Where both standardization and weighting by the same adjustment set apply; weights of a treatment that is text
        come from classifiers on embeddings.
    """
    z = adjusting_set(graph, identification, NAME)
    if isinstance(z, Refusal):
        return z
    weights = _weights(graph, z)
    if isinstance(weights, str):
        return Refusal(NAME, weights)
    strata = stratum_model(graph, z, "plain", most=MOST_DISTILLED)
    likelihood = conditional_term(graph, strata)
    q, q_latex = (text.replace("p_", "q_", 1) for text in conditional_text(graph, z))
    q, q_latex = q.replace("q_θ", "q"), q_latex.replace(r"q_\theta", "q")
    text, latex = nll(graph)
    y, x, names = listed(graph.query.write), listed(graph.query.read), listed(z)
    y_latex, x_latex = latex_names(graph.query.write), latex_names(graph.query.read)
    average, average_latex = student_text(graph, z, (q, q_latex))
    residual = f"{text} + E_{{{q}}} log p_θ({y} | {x})"
    residual_latex = rf"{latex} + \mathbb{{E}}_{{{q_latex}}} \log p_\theta({y_latex} \mid {x_latex})"
    w_latex = weight_latex(weights)
    return ObjectivePlan(
        estimator=NAME,
        formula=f"L(θ) = E[ w · ( {likelihood.formula} + {average} + [{residual}] ) ],  w = {weights.formula}",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ w \left( {likelihood.latex} + {average_latex} + "
        rf"\left[{residual_latex}\right] \right) \right],\quad w = {w_latex}",
        terms=(
            replace(likelihood, because=f"{likelihood.because}; this is the outcome model q, a constant for the rest"),
            Term(
                "distillation",
                "standardization",
                average,
                average_latex,
                f"if the outcome model is right, its minimiser is the answer: {adjustment_reason(graph, z)}",
            ),
            Term(
                "residual",
                "residual",
                residual,
                residual_latex,
                "zero on average if the outcome model is right, whatever the weights; if the weights are right, it "
                "takes back what the outcome model has wrong: at the first token of an answer all of it, at later ones "
                f"all but how it takes the tokens before to tell of {names}",
            ),
            Term(
                "w",
                "weight",
                weights.formula,
                w_latex,
                f"turns the observed world into the mutilated one: {{{names}}} meets the adjustment criterion; "
                f"realised as {graph.objective.realisation.replace('_', ' ')}",
            ),
        ),
        forward_passes=ForwardPasses(train=1, inference=1, train_per_stratum=1),
        approximate=_approximate(graph, weights),
        weights=weights,
        realisation=graph.objective.realisation,
        loss=DoublyRobust(),
        groups=strata.columns,
        strata=strata,
        views=VIEWS,
    )


def _weights(graph: AssumptionGraph, z: tuple[str, ...]) -> WeightModel | str:
    """Weights π(t) / P(t | z), or P(z) / P(z | t) where the treatment is text; or why there are none."""
    treatment = tuple(sorted(graph.query.do))
    weights = weight_model(graph, treatment, z, None)
    texts = texts_of(graph)
    if not set(treatment) & set(texts):
        return weights
    if not set(treatment) <= set(graph.query.read):
        return "a part of the treatment is text that is not read, and only columns can be weighted to a policy"
    # What is read holds all treatments, so that the policy makes no difference: the marginal needs no density.
    top = Conditional(tuple((t, 0) for t in treatment), ())
    ratio = Ratio((), (top,), (Conditional(top.of, tuple((name, 0) for name in z)),))
    found = without_text_densities(ratio, texts)
    if isinstance(found, str):
        return found
    options = replace(weights.options, nuisance="head")
    return replace(weights, policy="marginal", options=options, text_ratio=found)


def _approximate(graph: AssumptionGraph, weights: WeightModel) -> str:
    """What estimates and options cost; less than elsewhere, as an outcome model that is right makes up for it."""
    notes = estimation_notes(graph, weights)
    return f"exact if the outcome model is right; its errors are corrected by weights, and {notes}" if notes else ""


def doubly_robust_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """The student's table at the optimum, with both models right."""
    return tabular_minimiser(plan, graph, joint, _cell_weights(plan, joint, policy), token_tables(plan, graph, joint))


def broken_minimiser(
    plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor, how: str, seed: int = 0
) -> Factor:
    """The same with one model, or both, replaced by random ones.

    Parameters
    ----------
    plan, graph, joint, policy
        As for every minimiser.
    how : str
        One of `BROKEN`.
    seed : int
        Seed of what is put in their place: each weight times a number between ⅓ and 3, and each conditional
        distribution of the outcome model mixed half and half with a random one.

    Returns
    -------
    Factor
        p(write | read).
    """
    rng = np.random.default_rng([seed, 5])
    weights, tables = _cell_weights(plan, joint, policy), token_tables(plan, graph, joint)
    factors = np.exp(rng.uniform(-math.log(3), math.log(3), weights.values.shape))
    drawn = []
    for node, table in tables:
        last = np.moveaxis(table.values, table.axes.index(node), -1)
        random = rng.dirichlet(np.ones(last.shape[-1]), size=last.shape[:-1])
        mixed = np.moveaxis((last + random) / 2, -1, table.axes.index(node))
        drawn.append((node, Factor(table.axes, mixed)))
    if how != "outcome model wrong":
        weights = Factor(weights.axes, weights.values * factors)
    return tabular_minimiser(plan, graph, joint, weights, tables if how == "weights wrong" else drawn)


def tabular_minimiser(
    plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, weights: Factor, outcome: Tables
) -> Factor:
    """Minimise the objective over tables for given weights and a given outcome model.

    Parameters
    ----------
    plan, graph
        What is minimised.
    joint : Factor
        P of the observed nodes.
    weights : Factor
        w, a function of treatments and strata.
    outcome : sequence of (str, Factor)
        For each written node its table q(y_k | y_<k, read, z).

    Returns
    -------
    Factor
        p(write | read).
    """
    read, strata = set(graph.query.read), prior_table(plan, joint).axes
    rows = joint.multiply(weights)
    filter_ = prior_table(plan, joint)
    before: set[str] = set()
    answer = Factor((), 1.0)
    for node, table in outcome:
        # Weighted rows by what is read, the tokens before, and with or without this token and the stratum.
        kept = read | before
        here = rows.marginalise(set(rows.axes) - kept - set(strata))
        mass = here.marginalise(strata)
        observed = rows.marginalise(set(rows.axes) - kept - {node})
        own = here.multiply(table).marginalise(strata)
        averaged = filter_.condition(set(filter_.axes) - set(strata)).multiply(table).marginalise(strata)
        axes = tuple(sorted(kept | {node}))
        parts = (mass.multiply(averaged), observed, own)
        first, second, third = (part.aligned(axes) for part in parts)
        target = Factor(axes, np.maximum(first + second - third, FLOOR * mass.values.max() * 1e-3))
        answer = answer.multiply(target.condition(kept))
        filter_ = filter_.multiply(table)
        before |= {node}
    return answer


def _cell_weights(plan: ObjectivePlan, joint: Factor, policy: Factor) -> Factor:
    if plan.weights is None:
        raise ValueError("a doubly robust plan has weights")
    return cell_weights(plan.weights, joint, policy)
