"""A small algebra of probability expressions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from causal_reasoning.errors import did_you_mean
from causal_reasoning.estimand.evaluate import Factor
from causal_reasoning.estimand.render import PLAIN, Notation, Scope


class Expression(ABC):
    """A formula made of conditional probabilities of one joint distribution.

    Variables are names. `Sum` binds its variables inside its expression only, so a name may be free in one
    factor of a product and bound in another; when printed, an inner variable that would be mistaken for an
    outer one gets a prime.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def free(self) -> frozenset[str]:
        """The variables on which the value depends."""

    @abstractmethod
    def compute(self, joint: Factor) -> Factor:
        """Evaluate without checking the joint distribution; see `evaluate`."""

    @abstractmethod
    def render(self, notation: Notation, scope: Scope) -> str:
        """Print in a notation; see `text` and `causal_reasoning.estimand.latex.latex`."""

    def text(self) -> str:
        """Print on one line.

        Examples
        --------
        >>> Sum(("c",), Product((Probability(("y",), ("x", "c")), Probability(("c",))))).text()
        'Σ_{c} P(y | x, c) P(c)'
        """
        return self.render(PLAIN, dict.fromkeys(self.free, 0))

    def evaluate(self, joint: Factor) -> Factor:
        """Compute the value for every combination of the free variables.

        Parameters
        ----------
        joint : Factor
            A joint distribution of at least the variables that occur.

        Returns
        -------
        Factor
            Exact up to rounding, over the free variables in sorted order. A conditional probability is zero
            where its condition has probability zero: a result that should be a distribution and sums to less
            than one says that positivity fails.

        Raises
        ------
        ValueError
            If the table is not a distribution or lacks a variable.

        Examples
        --------
        >>> joint = Factor(("x", "y"), [[0.1, 0.3], [0.2, 0.4]])
        >>> Probability(("y",)).evaluate(joint).values.round(3).tolist()
        [0.3, 0.7]
        """
        joint.require_distribution()
        return self.compute(joint)


@dataclass(frozen=True)
class Probability(Expression):
    """The conditional probability of some variables given others.

    Parameters
    ----------
    of : tuple of str
        What is predicted; at least one variable.
    given : tuple of str
        What is conditioned on.
    selected : tuple of str
        Selection nodes: the probability is that among the rows in which all of them are 1. The joint
        distribution on which it is evaluated must then be that of the selected rows.
    """

    of: tuple[str, ...]
    given: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = self.of + self.given
        if not self.of:
            raise ValueError("a probability needs at least one variable; use One() for the constant")
        if len(set(names)) < len(names):
            raise ValueError(f"a variable occurs twice in P({', '.join(self.of)} | {', '.join(self.given)})")

    @property
    def free(self) -> frozenset[str]:
        """All its variables."""
        return frozenset(self.of + self.given)

    def compute(self, joint: Factor) -> Factor:
        """Marginalise, then divide."""
        for name in sorted(self.free - set(joint.axes)):
            raise ValueError(f"the joint distribution lacks the variable '{name}'; {did_you_mean(name, joint.axes)}")
        return joint.marginalise(set(joint.axes) - self.free).condition(self.given)

    def render(self, notation: Notation, scope: Scope) -> str:
        """Print as ``P(of | given)``."""
        return notation.probability(self.of, self.given, scope, self.selected)


@dataclass(frozen=True)
class Product(Expression):
    """A product of expressions.

    Parameters
    ----------
    factors : tuple of Expression
        None of them: the constant one.
    """

    factors: tuple[Expression, ...]

    @property
    def free(self) -> frozenset[str]:
        """The free variables of all factors."""
        return frozenset().union(*(factor.free for factor in self.factors))

    def compute(self, joint: Factor) -> Factor:
        """Multiply from the left."""
        return reduce(Factor.multiply, (factor.compute(joint) for factor in self.factors), One().compute(joint))

    def render(self, notation: Notation, scope: Scope) -> str:
        """Print side by side, with brackets around sums and plain fractions."""
        if not self.factors:
            return "1"
        return notation.product(
            [(part.render(notation, scope), _kind(part)) for part in self.factors],
        )


@dataclass(frozen=True)
class Quotient(Expression):
    """One expression divided by another, with 0/0 = 0.

    Parameters
    ----------
    numerator, denominator : Expression
        The parts.
    """

    numerator: Expression
    denominator: Expression

    @property
    def free(self) -> frozenset[str]:
        """The free variables of both parts."""
        return self.numerator.free | self.denominator.free

    def compute(self, joint: Factor) -> Factor:
        """Divide the values."""
        return self.numerator.compute(joint).divide(self.denominator.compute(joint))

    def render(self, notation: Notation, scope: Scope) -> str:
        """Print as a fraction."""
        return notation.quotient(self.numerator.render(notation, scope), self.denominator.render(notation, scope))


@dataclass(frozen=True)
class Sum(Expression):
    """A sum over all values of some variables.

    Parameters
    ----------
    over : tuple of str
        The variables that are bound; each must be free in the expression (a sum over any other would
        multiply by the number of its values).
    expression : Expression
        What is summed.
    """

    over: tuple[str, ...]
    expression: Expression

    def __post_init__(self) -> None:
        if not self.over or len(set(self.over)) < len(self.over):
            raise ValueError(f"a sum needs variables, each once: got {list(self.over)}")
        for name in self.over:
            if name not in self.expression.free:
                raise ValueError(f"'{name}' does not occur free in {self.expression.text()}")

    @property
    def free(self) -> frozenset[str]:
        """The free variables of the expression without the bound ones."""
        return self.expression.free - set(self.over)

    def compute(self, joint: Factor) -> Factor:
        """Sum the values."""
        return self.expression.compute(joint).marginalise(self.over)

    def render(self, notation: Notation, scope: Scope) -> str:
        """Print with a sum sign that extends to the right."""
        inner = {**scope, **{name: scope[name] + 1 if name in scope else 0 for name in self.over}}
        body = self.expression.render(notation, inner)
        return notation.sum(self.over, inner, body, _kind(self.expression))


@dataclass(frozen=True)
class One(Expression):
    """The constant one."""

    @property
    def free(self) -> frozenset[str]:
        """Nothing."""
        return frozenset()

    def compute(self, joint: Factor) -> Factor:
        """Return one, over no variables."""
        return Factor((), np.ones(()))

    def render(self, notation: Notation, scope: Scope) -> str:
        """Print as ``1``."""
        return "1"


def _kind(expression: Expression) -> str:
    if isinstance(expression, Sum):
        return "sum"
    return "quotient" if isinstance(expression, Quotient) else "plain"


def product(*factors: Expression) -> Expression:
    """Multiply, leaving out ones and nested products.

    Parameters
    ----------
    *factors : Expression
        What is multiplied.

    Returns
    -------
    Expression
        `One`, the only factor, or a flat `Product`.

    Examples
    --------
    >>> product(One(), Probability(("y",))).text()
    'P(y)'
    """
    flat: list[Expression] = []
    for factor in factors:
        flat.extend(factor.factors if isinstance(factor, Product) else (factor,))
    flat = [factor for factor in flat if not isinstance(factor, One)]
    if not flat:
        return One()
    return flat[0] if len(flat) == 1 else Product(tuple(flat))


def summed(over: Iterable[str], expression: Expression) -> Expression:
    """Sum over variables in sorted order; over none of them, return the expression itself.

    Parameters
    ----------
    over : iterable of str
        The variables.
    expression : Expression
        What is summed.

    Examples
    --------
    >>> summed(["b", "a"], Probability(("a", "b"), ("c",))).text()
    'Σ_{a, b} P(a, b | c)'
    """
    names = tuple(sorted(set(over)))
    return Sum(names, expression) if names else expression
