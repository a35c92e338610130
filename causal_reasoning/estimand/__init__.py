"""Identified formulas as small expression trees that can be printed, set in LaTeX and evaluated."""

from causal_reasoning.estimand.difference import Difference
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
from causal_reasoning.estimand.renamed import Renamed, renamed

__all__ = [
    "Difference",
    "Expression",
    "Factor",
    "One",
    "Probability",
    "Product",
    "Quotient",
    "Renamed",
    "Sum",
    "latex",
    "product",
    "renamed",
    "summed",
]
