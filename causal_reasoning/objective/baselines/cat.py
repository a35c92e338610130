"""CAT: causal attention tuning, attention to the tokens that cause the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.baselines.base import Baseline, Needed, setting
from causal_reasoning.objective.baselines.license import License, named
from causal_reasoning.objective.loss import Array, Loss, Needs, Step
from causal_reasoning.objective.plan import Term

VIEW = "causal"
_TINY = 1e-12


def _hinge(causal: Array, other: Array, ratio: Array, alpha: float) -> Array:
    return alpha - ratio


def _log_ratio(causal: Array, other: Array, ratio: Array, alpha: float) -> Array:
    return -(1 + causal).log() / (1 + other).log().clamp(min=_TINY)


def _share(causal: Array, other: Array, ratio: Array, alpha: float) -> Array:
    return -causal / (causal + other).clamp(min=_TINY)


FORMS: dict[str, Callable[[Array, Array, Array, float], Array]] = {
    "hinge": _hinge,
    "log_ratio": _log_ratio,
    "share": _share,
}


@dataclass(frozen=True)
class CausalAttention:
    """Likelihood, plus a penalty where a position attends less to causal tokens than to others.

    For each position that predicts a token of the answer, a1 and a0 are the mean attention to the causal and to the
    other tokens it sees, over layers and heads. Only positions with a1/a0 < α are penalised, by α − a1/a0
    (``hinge``), −log(1 + a1)/log(1 + a0) (``log_ratio``) or −a1/(a1 + a0) (``share``); the mean is over all positions
    that see tokens of both kinds. The last two forms are negative, and jump to 0 at α.

    Parameters
    ----------
    form : str
        One of the three.
    alpha : float
        The ratio that is enough.
    weight : float
        Factor of the penalty at the start.
    decay : float
        Factor by which it has shrunk at the end, geometrically in between.
    """

    form: str
    alpha: float
    weight: float
    decay: float

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Likelihood and penalty."""
        attention = step.attention()
        seen = step.visible()
        causal = step.marked(VIEW)[step.rows()] & seen
        nll = (step.weight * step.nll()).mean()
        penalty, ratio, positions = penalise(attention, causal, seen & ~causal, FORMS[self.form], self.alpha)
        factor = self.weight * self.decay ** (step.number / max(step.last, 1))
        return {
            "loss": nll + factor * penalty,
            "nll": nll,
            "cat_penalty": penalty,
            "cat_ratio": ratio,
            "cat_positions": positions,
        }

    def needs(self) -> Needs:
        """Attention maps."""
        return Needs(attention=True)


def penalise(
    attention: Array, causal: Array, other: Array, form: Callable[[Array, Array, Array, float], Array], alpha: float
) -> tuple[Array, Array, int]:
    """Penalise positions that attend too little to causal tokens.

    Parameters
    ----------
    attention : array of shape (P, T)
        Attention of P positions to T tokens.
    causal, other : array of shape (P, T)
        Booleans: causal tokens, and the other ones that are seen.
    form : callable
        The penalty of a position.
    alpha : float
        The ratio that is enough.

    Returns
    -------
    (array, array, int)
        Mean penalty, mean ratio a1/a0, and the number of positions that they are means over; both are 0 if there
        is none.
    """
    both = causal.any(1) & other.any(1)
    positions = int(both.sum())
    if not positions:
        nothing = 0.0 * attention.sum()
        return nothing, nothing, 0
    attention, causal, other = attention[both], causal[both], other[both]
    a1 = (attention * causal).sum(1) / causal.sum(1)
    a0 = (attention * other).sum(1) / other.sum(1)
    ratio = a1 / a0.clamp(min=_TINY)
    penalty = (form(a1, a0, ratio, alpha) * (ratio < alpha)).mean()
    return penalty, ratio.mean(), positions


@dataclass(frozen=True, kw_only=True)
class CAT(Baseline):
    """Causal attention tuning.

    It needs to be told which tokens of the prompt cause the answer: the view ``"causal"`` of every row, made from a
    column that lists them (see `causal_reasoning.data.spans`). Attention maps need the eager implementation of
    attention, which is slower than the default.

    Parameters
    ----------
    form : str
        The penalty: ``"hinge"``, ``"log_ratio"`` or ``"share"``.
    alpha : float
        The ratio of mean attention that is enough.
    weight : float
        Factor of the penalty.
    decay : float
        What is left of it at the end of training.

    References
    ----------
    K. Han et al., "CAT: causal attention tuning for injecting fine-grained causal knowledge into large language models"
    (EMNLP 2025; arXiv 2509.01535). The authors' code uses ``log_ratio`` and α = 2 by default, and no decay. Whether
    attention explains at all: S. Jain and B. Wallace, "Attention is not explanation" (NAACL 2019).
    """

    name: ClassVar[str] = "cat"
    title: ClassVar[str] = "CAT"
    description: ClassVar[str] = "Penalises attention to other tokens than those marked as causes of the answer."
    formula: ClassVar[str] = (
        "L(θ) = E[ ℓ ] + w · mean over positions of g(a1, a0) where a1/a0 < α,  "
        "a1, a0: mean attention to causal and to other tokens"
    )
    latex: ClassVar[str] = (
        r"\mathcal{L}(\theta) = \mathbb{E}\left[ \ell \right] + w \frac{1}{P} \sum_{j} g(a_{1j}, a_{0j}) "
        r"\mathbb{1}\left[ \frac{a_{1j}}{a_{0j}} < \alpha \right]"
    )
    source: ClassVar[str] = "Han et al. 2025, arXiv:2509.01535"
    reads_states: ClassVar[bool] = True
    needs: ClassVar[Needed] = "spans"

    form: str = setting("log_ratio", "The penalty.", choices=tuple(FORMS))
    alpha: float = setting(2.0, "The ratio of mean attention that is enough.", above=0)
    weight: float = setting(1.0, "Factor of the penalty.", least=0)
    decay: float = setting(1.0, "What is left of the factor at the end of training.", above=0, most=1)

    def loss(self) -> Loss:
        """Likelihood and penalty."""
        return CausalAttention(self.form, self.alpha, self.weight, self.decay)

    def penalties(self) -> tuple[Term, ...]:
        """The penalty, in the form that was chosen."""
        formula, latex = {
            "hinge": ("α − a1/a0", r"\alpha - \frac{a_1}{a_0}"),
            "log_ratio": ("−log(1 + a1)/log(1 + a0)", r"-\frac{\log(1 + a_1)}{\log(1 + a_0)}"),
            "share": ("−a1/(a1 + a0)", r"-\frac{a_1}{a_1 + a_0}"),
        }[self.form]
        because = "0 where a position attends at least α times as much to causal tokens as to others"
        return (Term("cat_penalty", "penalty", formula, latex, because, self.weight),)

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """Never: attention is no path of the graph, and a model can use what it hardly attends to."""
        return License(
            False,
            named(
                graph,
                "the graph speaks of nodes, not of tokens, and little attention to a token does not make the answer "
                "independent of it, so no distribution is implied beyond P(write | read) as observed",
            ),
        )
