"""The binary toy: z -> x, z -> y, x -> y, with numbers small enough to check by hand."""

from __future__ import annotations

from itertools import product

# P(z=1) = 1/2; P(x=1 | z) = .2, .9; P(y=1 | x, z): x0 (.1, .6), x1 (.3, .8).
P_Z = (0.5, 0.5)
P_X = (0.2, 0.9)
P_Y = ((0.1, 0.6), (0.3, 0.8))

#: π(x)/P(x | z) with the marginal π: P(x=1) = (.2 + .9)/2 = .55. By x, then z.
WEIGHTS = ((0.5625, 4.5), (2.75, 0.6111111111111111))


def toy_rows() -> dict[str, list[str]]:
    """A thousand rows in which every frequency is exactly the probability."""
    columns: dict[str, list[str]] = {"x": [], "y": [], "z": []}
    for z, x, y in product(range(2), repeat=3):
        p_x = P_X[z] if x else 1 - P_X[z]
        p_y = P_Y[x][z] if y else 1 - P_Y[x][z]
        count = round(1000 * P_Z[z] * p_x * p_y)
        columns["x"] += [str(x)] * count
        columns["y"] += [str(y)] * count
        columns["z"] += [str(z)] * count
    return columns
