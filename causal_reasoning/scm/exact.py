"""Exact probabilities over the categorical nodes, by eliminating one variable after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms import Site

MAXIMUM_CELLS = 10_000_000
Array = NDArray[np.float64]


class TooLargeError(Exception):
    """An intermediate table would have more than ten million cells."""


def joint(sites: Mapping[str, Site], wanted: Sequence[str]) -> Array:
    """Sum all other nodes out of the product of the conditional tables.

    Parameters
    ----------
    sites : mapping of str to Site
        A table without event axes for each categorical node; parents are among the keys.
    wanted : sequence of str
        The nodes to keep.

    Returns
    -------
    ndarray
        One axis for each wanted node, in that order; sums to one.

    Raises
    ------
    TooLargeError
        If an intermediate table exceeds `MAXIMUM_CELLS`; cost is exponential in the width of the graph.

    Examples
    --------
    >>> z = Site((), np.array([0.5, 0.5]))
    >>> x = Site(("z",), np.array([[0.8, 0.2], [0.1, 0.9]]))
    >>> joint({"z": z, "x": x}, ["x"]).round(2).tolist()
    [0.45, 0.55]

    References
    ----------
    N. L. Zhang and D. Poole, "A simple approach to Bayesian network computations" (1994).
    """
    needed: set[str] = set()
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name not in needed:
            needed.add(name)
            queue.extend(sites[name].parents)
    size = {name: sites[name].table.shape[-1] for name in needed}
    factors = [((*sites[name].parents, name), sites[name].table) for name in sorted(needed)]
    hidden = needed - set(wanted)
    while hidden:
        # The cheapest elimination first; ties in alphabetical order.
        name = min(sorted(hidden), key=lambda node: _cells(_scope(factors, node), size))
        touching = [factor for factor in factors if name in factor[0]]
        axes = tuple(axis for axis in _scope(factors, name) if axis != name)
        factors = [factor for factor in factors if name not in factor[0]]
        factors.append((axes, _product(touching, axes, size)))
        hidden.remove(name)
    return _product(factors, tuple(wanted), size)


def _scope(factors: Sequence[tuple[tuple[str, ...], Array]], name: str) -> tuple[str, ...]:
    return tuple(sorted({axis for axes, _ in factors if name in axes for axis in axes}))


def _cells(axes: Sequence[str], size: Mapping[str, int]) -> int:
    cells = 1
    for axis in axes:
        cells *= size[axis]
    return cells


def _product(factors: Sequence[tuple[tuple[str, ...], Array]], keep: tuple[str, ...], size: Mapping[str, int]) -> Array:
    """Multiply factors and sum out every axis that is not kept."""
    if not factors:
        return np.ones(())
    names = sorted({axis for axes, _ in factors for axis in axes} | set(keep))
    if _cells(names, size) > MAXIMUM_CELLS or len(names) > 50:
        raise TooLargeError
    number = {name: index for index, name in enumerate(names)}
    operands: list[object] = []
    for axes, table in factors:
        operands += [table, [number[axis] for axis in axes]]
    result: Array = np.einsum(*operands, [number[axis] for axis in keep], optimize="greedy")  # type: ignore[call-overload]
    return result
