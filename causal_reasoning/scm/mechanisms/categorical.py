"""``categorical``: a value from a list, without causes."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from causal_reasoning.scm.mechanisms.base import Scope, Site, ValueMechanism, unique_values
from causal_reasoning.scm.quantities import MechanismError, Number, Step, distribution

Value = Annotated[str, Field(min_length=1, max_length=200)]


class Categorical(ValueMechanism):
    """A value drawn from a list, uniformly or with given probabilities.

    Parameters
    ----------
    kind : "categorical"
        Names the mechanism.
    values : list of str
        At least one, all different.
    probabilities : mapping of str to number, optional
        Probability of each value, left out: zero; without the key all values are equally likely.

    Examples
    --------
    >>> Categorical(kind="categorical", values=["a", "b"]).parents()
    ()
    """

    kind: Literal["categorical"]
    values_: Annotated[tuple[Value, ...], Field(alias="values", min_length=1, max_length=1000)]
    probabilities: dict[str, Number] | None = None

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return nothing: the node is exogenous."""
        return ()

    def values(self, scope: Scope) -> tuple[str, ...]:
        """Return the list."""
        return unique_values(self.values_, ("values",))

    def site(self, scope: Scope) -> Site:
        """Return a table of shape (values,)."""
        values = self.values(scope)
        if self.probabilities is None:
            return Site((), np.full(len(values), 1.0 / len(values)))
        if not self.probabilities:
            raise MechanismError(("probabilities",), "no probability is given; leave the key out for uniform values")
        return Site((), distribution(self.probabilities, values, scope.parameters, ("probabilities",)))
