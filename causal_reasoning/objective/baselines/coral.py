"""CORAL: representations with the same mean and covariance in every group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.baselines.base import ComparesGroups, setting
from causal_reasoning.objective.baselines.license import License, of_groups
from causal_reasoning.objective.baselines.risks import group_risks, mean, present
from causal_reasoning.objective.loss import Array, Loss, Step
from causal_reasoning.objective.plan import Term

LAST = -1


@dataclass(frozen=True)
class AlignedMoments:
    """Mean of the groups' risks, plus the distance of means and covariances of the representation between groups.

    The representation is the last hidden state at the last position that is read, so it is a function of what is
    read alone. Distances are means over elements, averaged over pairs of groups. A group with fewer than two rows
    in the micro-batch has no covariance and is left out; ``coral_groups`` logs how many are compared.

    Parameters
    ----------
    weight : float
        Factor of the distances.
    """

    weight: float

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Risks and distances."""
        states = step.representation(LAST, "prompt")
        groups = present(step)
        risk = mean(group_risks(step, groups))
        samples = [states[rows] for _, rows in groups]
        compared = [moments(sample) for sample in samples if len(sample) > 1]
        distances = [distance(one, other) for one, other in combinations(compared, 2)]
        penalty = mean(distances) if distances else 0.0 * risk
        return {
            "loss": risk + self.weight * penalty,
            "nll": risk,
            "coral_penalty": penalty,
            "coral_groups": len(compared),
        }


def moments(sample: Array) -> tuple[Array, Array]:
    """Mean and unbiased covariance of n ≥ 2 rows: shape (n, D) to (D,) and (D, D)."""
    centre = sample.mean(0)
    centred = sample - centre
    return centre, centred.T @ centred / (len(sample) - 1)


def distance(one: tuple[Array, Array], other: tuple[Array, Array]) -> Array:
    """Mean squared difference of the means plus that of the covariances."""
    return ((one[0] - other[0]) ** 2).mean() + ((one[1] - other[1]) ** 2).mean()


@dataclass(frozen=True, kw_only=True)
class CORAL(ComparesGroups):
    """Deep correlation alignment between groups.

    It asks for φ(read) ⟂ e. Where the graph implies read ⟂ e, every representation has it and the penalty is idle;
    where it does not, the representation must drop what tells the groups apart, whether or not the answer needs it.

    Parameters
    ----------
    weight : float
        Factor of the distances.

    References
    ----------
    B. Sun and K. Saenko, "Deep CORAL: correlation alignment for deep domain adaptation" (ECCV 2016 workshops); with
    means and between all pairs of groups in DomainBed (Gulrajani and Lopez-Paz, ICLR 2021).
    """

    name: ClassVar[str] = "coral"
    title: ClassVar[str] = "CORAL"
    description: ClassVar[str] = (
        "Penalises representations of the prompt whose first two moments differ between groups."
    )
    formula: ClassVar[str] = (
        "L(θ) = mean_e R_e + γ · mean_{e<f} (‖μ_e − μ_f‖²/D + ‖C_e − C_f‖²/D²),  R_e = E[ ℓ | e ],  "
        "μ_e, C_e: mean and covariance of φ_θ(read) given e"
    )
    latex: ClassVar[str] = (
        r"\mathcal{L}(\theta) = \bar{R} + \gamma \frac{2}{K(K-1)} \sum_{e<f} \left( "
        r"\frac{1}{D} \lVert \mu_e - \mu_f \rVert^2 + \frac{1}{D^2} \lVert C_e - C_f \rVert^2 \right), "
        r"\quad R_e = \mathbb{E}\left[ \ell \mid e \right]"
    )
    source: ClassVar[str] = "Sun and Saenko 2016, arXiv:1607.01719"
    reads_states: ClassVar[bool] = True

    weight: float = setting(1.0, "Factor γ of the distances.", least=0)

    def loss(self) -> Loss:
        """Risks and distances of moments."""
        return AlignedMoments(self.weight)

    def penalties(self) -> tuple[Term, ...]:
        """The distances."""
        formula = "mean_{e<f} (‖μ_e − μ_f‖²/D + ‖C_e − C_f‖²/D²)"
        latex = (
            r"\frac{2}{K(K-1)} \sum_{e<f} \left( \frac{1}{D} \lVert \mu_e - \mu_f \rVert^2 "
            r"+ \frac{1}{D^2} \lVert C_e - C_f \rVert^2 \right)"
        )
        because = "zero where the representation of what is read has the same mean and covariance in every group"
        return (Term("coral_penalty", "penalty", formula, latex, because, self.weight),)

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """Where read and write are independent of the group, so that the penalty is idle, and as plain likelihood."""
        return of_groups(
            graph,
            verdict,
            self.groups,
            alone=True,
            yes="φ(read) ⟂ e holds for every φ, so the minimiser is P(write | read), that of plain likelihood",
            no="φ(read) ⟂ e, which it asks for, is not implied: what tells the groups apart is dropped, whether or not "
            "the answer depends on it",
        )
