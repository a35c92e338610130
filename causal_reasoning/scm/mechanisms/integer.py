"""``integer``: a whole number from a range, all equally likely."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, StrictInt

from causal_reasoning.scm.mechanisms.base import Scope, Site, ValueMechanism
from causal_reasoning.scm.quantities import MechanismError, Step

MAXIMUM_VALUES = 1_000


class Integer(ValueMechanism):
    """A whole number drawn uniformly, written in decimal digits.

    Parameters
    ----------
    kind : "integer"
        Names the mechanism.
    low, high : int
        Least and greatest number; at most 1000 numbers in all.

    Examples
    --------
    >>> Integer(kind="integer", low=8, high=11).values(Scope({}, {}, {}))
    ('8', '9', '10', '11')
    """

    kind: Literal["integer"]
    low: Annotated[StrictInt, Field(ge=-(10**6), le=10**6)]
    high: Annotated[StrictInt, Field(ge=-(10**6), le=10**6)]

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return nothing: the node is exogenous."""
        return ()

    def values(self, scope: Scope) -> tuple[str, ...]:
        """Return the numbers in ascending order."""
        if self.low > self.high:
            raise MechanismError(("low",), f"the least number {self.low} is above the greatest, {self.high}; swap them")
        size = self.high - self.low + 1
        if size > MAXIMUM_VALUES:
            raise MechanismError(("high",), f"these are {size:,} numbers; at most {MAXIMUM_VALUES:,} are allowed")
        return tuple(str(number) for number in range(self.low, self.high + 1))

    def site(self, scope: Scope) -> Site:
        """Return a table of shape (numbers,)."""
        size = len(self.values(scope))
        return Site((), np.full(size, 1.0 / size))
