"""CFT: causal fine-tuning with two views, the frozen base and the tuned model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.baselines.base import Baseline, setting
from causal_reasoning.objective.baselines.license import License, named
from causal_reasoning.objective.loss import Array, Head, Loss, Needs, Step
from causal_reasoning.objective.plan import ForwardPasses, Term

CONTENT, LOCAL = "content", "local"
EMBEDDINGS, LAST = 0, -1
_TINY = 1e-12


@dataclass(frozen=True)
class TwoModels:
    """Likelihood, alignment of the two models' causal features, and likelihood with shuffled local features.

    With R0 and R1 the last hidden states at the end of the prompt, of the base without its adapter and with it,
    c = softmax(head(R)) and Φ = head(mean embedding of the prompt):

    * alignment: mean over rows of ‖c(R1) − c(R0)‖², minus the entropies of the batch means of c(R0) and c(R1),
      which keep c from being the same for all rows;
    * adjustment: −log of the mean over K shuffles of the rows of p_θ(answer | prompt, Φ'), where Φ' of the row that
      took this row's place is added to the last hidden state at every written position. The mean is of whole answers.

    Parameters
    ----------
    align, adjust : float
        Factors of the two.
    shuffles : int
        K. Each costs one pass through the output layer, not through the model.
    classes : int
        Length of c.
    """

    align: float
    adjust: float
    shuffles: int
    classes: int

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """The three parts."""
        frozen = step.representation(LAST, "prompt", adapter=False)
        tuned = step.representation(LAST, "prompt")
        nll = (step.weight * step.nll()).mean()
        alignment = aligned(step.head(CONTENT, frozen).softmax(-1), step.head(CONTENT, tuned).softmax(-1))
        adjusted = (step.weight * self._adjusted(step)).mean()
        return {
            "loss": nll + self.align * alignment + self.adjust * adjusted,
            "nll": nll,
            "cft_alignment": alignment,
            "cft_adjusted_nll": adjusted,
        }

    def _adjusted(self, step: Step) -> Array:
        local = step.head(LOCAL, step.representation(EMBEDDINGS, "mean").detach())
        scores, targets, rows = step.logits(), step.targets().unsqueeze(1), step.rows()
        total = None
        for _ in range(self.shuffles):
            moved = scores + step.unembed(local[step.shuffled()])[rows]
            log_p = moved.log_softmax(-1).gather(1, targets).squeeze(1)
            # Whole answers are averaged, so the constant of the unit stands outside of the logarithm.
            answer = step.per_row(log_p) * step.tokens_per_answer
            total = answer if total is None else total.logaddexp(answer)
        count = step.weight.new_tensor(float(self.shuffles)).log()
        return (count - total) / step.tokens_per_answer

    def needs(self) -> Needs:
        """Two heads; the local one starts silent, so that training starts at the base model."""
        return Needs(heads={CONTENT: Head(self.classes), LOCAL: Head(silent=True)})


def aligned(frozen: Array, tuned: Array) -> Array:
    """Mean squared distance of two distributions of each row minus the entropies of their batch means: (B, C) twice."""
    spread = entropy(frozen.mean(0)) + entropy(tuned.mean(0))
    return ((tuned - frozen) ** 2).sum(-1).mean() - spread


def entropy(p: Array) -> Array:
    """−Σ p log p, in nats."""
    return -(p * p.clamp(min=_TINY).log()).sum()


@dataclass(frozen=True, kw_only=True)
class CFT(Baseline):
    """Causal fine-tuning, carried over from a classifier to a model that writes.

    The paper classifies with BERT: a causal feature C that base and tuned model share, a local feature Φ from the
    embedding layer, and a front-door average over Φ of other rows in the batch. What is changed here: the answer is
    written token by token, so Φ' is added to the state that predicts each token, and whole answers are averaged; the
    entropies, which the paper writes as H(p(c | R)), are those of the batch means; Φ is the mean over all tokens of the
    prompt rather than over ten patches, which is the same for patches of one length; and in use Φ is left out (the
    paper's variant with C only), so that the adapter stays a plain one. The heads are thrown away after training.

    Parameters
    ----------
    align, adjust : float
        Factors of alignment and adjustment.
    shuffles : float
        How many times Φ is shuffled within the batch.
    classes : float
        Length of the causal feature.

    References
    ----------
    J. Yu et al., "Causal fine-tuning under latent confounded shift" (ICML 2026; arXiv 2410.14375). The alignment:
    J. von Kügelgen et al., "Self-supervised learning with data augmentations provably isolates content from style"
    (NeurIPS 2021).
    """

    name: ClassVar[str] = "cft"
    title: ClassVar[str] = "CFT"
    description: ClassVar[str] = "Aligns tuned and frozen model and averages over shuffled features of the embeddings."
    formula: ClassVar[str] = (
        "L(θ) = E[ ℓ ] + α · (E‖c(R1) − c(R0)‖² − H(c(R0)) − H(c(R1))) − γ · E log mean_Φ' p_θ(y | x, Φ')"
    )
    latex: ClassVar[str] = (
        r"\mathcal{L}(\theta) = \mathbb{E}\left[ \ell \right] + \alpha \left( "
        r"\mathbb{E} \lVert c(R_1) - c(R_0) \rVert^2 - H(c(R_0)) - H(c(R_1)) \right) "
        r"- \gamma \mathbb{E} \log \frac{1}{K} \sum_{k} p_\theta(y \mid x, \phi_k)"
    )
    source: ClassVar[str] = "Yu et al. 2026, arXiv:2410.14375"
    reads_states: ClassVar[bool] = True

    align: float = setting(1.0, "Factor α of the alignment.", least=0)
    adjust: float = setting(1.0, "Factor γ of the likelihood with shuffled local features.", least=0)
    shuffles: float = setting(20.0, "Shuffles of the local feature within the batch.", least=1, whole=True)
    classes: float = setting(32.0, "Length of the causal feature (not from the paper).", least=2, whole=True)

    def loss(self) -> Loss:
        """The three parts."""
        return TwoModels(self.align, self.adjust, int(self.shuffles), int(self.classes))

    @property
    def forward_passes(self) -> ForwardPasses:
        """The base and the tuned model."""
        return ForwardPasses(train=2, inference=1)

    def penalties(self) -> tuple[Term, ...]:
        """Alignment and adjustment."""
        return (
            Term(
                "cft_alignment",
                "penalty",
                "E‖c(R1) − c(R0)‖² − H(c(R0)) − H(c(R1))",
                r"\mathbb{E} \lVert c(R_1) - c(R_0) \rVert^2 - H(c(R_0)) - H(c(R_1))",
                "small where the tuned model keeps what the base knew, without collapsing",
                self.align,
            ),
            Term(
                "cft_adjusted_nll",
                "penalty",
                "−E log mean_Φ' p_θ(y | x, Φ')",
                r"-\mathbb{E} \log \frac{1}{K} \sum_{k} p_\theta(y \mid x, \phi_k)",
                "small where the answer does not need the local feature of its own row",
                self.adjust,
            ),
        )

    def license(self, graph: AssumptionGraph, verdict: Identification) -> License:
        """Never: what the paper assumes is about features of a text, which no node of the graph stands for."""
        return License(
            False,
            named(
                graph,
                "its causal and local features are functions of what is read, and the graph has no node for either, so "
                "the front door between them cannot be decided; moreover its adjusted likelihood is that of a mixture, "
                "fitted to the observed rows, and only the mixture is fitted: its minimiser is P(write | read) as "
                "observed",
            ),
        )
