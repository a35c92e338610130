"""The compiled loss as a value: what is minimised, why, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from causal_reasoning.graph.spec import Realisation

Policy = Literal["marginal", "uniform"] | tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Term:
    """One part of the loss.

    Parameters
    ----------
    name : str
        Short name, the key of the part in the training log.
    kind : str
        ``"likelihood"`` or ``"weight"``.
    formula, latex : str
        The part as plain text and as LaTeX.
    because : str
        The reason for the part, from the graph.
    weight : float
        Its factor in the loss.
    """

    name: str
    kind: str
    formula: str
    latex: str
    because: str
    weight: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "formula": self.formula,
            "latex": self.latex,
            "because": self.because,
            "weight": self.weight,
        }


@dataclass(frozen=True)
class WeightModel:
    """Importance weights π(t) / P(t | z) to be estimated from columns of the training data.

    Parameters
    ----------
    treatment, stratum : tuple of str
        Nodes t and z, sorted; ``stratum`` may be empty.
    treatment_columns, stratum_columns : tuple of str
        The columns that hold them, in the same order.
    policy : "marginal", "uniform" or tuple of (value, probability)
        π, the distribution of the treatment under intervention.
    """

    treatment: tuple[str, ...]
    stratum: tuple[str, ...]
    treatment_columns: tuple[str, ...]
    stratum_columns: tuple[str, ...]
    policy: Policy

    @property
    def formula(self) -> str:
        """The weight as plain text."""
        given = f" | {', '.join(self.stratum)}" if self.stratum else ""
        t = ", ".join(self.treatment)
        return f"{policy_text(self.policy, self.treatment)} / P({t}{given})"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "treatment": list(self.treatment),
            "stratum": list(self.stratum),
            "treatment_columns": list(self.treatment_columns),
            "stratum_columns": list(self.stratum_columns),
            "policy": self.policy if isinstance(self.policy, str) else dict(self.policy),
            "formula": self.formula,
        }


@dataclass(frozen=True)
class ForwardPasses:
    """Forward passes of the model per example, in training and in use."""

    train: int
    inference: int


@dataclass(frozen=True)
class Refusal:
    """An estimator that does not apply, with the reason as a full sentence."""

    estimator: str
    because: str


@dataclass(frozen=True)
class ObjectivePlan:
    """A compiled training objective.

    Parameters
    ----------
    estimator : str
        ``"likelihood"`` or ``"weighting"``.
    formula, latex : str
        The loss as plain text and as LaTeX.
    terms : tuple of Term
        Its parts, each with its reason.
    forward_passes : ForwardPasses
        Cost per example.
    weights : WeightModel or None
        What must be estimated from the training columns first.
    realisation : "resampling", "loss_weights" or None
        How the weights act: as draws of the batch sampler or as factors of the loss; ``None`` without weights.
    refused : tuple of Refusal
        The estimators that do not apply.
    """

    estimator: str
    formula: str
    latex: str
    terms: tuple[Term, ...]
    forward_passes: ForwardPasses
    weights: WeightModel | None = None
    realisation: Realisation | None = None
    refused: tuple[Refusal, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The ``plan`` part of ``derive --json``."""
        return {
            "estimator": self.estimator,
            "realisation": self.realisation,
            "formula": self.formula,
            "latex": self.latex,
            "terms": [term.to_dict() for term in self.terms],
            "weights": self.weights.to_dict() if self.weights else None,
            "slots": [],
            "forward_passes": {
                "train": self.forward_passes.train,
                "inference": self.forward_passes.inference,
            },
            "refused": [{"estimator": r.estimator, "because": r.because} for r in self.refused],
        }


def policy_text(policy: Policy, treatment: tuple[str, ...]) -> str:
    """π(t) as plain text: the marginal is written P(t), any other policy π(t)."""
    t = ", ".join(treatment)
    return f"P({t})" if policy == "marginal" else f"π({t})"
