"""The compiled loss as a value: what is minimised, why, and at what cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from causal_reasoning.graph.spec import Realisation
from causal_reasoning.objective.loss import Loss, WeightedLikelihood
from causal_reasoning.objective.questions import QuestionAverage
from causal_reasoning.objective.ratio import Ratio
from causal_reasoning.objective.rendering import RenderingModel
from causal_reasoning.objective.strata import StratumModel, View
from causal_reasoning.objective.text_ratio import TextRatio
from causal_reasoning.objective.text_views import TextView

if TYPE_CHECKING:
    from causal_reasoning.objective.layout import AdapterLayout
    from causal_reasoning.objective.penalties import MediationPlan, PenaltyPlan

Policy = Literal["marginal", "uniform", "environment"] | tuple[tuple[tuple[str, ...], float], ...]
"""π over the treatments: a word, or combinations of their values (treatments sorted) with probabilities. An
"environment" is a distribution in other rows that were not read yet."""


@dataclass(frozen=True)
class Term:
    """One part of the loss.

    Parameters
    ----------
    name : str
        Short name, the key of the part in the training log.
    kind : str
        ``"likelihood"``, ``"weight"``, ``"standardization"``, ``"rendering"`` or ``"penalty"``.
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
class WeightOptions:
    """How weights are estimated and tamed; each option but the first three costs some bias, which is printed.

    Parameters
    ----------
    nuisance : "counts", "logistic" or "head"
        Relative frequencies of every combination; multinomial logistic regression of the treatment on indicators of
        the stratum's columns, cross-fitted; or classifiers on embeddings of texts, cross-fitted and calibrated.
    accept_poor_overlap : bool
        Go on where the report would refuse.
    folds : int
        Parts of the rows for cross-fitting the regression.
    smoothing : float
        Added to the count of every combination (Laplace).
    clip : float or None
        The largest weight.
    self_normalise : bool
        Divide the weights by their mean (Hájek).
    """

    nuisance: Literal["counts", "logistic", "head"] = "counts"
    accept_poor_overlap: bool = False
    folds: int = 5
    smoothing: float = 0.0
    clip: float | None = None
    self_normalise: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class WeightModel:
    """Importance weights P_π(v) / P(v) to be estimated from columns of the training data.

    Parameters
    ----------
    treatment, stratum : tuple of str
        Nodes t and z, sorted, on which a weight depends; ``stratum`` may be empty.
    treatment_columns, stratum_columns : tuple of str
        The columns that hold them, in the same order.
    policy : "marginal", "uniform", "environment" or tuple of ((value, ...), probability)
        π, the distribution of the treatment under intervention.
    ratio : Ratio or None
        The weight as a function of both; ``None`` stands for π(t) / P(t | z) with an adjustment set z.
    options : WeightOptions
        How the weights are estimated and tamed.
    text_ratio : TextRatio or None
        The same weight without the density of any text, where texts occur in it: what classifiers on embeddings
        estimate. The columns of texts are among the treatment's or the stratum's.
    """

    treatment: tuple[str, ...]
    stratum: tuple[str, ...]
    treatment_columns: tuple[str, ...]
    stratum_columns: tuple[str, ...]
    policy: Policy
    ratio: Ratio | None = None
    options: WeightOptions = WeightOptions()
    text_ratio: TextRatio | None = None

    @property
    def columns(self) -> dict[str, str]:
        """The column of each node."""
        return dict(zip(self.treatment + self.stratum, self.treatment_columns + self.stratum_columns, strict=True))

    @property
    def formula(self) -> str:
        """The weight as plain text."""
        if self.text_ratio is not None:
            own, shown = replace(self, text_ratio=None).formula, self.text_ratio.text()
            return own if own == shown else f"{own} = {shown}"
        if self.ratio is not None:
            return self.ratio.text()
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
            "policy": _plain_policy(self.policy),
            "formula": self.formula,
            **self.options.to_dict(),
        }


@dataclass(frozen=True)
class ForwardPasses:
    """Forward passes of the model per example, in training and in use.

    Parameters
    ----------
    train, inference : int
        So many whatever the data are.
    train_per_stratum, inference_per_stratum : int
        And so many more for each of the K strata of the training rows.

    Examples
    --------
    >>> ForwardPasses(1, 0, inference_per_stratum=1).text()
    '1 forward pass per example in training, K in use, where K is the number of strata'
    """

    train: int
    inference: int
    train_per_stratum: int = 0
    inference_per_stratum: int = 0

    def text(self) -> str:
        """One line for people."""
        train = _passes(self.train, self.train_per_stratum)
        use = _passes(self.inference, self.inference_per_stratum)
        strata = self.train_per_stratum or self.inference_per_stratum
        return f"{train} forward pass{'' if train == 1 else 'es'} per example in training, {use} in use" + (
            ", where K is the number of strata" if strata else ""
        )

    def to_dict(self) -> dict[str, int | str]:
        """Plain data for JSON: numbers, or a text such as ``"K + 1"``."""
        return {
            "train": _passes(self.train, self.train_per_stratum),
            "inference": _passes(self.inference, self.inference_per_stratum),
        }


def _passes(fixed: int, per_stratum: int) -> int | str:
    if not per_stratum:
        return fixed
    return ("K" if per_stratum == 1 else f"{per_stratum} K") + (f" + {fixed}" if fixed else "")


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
        Its key in `causal_reasoning.objective.estimators.ESTIMATORS`, or the name of a baseline.
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
    approximate : str
        Why the minimiser is not exactly the distribution asked for; empty where it is.
    loss : Loss
        What a training step computes.
    groups : tuple of str
        Columns whose combinations of values are the groups (environments) that the loss compares.
    labels : tuple of tuple of str
        Further combinations of columns that the loss asks for with `Step.label`.
    balanced : bool
        Whether each batch holds equally many rows of each group.
    strata : StratumModel or None
        The adjustment set that the model is shown as control text, and how it then answers.
    views : tuple of View
        Further encodings of the training rows that the loss reads.
    questions : QuestionAverage or None
        What an answer is averaged over after its rationale was written, for a plan that does so.
    text_views : tuple of HiddenTexts or SwappedText
        Views in which some texts are hidden or another row's.
    renderings : tuple of RenderingModel
        Views in which some nodes are drawn and texts written anew; the main view may be among them.
    baseline : bool
        Whether this is a method asked for by name, which the graph need not justify.
    licensed : bool
        Whether the graph implies that the minimiser is the distribution asked for.
    license_reason : str
        Why, or why not, where the plan is a baseline.
    penalties : tuple of PenaltyPlan
        Independence penalties on representations.
    mediation : tuple of MediationPlan
        Penalties on what is written after a rationale.
    layout : AdapterLayout or None
        The adapter's slots, for a graph that has some.
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
    approximate: str = ""
    loss: Loss = field(default_factory=WeightedLikelihood)
    groups: tuple[str, ...] = ()
    labels: tuple[tuple[str, ...], ...] = ()
    balanced: bool = False
    strata: StratumModel | None = None
    views: tuple[View, ...] = ()
    questions: QuestionAverage | None = None
    text_views: tuple[TextView, ...] = ()
    renderings: tuple[RenderingModel, ...] = ()
    baseline: bool = False
    licensed: bool = True
    license_reason: str = ""
    penalties: tuple[PenaltyPlan, ...] = ()
    mediation: tuple[MediationPlan, ...] = ()
    layout: AdapterLayout | None = None
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
            "approximate": self.approximate,
            "penalties": [one.to_dict() for one in self.penalties] + [one.to_dict() for one in self.mediation],
            "slots": self.layout.to_dict()["slots"] if self.layout else [],
            "layout": self.layout.to_dict() if self.layout else None,
            "forward_passes": self.forward_passes.to_dict(),
            "groups": list(self.groups),
            "balanced": self.balanced,
            "strata": self.strata.to_dict() if self.strata else None,
            "views": [view.to_dict() for view in self.views],
            "questions": self.questions.to_dict() if self.questions else None,
            "text_views": [view.to_dict() for view in self.text_views],
            "renderings": [rendering.to_dict() for rendering in self.renderings],
            "baseline": self.baseline,
            "licensed": self.licensed,
            "license_reason": self.license_reason,
            "refused": [{"estimator": r.estimator, "because": r.because} for r in self.refused],
        }


def _plain_policy(policy: Policy) -> object:
    """Plain data: a mapping for one treatment, a list of combinations for several."""
    if isinstance(policy, str):
        return policy
    if all(len(values) == 1 for values, _ in policy):
        return {values[0]: p for values, p in policy}
    return [{"values": list(values), "probability": p} for values, p in policy]


def policy_text(policy: Policy, treatment: tuple[str, ...]) -> str:
    """π(t) as plain text: the marginal is written P(t), any other policy π(t)."""
    t = ", ".join(treatment)
    return f"P({t})" if policy == "marginal" else f"π({t})"
