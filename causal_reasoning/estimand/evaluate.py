"""A table of numbers over named axes: what an estimand is evaluated on, and what comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causal_reasoning.errors import did_you_mean


@dataclass(frozen=True, eq=False)
class Factor:
    """A function of discrete variables, one array axis for each.

    Parameters
    ----------
    axes : tuple of str
        The variable of each axis.
    values : ndarray of float
        One entry for each combination of values; it is copied, and the copy cannot be written to.

    Raises
    ------
    ValueError
        If an axis is named twice, if names and array axes differ in number, or if a value is not finite.

    Examples
    --------
    >>> joint = Factor(("x", "y"), [[0.1, 0.3], [0.2, 0.4]])
    >>> joint.marginalise(["y"]).values.round(3).tolist()
    [0.4, 0.6]
    >>> joint.condition(["x"]).at(x=0).values.round(3).tolist()
    [0.25, 0.75]

    Notes
    -----
    Axes are matched by name: what an operation returns has its axes in sorted order.
    """

    axes: tuple[str, ...]
    values: NDArray[np.float64]

    def __init__(self, axes: Iterable[str], values: ArrayLike) -> None:
        names = (axes,) if isinstance(axes, str) else tuple(axes)
        table = np.array(values, dtype=np.float64)
        if len(set(names)) < len(names):
            raise ValueError(f"an axis is named twice: {', '.join(names)}")
        if table.ndim != len(names):
            raise ValueError(f"{len(names)} axes are named ({', '.join(names)}), the table has {table.ndim}")
        if not np.isfinite(table).all():
            raise ValueError(f"the table over {', '.join(names) or 'nothing'} has values that are not finite")
        table.setflags(write=False)
        object.__setattr__(self, "axes", names)
        object.__setattr__(self, "values", table)

    @property
    def sizes(self) -> dict[str, int]:
        """The number of values of each variable."""
        return dict(zip(self.axes, self.values.shape, strict=True))

    def aligned(self, axes: Iterable[str]) -> NDArray[np.float64]:
        """Return the values with the axes in another order; an axis that is absent gets length one.

        Parameters
        ----------
        axes : iterable of str
            The order; it must name every axis.

        Returns
        -------
        ndarray
            A read-only view that broadcasts against any other factor aligned to the same axes.
        """
        order = tuple(axes)
        missing = [name for name in self.axes if name not in order]
        if missing:
            raise ValueError(f"axis '{missing[0]}' of the factor is not among {', '.join(order) or 'nothing'}")
        present = [name for name in order if name in self.axes]
        table = self.values.transpose([self.axes.index(name) for name in present])
        sizes = self.sizes
        return table.reshape([sizes.get(name, 1) for name in order])

    def multiply(self, other: Factor) -> Factor:
        """Multiply entry by entry; the result ranges over the variables of both."""
        axes = self._joined(other)
        return Factor(axes, self.aligned(axes) * other.aligned(axes))

    def divide(self, other: Factor) -> Factor:
        """Divide entry by entry, with 0/0 = 0.

        Raises
        ------
        ZeroDivisionError
            If something other than zero is divided by zero.
        """
        axes = self._joined(other)
        top, bottom = np.broadcast_arrays(self.aligned(axes), other.aligned(axes))
        empty = bottom == 0
        if (empty & (top != 0)).any():
            raise ZeroDivisionError(f"a positive value over {', '.join(axes)} is divided by zero")
        result = np.zeros(top.shape)
        np.divide(top, bottom, out=result, where=~empty)
        return Factor(axes, result)

    def marginalise(self, over: Iterable[str]) -> Factor:
        """Sum over some variables.

        Parameters
        ----------
        over : iterable of str
            The variables that disappear.
        """
        gone = self._own(over)
        kept = sorted(set(self.axes) - gone)
        summed = self.values.sum(axis=tuple(i for i, name in enumerate(self.axes) if name in gone))
        return Factor([name for name in self.axes if name not in gone], summed)._sorted(kept)

    def condition(self, given: Iterable[str]) -> Factor:
        """Divide by the marginal of some variables: P(all the others | given).

        Parameters
        ----------
        given : iterable of str
            The variables that are conditioned on. Where they have probability zero the result is zero.
        """
        return self.divide(self.marginalise(set(self.axes) - self._own(given)))

    def at(self, values: Mapping[str, int] | None = None, **more: int) -> Factor:
        """Fix variables at given positions; they are no axes of the result.

        Parameters
        ----------
        values : mapping of str to int, optional
            Position for each variable, for names that are no Python identifiers.
        **more : int
            The same as keywords.
        """
        fixed = {**(values or {}), **more}
        self._own(fixed)
        for name, position in fixed.items():
            if not 0 <= position < self.sizes[name]:
                raise ValueError(f"'{name}' has {self.sizes[name]} values; there is no position {position}")
        index = tuple(fixed[name] if name in fixed else slice(None) for name in self.axes)
        left = [name for name in self.axes if name not in fixed]
        return Factor(left, self.values[index])._sorted(sorted(left))

    def require_distribution(self) -> None:
        """Raise ``ValueError`` unless the entries are probabilities that sum to one."""
        total = float(self.values.sum())
        if (self.values < 0).any() or abs(total - 1) > 1e-6:
            raise ValueError(
                f"the table over {', '.join(self.axes)} is not a joint distribution: its smallest entry is "
                f"{float(self.values.min()):g} and its sum is {total:g}"
            )

    def _joined(self, other: Factor) -> list[str]:
        for name, size in other.sizes.items():
            if self.sizes.get(name, size) != size:
                raise ValueError(f"'{name}' has {self.sizes[name]} values in one table and {size} in another")
        return sorted({*self.axes, *other.axes})

    def _own(self, names: Iterable[str]) -> set[str]:
        found = {names} if isinstance(names, str) else set(names)
        for name in sorted(found - set(self.axes)):
            raise ValueError(f"the table has no variable '{name}'; {did_you_mean(name, self.axes)}")
        return found

    def _sorted(self, axes: list[str]) -> Factor:
        return Factor(axes, self.aligned(axes))
