"""Differences seed by seed, against numbers worked out by hand."""

from __future__ import annotations

import pytest

from causal_reasoning.report.differences import difference, settled
from causal_reasoning.report.results import Arm, Number, SplitResult


def arm(values: tuple[float, ...], seeds: tuple[int, ...]) -> Arm:
    mean = sum(values) / len(values)
    return Arm(
        "a", "graph", None, "", None, seeds, {"do": SplitResult(Number(mean, None, None, values), None, None)}, None
    )


def test_seeds_are_paired_whatever_their_order() -> None:
    ours, theirs = arm((0.72, 0.74, 0.64), (1, 2, 3)), arm((0.47, 0.54, 0.56), (3, 1, 2))
    found = difference(ours, theirs, "do")
    # .18, .18, .17: mean .17667, deviation .0057735, half 4.30265 · .0057735 / √3 = .014342.
    assert found is not None and found.values == pytest.approx((0.18, 0.18, 0.17))
    assert found.mean == pytest.approx(0.176667, abs=1e-6)
    assert found.half == pytest.approx(0.014342, abs=1e-6)
    assert settled(found) is True


def test_only_common_seeds_count() -> None:
    found = difference(arm((0.5, 0.6), (1, 2)), arm((0.4, 0.9), (2, 7)), "do")
    assert found is not None and found.values == pytest.approx((0.2,))
    assert found.half is None and settled(found) is None
    assert difference(arm((0.5,), (1,)), arm((0.4,), (2,)), "do") is None


def test_what_cannot_be_paired_is_not() -> None:
    assert difference(arm((0.5, 0.6), (1,)), arm((0.4,), (1,)), "do") is None  # a value without a seed
    assert difference(arm((0.5,), (1,)), arm((0.4,), (1,)), "reversed") is None


def test_an_interval_with_zero_settles_nothing() -> None:
    found = difference(arm((0.5, 0.6, 0.4), (1, 2, 3)), arm((0.4, 0.7, 0.4), (1, 2, 3)), "do")
    assert found is not None and settled(found) is False
