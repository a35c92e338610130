"""The Hilbert-Schmidt independence criterion: dependence of any shape, in a batch of ordinary size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from causal_reasoning.graph.spec import PenaltyKind, PenaltySpec
from causal_reasoning.objective.loss import Array
from causal_reasoning.objective.penalties.base import Formula, Names, Penalty
from causal_reasoning.objective.penalties.statistics import ROUNDING, size, together

_FLAT = 1e-12
"""Added under the root: the normaliser of what does not vary."""


@dataclass(frozen=True)
class HSIC(Penalty):
    """Normalised biased HSIC, tr(K̃ L̃) / √(tr(K̃ K̃) tr(L̃ L̃)) with centred Gaussian kernels: from 0 to 1.

    Within labels, kernels are centred within each group and the traces summed over groups: a mean of the groups'
    criteria, weighted by what each has to say. A group of one row says nothing.

    Parameters
    ----------
    bandwidth : float or None
        Squared width w of the kernel exp(−‖a − b‖² / w); by default the median squared distance of the rows that are
        compared, as a constant. Then a common factor of all representations cancels.

    Notes
    -----
    The estimate is biased upwards, the more the fewer rows: independent representations of many dimensions give
    about 0.4 at 32 rows. It orders batches of one size, which is what a penalty needs. Quadratic in the batch.

    References
    ----------
    A. Gretton, O. Bousquet, A. Smola and B. Schölkopf, "Measuring statistical dependence with Hilbert-Schmidt norms"
    (ALT 2005); normalised as in C. Cortes, M. Mohri and A. Rostamizadeh, "Algorithms for learning kernels based on
    centered alignment" (JMLR 2012).

    Examples
    --------
    >>> import torch
    >>> s = torch.tensor([[0.0], [1.0], [2.0], [5.0]])
    >>> round(float(HSIC()(s, 3 * s)), 4)
    1.0
    """

    kind: ClassVar[PenaltyKind] = "hsic"
    bandwidth: float | None = None

    @classmethod
    def build(cls, spec: PenaltySpec) -> Self:
        """Make it with the options of a graph file."""
        return cls(spec.bandwidth)

    def __call__(self, first: Array, second: Array | None = None, label: Array | None = None) -> Array:
        """Measure it; see the class."""
        if second is None:
            raise TypeError("two representations are compared")
        one, other = self._kernel(first, label), self._kernel(second, label)
        normaliser = ((one * one).sum() * (other * other).sum() / len(first) ** 4 + _FLAT).sqrt()
        return (one * other).sum() / len(first) ** 2 / normaliser

    def formula(self, names: Names, latex: Names) -> Formula:
        """Write it with the names of the nodes."""
        return Formula(
            f"HSIC({names.first}, {names.second}{names.bar})",
            rf"\operatorname{{HSIC}}({latex.first}, {latex.second}{latex.latex_bar})",
        )

    def _kernel(self, values: Array, label: Array | None) -> Array:
        """A kernel matrix, centred, with zeros between groups."""
        apart = values - values.mean(0)[None]
        squares = (apart * apart).sum(1)
        distance = (squares[:, None] + squares[None, :] - 2 * apart @ apart.T).clamp(min=0)
        kernel = (-distance / self._width(distance.detach(), values.detach(), label)).exp()
        if label is None:
            half = kernel - kernel.mean(0)[None, :]
            return half - half.mean(1)[:, None]
        same = together(label, values)
        mean = same / same.sum(1)[:, None]
        kernel = kernel * same
        half = kernel - mean @ kernel
        return half - half @ mean

    def _width(self, distance: Array, values: Array, label: Array | None) -> Array | float:
        if self.bandwidth is not None:
            return self.bandwidth
        # Rows that differ by rounding errors only are equal.
        apart = distance > ROUNDING * size(values)
        if label is not None:
            apart = apart & (label[:, None] == label[None, :])
        chosen = distance[apart]
        return chosen.median() if len(chosen) else 1.0
