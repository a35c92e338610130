"""The two penalties of DCA as its released code computes them, for comparison.

They differ from `variance` and `paired` in that positions are compared one by one, padding included; that nothing is
divided by the size of what is measured; and that nothing keeps it from being switched off. In the released code the
first is multiplied by zero, so its strength is not known; the second has the strength 0.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph.spec import PenaltyKind
from causal_reasoning.objective.loss import Array
from causal_reasoning.objective.penalties.base import Formula, Names, Penalty

SCALE = 100.0
"""What the released code divides differences by before it squares them."""


@dataclass(frozen=True)
class ReleasedVariance(Penalty):
    """Mean over positions and dimensions of the variance over the batch: the second loss of DCA as released.

    A batch of one row gives 0, where the released code gives no number.

    References
    ----------
    R. Wang, X. Li and L. Yao, "Deconfounded causality-aware parameter-efficient fine-tuning for problem-solving
    improvement of LLMs" (2024); the class ``TransformerContraCase2`` of its code.

    Examples
    --------
    >>> import torch
    >>> s = torch.tensor([[[1.0, 2.0]], [[1.0, 4.0]]])  # two rows, one position, two dimensions
    >>> float(ReleasedVariance()(s))  # variances 0 and 2
    1.0
    """

    kind: ClassVar[PenaltyKind] = "released_variance"
    alone: ClassVar[bool] = True
    each: ClassVar[bool] = True

    def __call__(self, first: Array, second: Array | None = None, label: Array | None = None) -> Array:
        """Measure it in an array of shape (B, T, D)."""
        apart = first - first.mean(0)[None]
        return (apart * apart).sum(0).mean() / max(len(first) - 1, 1)

    def activity(self, values: Array, label: Array | None = None) -> Array:
        """The mean square of an entry."""
        return (values * values).mean()

    def formula(self, names: Names, latex: Names) -> Formula:
        """Write it with the names of the nodes."""
        return Formula(
            f"mean over positions and dimensions of Var({names.first})",
            rf"\operatorname{{mean}}_{{t,d}}\operatorname{{Var}}({latex.first}_{{td}})",
        )


@dataclass(frozen=True)
class ReleasedPaired(Penalty):
    """Σ ((h(x) − h(x′)) / 100)², summed over batch, positions and dimensions: the first loss of DCA as released.

    Positions beyond the end of the shorter batch are left out.

    References
    ----------
    As `ReleasedVariance`; the class ``TransformerContra``.

    Examples
    --------
    >>> import torch
    >>> h = torch.tensor([[[100.0, 0.0]]])
    >>> float(ReleasedPaired()(h, torch.zeros(1, 2, 2)))
    1.0
    """

    kind: ClassVar[PenaltyKind] = "released_paired"
    alone: ClassVar[bool] = True
    paired: ClassVar[bool] = True
    each: ClassVar[bool] = True

    def __call__(self, first: Array, second: Array | None = None, label: Array | None = None) -> Array:
        """Measure it in arrays of shapes (B, T, D) and (B, T′, D)."""
        if second is None:
            raise TypeError("two views are compared")
        length = min(first.shape[1], second.shape[1])
        apart = (first[:, :length] - second[:, :length]) / SCALE
        return (apart * apart).sum()

    def activity(self, values: Array, label: Array | None = None) -> Array:
        """The mean square of an entry."""
        return (values * values).mean()

    def formula(self, names: Names, latex: Names) -> Formula:
        """Write it with the names of the nodes; x′ is another draw of what it must be independent of."""
        s, tex = names.first, latex.first
        return Formula(
            f"Σ (({s}(x) − {s}(x′)) / 100)² over rows, positions and dimensions",
            rf"\sum_{{b,t,d}} \left( \frac{{{tex}(x)_{{btd}} - {tex}(x')_{{btd}}}}{{100}} \right)^2",
        )
