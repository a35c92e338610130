"""Identified formulas as small expression trees that can be printed, set in LaTeX and evaluated."""

from causal_reasoning.estimand.evaluate import Factor
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
from causal_reasoning.estimand.latex import latex

__all__ = [
    "Expression",
    "Factor",
    "One",
    "Probability",
    "Product",
    "Quotient",
    "Sum",
    "latex",
    "product",
    "summed",
]
