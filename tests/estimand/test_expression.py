"""The algebra: values, scopes, print."""

from __future__ import annotations

import numpy as np
import pytest

from causal_reasoning.estimand import (
    Expression,
    Factor,
    One,
    Probability,
    Product,
    Quotient,
    Sum,
    latex,
    product,
    summed,
)

P = Probability
BACK_DOOR = Sum(("z",), Product((P(("y",), ("x", "z")), P(("z",)))))
FRONT_DOOR = Sum(("m",), Product((P(("m",), ("x",)), Sum(("x",), Product((P(("y",), ("m", "x")), P(("x",))))))))
NAPKIN = Quotient(
    Sum(("w",), Product((P(("x", "y"), ("r", "w")), P(("w",))))),
    Sum(("w",), Product((P(("x",), ("r", "w")), P(("w",))))),
)


def toy() -> Factor:
    """A confounded pair: z, then x given z, then y given x and z."""
    z, x = np.array([0.5, 0.5]), np.array([[0.8, 0.2], [0.1, 0.9]])
    y1 = np.array([[0.1, 0.6], [0.3, 0.8]])
    y = np.stack([1 - y1, y1], -1)
    return Factor(("x", "y", "z"), np.einsum("z,zx,xzy->xyz", z, x, y))


def test_golden_numbers() -> None:
    joint = toy()
    assert BACK_DOOR.evaluate(joint).at(y=1).values == pytest.approx([0.35, 0.55], abs=1e-12)
    assert P(("y",), ("x",)).evaluate(joint).at(y=1).values == pytest.approx([0.1556, 0.7091], abs=5e-5)


def test_front_door_with_a_bound_treatment() -> None:
    """The inner treatment is another variable than the outer one; the truth by enumeration."""
    rng = np.random.default_rng(3)
    u, xu, mx, ymu = rng.dirichlet([1, 1]), *(rng.uniform(0.1, 0.9, shape) for shape in [(2,), (2,), (2, 2)])
    x, m = np.stack([1 - xu, xu], -1), np.stack([1 - mx, mx], -1)
    y = np.stack([1 - ymu, ymu], -1)
    joint = Factor(("x", "m", "y"), np.einsum("u,ux,xm,muy->xmy", u, x, m, y))
    truth = np.einsum("u,xm,muy->xy", u, m, y)
    assert FRONT_DOOR.free == {"x", "y"}
    assert np.allclose(FRONT_DOOR.evaluate(joint).aligned(("x", "y")), truth, atol=1e-12)


def test_a_quotient_may_keep_a_variable_that_does_not_matter() -> None:
    assert NAPKIN.free == {"r", "x", "y"}


@pytest.mark.parametrize(
    ("expression", "text", "tex"),
    [
        (BACK_DOOR, "Σ_{z} P(y | x, z) P(z)", r"\sum_{z} P(y \mid x, z)\,P(z)"),
        (
            FRONT_DOOR,
            "Σ_{m} P(m | x) [Σ_{x'} P(y | m, x') P(x')]",
            r"\sum_{m} P(m \mid x)\,\left(\sum_{x'} P(y \mid m, x')\,P(x')\right)",
        ),
        (
            NAPKIN,
            "[Σ_{w} P(x, y | r, w) P(w)] / [Σ_{w} P(x | r, w) P(w)]",
            r"\frac{\sum_{w} P(x, y \mid r, w)\,P(w)}{\sum_{w} P(x \mid r, w)\,P(w)}",
        ),
        (Product((NAPKIN, P(("r",)))), f"[{NAPKIN.text()}] P(r)", latex(NAPKIN) + r"\,P(r)"),
        (Sum(("x",), Quotient(P(("x", "y")), P(("x",)))), "Σ_{x} ([P(x, y)] / [P(x)])",
         r"\sum_{x} \frac{P(x, y)}{P(x)}"),
        (One(), "1", "1"),
        (Product(()), "1", "1"),
        (P(("a_b",), ("täter", "50%")), "P(a_b | täter, 50%)",
         r"P(\mathrm{a\_b} \mid \mathrm{täter}, \mathrm{50\%})"),
    ],
)  # fmt: skip
def test_print(expression: Expression, text: str, tex: str) -> None:
    assert expression.text() == text
    assert latex(expression) == tex


def test_a_name_bound_twice_gets_two_primes() -> None:
    inner = Sum(("x",), P(("x", "y")))
    assert Sum(("x",), Product((P(("x",)), inner, P(("z",), ("x",))))).text() == "Σ_{x} P(x) [Σ_{x'} P(x', y)] P(z | x)"
    outer = Product((P(("x",)), Sum(("x",), Product((P(("x",)), inner)))))
    assert outer.text() == "P(x) [Σ_{x'} P(x') [Σ_{x''} P(x'', y)]]"


def test_every_variable_of_the_value_is_free() -> None:
    for expression in (BACK_DOOR, Product((BACK_DOOR, P(("z",)))), Quotient(P(("x", "z")), P(("z",)))):
        assert set(expression.evaluate(toy()).axes) == expression.free


def test_the_parts_without_a_value() -> None:
    assert One().evaluate(toy()).values.item() == 1
    assert Product(()).evaluate(toy()).axes == ()
    assert product(One(), product(P(("x",)), P(("y",)))) == Product((P(("x",)), P(("y",))))
    assert product() == One()
    assert summed([], P(("x",))) == P(("x",))


def test_a_missing_stratum_shows_as_lost_mass() -> None:
    values = toy().values.copy()
    values[1, :, 0] = 0  # x = 1 never happens where z = 0
    holed = Factor(("x", "y", "z"), values / values.sum())
    assert BACK_DOOR.evaluate(holed).at(x=1).values.sum() < 0.999
    assert BACK_DOOR.evaluate(holed).at(x=0).values.sum() == pytest.approx(1)


def test_refused() -> None:
    with pytest.raises(ValueError, match="lacks the variable 'zz'"):
        P(("zz",)).evaluate(toy())
    with pytest.raises(ValueError, match="not a joint distribution"):
        BACK_DOOR.evaluate(Factor(("x", "y", "z"), np.ones((2, 2, 2))))
    with pytest.raises(ValueError, match="at least one variable"):
        P(())
    with pytest.raises(ValueError, match="occurs twice"):
        P(("x",), ("x",))
    with pytest.raises(ValueError, match="does not occur free in P\\(x\\)"):
        Sum(("y",), P(("x",)))
    with pytest.raises(ValueError, match="each once"):
        Sum((), P(("x",)))
