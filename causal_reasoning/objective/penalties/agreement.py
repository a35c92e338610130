"""Agreement of an answer with and without its question: the answer is read off the rationale alone.

On a chain question → rationale → answer without a direct arrow, the answer is independent of the question given the
rationale. A model that follows the chain then writes the same answer whether or not it still sees the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causal_reasoning.objective.loss import MAIN, Array, Step


@dataclass(frozen=True)
class Agreement:
    """½ KL( p(a | q, r) ‖ p(a | r) ) + ½ KL( p(a | r) ‖ p(a | q, r) ), in the unit of the likelihood.

    The divergence is summed over the tokens of the answer, each given the reference before it. Both distributions are
    the model's and pass gradients: the likelihood holds the first one, and the second one follows.

    Parameters
    ----------
    view : str
        The view in which the question is hidden.
    last : int
        The number of the written node that is the answer.

    References
    ----------
    S. Kullback and R. Leibler, "On information and sufficiency" (1951), for the symmetric divergence.
    """

    view: str
    last: int

    def __call__(self, step: Step) -> Array:
        """The mean over the rows of a batch: a scalar, not negative."""
        late = step.parts() == self.last
        shown, hidden = step.logits(MAIN).log_softmax(-1), step.logits(self.view).log_softmax(-1)
        apart = ((shown.exp() - hidden.exp()) * (shown - hidden)).sum(-1) / 2
        return step.per_row(apart * late.to(apart.dtype)).mean()

    def notes(self, step: Step) -> Mapping[str, Array]:
        """Nothing more for the log."""
        return {}
