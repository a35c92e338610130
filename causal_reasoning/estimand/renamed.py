"""The same formula for another value of a variable: P(m | x*) beside P(y | x, m)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from causal_reasoning.errors import did_you_mean
from causal_reasoning.estimand.evaluate import Factor
from causal_reasoning.estimand.expression import Expression, Product, Quotient, Sum, product, summed
from causal_reasoning.estimand.render import Notation, Scope


@dataclass(frozen=True)
class Renamed(Expression):
    """An expression in which free variables go by other names.

    The value is that of the expression, with other axes: ``x*`` has as many values as ``x``, and the two are
    independent of each other in what surrounds them.

    Parameters
    ----------
    expression : Expression
        The formula; what it binds keeps its name.
    names : mapping of str to str
        The new name of each variable that gets one. Kept as sorted pairs.

    Raises
    ------
    ValueError
        If a variable is not free in the expression, or if two free variables would get the same name.

    Examples
    --------
    >>> from causal_reasoning.estimand import Probability
    >>> mediated = Sum(("m",), Product((Probability(("y",), ("x", "m")), Probability(("m",), ("x",)))))
    >>> Renamed(mediated, {"x": "x*"}).text()
    '[Σ_{m} P(y | x*, m) P(m | x*)]'
    """

    expression: Expression
    names: tuple[tuple[str, str], ...]

    def __init__(self, expression: Expression, names: Mapping[str, str]) -> None:
        for name in sorted(set(names) - expression.free):
            known = did_you_mean(name, sorted(expression.free))
            raise ValueError(f"'{name}' does not occur free in {expression.text()}; {known}")
        counts = Counter(names.get(name, name) for name in expression.free)
        for name in sorted(name for name, count in counts.items() if count > 1):
            raise ValueError(f"two variables of {expression.text()} would be called '{name}'")
        object.__setattr__(self, "expression", expression)
        object.__setattr__(self, "names", tuple(sorted(names.items())))

    @property
    def free(self) -> frozenset[str]:
        """The free variables under their new names."""
        new = dict(self.names)
        return frozenset(new.get(name, name) for name in self.expression.free)

    def compute(self, joint: Factor) -> Factor:
        """Evaluate under the old names, then rename the axes."""
        value, new = self.expression.compute(joint), dict(self.names)
        renamed = Factor([new.get(name, name) for name in value.axes], value.values)
        return renamed.marginalise(())  # nothing is summed: it sorts the axes

    def render(self, notation: Notation, scope: Scope) -> str:
        """Print with the new names, in brackets if the expression is a sum or a fraction."""
        old = {name: scope.get(name, 0) for name, _ in self.names}
        # Inside, an old name carries its number of primes while it is free, and more once it is bound again.
        text = self.expression.render(_Renaming(notation, dict(self.names), old, scope), {**scope, **old})
        if isinstance(self.expression, Sum | Quotient):
            return notation.product([(text, "sum")])
        return text


@dataclass(frozen=True)
class _Renaming:
    """A notation that prints free variables under their new names, and leaves everything else to another."""

    base: Notation
    names: Mapping[str, str]
    old: Scope
    scope: Scope

    def _shown(self, names: Sequence[str], inner: Scope) -> tuple[list[str], dict[str, int]]:
        pairs = [
            (new, self.scope[new])
            if (new := self.names.get(name)) is not None and inner[name] == self.old[name]
            else (name, inner[name])
            for name in names
        ]
        if len({name for name, _ in pairs}) < len(pairs):
            # A variable that is bound here is called like the new name of a free one: primes tell them apart.
            pairs = [(name + "'" * primes, 0) for name, primes in pairs]
        return [name for name, _ in pairs], dict(pairs)

    def probability(self, of: Sequence[str], given: Sequence[str], scope: Scope, selected: Sequence[str] = ()) -> str:
        shown, primes = self._shown([*of, *given], scope)
        return self.base.probability(shown[: len(of)], shown[len(of) :], primes, selected)

    def product(self, parts: Sequence[tuple[str, str]]) -> str:
        return self.base.product(parts)

    def quotient(self, numerator: str, denominator: str) -> str:
        return self.base.quotient(numerator, denominator)

    def sum(self, over: Sequence[str], scope: Scope, body: str, kind: str) -> str:
        shown, primes = self._shown(over, scope)
        return self.base.sum(shown, primes, body, kind)


def renamed(expression: Expression, names: Mapping[str, str]) -> Expression:
    """Rename free variables as close to where they occur as possible.

    Parameters
    ----------
    expression : Expression
        The formula.
    names : mapping of str to str
        New names; a variable that does not occur free is left alone.

    Returns
    -------
    Expression
        With the value of `Renamed`, but products, fractions and sums stay what they are; a sum that binds a new
        name is renamed as a whole.

    Raises
    ------
    ValueError
        If two free variables would get the same name.

    Examples
    --------
    >>> from causal_reasoning.estimand import Probability
    >>> mediated = Sum(("m",), Product((Probability(("y",), ("x", "m")), Probability(("m",), ("x",)))))
    >>> renamed(mediated, {"x": "x*", "z": "z*"}).text()
    'Σ_{m} P(y | x*, m) P(m | x*)'
    """
    mine = {old: new for old, new in names.items() if old in expression.free and old != new}
    if not mine:
        return expression
    whole = Renamed(expression, mine)
    if isinstance(expression, Product):
        return product(*(renamed(factor, mine) for factor in expression.factors))
    if isinstance(expression, Quotient):
        return Quotient(renamed(expression.numerator, mine), renamed(expression.denominator, mine))
    if isinstance(expression, Sum) and not set(expression.over) & set(mine.values()):
        return summed(expression.over, renamed(expression.expression, mine))
    return whole
