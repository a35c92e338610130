"""The systematic sampler: counts within one of what the weights say, and the same order again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.data.sampling import SystematicSampler

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
