"""V-REx: risk extrapolation by making the groups' risks equal."""

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
class EqualRisks:
    """Mean of the groups' risks, plus their variance: mean_e R_e + β · mean_e (R_e − mean R)².

    The variance is not additive over micro-batches: a micro-batch with a single group has none, and
    ``vrex_groups`` logs how many groups it had.

    Parameters
    ----------
    weight : float
        β after the first steps.
    anneal : float
        Share of the optimiser steps with β = 1.
    """

    weight: float
    anneal: float

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Risks and their variance."""
        risks = group_risks(step, present(step))
        risk = mean(risks)
        penalty = mean([(r - risk) ** 2 for r in risks])
        factor = annealed(step, self.weight, self.anneal)
        return {"loss": risk + factor * penalty, "nll": risk, "vrex_penalty": penalty, "vrex_groups": len(risks)}

    def needs(self) -> Needs:
        """A fresh optimiser when the penalty jumps, as in DomainBed."""
        return Needs(reset_at=self.anneal if self.anneal else None)


@dataclass(frozen=True, kw_only=True)
class VREx(ComparesGroups):
    """Variance risk extrapolation.

    Even a conditional distribution that all groups share has unequal risks where what is read differs between
    groups: some questions are harder. So the premise is that read and write together are independent of the group;
    then every model has equal risks and the penalty is idle.

    Parameters
    ----------
    weight : float
        β, factor of the variance.
    anneal : float
        Share of the steps with factor 1 at first; DomainBed: 500 of about 5,000.

    References
    ----------
    D. Krueger et al., "Out-of-distribution generalization via risk extrapolation (REx)" (ICML 2021): V-REx, with the
    sum of the K risks. Here, as in DomainBed (Gulrajani and Lopez-Paz, ICLR 2021), it is their mean: theirs with
    βK is K times this one.
    """

    name: ClassVar[str] = "vrex"
    title: ClassVar[str] = "V-REx"
    description: ClassVar[str] = "Penalises the variance of the groups' risks."
    formula: ClassVar[str] = "L(θ) = mean_e R_e + β · mean_e (R_e − mean R)²,  R_e = E[ ℓ | e ]"
    latex: ClassVar[str] = (
        r"\mathcal{L}(\theta) = \bar{R} + \beta \frac{1}{K} \sum_e (R_e - \bar{R})^2, "
        r"\quad R_e = \mathbb{E}\left[ \ell \mid e \right]"
    )
    source: ClassVar[str] = "Krueger et al. 2021, arXiv:2003.00688"

    weight: float = setting(10.0, "Factor β of the variance.", least=0)
    anneal: float = setting(0.1, "Share of the steps, at the start, with β = 1.", least=0, most=1)

    def loss(self) -> Loss:
        """Risks and their variance."""
        return EqualRisks(self.weight, self.anneal)

    def penalties(self) -> tuple[Term, ...]:
        """The variance."""
        latex = r"\frac{1}{K} \sum_e (R_e - \bar{R})^2"
        because = "zero where all groups have the same risk"
        return (Term("vrex_penalty", "penalty", "mean_e (R_e − mean R)²", latex, because, self.weight),)

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """Where read and write are independent of the group, so that the penalty is idle, and as plain likelihood."""
        return of_groups(
            graph,
            verdict,
            self.groups,
            alone=True,
            yes="every model has equal risks, so the minimiser is P(write | read), that of plain likelihood",
            no="the risks of the true conditional may differ between groups, and making them equal gives it up",
        )
