"""The running filter of a mixture over strata: whole answers are averaged, one token at a time.

The mixture Σ_z P(z) p(y | x, z) of whole answers writes its k-th token with the probability

    Σ_z π_k(z) p(y_k | y_<k, x, z),   π_k(z) ∝ P(z) Π_{s<k} p(y_s | y_<s, x, z):

what is written tells which stratum one is in. Averaging each token with P(z) instead draws z anew for each token, which
is the average of nothing.
"""

from __future__ import annotations

from causal_reasoning.objective.loss import Array

LOG_PRIOR = "log P(z)"
"""Where `Step.memory` holds log P(z), shape (K,), for losses that average over strata."""


def earlier(values: Array, rows: Array) -> Array:
    """Sum, for each written position, a quantity over the earlier positions of the same row.

    Parameters
    ----------
    values : array of shape (P,)
        One number a position.
    rows : array of shape (P,)
        The row of each position, ascending; positions of a row in their order.

    Returns
    -------
    array of shape (P,)
        Zero at the first position of each row.
    """
    ones = rows * 0 + 1
    length = rows.new_zeros(int(rows.max()) + 1).index_add(0, rows, ones)
    place = ones.cumsum(0) - 1 - (length.cumsum(0) - length)[rows]
    table = values.new_zeros((len(length), int(length.max())))
    table[rows, place] = values
    return table.cumsum(1)[rows, place] - values
