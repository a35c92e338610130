"""``level``: a whole number near a centre that may depend on another node."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, StrictInt

from causal_reasoning.errors import did_you_mean
from causal_reasoning.scm.mechanisms.base import Scope, Site, ValueMechanism
from causal_reasoning.scm.quantities import MechanismError, Number, Step, real

LEAST_SPREAD = 0.001
Bound = Annotated[StrictInt, Field(ge=-999, le=999)]


class Level(ValueMechanism):
    """A whole number k with probability proportional to exp(−(k − centre)² / (2 spread²)), on a range.

    Parameters
    ----------
    kind : "level"
        Names the mechanism.
    least, greatest : int
        The range; both ends belong to it.
    spread : number
        How far the values scatter around the centre, 0.001 to 1000.
    centre : number, optional
        The same centre for all rows.
    by : str, optional
        In its place: a node with a list of values that chooses the centre.
    centres : mapping of str to number, optional
        With ``by``: the centre for every value of that node; it may lie between whole numbers or outside the range.
    """

    kind: Literal["level"]
    least: Bound
    greatest: Bound
    spread: Number
    centre: Number | None = None
    by: str | None = None
    centres: dict[str, Number] | None = None

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the node that chooses the centre."""
        return () if self.by is None else ((self.by, ("by",)),)

    def values(self, scope: Scope) -> tuple[str, ...]:
        """Return the whole numbers of the range, as text."""
        if self.least > self.greatest:
            raise MechanismError(("least",), f"{self.least} is above the greatest, {self.greatest}; swap them")
        return tuple(str(number) for number in range(self.least, self.greatest + 1))

    def site(self, scope: Scope) -> Site:
        """Return a table of shape (values of the parent, values), or (values,) without one."""
        numbers = np.array([int(value) for value in self.values(scope)], dtype=float)
        spread = real(self.spread, scope.parameters, ("spread",))
        if not LEAST_SPREAD <= spread <= 1 / LEAST_SPREAD:
            limits = f"{LEAST_SPREAD:g} and {1 / LEAST_SPREAD:g}"
            raise MechanismError(("spread",), f"a spread must lie between {limits}, this is {spread:g}")
        if (self.centre is None) == (self.by is None) or (self.by is None) != (self.centres is None):
            raise MechanismError((), "a level has either 'centre', or 'by' and 'centres'")
        if self.by is None or self.centres is None:
            centres = np.array(real(self.centre if self.centre is not None else 0, scope.parameters, ("centre",)))
        else:
            centres = np.array(self._centres(scope, self.by, self.centres))
        distance = (numbers - centres[..., None]) ** 2 / (2.0 * spread**2)
        table = np.exp(distance.min(-1, keepdims=True) - distance)
        table /= table.sum(-1, keepdims=True)
        return Site(() if self.by is None else (self.by,), table)

    def _centres(self, scope: Scope, by: str, centres: dict[str, float | int | str]) -> list[float]:
        values = scope.values_of(by, ("by",))
        for value in centres:
            if value not in values:
                near = did_you_mean(value, values)
                raise MechanismError(("centres", value), f"'{by}' has no value '{value}'; {near}")
        for value in values:
            if value not in centres:
                raise MechanismError(("centres",), f"there is no centre for {by} '{value}'; add one")
        return [real(centres[value], scope.parameters, ("centres", value)) for value in values]
