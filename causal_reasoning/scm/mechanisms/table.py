"""``table``: a value with probabilities that depend on the values of other nodes."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from causal_reasoning.errors import did_you_mean
from causal_reasoning.scm.mechanisms.base import Scope, Site, ValueMechanism, check_cells, unique_values
from causal_reasoning.scm.mechanisms.categorical import Value
from causal_reasoning.scm.quantities import MechanismError, Number, Step, distribution


class Row(BaseModel):
    """One row of a table.

    Parameters
    ----------
    when : mapping of str to str or list of str
        Parents and the values for which the row holds; a parent that is left out may have any value.
    then : mapping of str to number
        Probability of each value of the node; left out: zero.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: dict[str, str | tuple[str, ...]] = {}
    then: dict[str, Number]


class Table(ValueMechanism):
    """A value drawn from the first row whose condition holds.

    Parameters
    ----------
    kind : "table"
        Names the mechanism.
    given : list of str
        The parents: nodes with a list of values.
    values : list of str
        The values of the node.
    rows : list of Row
        Tried in order; together they must cover every combination of the parents' values.
    """

    kind: Literal["table"]
    given: Annotated[tuple[str, ...], Field(min_length=1, max_length=12)]
    values_: Annotated[tuple[Value, ...], Field(alias="values", min_length=1, max_length=1000)]
    rows: Annotated[tuple[Row, ...], Field(min_length=1)]

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the nodes under ``given``."""
        return tuple((name, ("given", index)) for index, name in enumerate(self.given))

    def values(self, scope: Scope) -> tuple[str, ...]:
        """Return the list."""
        return unique_values(self.values_, ("values",))

    def site(self, scope: Scope) -> Site:
        """Return a table of shape (values of each parent …, values)."""
        unique_values(self.given, ("given",))
        values = self.values(scope)
        domains = [scope.values_of(name, path) for name, path in self.parents()]
        shape = tuple(len(domain) for domain in domains)
        check_cells((*shape, len(values)), ("given",))
        table = np.zeros((*shape, len(values)))
        open_cells = np.ones(shape, dtype=bool)
        for index, row in enumerate(self.rows):
            holds = open_cells & self._condition(index, row, domains, shape)
            if not holds.any():
                raise MechanismError(
                    ("rows", index), "this row is never reached: the rows above it cover all its cases"
                )
            table[holds] = distribution(row.then, values, scope.parameters, ("rows", index, "then"))
            open_cells &= ~holds
        if open_cells.any():
            cell = np.argwhere(open_cells)[0]
            missing = ", ".join(f"{n}: {d[i]}" for n, d, i in zip(self.given, domains, cell, strict=True))
            raise MechanismError(("rows",), f"no row covers {{{missing}}}; add it, or a last row without 'when'")
        return Site(self.given, table)

    def _condition(
        self, index: int, row: Row, domains: list[tuple[str, ...]], shape: tuple[int, ...]
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Mark the cells for which the row's condition holds."""
        mask = np.ones(shape, dtype=bool)
        for name, wanted in row.when.items():
            path = ("rows", index, "when", name)
            if name not in self.given:
                raise MechanismError(path, f"'{name}' is not under 'given'; {did_you_mean(name, self.given)}")
            axis = self.given.index(name)
            allowed = (wanted,) if isinstance(wanted, str) else wanted
            for value in allowed:
                if value not in domains[axis]:
                    raise MechanismError(path, f"'{name}' has no value '{value}'; {did_you_mean(value, domains[axis])}")
            along = np.array([value in allowed for value in domains[axis]])
            mask &= along.reshape([-1 if i == axis else 1 for i in range(len(shape))])
        return mask
