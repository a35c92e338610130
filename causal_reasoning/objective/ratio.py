"""Ratios of conditional probabilities as values: evaluated on a table, printed, written in LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from causal_reasoning.estimand import Factor
from causal_reasoning.objective.notation import latex_names

Variable = tuple[str, int]
"""A node and which copy of it: 0 is the row's own value, others are summed over."""


@dataclass(frozen=True)
class Conditional:
    """One conditional probability of the observed distribution, or the policy.

    Parameters
    ----------
    of, given : tuple of (str, int)
        Variables.
    policy : bool
        Whether it is π, not an observed probability.
    """

    of: tuple[Variable, ...]
    given: tuple[Variable, ...] = ()
    policy: bool = False

    @property
    def variables(self) -> frozenset[Variable]:
        """All of them."""
        return frozenset(self.of + self.given)

    def evaluate(self, joint: Factor, policy: Factor) -> Factor:
        """Compute it from the joint distribution of the columns, with one axis a variable."""
        names = [name for name, _ in self.of + self.given]
        if self.policy:
            table = policy
        else:
            table = joint.marginalise(set(joint.axes) - set(names)).condition([name for name, _ in self.given])
        label = {name: axis((name, copy)) for name, copy in self.of + self.given}
        return Factor([label[name] for name in table.axes], table.values)

    def text(self) -> str:
        """Print as ``P(m | x')``."""
        bar = f" | {_names(self.given)}" if self.given else ""
        return f"{'π' if self.policy else 'P'}({_names(self.of)}{bar})"

    def latex(self) -> str:
        r"""Print as ``P(m \mid x')``."""
        bar = rf" \mid {_latex(self.given)}" if self.given else ""
        letter = r"\pi" if self.policy else "P"
        return f"{letter}({_latex(self.of)}{bar})"


@dataclass(frozen=True)
class Ratio:
    """Σ_over Π above / Π below.

    Parameters
    ----------
    over : tuple of (str, int)
        Variables that are summed over, in the numerator and the denominator together.
    above, below : tuple of Conditional or Ratio
        The factors.
    """

    over: tuple[Variable, ...]
    above: tuple[Conditional | Ratio, ...]
    below: tuple[Conditional | Ratio, ...] = ()

    @property
    def variables(self) -> frozenset[Variable]:
        """What the value depends on."""
        found: frozenset[Variable] = frozenset().union(*(part.variables for part in self.above + self.below))
        return found - set(self.over)

    @property
    def names(self) -> frozenset[str]:
        """The nodes that occur anywhere, summed over or not."""
        inner = [part.names for part in self.above + self.below if isinstance(part, Ratio)]
        direct = [
            {name for name, _ in part.variables} for part in self.above + self.below if isinstance(part, Conditional)
        ]
        return frozenset().union(*inner, *direct)

    def evaluate(self, joint: Factor, policy: Factor) -> Factor:
        """Compute the value for every combination of what it depends on.

        Parameters
        ----------
        joint : Factor
            The joint distribution of the columns.
        policy : Factor
            π, over the treatments.
        """
        top, bottom = self.parts(joint, policy)
        return top.divide(bottom) if not self.over else top

    def parts(self, joint: Factor, policy: Factor) -> tuple[Factor, Factor]:
        """Numerator and denominator; with sums the denominator is one and the fraction is in the numerator."""
        above = _multiplied([part.evaluate(joint, policy) for part in self.above])
        below = _multiplied([part.evaluate(joint, policy) for part in self.below])
        if not self.over:
            return above, below
        return above.divide(below).marginalise([axis(v) for v in self.over if axis(v) in {*above.axes, *below.axes}]), (
            _multiplied([])
        )

    def text(self) -> str:
        """Print on one line."""
        outside = [part for part in self.below if not part.variables & set(self.over)]
        inside = [part for part in self.below if part.variables & set(self.over)]
        top = " ".join(_bracketed(part) for part in self.above) or "1"
        if inside:
            top = f"{top} / {_denominator(inside)}"
        if self.over:
            top = f"Σ_{{{_names(self.over)}}} {top}"
        if not outside:
            return top
        return f"{f'[{top}]' if self.over or len(self.above) > 1 else top} / {_denominator(outside)}"

    def latex(self) -> str:
        """Print for LaTeX's mathematical mode."""
        outside = [part for part in self.below if not part.variables & set(self.over)]
        inside = [part for part in self.below if part.variables & set(self.over)]
        top = _latex_product(self.above) or "1"
        if inside:
            top = rf"\frac{{{top}}}{{{_latex_product(inside)}}}"
        if self.over:
            top = rf"\sum_{{{_latex(self.over)}}} {top}"
        return rf"\frac{{{top}}}{{{_latex_product(outside)}}}" if outside else top


def _latex_product(parts: Sequence[Conditional | Ratio]) -> str:
    return r"\,".join(
        part.latex() if isinstance(part, Conditional) else rf"\left({part.latex()}\right)" for part in parts
    )


def _latex(variables: Iterable[Variable]) -> str:
    return ", ".join(latex_names((name,)) + "'" * copy for name, copy in variables)


def _denominator(parts: Sequence[Conditional | Ratio]) -> str:
    shown = " ".join(_bracketed(part) for part in parts)
    return shown if len(parts) == 1 else f"[{shown}]"


def _bracketed(part: Conditional | Ratio) -> str:
    return part.text() if isinstance(part, Conditional) else f"[{part.text()}]"


def axis(variable: Variable) -> str:
    """The axis of a factor that stands for a variable."""
    name, copy = variable
    return name + "'" * copy


def _names(variables: Iterable[Variable]) -> str:
    return ", ".join(axis(variable) for variable in variables)


def _multiplied(factors: Sequence[Factor]) -> Factor:
    result = Factor((), np.ones(()))
    for factor in factors:
        result = result.multiply(factor)
    return result
