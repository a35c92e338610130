"""Mean squared cross-correlation: linear dependence between coordinates, cheap and with a known null value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph.spec import PenaltyKind
from causal_reasoning.objective.loss import Array
from causal_reasoning.objective.penalties.base import Formula, Names, Penalty
from causal_reasoning.objective.penalties.statistics import ROUNDING, TINY, group_means


@dataclass(frozen=True)
class CrossCovariance(Penalty):
    """(1/DD′) Σ_ij Corr(s_i, s′_j)²: from 0 to 1, and the same whatever the scale of each coordinate.

    Within labels, the correlations within groups, pooled. Independent representations give 1/(B − 1) in the mean.
    Dependence without correlation is not seen.

    References
    ----------
    A. Gretton et al. (2005), see `causal_reasoning.objective.penalties.hsic`: the criterion with linear kernels, here
    with each coordinate divided by its standard deviation.

    Examples
    --------
    >>> import torch
    >>> s = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> float(CrossCovariance()(s[:, :1], s))  # correlations 1 and 0
    0.5
    """

    kind: ClassVar[PenaltyKind] = "cross_covariance"

    def __call__(self, first: Array, second: Array | None = None, label: Array | None = None) -> Array:
        """Measure it; see the class."""
        if second is None:
            raise TypeError("two representations are compared")
        one, other = _standardised(first, label), _standardised(second, label)
        # ‖AᵀB‖² = Σ (AAᵀ)(BBᵀ): quadratic in the batch, not in the width.
        return ((one @ one.T) * (other @ other.T)).sum() / (len(first) ** 2 * first.shape[1] * second.shape[1])

    def formula(self, names: Names, latex: Names) -> Formula:
        """Write it with the names of the nodes."""
        return Formula(
            f"mean Corr²({names.first}, {names.second}{names.bar})",
            rf"\overline{{\operatorname{{Corr}}^2}}({latex.first}, {latex.second}{latex.latex_bar})",
        )


def _standardised(values: Array, label: Array | None) -> Array:
    """Each coordinate centred within groups and divided by its standard deviation; 0 where it does not vary."""
    apart = values - group_means(values, label)
    variance = (apart * apart).mean(0)
    rounding = ROUNDING * (values * values).mean(0).detach()
    return apart / (variance + rounding + TINY).sqrt()[None]
