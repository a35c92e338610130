"""Tables over named axes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.estimand import Factor

NAMES = st.lists(st.sampled_from("abcd"), unique=True, max_size=4)
SIZES = {"a": 2, "b": 3, "c": 2, "d": 1}


@st.composite
def factors(draw: st.DrawFn) -> Factor:
    axes = draw(NAMES)
    shape = [SIZES[name] for name in axes]
    values = draw(st.lists(st.floats(0, 1), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    return Factor(axes, np.reshape(values, shape))


def same(one: Factor, other: Factor) -> bool:
    return set(one.axes) == set(other.axes) and np.allclose(one.values, other.aligned(one.axes))


@settings(deadline=None)
@given(factors(), factors(), factors())
def test_multiplication_is_commutative_and_associative(f: Factor, g: Factor, h: Factor) -> None:
    assert same(f.multiply(g), g.multiply(f))
    assert same(f.multiply(g).multiply(h), f.multiply(g.multiply(h)))


@settings(deadline=None)
@given(factors(), factors())
def test_division_undoes_multiplication_where_there_is_something(f: Factor, g: Factor) -> None:
    positive = Factor(g.axes, g.values + 0.5)
    assert same(f.multiply(positive).divide(positive), f.multiply(Factor(g.axes, np.ones_like(g.values))))


@settings(deadline=None)
@given(factors())
def test_summing_in_two_steps_is_summing_at_once(f: Factor) -> None:
    step = f
    for name in f.axes:
        step = step.marginalise([name])
    assert same(step, f.marginalise(f.axes))
    assert step.axes == ()


@settings(deadline=None)
@given(factors())
def test_conditionals_sum_to_one_where_the_condition_is_possible(f: Factor) -> None:
    lifted = Factor(f.axes, f.values + 0.01)
    for name in f.axes:
        rest = [other for other in f.axes if other != name]
        assert np.allclose(lifted.condition([name]).marginalise(rest).values, 1)


def test_axes_are_matched_by_name() -> None:
    f = Factor(("x", "y"), [[1, 2, 3], [4, 5, 6]])
    turned = Factor(("y", "x"), f.values.T)
    assert same(f.divide(turned), Factor(("x", "y"), np.ones((2, 3))))
    assert f.multiply(turned).axes == ("x", "y")
    assert f.at(x=1).values.tolist() == [4, 5, 6]
    assert Factor(("a b",), [1, 2]).at({"a b": 1}).values.item() == 2


def test_values_are_copied_and_frozen() -> None:
    table = np.ones(2)
    f = Factor("x", table)
    table[0] = 5
    assert f.values.tolist() == [1, 1]
    with pytest.raises(ValueError, match="read-only"):
        f.values[0] = 2


def test_zero_by_zero_is_zero_and_nothing_else() -> None:
    f, g = Factor("x", [0.0, 1.0]), Factor("x", [0.0, 2.0])
    assert f.divide(g).values.tolist() == [0, 0.5]
    with pytest.raises(ZeroDivisionError, match="divided by zero"):
        g.divide(f.multiply(Factor("x", [1, 0])))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Factor(("x", "x"), np.ones((2, 2))), "named twice"),
        (lambda: Factor(("x",), np.ones((2, 2))), "1 axes are named"),
        (lambda: Factor("x", [1.0, np.nan]), "not finite"),
        (lambda: Factor("x", [1.0, 1.0]).marginalise("y"), "no variable 'y'"),
        (lambda: Factor("skill", [1.0, 1.0]).at(skil=0), "did you mean 'skill'"),
        (lambda: Factor("x", [1.0, 1.0]).at(x=2), "no position 2"),
        (lambda: Factor("x", [1.0, 1.0]).multiply(Factor("x", [1.0, 1.0, 1.0])), "2 values in one table and 3"),
        (lambda: Factor("x", [1.0, 1.0]).aligned("y"), "axis 'x' of the factor is not among y"),
        (lambda: Factor("x", [1.5, -0.5]).require_distribution(), "smallest entry is -0.5"),
        (lambda: Factor("x", [1.0, 1.0]).require_distribution(), "sum is 2"),
    ],
)
def test_refused(build: object, message: str) -> None:
    assert callable(build)
    with pytest.raises(ValueError, match=message):
        build()
