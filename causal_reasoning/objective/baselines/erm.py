"""ERM: empirical risk minimisation, plain fine-tuning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.baselines.base import Baseline
from causal_reasoning.objective.baselines.license import License, of_likelihood
from causal_reasoning.objective.loss import Loss, WeightedLikelihood


@dataclass(frozen=True, kw_only=True)
class ERM(Baseline):
    """Plain fine-tuning: every row counts the same, and nothing is assumed about causes.

    Its minimiser is P(write | read) as observed, so it is licensed where plain likelihood is the objective that the
    graph compiles to.

    References
    ----------
    V. Vapnik, *Statistical Learning Theory* (1998).
    """

    name: ClassVar[str] = "erm"
    title: ClassVar[str] = "ERM"
    description: ClassVar[str] = "Plain fine-tuning on all rows alike."
    formula: ClassVar[str] = "L(θ) = E[ ℓ ]"
    latex: ClassVar[str] = r"\mathcal{L}(\theta) = \mathbb{E}\left[ \ell \right]"
    source: ClassVar[str] = "Vapnik 1998, Statistical Learning Theory"

    def loss(self) -> Loss:
        """The mean of the negative log-likelihood."""
        return WeightedLikelihood()

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """As plain likelihood is; see `causal_reasoning.objective.baselines.license.of_likelihood`."""
        return of_likelihood(graph, verdict)
