"""Sensitivity of an answer to its rationale: after another rationale it should be less likely.

Where the answer is made from the rationale, the right answer is no longer to be expected after the rationale of another
case. A model that ignores what it wrote gives it the same probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causal_reasoning.objective.loss import MAIN, Array, Step


@dataclass(frozen=True)
class Sensitivity:
    """E max( 0, m − [log p(a | q, r) − log p(a | q, r′)] ), of whole answers, in nats.

    Parameters
    ----------
    view : str
        The view in which the rationale r is another one, r′.
    last : int
        The number of the written node that is the answer.
    margin : float
        m, in nats: how much likelier the answer should be after its own rationale.

    References
    ----------
    D. Paul et al., "Making reasoning matter: measuring and improving faithfulness of chain-of-thought reasoning"
    (2024), has such a margin between chains; here it is one between whole answers, with the sign that the aim asks for.
    """

    view: str
    last: int
    margin: float = 1.0

    def __call__(self, step: Step) -> Array:
        """The mean over the rows of a batch: a scalar, not negative."""
        return (self.margin - self.gain(step)).clamp(min=0).mean()

    def gain(self, step: Step) -> Array:
        """Log p(a | q, r) − log p(a | q, r′) of each row, in nats: shape (B,)."""
        return (self._log_p(step, MAIN) - self._log_p(step, self.view)) * step.tokens_per_answer

    def _log_p(self, step: Step, view: str) -> Array:
        late = step.parts(view) == self.last
        own = step.logits(view).log_softmax(-1).gather(1, step.targets(view)[:, None])[:, 0]
        return step.per_row(own * late.to(own.dtype), view)

    def notes(self, step: Step) -> Mapping[str, Array]:
        """The mean gain and the share of rows that have the margin, for the log."""
        gain = self.gain(step).detach()
        return {"gain": gain.mean(), "kept": (gain >= self.margin).to(gain.dtype).mean()}
