"""Counterfactual augmentation: every row, and a rendering of it in which a non-cause of the answer differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.errors import InputError
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification, IdentifiedByAdjustment, is_adjustment_set
from causal_reasoning.identification.adjustment import pose
from causal_reasoning.identification.bitsets import tables
from causal_reasoning.identification.paths import Wanted, shortest_paths
from causal_reasoning.objective.baselines.base import Baseline, Needed, setting
from causal_reasoning.objective.baselines.license import License, of_likelihood, open_path
from causal_reasoning.objective.loss import Array, Loss, Step
from causal_reasoning.objective.notation import listed, policy_of, risk
from causal_reasoning.objective.plan import ForwardPasses, Term

VIEW = "counterfactual"


@dataclass(frozen=True)
class TwoViews:
    """(1 − s) ℓ(row) + s ℓ(counterfactual view) + λ KL( p_θ(· | row) ‖ p_θ(· | view) ), a mean over rows.

    The divergence is summed over the tokens of the answer, each given the reference answer before it.

    Parameters
    ----------
    share : float
        s, weight of the counterfactual view.
    consistency : float
        λ, factor of the divergence.
    """

    share: float
    consistency: float

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Likelihoods of both views, and their divergence if it counts."""
        parts: dict[str, Array] = {"counterfactual_nll": (step.weight * step.nll(VIEW)).mean()}
        loss = self.share * parts["counterfactual_nll"]
        if self.share < 1:
            parts["nll"] = (step.weight * step.nll()).mean()
            loss = loss + (1 - self.share) * parts["nll"]
        if self.consistency:
            parts["consistency"] = (step.weight * divergence(step)).mean()
            loss = loss + self.consistency * parts["consistency"]
        return {"loss": loss, **parts}


def divergence(step: Step) -> Array:
    """KL( p_θ(· | row) ‖ p_θ(· | view) ) of each row, in the unit of the likelihood: shape (B,)."""
    rows, others = step.rows(), step.rows(VIEW)
    if rows.shape != others.shape or bool((rows != others).any()):
        raise InputError.at(
            "objective",
            "the consistency term compares the answer token by token, and the two views write different numbers of "
            "tokens; set consistency to 0 or end the prompt with a line break",
        )
    one, other = step.logits().log_softmax(-1), step.logits(VIEW).log_softmax(-1)
    return step.per_row((one.exp() * (one - other)).sum(-1))


@dataclass(frozen=True, kw_only=True)
class CounterfactualAugmentation(Baseline):
    """Likelihood of each row and of its counterfactual view, in which some nodes Z are drawn anew.

    The view keeps the answer and everything else of the row, draws Z from its marginal, and renders the text again.
    If Z is an adjustment set of the treatment and reaches the answer only through what is read or through the
    treatment, the view's rows follow the distribution under do(treatment), provided that rendering keeps the
    answer right. The original rows do not: with both, the minimiser lies between P(write | read) as observed
    and the target, unless the two are equal. With ``share`` 1 only the view counts, which is randomised rendering.

    Parameters
    ----------
    share : float
        Weight of the counterfactual view.
    consistency : float
        Factor of the divergence of the two predictions.

    References
    ----------
    D. Kaushik, E. Hovy and Z. Lipton, "Learning the difference that makes a difference with
    counterfactually-augmented data" (ICLR 2020). The divergence in place of labels: V. Veitch, A. D'Amour,
    S. Yadlowsky and J. Eisenstein, "Counterfactual invariance to spurious correlations" (NeurIPS 2021).
    """

    name: ClassVar[str] = "counterfactual"
    title: ClassVar[str] = "Counterfactual augmentation"
    description: ClassVar[str] = "Trains on every row and on a rendering of it with a non-cause drawn anew."
    formula: ClassVar[str] = "L(θ) = E[ (1 − s) ℓ(x, y) + s ℓ(x', y) + λ KL(p_θ(· | x) ‖ p_θ(· | x')) ]"
    latex: ClassVar[str] = (
        r"\mathcal{L}(\theta) = \mathbb{E}\left[ (1 - s) \ell(x, y) + s \ell(x', y) "
        r"+ \lambda \mathrm{KL}\left( p_\theta(\cdot \mid x) \mid p_\theta(\cdot \mid x') \right) \right]"
    )
    source: ClassVar[str] = "Kaushik et al. 2020, arXiv:1909.12434"
    needs: ClassVar[Needed] = "pairs"

    share: float = setting(0.5, "Weight s of the counterfactual view; the row itself has 1 − s.", least=0, most=1)
    consistency: float = setting(0.0, "Factor λ of the divergence between the two predictions.", least=0)

    def loss(self) -> Loss:
        """Likelihoods of both views."""
        return TwoViews(self.share, self.consistency)

    @property
    def forward_passes(self) -> ForwardPasses:
        """One a view."""
        return ForwardPasses(train=1 if self.share == 1 and not self.consistency else 2, inference=1)

    def penalties(self) -> tuple[Term, ...]:
        """The divergence, where it counts."""
        if not self.consistency:
            return ()
        latex = r"\mathrm{KL}\left( p_\theta(\cdot \mid x) \mid p_\theta(\cdot \mid x') \right)"
        because = "zero where the model answers both renderings alike"
        return (Term("consistency", "penalty", "KL(p_θ(· | x) ‖ p_θ(· | x'))", latex, because, self.consistency),)

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """Where the view's rows follow the distribution under do(treatment), and no other rows disagree."""
        if not isinstance(verdict, IdentifiedByAdjustment):
            return License(False, "no adjustment set identifies the query, so no node drawn anew makes up for one")
        drawn = self.drawn or verdict.adjustment
        names = listed(drawn)
        if not drawn:
            return License(False, "no node is named that the counterfactual view draws anew")
        if problem := _not_drawable(graph, drawn):
            return License(False, problem)
        problem_of_path = _around(graph, drawn)
        if problem_of_path:
            return License(False, problem_of_path)
        do, on = graph.query.do, graph.outcomes
        if set(drawn) & set(graph.causal.descendants(*do)):
            return License(
                False,
                f"{names} is caused by {listed(do)}: drawn anew, it loses an influence that do({listed(do)}) leaves",
            )
        if not is_adjustment_set(graph.causal, do, on, drawn):
            path = open_path(graph.causal, do, on, drawn, pose(graph.causal, do, on).backdoor)
            shown = f": {path.text()} stays open" if path else ""
            return License(
                False, f"drawing {names} anew does not turn the rows into those under do({listed(do)}){shown}"
            )
        if policy_of(graph) != "marginal":
            return License(False, f"the view keeps the marginal of {listed(do)}, and the policy differs from it")
        premise = (
            f"{names} is an adjustment set for do({listed(do)}) and reaches {listed(graph.query.write)} only "
            f"through what is read or treated, so if rendering keeps the answer right, the "
            f"view's rows follow {risk(graph)}"
        )
        if self.consistency:
            return License(False, f"{premise}; but that both renderings be answered alike is not implied by the graph")
        likelihood = of_likelihood(graph, verdict)
        if self.share == 1 or likelihood.licensed:
            return License(True, premise)
        return License(
            False,
            f"{premise}; but the original rows do not ({likelihood.because}), and the minimiser lies between the two; "
            "with share 1 it is the target",
        )


def _not_drawable(graph: AssumptionGraph, drawn: tuple[str, ...]) -> str | None:
    for name in drawn:
        if name in graph.causal.latent:
            return f"'{name}' is latent: there is nothing to draw in its place"
        if name in graph.query.do:
            return f"'{name}' is the treatment: drawn anew, it asks for another answer"
        if name in graph.query.read:
            return f"'{name}' is what is read: drawn anew, nothing is left of the question"
        if name in graph.query.write:
            return f"'{name}' is what is written: drawn anew, the answer is wrong"
    return None


def _around(graph: AssumptionGraph, drawn: tuple[str, ...]) -> str | None:
    """Say in a sentence how some nodes reach the answer other than through what is read or treated."""
    causal, query = graph.causal, graph.query
    through = causal.mask({*query.read, *query.do})
    wanted = Wanted(frozenset(("->",)), lambda node, kind: kind == "chain" and not through >> node & 1)
    cut = causal.without_outgoing(*query.read, *query.do)
    if not set(cut.descendants(*drawn)) & set(query.write):
        return None
    found, _ = shortest_paths(causal, tables(causal), causal.mask(drawn), causal.mask(query.write), wanted, 1)
    shown = found[0].text() if found else f"a path from {listed(drawn)}"
    return f"{shown} reaches the answer around what is read and treated, so the answer kept in the view is not its own"
