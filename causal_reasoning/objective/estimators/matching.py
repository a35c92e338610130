"""Matching: two renderings of each row, with the answer asked to be the same for both.

    L(θ) = E_rows E_{z', z'' ~ P(z)} [ ½ ℓ(z') + ½ ℓ(z'') + λ J( p_θ(· | read with z'), p_θ(· | read with z'') ) ]

with ℓ(z) = −log p_θ(write | read with z) and J the mean of the two Kullback-Leibler divergences. The first two terms
are randomised rendering with two draws in each step, hence less noise. The third one pairs rows exactly: what they
differ in is z. It keeps the minimiser where P_π(write | read) is the same for all renderings of one content, that is,
where each shows all of it; else it draws together answers that should differ. The graph does not say which, so for
λ > 0 the objective is called approximate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.estimators.base import cell_weights
from causal_reasoning.objective.estimators.rendering import (
    drawn_latex,
    drawn_text,
    plan_rendering,
    rendered_joint,
    rendered_minimiser,
    rendered_nll,
    view_names,
    weight_latex,
)
from causal_reasoning.objective.loss import MAIN, Array, Step
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term
from causal_reasoning.objective.rendering import rewritten

NAME = "matching"
CONSISTENCY = 1.0
OTHER = view_names(2)[1]


@dataclass(frozen=True)
class MatchedLikelihood:
    """½ ℓ(one rendering) + ½ ℓ(another) + λ J, a weighted mean over the rows of a batch.

    The divergence is summed over the tokens of the answer, each given the reference answer before it.

    Parameters
    ----------
    consistency : float
        λ.
    """

    consistency: float

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Likelihoods of both renderings, and their divergence if it counts."""
        nll = (step.weight * (step.nll(MAIN) + step.nll(OTHER)) / 2).mean()
        if not self.consistency:
            return {"loss": nll}
        one, other = step.logits(MAIN).log_softmax(-1), step.logits(OTHER).log_softmax(-1)
        apart = ((one.exp() - other.exp()) * (one - other)).sum(-1) / 2
        divergence = (step.weight * step.per_row(apart)).mean()
        return {
            "loss": nll + self.consistency * divergence,
            "nll": nll.detach(),
            "consistency": divergence.detach(),
        }


def plan_matching(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan two renderings of each row and the consistency of their answers.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions; ``objective.settings`` may hold ``consistency``, λ.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        As for rendering.
    """
    plan = plan_rendering(graph, identification)
    if isinstance(plan, Refusal):
        return replace(plan, estimator=NAME)
    strength = graph.objective.settings.get("consistency", CONSISTENCY) if graph.objective.baseline is None else 0.0
    if isinstance(strength, str) or not math.isfinite(strength) or strength < 0:
        return Refusal(NAME, f"the setting 'consistency' must be a number of at least 0, not {strength!r}")
    (model,) = plan.renderings
    text, latex = rendered_nll(graph, model.nodes)
    other, other_latex = rendered_nll(graph, model.nodes, "''")
    formula = f"½ ({text}) + ½ ({other})"
    shown = rf"\tfrac12 \left({latex}\right) + \tfrac12 \left({other_latex}\right)"
    terms = [replace(plan.terms[0], formula=formula, latex=shown), *plan.terms[1:]]
    approximate = ""
    if strength:
        j, j_latex = _divergence(text, other), _divergence(latex, other_latex, latex=True)
        formula, shown = f"{formula} + {strength:g} · {j}", rf"{shown} + {strength:g}\,{j_latex}"
        approximate = (
            "the consistency term draws the answers to two renderings of one content together; it changes nothing if "
            "every rendering shows all of the content"
        )
        terms.append(
            Term("consistency", "penalty", j, j_latex, f"two renderings ask the same; {approximate}", float(strength))
        )
    factor, factor_latex = ("w · ", r"w \cdot ") if plan.weights else ("", "")
    behind = f",  w = {plan.weights.formula}" if plan.weights else ""
    marks = f"{drawn_text(model.nodes)} and {drawn_text(model.nodes, chr(39) * 2)}"
    return replace(
        plan,
        estimator=NAME,
        formula=f"L(θ) = E[ {factor}{{{formula}}} ],  {marks}{behind}",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ {factor_latex}\left\{{ {shown} \right\}} \right],\quad "
        rf"{drawn_latex(model.nodes)},\ {drawn_latex(model.nodes, chr(39) * 2)}{weight_latex(plan.weights)}",
        terms=tuple(terms),
        forward_passes=ForwardPasses(train=2, inference=1),
        approximate=approximate,
        loss=MatchedLikelihood(float(strength)),
        renderings=(replace(model, views=view_names(2)),),
    )


def _divergence(one: str, other: str, *, latex: bool = False) -> str:
    """J of two distributions that are given as negative logarithms."""
    first, second = (text.removeprefix("−log ").removeprefix(r"-\log ") for text in (one, other))
    return rf"\mathrm{{J}}\left({first}, {second}\right)" if latex else f"J( {first}, {second} )"


def matched_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """Minimise the objective over tables; numerically, for λ > 0, to about 1e-7.

    Two renderings of a row are taken to share all its other columns and nothing more: with hidden causes of the text,
    real pairs are more alike, and the bias is smaller.
    """
    start = rendered_minimiser(plan, graph, joint, policy)
    strength = plan.loss.consistency if isinstance(plan.loss, MatchedLikelihood) else 0.0
    if not strength:
        return start
    rows = rendered_joint(plan, graph, joint)
    if plan.weights is not None:
        rows = rows.multiply(cell_weights(plan.weights, joint, policy))
    changed = [text for text in rewritten(graph, plan.renderings[0].nodes) if text in rows.axes]
    read = tuple(sorted(graph.query.read))
    write = tuple(sorted(graph.query.write))
    twin = {name: f"{name} again" for name in read if name in changed}
    text = rows.condition(set(rows.axes) - set(changed))
    text = text.marginalise(set(changed) - set(read))
    rest = rows.marginalise(changed)
    again = Factor([twin.get(name, name) for name in text.axes], text.values)
    # Twice the read nodes: those that are not rendered are equal in a pair.
    pairs = rest.multiply(text).multiply(again)
    pairs = pairs.marginalise(set(pairs.axes) - {*read, *twin.values()})
    sizes = [start.sizes[name] for name in read]
    cells = int(np.prod(sizes))
    both = np.zeros((*sizes, *sizes))
    spread = pairs.aligned((*read, *twin.values()))
    for index in np.ndindex(*spread.shape):
        one = index[: len(read)]
        other = [index[len(read) + list(twin).index(n)] if n in twin else one[i] for i, n in enumerate(read)]
        both[(*one, *other)] += spread[index]
    counts = rows.marginalise(set(rows.axes) - {*read, *write}).aligned((*read, *write)).reshape(cells, -1)
    table = solve(counts, both.reshape(cells, cells), strength, start.aligned((*read, *write)).reshape(cells, -1))
    return Factor((*read, *write), table.reshape([start.sizes[name] for name in (*read, *write)]))


def solve(
    counts: NDArray[np.float64], pairs: NDArray[np.float64], strength: float, start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Minimise −Σ counts · log p + λ Σ pairs · J(p, p) over tables; convex in p, so a stationary point is the minimum.

    Parameters
    ----------
    counts : array of shape (X, Y)
        Probabilities of text and answer.
    pairs : array of shape (X, X)
        Probabilities that the two renderings of a row are these; symmetric.
    strength : float
        λ.
    start : array of shape (X, Y)
        Positive rows that sum to one.

    Returns
    -------
    array of shape (X, Y)
        p(answer | text).
    """

    def value(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = flat.reshape(counts.shape)
        log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
        p = np.exp(log_p)
        mass = counts.sum(axis=1, keepdims=True)
        # Σ_ij c_ij ½ (p_i − p_j)(log p_i − log p_j), c symmetric.
        each = pairs.sum(axis=1, keepdims=True)
        mean_log, mean_p = pairs @ log_p, pairs @ p
        loss = -(counts * log_p).sum() + strength * (p * (each * log_p - mean_log)).sum()
        by_p = strength * (each * log_p - mean_log)
        by_log = strength * (each * p - mean_p)
        gradient = mass * p - counts + p * (by_p - (p * by_p).sum(axis=1, keepdims=True)) + by_log
        return float(loss), gradient.ravel()

    from scipy.optimize import minimize  # loaded for proofs only

    found = minimize(
        value, np.log(start).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 5000, "ftol": 0, "gtol": 1e-10}
    )
    scores = found.x.reshape(counts.shape)
    return np.asarray(np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)))
