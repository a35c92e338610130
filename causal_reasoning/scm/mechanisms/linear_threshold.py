"""``linear_threshold``: a class that says between which thresholds a weighted sum of whole numbers lies."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from causal_reasoning.scm.mechanisms.base import Scope, Site, ValueMechanism, check_cells, unique_values
from causal_reasoning.scm.mechanisms.categorical import Value
from causal_reasoning.scm.mechanisms.numbers import whole_numbers
from causal_reasoning.scm.quantities import MechanismError, Number, Step, real

Weights = Annotated[dict[str, Number], Field(min_length=1, max_length=12)]
Thresholds = Annotated[tuple[Number, ...], Field(min_length=1, max_length=20)]


class LinearThreshold(ValueMechanism):
    """A value for every interval between thresholds, and that in which the sum Σ weight · parent lies.

    Parameters
    ----------
    kind : "linear_threshold"
        Names the mechanism.
    weights : mapping of str to number
        The parents, nodes whose values are whole numbers, each with its weight in the sum.
    thresholds : list of number
        From small to great.
    values : list of str
        One more than thresholds: the first if the sum is over none, the second if it is over one, and so on.
    """

    kind: Literal["linear_threshold"]
    weights: Weights
    thresholds: Thresholds
    values_: Annotated[tuple[Value, ...], Field(alias="values", min_length=2, max_length=21)]

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the nodes that have a weight."""
        return tuple((name, ("weights", name)) for name in self.weights)

    def values(self, scope: Scope) -> tuple[str, ...]:
        """Return the list."""
        if len(self.values_) != len(self.thresholds) + 1:
            given = f"{len(self.thresholds)} thresholds and {len(self.values_)} values"
            raise MechanismError(("values",), f"there are {given}; one value more than thresholds is needed")
        return unique_values(self.values_, ("values",))

    def site(self, scope: Scope) -> Site:
        """Return a table of shape (values of each parent …, values), with a single one in every row."""
        values = self.values(scope)
        numbers = [whole_numbers(name, scope.values_of(name, path), path) for name, path in self.parents()]
        shape = tuple(len(column) for column in numbers)
        check_cells((*shape, len(values)), ("weights",))
        total = np.zeros(shape)
        for axis, (name, column) in enumerate(zip(self.weights, numbers, strict=True)):
            weight = real(self.weights[name], scope.parameters, ("weights", name))
            total += weight * np.array(column).reshape([-1 if i == axis else 1 for i in range(len(shape))])
        limits = resolved_thresholds(self.thresholds, scope)
        table = np.eye(len(values))[(total[..., None] > np.array(limits)).sum(-1)]
        return Site(tuple(self.weights), table)


def resolved_thresholds(thresholds: tuple[float | int | str, ...], scope: Scope) -> list[float]:
    """Resolve thresholds; `MechanismError` at one that is not above the one before."""
    limits = [real(limit, scope.parameters, ("thresholds", i)) for i, limit in enumerate(thresholds)]
    for index, (low, high) in enumerate(pairwise(limits), start=1):
        if high <= low:
            raise MechanismError(
                ("thresholds", index), f"{high:g} is not above {low:g}; write them from small to great"
            )
    return limits
