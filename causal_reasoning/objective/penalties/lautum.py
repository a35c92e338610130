"""The dependence penalty of independent causal language models, as published: for comparison with published results.

It treats the coordinates of a hidden state as categories: p = softmax(first), q = softmax(second), and compares the
mean of the outer products p qᵀ with the outer product of the means. That is not the information that two vectors have
about each other. As published, the KL divergence is taken in the direction that makes it *lautum* information, and
cells are clamped at 1e-6. With D coordinates a cell is about 1/D², so from about a thousand coordinates on nearly all
cells are clamped: the value is then about zero, may be negative, and has no gradient. The share of cells that are
clamped in both is logged for that reason; above one half the penalty does not work, and `hsic` or `cross_covariance`
should be taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from causal_reasoning.graph.spec import PenaltyKind, PenaltySpec
from causal_reasoning.objective.loss import Array
from causal_reasoning.objective.penalties.base import Formula, Names, Penalty

MOST_CLAMPED = 0.5
"""Share of clamped cells above which the penalty is taken not to work."""


@dataclass(frozen=True)
class Lautum(Penalty):
    """KL(p̄ q̄ᵀ, mean of p qᵀ) over coordinates as categories, with clamped cells.

    Parameters
    ----------
    direction : "lautum" or "mutual"
        KL(product, joint), as published, or KL(joint, product).
    clamp : float
        Cells are kept between this and 1 minus this.

    References
    ----------
    G. Gendron, B. Nguyen, A. Peng, M. Witbrock and G. Dobbie, "Can large language models learn independent causal
    mechanisms?" (EMNLP 2024), for the penalty; D. Palomar and S. Verdú, "Lautum information" (2008), for the name.

    Examples
    --------
    >>> import torch
    >>> big = 20 * torch.eye(2)  # p = q = the categories themselves, half of the rows each
    >>> round(float(Lautum(direction="mutual")(big, big)), 4)  # log 2
    0.6931
    """

    kind: ClassVar[PenaltyKind] = "lautum"
    direction: Literal["lautum", "mutual"] = "lautum"
    clamp: float = 1e-6

    @classmethod
    def build(cls, spec: PenaltySpec) -> Self:
        """Make it with the options of a graph file."""
        return cls(spec.direction or cls.direction, spec.clamp or cls.clamp)

    def __call__(self, first: Array, second: Array | None = None, label: Array | None = None) -> Array:
        """Measure it; see the class."""
        if label is not None:
            raise TypeError("the published estimator has no conditional version")
        product, joint = (cells.clamp(self.clamp, 1 - self.clamp) for cells in _cells(first, second))
        if self.direction == "mutual":
            product, joint = joint, product
        return (product * (product.log() - joint.log())).sum()

    def notes(self, first: Array, second: Array | None = None) -> Mapping[str, Array]:
        """``clamped``, the share of cells clamped on both sides; ``clamp_warning``, 1 where that is more than half."""
        product, joint = (cells.detach() for cells in _cells(first, second))
        outside = [(cells < self.clamp) | (cells > 1 - self.clamp) for cells in (product, joint)]
        share = (outside[0] & outside[1]).to(first.dtype).mean()
        return {"clamped": share, "clamp_warning": (share > MOST_CLAMPED).to(first.dtype)}

    def formula(self, names: Names, latex: Names) -> Formula:
        """Write it with the names of the nodes."""
        a, b = latex.first, latex.second
        product, joint = f"P({names.first}) P({names.second})", f"P({names.first}, {names.second})"
        product_tex, joint_tex = f"P({a}) P({b})", f"P({a}, {b})"
        if self.direction == "mutual":
            product, joint, product_tex, joint_tex = joint, product, joint_tex, product_tex
        return Formula(
            f"KL({product} ‖ {joint}) over coordinates",
            rf"\operatorname{{KL}}\left({product_tex} \,\middle\|\, {joint_tex}\right)",
        )


def _cells(first: Array, second: Array | None) -> tuple[Array, Array]:
    """The outer product of the means and the mean of the outer products: both of shape (D, D′)."""
    if second is None:
        raise TypeError("two representations are compared")
    p, q = first.softmax(1), second.softmax(1)
    return p.mean(0)[:, None] * q.mean(0)[None, :], p.T @ q / len(first)
