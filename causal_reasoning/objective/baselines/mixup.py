"""Mixup: plain fine-tuning on interpolated inputs with both answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.baselines.base import Baseline, setting
from causal_reasoning.objective.baselines.license import License, of_likelihood
from causal_reasoning.objective.loss import Array, Loss, Step


@dataclass(frozen=True)
class MixedLikelihood:
    """E[ λ ℓ(mixed, own answer) + (1 − λ) ℓ(mixed, partner's answer) ], λ ~ Beta(α, α) for each row.

    What is mixed are the input embeddings, the tokens of the answer that have been written so far included. Rows
    are laid upon each other where their answers begin, prompts to the left of it and answers to the right. Where
    the two differ in length, only one of them has a token, and it is taken whole; a target counts only where its own
    answer has one. Each row's partner is another row of the micro-batch, of another group where the plan names
    groups and no group has more than half of the rows. A micro-batch of one row is mixed with itself: plain likelihood.

    Parameters
    ----------
    alpha : float
        Both parameters of the distribution of λ.
    """

    alpha: float

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Likelihoods of both answers."""
        partner, share = partners(step), step.beta(self.alpha)
        own, other = step.mix(partner, share)
        first, second = step.weight * step.nll(own), step.weight[partner] * step.nll(other)
        return {"loss": (share * first + (1 - share) * second).mean()}


def partners(step: Step) -> Array:
    """Choose another row for each, of another group as far as possible: shape (B,)."""
    order = step.shuffled()
    order = order[step.group[order].argsort(stable=True)]
    most = int(step.group.bincount().max())
    # Sorted by group, rows that lie as far apart as the largest group is long are of different groups.
    result = order.clone()
    result[order] = order.roll(-most if 2 * most <= len(order) else -1, 0)
    return result


@dataclass(frozen=True, kw_only=True)
class Mixup(Baseline):
    """Mixup of input embeddings, answers included.

    Between two inputs it asks for interpolated distributions; at the inputs themselves it asks for P(write | read),
    as plain likelihood does, unless a mixture of two inputs coincides with a third one.

    Parameters
    ----------
    alpha : float
        Both parameters of the Beta distribution of the shares.

    References
    ----------
    H. Zhang, M. Cisse, Y. Dauphin and D. Lopez-Paz, "mixup: beyond empirical risk minimization" (ICLR 2018). For
    sequences, on embeddings of inputs and outputs alike: D. Guo, Y. Kim and A. Rush, "Sequence-level mixed sample
    data augmentation" (EMNLP 2020). Mixtures that coincide with inputs: H. Guo, Y. Mao and R. Zhang, "MixUp as
    locally linear out-of-manifold regularization" (AAAI 2019).
    """

    name: ClassVar[str] = "mixup"
    title: ClassVar[str] = "Mixup"
    description: ClassVar[str] = "Plain fine-tuning on interpolated pairs of rows."
    formula: ClassVar[str] = "L(θ) = E[ λ ℓ(mixed, own answer) + (1 − λ) ℓ(mixed, partner's answer) ],  λ ~ Beta(α, α)"
    latex: ClassVar[str] = (
        r"\mathcal{L}(\theta) = \mathbb{E}\left[ \lambda \ell(\tilde{x}, y) "
        r"+ (1 - \lambda) \ell(\tilde{x}, y') \right], \quad "
        r"\tilde{x} = \lambda x + (1 - \lambda) x', \quad \lambda \sim \mathrm{Beta}(\alpha, \alpha)"
    )
    source: ClassVar[str] = "Zhang et al. 2018, arXiv:1710.09412"
    groups_optional: ClassVar[bool] = True

    alpha: float = setting(0.2, "Both parameters of the Beta distribution of the shares.", above=0)

    def loss(self) -> Loss:
        """Likelihoods of both answers."""
        return MixedLikelihood(self.alpha)

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """As plain likelihood; mixing assumes nothing about causes."""
        found = of_likelihood(graph, verdict)
        return License(
            found.licensed,
            f"at unmixed inputs its minimiser is that of plain likelihood, unless a mixture of two inputs is a third "
            f"one: {found.because}",
        )
