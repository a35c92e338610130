"""Renamed variables and differences: values, scopes, print."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.estimand import (
    Difference,
    Expression,
    Factor,
    Probability,
    Product,
    Quotient,
    Renamed,
    Sum,
    latex,
    product,
    renamed,
    summed,
)

P = Probability
CHAIN = Sum(("m",), Product((P(("y",), ("x", "m")), P(("m",), ("x",)))))
FRONT_DOOR = Sum(("m",), Product((P(("m",), ("x",)), Sum(("x",), Product((P(("y",), ("m", "x")), P(("x",))))))))


def joint(seed: int = 1) -> Factor:
    """A distribution of four binary variables."""
    return Factor(("m", "x", "y", "z"), np.random.default_rng(seed).dirichlet(np.ones(16)).reshape(2, 2, 2, 2))


def test_values_are_the_same_under_other_names() -> None:
    old = CHAIN.evaluate(joint())
    new = Renamed(CHAIN, {"x": "x*"}).evaluate(joint())
    assert new.axes == ("x*", "y")
    assert np.array_equal(new.values, old.aligned(("x", "y")))


def test_two_values_of_one_variable_are_independent_axes() -> None:
    """The mediation formula by hand, for every pair of values."""
    table = joint()
    y, m = P(("y",), ("x", "m")).evaluate(table), P(("m",), ("x",)).evaluate(table)
    mixed = Sum(("m",), Product((P(("y",), ("x", "m")), Renamed(P(("m",), ("x",)), {"x": "x*"})))).evaluate(table)
    assert mixed.axes == ("x", "x*", "y")
    for a, b in itertools.product((0, 1), repeat=2):
        truth = sum(y.at(x=a, m=k).values * m.at(x=b, m=k).values for k in (0, 1))
        assert mixed.at({"x": a, "x*": b}).values == pytest.approx(truth, abs=1e-12)


def test_what_is_bound_keeps_its_name() -> None:
    assert Renamed(FRONT_DOOR, {"x": "x*"}).text() == "[Σ_{m} P(m | x*) [Σ_{x'} P(y | m, x') P(x')]]"
    pushed = renamed(FRONT_DOOR, {"x": "x*"})
    assert pushed.text() == "Σ_{m} P(m | x*) [Σ_{x} P(y | m, x) P(x)]"
    assert product(P(("x",)), pushed).text() == "P(x) [Σ_{m} P(m | x*) [Σ_{x'} P(y | m, x') P(x')]]"
    old, new = FRONT_DOOR.evaluate(joint()), renamed(FRONT_DOOR, {"x": "x*"}).evaluate(joint())
    assert np.array_equal(old.aligned(("x", "y")), new.aligned(("x*", "y")))


def test_a_new_name_that_is_bound_inside_gets_primes() -> None:
    # The free x is called m from here on; the m that the sum binds is another variable.
    taken = renamed(CHAIN, {"x": "m"})
    assert isinstance(taken, Renamed)
    assert taken.free == {"m", "y"}
    assert taken.text() == "[Σ_{m'} P(y | m, m') P(m' | m)]"
    assert np.array_equal(taken.evaluate(joint()).aligned(("m", "y")), CHAIN.evaluate(joint()).aligned(("x", "y")))
    whole = Product((P(("m",)), taken))
    assert whole.text() == "P(m) [Σ_{m'} P(y | m, m') P(m' | m)]"
    assert "P(y \\mid" in latex(whole)


def test_names_can_be_exchanged() -> None:
    both = Difference(P(("y",), ("x",)), Renamed(P(("y",), ("x",)), {"x": "x*"}))
    back = renamed(both, {"x": "x*", "x*": "x"})
    assert back.text() == "[P(y | x*) - P(y | x)]"
    assert np.allclose(back.evaluate(joint()).values, -both.evaluate(joint()).values)
    assert renamed(back, {"x": "x*", "x*": "x"}).text() == both.text()


def test_nested_renaming() -> None:
    twice = Renamed(Renamed(P(("y",), ("x", "z")), {"x": "a"}), {"a": "b", "z": "x"})
    assert twice.text() == "P(y | b, x)"
    value = P(("y",), ("x", "z")).evaluate(joint())
    assert np.array_equal(twice.evaluate(joint()).aligned(("b", "x", "y")), value.aligned(("x", "z", "y")))


def test_brackets_in_products_fractions_and_latex() -> None:
    ratio = Quotient(P(("x", "y")), P(("x",)))
    assert product(P(("z",)), Renamed(CHAIN, {"x": "x*"})).text() == "P(z) [Σ_{m} P(y | x*, m) P(m | x*)]"
    assert renamed(ratio, {"x": "x*"}).text() == "[P(x*, y)] / [P(x*)]"
    assert Difference(CHAIN, P(("y",))).text() == "[[Σ_{m} P(y | x, m) P(m | x)] - P(y)]"
    assert latex(Difference(P(("y",), ("x",)), P(("y",)))) == r"\left(P(y \mid x) - P(y)\right)"
    assert latex(renamed(P(("y",), ("x",)), {"x": "x*"})) == r"P(y \mid \mathrm{x*})"


def test_refusals() -> None:
    with pytest.raises(ValueError, match="'q' does not occur free in P"):
        Renamed(P(("y",), ("x",)), {"q": "r"})
    with pytest.raises(ValueError, match="'m' does not occur free"):
        Renamed(CHAIN, {"m": "n"})
    with pytest.raises(ValueError, match=r"two variables of .* would be called 'z'"):
        Renamed(P(("y",), ("x", "z")), {"x": "z"})
    with pytest.raises(ValueError, match="would be called 'y'"):
        renamed(Product((P(("y",)), P(("x",)))), {"x": "y"})


NAMES = st.sampled_from(["m", "x", "y", "z"])


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> Expression:
    """Any expression over four variables."""
    kind = draw(st.sampled_from(["leaf", "product", "sum", "difference"])) if depth else "leaf"
    if kind == "leaf":
        order = draw(st.permutations(["m", "x", "y", "z"]))
        of, given_ = draw(st.integers(1, 2)), draw(st.integers(0, 2))
        return P(tuple(order[:of]), tuple(order[of : of + given_]))
    first = draw(expressions(depth=depth - 1))
    if kind == "sum":
        return summed([name for name in ("m", "z") if name in first.free], first)
    second = draw(expressions(depth=depth - 1))
    return product(first, second) if kind == "product" else Difference(first, second)


@settings(max_examples=150, deadline=None)
@given(expressions(), st.dictionaries(NAMES, st.sampled_from(["m", "x", "z", "x*", "y*"]), max_size=3))
def test_pushing_names_inward_changes_no_value(expression: Expression, names: dict[str, str]) -> None:
    mine = {old: new for old, new in names.items() if old in expression.free and old != new}
    images = [mine.get(name, name) for name in expression.free]
    if len(set(images)) < len(images):
        with pytest.raises(ValueError, match="would be called"):
            renamed(expression, names)
        return
    inward, value = renamed(expression, names), expression.evaluate(joint(3))
    assert inward.free == set(images)
    truth = Factor([mine.get(name, name) for name in value.axes], value.values)
    found = inward.evaluate(joint(3))
    assert np.allclose(found.values, truth.aligned(found.axes), atol=1e-12)
    assert inward.text()
    if mine:
        assert np.array_equal(Renamed(expression, mine).evaluate(joint(3)).values, truth.aligned(found.axes))
        assert Renamed(expression, mine).text()
