"""Simplification of expressions: fewer sums, shorter products, cancelled fractions, the same value.

The rules hold for every joint distribution, whatever the graph; where conditions have probability zero, the
simpler form is the one that is still defined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import cast

from causal_reasoning.estimand.expression import (
    Expression,
    One,
    Probability,
    Product,
    Quotient,
    Sum,
    product,
    summed,
)


def simplify(expression: Expression) -> Expression:
    """Rewrite an expression in a shorter form with the same value.

    Parameters
    ----------
    expression : Expression
        Anything.

    Returns
    -------
    Expression
        Sums over variables that occur only where they are predicted are carried out, factors without the
        bound variables stand before the sum, products are shortened by the chain rule, and equal factors of
        numerator and denominator are cancelled. Deterministic; factors keep their order,
        except that sums come after conditionals.

    Examples
    --------
    >>> chain = Product((Probability(("y",), ("m", "x")), Probability(("m",), ("x",))))
    >>> simplify(Sum(("m",), chain)).text()
    'P(y | x)'
    >>> simplify(Quotient(Probability(("x", "y"), ("z",)), Probability(("x",), ("z",)))).text()
    'P(y | z, x)'
    """
    if isinstance(expression, Product):
        return _product([simplify(factor) for factor in expression.factors])
    if isinstance(expression, Quotient):
        return _quotient(simplify(expression.numerator), simplify(expression.denominator))
    if isinstance(expression, Sum):
        body = simplify(expression.expression)
        return _sum(expression.over, body) if set(expression.over) <= body.free else expression
    return expression


def _factors(expression: Expression) -> list[Expression]:
    if isinstance(expression, Product):
        return list(expression.factors)
    return [] if isinstance(expression, One) else [expression]


def _product(factors: Sequence[Expression]) -> Expression:
    flat = [part for factor in factors for part in _factors(factor)]
    # Conditionals before sums, as one writes them.
    above = sorted((part for part in flat if not isinstance(part, Quotient)), key=lambda part: isinstance(part, Sum))
    fractions = [part for part in flat if isinstance(part, Quotient)]
    if not fractions:
        return product(*chain_rule(above))
    tops = [part for fraction in fractions for part in _factors(fraction.numerator)]
    bottoms = [part for fraction in fractions for part in _factors(fraction.denominator)]
    left, below = _cancel([*above, *tops], bottoms)
    if len(left) + len(below) == len(above) + len(tops) + len(bottoms):
        # Nothing cancels: the fractions stay as they are, which reads better than one large one.
        return product(*chain_rule(above), *fractions)
    return _quotient(product(*left), product(*below))


def _quotient(numerator: Expression, denominator: Expression) -> Expression:
    tops, bottoms = _split(numerator)
    more_bottoms, more_tops = _split(denominator)
    above, below = _cancel([*tops, *more_tops], [*bottoms, *more_bottoms])
    above, below = chain_rule(above), chain_rule(below)
    above, below = _cancel(above, below)
    for bottom in list(below):
        for position, top in enumerate(above):
            ratio = _conditional(top, bottom)
            if ratio is not None:
                above[position] = ratio
                below.remove(bottom)
                break
    top = product(*above)
    return Quotient(top, product(*below)) if below else top


def _split(expression: Expression) -> tuple[list[Expression], list[Expression]]:
    """Factors above and below the line."""
    above: list[Expression] = []
    below: list[Expression] = []
    for part in _factors(expression):
        if isinstance(part, Quotient):
            above += _factors(part.numerator)
            below += _factors(part.denominator)
        else:
            above.append(part)
    return above, below


def _cancel(above: list[Expression], below: list[Expression]) -> tuple[list[Expression], list[Expression]]:
    common = Counter(_key(part) for part in above) & Counter(_key(part) for part in below)
    return _without(above, common), _without(below, common)


def _without(parts: list[Expression], unwanted: Counter[object]) -> list[Expression]:
    left = Counter(unwanted)
    kept = []
    for part in parts:
        key = _key(part)
        if left[key]:
            left[key] -= 1
        else:
            kept.append(part)
    return kept


def _key(expression: Expression) -> object:
    """What two expressions share if they are equal up to the order of names."""
    if isinstance(expression, Probability):
        return (frozenset(expression.of), frozenset(expression.given), expression.selected)
    return expression


def _conditional(top: Expression, bottom: Expression) -> Expression | None:
    """P(a, b | c) / P(b | c) = P(a | b, c)."""
    if not isinstance(top, Probability) or not isinstance(bottom, Probability):
        return None
    if set(top.given) != set(bottom.given) or not set(bottom.of) < set(top.of) or top.selected != bottom.selected:
        return None
    left = tuple(name for name in top.of if name not in bottom.of)
    return Probability(left, (*top.given, *bottom.of), top.selected)


def chain_rule(factors: Sequence[Expression]) -> list[Expression]:
    """Join conditional probabilities that are the parts of one: P(a | b, c) P(b | c) = P(a, b | c).

    Parameters
    ----------
    factors : sequence of Expression
        The factors of a product.

    Returns
    -------
    list of Expression
        The joined ones stand where the first of their parts stood.
    """
    result: list[Expression | None] = list(factors)
    waiting: dict[tuple[frozenset[str], tuple[str, ...]], list[int]] = {}
    for position, factor in enumerate(result):
        if isinstance(factor, Probability):
            waiting.setdefault((frozenset(factor.given), factor.selected), []).append(position)
    changed = True
    while changed:
        changed = False
        for position in range(len(result)):
            lower = result[position]
            if not isinstance(lower, Probability):
                continue
            uppers = waiting.get((lower.free, lower.selected), [])
            if not uppers:
                continue
            other = uppers.pop(0)
            upper = cast(Probability, result[other])
            joined = Probability(tuple(sorted({*upper.of, *lower.of})), lower.given, lower.selected)
            same = waiting[frozenset(lower.given), lower.selected]
            same.remove(position)
            first, last = min(position, other), max(position, other)
            result[first], result[last] = joined, None
            same.append(first)
            changed = True
    return [factor for factor in result if factor is not None]


def _sum(over: Sequence[str], body: Expression) -> Expression:
    """Carry out what can be carried out, and move what can be moved before the sum."""
    whole, bound = summed(over, body), list(dict.fromkeys(over))
    if isinstance(body, Sum) and not set(bound) & set(body.over):
        bound, body = [*bound, *body.over], body.expression
    inside = _factors(body)
    while True:
        counts = Counter(name for factor in inside for name in factor.free)
        position = next(
            (
                (i, [n for n in bound if n in factor.of and counts[n] == 1])
                for i, factor in enumerate(inside)
                if isinstance(factor, Probability) and any(n in factor.of and counts[n] == 1 for n in bound)
            ),
            None,
        )
        if position is None:
            joined = chain_rule(inside)
            if len(joined) == len(inside):
                break
            inside = joined
            continue
        index, gone = position
        factor = cast(Probability, inside[index])
        left = tuple(name for name in factor.of if name not in gone)
        # What is summed over every value of all that it predicts is one.
        inside[index : index + 1] = [Probability(left, factor.given, factor.selected)] if left else []
        bound = [name for name in bound if name not in gone]
    names = set(bound)
    outside = [factor for factor in inside if not factor.free & names]
    inside = [factor for factor in inside if factor.free & names]
    if not bound:
        return _product(outside)
    short = _product(inside)
    if names <= short.free:
        return _product([*outside, summed(bound, short)])
    # The value no longer depends on a bound name, and the sum multiplies by the number of its values.
    return whole
