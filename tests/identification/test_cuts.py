"""Minimal cuts of directed graphs against brute force."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.identification.bitsets import closure
from causal_reasoning.identification.cuts import Network, all_minimal_cuts, has_cut, nearest_cut


def minimal_cuts(network: Network) -> list[int]:
    """All minimal cuts, by trying all sets, small ones first."""
    pool = [1 << i for i in range(len(network.after)) if network.cuttable >> i & 1]
    found: list[int] = []
    for size in range(len(pool) + 1):
        for chosen in itertools.combinations(pool, size):
            mask = sum(chosen)
            smaller = any(other & mask == other for other in found)
            if not smaller and not closure(network.after, 1, ~mask) >> network.target & 1:
                found.append(mask)
    return found


@settings(max_examples=400, deadline=None)
@given(st.integers(2, 8), st.data())
def test_directed_cuts(size: int, data: st.DataObject) -> None:
    rows = [data.draw(st.integers(0, (1 << size) - 1)) for _ in range(size)]
    cuttable = data.draw(st.integers(0, (1 << size) - 1)) & ~1 & ~(1 << size - 1)
    network = Network(rows, 0, size - 1, cuttable)
    truth = minimal_cuts(network)
    assert sorted(all_minimal_cuts(network)) == sorted(truth)
    assert has_cut(network) == bool(truth)
    near = nearest_cut(network)
    if near is None:
        assert not truth
        return
    assert near in truth
    back = network.before
    beyond = closure(back, 1 << size - 1, ~near)
    assert all(beyond & ~closure(back, 1 << size - 1, ~mask) == 0 for mask in truth)


def test_a_ladder_with_many_cuts_is_listed_one_by_one() -> None:
    # Forty parallel chains of two nodes: 2 ** 40 minimal cuts, of which the first come at once.
    size = 82
    rows = [sum(1 << 2 * k + 1 for k in range(40))] + [0] * (size - 1)
    for k in range(40):
        rows[2 * k + 1] = 1 << 2 * k + 2
        rows[2 * k + 2] = 1 << 81
    cuts = list(itertools.islice(all_minimal_cuts(Network(rows, 0, 81, (1 << 81) - 2)), 200))
    assert len(set(cuts)) == 200
    assert all(mask.bit_count() == 40 for mask in cuts)
