"""GroupDRO: minimise the risk of the worst group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.baselines.base import ComparesGroups, setting
from causal_reasoning.objective.baselines.license import License, of_groups
from causal_reasoning.objective.baselines.risks import group_risks, present
from causal_reasoning.objective.loss import Array, Loss, Step

MEMORY = "groupdro.log_q"


@dataclass(frozen=True)
class WorstGroup:
    """Σ_e q_e R_e, where q grows exponentially with the risks: q_e ← q_e exp(η R_e), normalised.

    The logarithms of q are kept in ``step.memory``, hence in checkpoints. They are updated once a micro-batch; a
    group without rows in it keeps its logarithm and adds nothing to the loss, as in the authors' code. Rows are
    drawn as there, so that all groups are equally frequent, unless the setting ``balanced`` says otherwise.

    Parameters
    ----------
    eta : float
        Step size of q, per nat.
    """

    eta: float

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Update q, then weigh the groups by it."""
        groups = present(step)
        risks = group_risks(step, groups)
        log_q = step.memory.get(MEMORY, step.weight.new_zeros(step.groups)).to(step.weight.device).clone()
        for (group, _), risk in zip(groups, risks, strict=True):
            log_q[group] += self.eta * risk.detach()
        log_q = log_q.log_softmax(0)
        step.memory[MEMORY] = log_q
        q = log_q.exp()
        terms = [q[group] * risk for (group, _), risk in zip(groups, risks, strict=True)]
        worst = max(float(risk.detach()) for risk in risks)
        return {"loss": sum(terms[1:], start=terms[0]), "worst_group_nll": worst, "largest_q": q.max()}


@dataclass(frozen=True, kw_only=True)
class GroupDRO(ComparesGroups):
    """The saddle point of the groups' risks: the model that is best for the worst mixture of groups.

    Its target is the worst group, not do(treatment). The two agree only where all mixtures of groups have the same
    conditional distribution.

    Parameters
    ----------
    eta : float
        Step size of the weights of groups.

    References
    ----------
    S. Sagawa, P. W. Koh, T. Hashimoto and P. Liang, "Distributionally robust neural networks for group shifts: on
    the importance of regularization for worst-case generalization" (ICLR 2020), algorithm 1.
    """

    name: ClassVar[str] = "groupdro"
    title: ClassVar[str] = "GroupDRO"
    description: ClassVar[str] = "Weighs groups by exponentiated risk, so that the worst group counts most."
    formula: ClassVar[str] = "L(θ) = max_q Σ_e q_e R_e,  R_e = E[ ℓ | e ],  q_e growing as exp(η R_e) at every step"
    latex: ClassVar[str] = (
        r"\mathcal{L}(\theta) = \max_q \sum_e q_e R_e, \quad R_e = \mathbb{E}\left[ \ell \mid e \right], "
        r"\quad \sum_e q_e = 1"
    )
    source: ClassVar[str] = "Sagawa et al. 2020, arXiv:1911.08731"

    eta: float = setting(0.01, "Step size of the weights of groups.", above=0)

    def loss(self) -> Loss:
        """Risks of groups, weighted by q."""
        return WorstGroup(self.eta)

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """Only where all groups share the conditional distribution, and it is the one asked for."""
        return of_groups(
            graph,
            verdict,
            self.groups,
            alone=False,
            yes="every mixture of the groups has the minimiser P(write | read)",
            no="it serves the mixture of groups that is worst, which is not what do(treatment) asks for",
        )
