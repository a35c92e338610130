"""The difference of two expressions: what an effect is, as opposed to a distribution under an intervention."""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.estimand.evaluate import Factor
from causal_reasoning.estimand.expression import Expression, Sum
from causal_reasoning.estimand.render import Notation, Scope


@dataclass(frozen=True)
class Difference(Expression):
    """One expression minus another.

    Parameters
    ----------
    minuend, subtrahend : Expression
        The parts.

    Examples
    --------
    >>> from causal_reasoning.estimand import Probability
    >>> from causal_reasoning.estimand.renamed import Renamed
    >>> treated = Probability(("y",), ("x",))
    >>> Difference(treated, Renamed(treated, {"x": "x*"})).text()
    '[P(y | x) - P(y | x*)]'
    """

    minuend: Expression
    subtrahend: Expression

    @property
    def free(self) -> frozenset[str]:
        """The free variables of both parts."""
        return self.minuend.free | self.subtrahend.free

    def compute(self, joint: Factor) -> Factor:
        """Subtract entry by entry."""
        minuend, subtrahend = self.minuend.compute(joint), self.subtrahend.compute(joint)
        axes = sorted({*minuend.axes, *subtrahend.axes})
        return Factor(axes, minuend.aligned(axes) - subtrahend.aligned(axes))

    def render(self, notation: Notation, scope: Scope) -> str:
        """Print in brackets, with more of them around a sum on the left."""
        left, right = self.minuend.render(notation, scope), self.subtrahend.render(notation, scope)
        if isinstance(self.minuend, Sum):
            left = notation.product([(left, "sum")])
        return notation.product([(f"{left} - {right}", "sum")])
