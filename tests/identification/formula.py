"""Formulas as people print them, evaluated with numpy alone: ``Σ_{m} P(m | x) [Σ_{x'} P(y | m, x') P(x')]``.

A sum extends to the right as far as it can, brackets and parentheses group, ``[a] / [b]`` is a fraction. A name with a
prime is another copy of the same variable.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.estimand import Factor

Table = tuple[tuple[str, ...], NDArray[np.float64]]
TOKEN = re.compile(r"\s*(Σ_\{[^}]*\}|P\([^)]*\)|[\[\]()/]|1)")
CLOSING = {"[": "]", "(": ")"}


def evaluate(text: str, joint: Factor) -> Factor:
    """The value of a formula, for every combination of its free variables."""
    tokens = TOKEN.findall(text)
    if not tokens or TOKEN.sub("", text).strip():
        raise ValueError(f"not a formula: {text}")
    (names, values), rest = _product(tokens, joint)
    if rest:
        raise ValueError(f"'{''.join(rest)}' is left over in: {text}")
    return Factor(names, values)


def _product(tokens: list[str], joint: Factor) -> tuple[Table, list[str]]:
    """Factors side by side, up to a closing bracket."""
    result: Table = ((), np.ones(()))
    while tokens and tokens[0] not in ("]", ")"):
        factor, tokens = _factor(tokens, joint)
        result = _combine(np.multiply, result, factor)
    return result, tokens


def _factor(tokens: list[str], joint: Factor) -> tuple[Table, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head == "1":
        return ((), np.ones(())), rest
    if head.startswith("P("):
        return _probability(head, joint), rest
    if head.startswith("Σ"):
        (names, values), rest = _product(rest, joint)
        over = _names(head[3:-1])
        if not set(over) <= set(names):
            raise ValueError(f"{head} binds what does not occur")
        kept = tuple(name for name in names if name not in over)
        return (kept, values.sum(axis=tuple(names.index(name) for name in over))), rest
    if head in CLOSING:
        top, rest = _closed(head, rest, joint)
        if rest[:1] == ["/"]:
            bottom, rest = _closed(rest[1], rest[2:], joint)
            return _combine(np.divide, top, bottom), rest
        return top, rest
    raise ValueError(f"'{head}' is out of place")


def _closed(bracket: str, tokens: list[str], joint: Factor) -> tuple[Table, list[str]]:
    inner, rest = _product(tokens, joint)
    if rest[:1] != [CLOSING[bracket]]:
        raise ValueError(f"'{bracket}' is not closed")
    return inner, rest[1:]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _probability(text: str, joint: Factor) -> Table:
    """P(of | given), by summing and dividing the joint distribution."""
    left, _, right = text[2:-1].partition(" | ")
    of, given = _names(left), _names(right)
    printed = of + given
    plain = [name.rstrip("'") for name in printed]
    if len(set(plain)) < len(plain):
        raise ValueError(f"a variable occurs twice in {text}")
    values = joint.values.sum(axis=tuple(i for i, name in enumerate(joint.axes) if name not in plain))
    left_over = [name for name in joint.axes if name in plain]
    values = values.transpose([left_over.index(name) for name in plain])
    return tuple(printed), values / values.sum(axis=tuple(range(len(of))), keepdims=True)


def _combine(operation: np.ufunc, first: Table, second: Table) -> Table:
    names = tuple(sorted({*first[0], *second[0]}))
    a, b = (_spread(table, names) for table in (first, second))
    return names, np.asarray(operation(a, b), dtype=np.float64)


def _spread(table: Table, names: tuple[str, ...]) -> NDArray[np.float64]:
    own, values = table
    present = [name for name in names if name in own]
    values = values.transpose([own.index(name) for name in present])
    shape = iter(values.shape)
    return values.reshape([next(shape) if name in own else 1 for name in names])
