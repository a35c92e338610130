"""IRMv1: a predictor on which one and the same scale is optimal in every group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.baselines.base import ComparesGroups, setting
from causal_reasoning.objective.baselines.license import License, of_groups
from causal_reasoning.objective.baselines.risks import annealed, group_risks, mean, present
from causal_reasoning.objective.loss import Array, Loss, Needs, Step
from causal_reasoning.objective.plan import Term


@dataclass(frozen=True)
class InvariantRisk:
    """Mean of the groups' risks, plus the mean of their squared slopes along a common scale of the scores.

    The slope of a row, d/ds of its −log p_θ with all scores multiplied by s, at s = 1, has a closed form, the sum
    over written tokens of E_p[score] − score of the token; so nothing is differentiated twice. Its square
    is estimated without bias by the product of the means over two halves of a group's rows, so it can be negative.
    The penalty is not additive over micro-batches: a micro-batch needs two rows of a group to say anything about
    it, and ``irm_groups`` logs of how many groups it did.

    Parameters
    ----------
    weight : float
        Factor of the penalty after the first steps.
    anneal : float
        Share of the optimiser steps with factor 1.
    """

    weight: float
    anneal: float

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Risks and squared slopes."""
        groups = present(step)
        risk = mean(group_risks(step, groups))
        slopes = step.weight * step.per_row(scale_slopes(step.logits(), step.targets()))
        halves = [(slopes[rows][::2], slopes[rows][1::2]) for _, rows in groups]
        squares = [even.mean() * odd.mean() for even, odd in halves if len(odd)]
        penalty = mean(squares) if squares else 0.0 * risk
        factor = annealed(step, self.weight, self.anneal)
        return {"loss": risk + factor * penalty, "nll": risk, "irm_penalty": penalty, "irm_groups": len(squares)}

    def needs(self) -> Needs:
        """A fresh optimiser when the penalty jumps, as in DomainBed."""
        return Needs(reset_at=self.anneal if self.anneal else None)


def scale_slopes(scores: Array, targets: Array) -> Array:
    """d/ds of −log softmax(s · scores)[target] at s = 1: shapes (P, V) and (P,) to (P,)."""
    expected = (scores.softmax(-1) * scores).sum(-1)
    return expected - scores.gather(1, targets.unsqueeze(1)).squeeze(1)


@dataclass(frozen=True, kw_only=True)
class IRM(ComparesGroups):
    """Invariant risk minimisation in its practical form, with a scale of the scores as the dummy classifier.

    If write ⟂ e | read, P(write | read) is calibrated in every group: it minimises both parts, and the loss has the
    minimiser of plain likelihood, no other. If not, the premise can still hold for some function φ of what is
    read, write ⟂ e | φ(read); the loss then serves P(write | φ(read)), which is not P_π(write | read) unless
    do(treatment) makes the rest of what is read useless. The graph says nothing about functions of a text, so
    this case is never licensed.

    Parameters
    ----------
    weight : float
        λ, factor of the penalty.
    anneal : float
        Share of the steps with factor 1 at first; DomainBed: 500 of about 5,000.

    References
    ----------
    M. Arjovsky, L. Bottou, I. Gulrajani and D. Lopez-Paz, "Invariant risk minimization" (2019), IRMv1. Defaults:
    I. Gulrajani and D. Lopez-Paz, "In search of lost domain generalization" (ICLR 2021), whose code also
    resets the optimiser when the factor changes. Limits: P. Kamath, A. Tangella, D. Sutherland and N. Srebro, "Does
    invariant risk minimization capture invariance?" (AISTATS 2021).
    """

    name: ClassVar[str] = "irm"
    title: ClassVar[str] = "IRMv1"
    description: ClassVar[str] = "Penalises scores whose best scale differs between groups."
    formula: ClassVar[str] = "L(θ) = mean_e R_e + λ · mean_e (d/ds R_e(s · scores) at s = 1)²,  R_e = E[ ℓ | e ]"
    latex: ClassVar[str] = (
        r"\mathcal{L}(\theta) = \frac{1}{K} \sum_e R_e + \lambda \frac{1}{K} \sum_e "
        r"\left( \frac{d}{d s} R_e(s \cdot f_\theta) \right)_{s=1}^2, "
        r"\quad R_e = \mathbb{E}\left[ \ell \mid e \right]"
    )
    source: ClassVar[str] = "Arjovsky et al. 2019, arXiv:1907.02893"

    weight: float = setting(100.0, "Factor λ of the penalty.", least=0)
    anneal: float = setting(0.1, "Share of the steps, at the start, with λ = 1.", least=0, most=1)

    def loss(self) -> Loss:
        """Risks and squared slopes."""
        return InvariantRisk(self.weight, self.anneal)

    def penalties(self) -> tuple[Term, ...]:
        """The squared slopes."""
        formula = "mean_e (d/ds R_e(s · scores) at s = 1)²"
        latex = r"\frac{1}{K} \sum_e \left( \frac{d}{d s} R_e(s \cdot f_\theta) \right)_{s=1}^2"
        because = "zero where the scores are calibrated, up to their scale, in every group"
        return (Term("irm_penalty", "penalty", formula, latex, because, self.weight),)

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """Where write ⟂ e | read; it is then no more than plain likelihood, and licensed as that is."""
        return of_groups(
            graph,
            verdict,
            self.groups,
            alone=False,
            yes="the premise of invariance holds for all that is read, so the minimiser is P(write | read), that of "
            "plain likelihood",
            no="P(write | read) differs between groups, so it serves P(write | φ(read)) for some invariant φ, and the "
            "graph neither says that there is one nor that do(treatment) asks for it",
        )
