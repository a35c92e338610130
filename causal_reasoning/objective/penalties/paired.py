"""Squared distance of two views of the same row: independence of what is drawn anew, given what is kept.

With x and x′ drawn independently given the content c, E‖s(x) − s(x′)‖² = 2 E tr Cov(s | c): the variance within
contents, where contents are too many to have two rows of one in a batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph.spec import PenaltyKind
from causal_reasoning.objective.loss import Array
from causal_reasoning.objective.penalties.base import Formula, Names, Penalty
from causal_reasoning.objective.penalties.statistics import TINY, size


@dataclass(frozen=True)
class Paired(Penalty):
    """E‖s(x) − s(x′)‖² / 2 E‖s‖²: the share of a representation's squared length that differs between views.

    References
    ----------
    The squared distance of two prompts that ask the same is the first loss of R. Wang, X. Li and L. Yao (2024), see
    `causal_reasoning.objective.penalties.variance`.

    Examples
    --------
    >>> import torch
    >>> s = torch.tensor([[3.0, 4.0]])
    >>> float(Paired()(s, s)), float(Paired()(s, -s))
    (0.0, 2.0)
    """

    kind: ClassVar[PenaltyKind] = "paired"
    alone: ClassVar[bool] = True
    paired: ClassVar[bool] = True

    def __call__(self, first: Array, second: Array | None = None, label: Array | None = None) -> Array:
        """Measure it; see the class. Labels are not used: each pair is its own group."""
        if second is None:
            raise TypeError("two views are compared")
        return size(first - second) / (size(first) + size(second) + TINY)

    def activity(self, values: Array, label: Array | None = None) -> Array:
        """The variance over all rows: what is left of it when views agree is the variance between contents."""
        return super().activity(values)

    def formula(self, names: Names, latex: Names) -> Formula:
        """Write it with the names of the nodes; x′ is another draw of what it must be independent of."""
        s, tex = names.first, latex.first
        return Formula(
            f"E‖{s}(x) − {s}(x′)‖² / 2E‖{s}‖²",
            rf"\frac{{\mathbb{{E}}\lVert {tex}(x) - {tex}(x') \rVert^2}}{{2\,\mathbb{{E}}\lVert {tex} \rVert^2}}",
        )
