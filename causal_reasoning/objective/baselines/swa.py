"""SWA: stochastic weight averaging of plain fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.baselines.base import Baseline, setting
from causal_reasoning.objective.baselines.license import License, of_likelihood
from causal_reasoning.objective.loss import Array, Loss, Needs, Step, WeightedLikelihood


@dataclass(frozen=True)
class AveragedLikelihood:
    """Plain likelihood; the weights that are kept are the mean of those after each of the last steps.

    Parameters
    ----------
    start : float
        Share of the optimiser steps before averaging.
    """

    start: float

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """As `causal_reasoning.objective.loss.WeightedLikelihood`."""
        return WeightedLikelihood()(step)

    def needs(self) -> Needs:
        """The mean of the weights."""
        return Needs(average_from=self.start)


@dataclass(frozen=True, kw_only=True)
class SWA(Baseline):
    """Stochastic weight averaging: a flat solution near the end of plain fine-tuning.

    The weights after every step are averaged, as in SWAD, not only those at the end of a cycle of the learning rate.
    The papers keep the learning rate high while averaging: set ``training.schedule`` to ``constant``. There is
    nothing to be done about normalisation statistics, as the adapter has none.

    Parameters
    ----------
    start : float
        Share of the steps before averaging begins.

    References
    ----------
    P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov and A. G. Wilson, "Averaging weights leads to wider optima
    and better generalization" (UAI 2018): from 75 % of the budget on. J. Cha et al., "SWAD: domain generalization by
    seeking flat minima" (NeurIPS 2021): every step.
    """

    name: ClassVar[str] = "swa"
    title: ClassVar[str] = "SWA"
    description: ClassVar[str] = "Plain fine-tuning whose weights are averaged over the last steps."
    formula: ClassVar[str] = "L(θ) = E[ ℓ ],  kept: the mean of θ after each step of the last part of training"
    latex: ClassVar[str] = (
        r"\mathcal{L}(\theta) = \mathbb{E}\left[ \ell \right], \quad \bar{\theta} = \frac{1}{n} \sum_{i} \theta_i"
    )
    source: ClassVar[str] = "Izmailov et al. 2018, arXiv:1803.05407"

    start: float = setting(0.75, "Share of the steps before averaging begins.", least=0, most=0.999)

    def loss(self) -> Loss:
        """Plain likelihood that asks for averaged weights."""
        return AveragedLikelihood(self.start)

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """As plain likelihood: averaging weights changes how it is minimised, not its minimiser."""
        found = of_likelihood(graph, verdict)
        return License(found.licensed, f"averaging weights keeps the target of plain likelihood: {found.because}")
