"""Simplification never changes a value, and gives the short forms that a person would write."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.estimand import Expression, Factor, One, Probability, Product, Quotient, Sum, product, summed
from causal_reasoning.estimand.simplify import chain_rule, simplify

NAMES = ("a", "b", "c", "d")


def joint(seed: int) -> Factor:
    """A positive distribution of four variables with two, three, two and two values."""
    values = np.random.default_rng(seed).uniform(0.1, 1, (2, 3, 2, 2))
    return Factor(NAMES, values / values.sum())


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> Expression:
    """Any expression over four variables."""
    kind = draw(st.sampled_from(["probability", "product", "quotient", "sum"] if depth else ["probability"]))
    if kind == "probability":
        names = draw(st.permutations(NAMES))
        of = draw(st.integers(1, 3))
        return Probability(tuple(names[:of]), tuple(names[of : of + draw(st.integers(0, 4 - of))]))
    if kind == "product":
        return Product(tuple(draw(st.lists(expressions(depth - 1), min_size=0, max_size=3))))
    if kind == "quotient":
        return Quotient(draw(expressions(depth - 1)), draw(expressions(depth - 1)))
    body = draw(expressions(depth - 1))
    if not body.free:
        return body
    over = draw(st.lists(st.sampled_from(sorted(body.free)), min_size=1, max_size=2, unique=True))
    return Sum(tuple(over), body)


@settings(max_examples=400, deadline=None)
@given(expressions(), st.integers(0, 5))
def test_the_value_stays_the_same(expression: Expression, seed: int) -> None:
    table = joint(seed)
    before, after = expression.evaluate(table), simplify(expression).evaluate(table)
    axes = tuple(sorted({*before.axes, *after.axes}))
    left, right = np.broadcast_arrays(before.aligned(axes), after.aligned(axes))
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12)


@settings(max_examples=200, deadline=None)
@given(expressions())
def test_simplifying_twice_changes_nothing_more_in_value_or_variables(expression: Expression) -> None:
    once = simplify(expression)
    assert once.free <= expression.free
    assert simplify(once).free == once.free


@pytest.mark.parametrize(
    ("expression", "short"),
    [
        (Sum(("b",), Probability(("a", "b"), ("c",))), "P(a | c)"),
        (Sum(("a",), Probability(("a",), ("c",))), "1"),
        (Sum(("b",), product(Probability(("a",), ("b",)), Probability(("b",)))), "P(a)"),
        (
            Sum(("b",), product(Probability(("a",), ("b", "c")), Probability(("b",)))),
            "Σ_{b} P(a | b, c) P(b)",
        ),
        (Sum(("b",), product(Probability(("c",)), Probability(("b", "a")), Probability(("d",)))), "P(c) P(a) P(d)"),
        (Quotient(Probability(("a", "b")), Probability(("b",))), "P(a | b)"),
        (Quotient(product(Probability(("a",)), Probability(("b",))), Probability(("a",))), "P(b)"),
        (
            product(
                Quotient(Probability(("a",), ("d",)), Probability(("b",), ("c",))),
                Quotient(Probability(("b",), ("c",)), Probability(("c",), ("d",))),
            ),
            "[P(a | d)] / [P(c | d)]",
        ),
        (
            summed("ab", product(Probability(("c",), ("a",)), Probability(("a", "b"), ("d",)))),
            "Σ_{a} P(c | a) P(a | d)",
        ),
        (product(One(), Probability(("a",), ("b",)), Probability(("b",))), "P(a, b)"),
    ],
)
def test_short_forms(expression: Expression, short: str) -> None:
    assert simplify(expression).text() == short


def test_an_inner_variable_is_not_mistaken_for_an_outer_one() -> None:
    # Σ_{x'} P(y | x') P(x') times P(x): the x of the product is another one than that of the sum.
    inner = Sum(("x",), product(Probability(("y",), ("m", "x")), Probability(("x",))))
    whole = Sum(("m",), product(Probability(("m",), ("x",)), inner))
    assert simplify(whole).text() == "Σ_{m} P(m | x) [Σ_{x'} P(y | m, x') P(x')]"


def test_a_sum_that_counts_values_is_kept() -> None:
    # Σ_{a, b} P(a | b) is the number of values of b, and no expression says so more briefly.
    expression = Sum(("a", "b"), Probability(("a",), ("b",)))
    table = joint(0)
    assert float(simplify(expression).evaluate(table).values) == pytest.approx(3.0)


def test_probabilities_of_different_samples_are_not_joined() -> None:
    parts = [Probability(("a",), ("b",), ("s",)), Probability(("b",))]
    assert chain_rule(parts) == parts
    assert simplify(Quotient(Probability(("a", "b"), (), ("s",)), Probability(("b",)))).text() == (
        "[P(a, b | s=1)] / [P(b)]"
    )
