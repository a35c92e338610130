"""Variance of a representation, total or within labels: the exact penalty for "independent of all that is read".

A function of x that is independent of x given a label is constant within the label. So the variance within labels is
zero exactly where the statement holds. The variance *between* labels is what tells them apart; it is not penalised,
and must not vanish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph.spec import PenaltyKind
from causal_reasoning.objective.loss import Array
from causal_reasoning.objective.penalties.base import Formula, Names, Penalty
from causal_reasoning.objective.penalties.statistics import TINY, size, spread, spread_between


@dataclass(frozen=True)
class Variance(Penalty):
    """E tr Cov(s | K) / E‖s‖²: the share of a representation's squared length that varies within labels.

    Without labels the total variance. A factor common to all representations cancels.

    References
    ----------
    The total variance of a skill's representation over a batch is the second loss of R. Wang, X. Li and L. Yao,
    "Deconfounded causality-aware parameter-efficient fine-tuning for problem-solving improvement of LLMs" (2024);
    there it is not divided by the squared length, and vanishes when the representation does.

    Examples
    --------
    >>> import torch
    >>> s = torch.tensor([[1.0, 2.0], [1.0, 4.0]])
    >>> round(float(Variance()(s)), 4)  # variances 0 and 2; squared lengths 5 and 17
    0.1818
    """

    kind: ClassVar[PenaltyKind] = "variance"
    alone: ClassVar[bool] = True

    def __call__(self, first: Array, second: Array | None = None, label: Array | None = None) -> Array:
        """Measure it; see the class. `second` is not used."""
        return spread(first, label) / (size(first) + TINY)

    def activity(self, values: Array, label: Array | None = None) -> Array:
        """The squared length; with labels the variance between them, which tells them apart."""
        return size(values) if label is None else spread_between(values, label)

    def formula(self, names: Names, latex: Names) -> Formula:
        """Write it with the names of the nodes."""
        mean, tex = ("E ", r"\mathbb{E}\,") if names.given else ("", "")
        return Formula(
            f"{mean}tr Cov({names.first}{names.bar}) / E‖{names.first}‖²",
            rf"\frac{{{tex}\operatorname{{tr}}\operatorname{{Cov}}({latex.first}{latex.latex_bar})}}"
            rf"{{\mathbb{{E}}\lVert {latex.first} \rVert^2}}",
        )
