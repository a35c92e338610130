"""Samplers: counts within one of what weights or groups say, and the same order again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.data.sampling import GroupBalancedSampler, SystematicSampler

weights = st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any)


@given(weights, st.integers(0, 2**31 - 1), st.integers(0, 5))
def test_every_row_is_drawn_as_often_as_its_weight_says_rounded_up_or_down(
    numbers: list[int], seed: int, epoch: int
) -> None:
    sampler = SystematicSampler(np.array(numbers, dtype=float), seed)
    sampler.set_epoch(epoch)
    drawn = Counter(sampler)
    n, total = len(numbers), sum(numbers)
    assert drawn.total() == len(sampler) == n
    for row, weight in enumerate(numbers):
        # Floor and ceiling of n·w/Σw in whole numbers.
        assert n * weight // total <= drawn[row] <= -(-n * weight // total)


@given(st.integers(1, 200), st.floats(1e-6, 1e6), st.integers(0, 1000))
def test_equal_weights_draw_every_row_once(rows: int, weight: float, seed: int) -> None:
    assert sorted(SystematicSampler(np.full(rows, weight), seed)) == list(range(rows))


def test_the_expected_count_is_the_weight() -> None:
    numbers = np.array([0.5, 1.0, 2.5, 0.1, 0.9])
    drawn = Counter(row for seed in range(4000) for row in SystematicSampler(numbers, seed))
    expected = numbers / numbers.sum() * 5
    # A count has a variance of at most 1/4 round its expectation: four standard errors are 4·.5/√4000 = .032.
    assert np.array([drawn[i] / 4000 for i in range(5)]) == pytest.approx(expected, abs=0.032)


def test_the_order_depends_on_seed_and_epoch_only() -> None:
    numbers = np.linspace(0.1, 3, 50)
    first, second = SystematicSampler(numbers, 7), SystematicSampler(numbers, 7)
    orders = []
    for epoch in (0, 1, 2):
        first.set_epoch(epoch)
        second.set_epoch(epoch)
        assert list(first) == list(first) == list(second)
        orders.append(tuple(first))
    orders.append(tuple(SystematicSampler(numbers, 8)))
    assert len(set(orders)) == 4


def test_a_draw_at_the_very_end_of_the_line_is_still_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    class Last(np.random.Generator):
        def random(self, *arguments: object, **options: object) -> float:  # type: ignore[override]
            return 1 - 2.0**-53

    monkeypatch.setattr(np.random, "default_rng", lambda seed: Last(np.random.PCG64(0)))
    assert set(SystematicSampler(np.full(1000, 0.1), 0)) <= set(range(1000))
    assert set(SystematicSampler(np.array([0.0, 1.0, 0.0]), 0)) == {1}


@pytest.mark.parametrize("bad", [[], [[1.0]], [-1.0, 2.0], [float("nan")], [float("inf")], [0.0, 0.0]])
def test_impossible_weights_are_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="weight"):
        SystematicSampler(np.array(bad), 0)


groupings = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(
    lambda numbers: np.array([sorted(set(numbers)).index(n) for n in numbers])
)


@given(groupings, st.integers(1, 20), st.integers(0, 2**31 - 1), st.integers(0, 5))
def test_every_batch_holds_equally_many_rows_of_each_group(
    groups: np.ndarray, batch_size: int, seed: int, epoch: int
) -> None:
    sampler = GroupBalancedSampler(groups, batch_size, seed)
    sampler.set_epoch(epoch)
    drawn = list(sampler)
    assert len(drawn) == len(sampler) == len(groups)
    count = int(groups.max()) + 1
    for start in range(0, len(drawn), batch_size):
        batch = groups[drawn[start : start + batch_size]]
        held = Counter(batch.tolist())
        assert all(len(batch) // count <= held[group] <= -(-len(batch) // count) for group in range(count))
    for group in range(count):
        rows = np.flatnonzero(groups == group)
        often = Counter(row for row in drawn if groups[row] == group)
        places = sum(often.values())
        assert all(places // len(rows) <= often[int(row)] <= -(-places // len(rows)) for row in rows)


def test_the_order_within_groups_depends_on_seed_and_epoch_only() -> None:
    groups = np.array([0] * 30 + [1] * 10)
    first, second = GroupBalancedSampler(groups, 8, 7), GroupBalancedSampler(groups, 8, 7)
    orders = []
    for epoch in (0, 1):
        first.set_epoch(epoch)
        second.set_epoch(epoch)
        assert list(first) == list(first) == list(second)
        orders.append(tuple(first))
    orders.append(tuple(GroupBalancedSampler(groups, 8, 8)))
    assert len(set(orders)) == 3
    # A batch is not sorted by group.
    assert len({tuple(groups[list(order[:8])]) for order in orders}) > 1


@pytest.mark.parametrize(("groups", "batch"), [([], 1), ([-1, 0], 1), ([0, 2], 1), ([0, 1], 0)])
def test_impossible_groups_are_refused(groups: list[int], batch: int) -> None:
    with pytest.raises(ValueError, match=r"group|batch"):
        GroupBalancedSampler(np.array(groups, dtype=np.int64), batch, 0)
