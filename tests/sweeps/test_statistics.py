"""Means, intervals and the gap: held against scipy, published quantiles and numbers worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from causal_reasoning.sweeps.statistics import gap_closed, summarise, summary_of

thousandths = st.integers(-(10**6), 10**6).map(lambda number: number / 1000)


@given(st.lists(thousandths, min_size=2, max_size=10).filter(lambda values: len(set(values)) > 1))
def test_mean_deviation_and_interval_are_those_of_scipy(values: list[float]) -> None:
    summary = summarise(values)
    assert summary["mean"] == pytest.approx(np.mean(values), abs=1e-9)
    assert summary["sd"] == pytest.approx(np.std(values, ddof=1))
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    scale = max(abs(v) for v in values)
    assert (summary["low"], summary["high"]) == pytest.approx((interval.low, interval.high), rel=1e-9, abs=1e-9 * scale)
    assert summary["values"] == values


@pytest.mark.parametrize(("seeds", "quantile"), [(2, 12.706), (3, 4.303), (5, 2.776), (10, 2.262)])
def test_the_interval_uses_the_quantiles_of_the_printed_tables(seeds: int, quantile: float) -> None:
    # Student's t for a two-sided 95 % interval; values −1 and 1 in turn have known mean and deviation.
    values = [(-1.0) ** i for i in range(seeds)]
    summary = summarise(values)
    half = quantile * summary["sd"] / math.sqrt(seeds)
    assert summary["high"] - summary["mean"] == pytest.approx(half, rel=2e-4)


def test_one_seed_has_no_spread() -> None:
    assert summarise([0.25]) == {"mean": 0.25, "sd": None, "low": None, "high": None, "values": [0.25]}
    same = summarise([0.5, 0.5, 0.5])
    assert (same["sd"], same["low"], same["high"]) == (0, 0.5, 0.5)


def test_the_gap_is_the_share_of_the_way_up() -> None:
    assert gap_closed(0.4, 0.4, 0.75) == 0
    assert gap_closed(0.75, 0.4, 0.75) == 1
    assert gap_closed(0.575, 0.4, 0.75) == pytest.approx(0.5)
    assert gap_closed(0.225, 0.4, 0.75) == pytest.approx(-0.5)
    assert gap_closed(0.82, 0.4, 0.75) == pytest.approx(1.2)
    assert gap_closed(0.5, 0.4, 0.4) is None
    assert gap_closed(0.5, 0.4, 0.3) is None


def record(arm: str, seed: int, do: float | None, kind: str = "graph", worst: float | None = None) -> dict[str, Any]:
    splits: dict[str, Any] = {"same": {"title": "same distribution", "exact_match": 0.9, "nll": 1.0 + seed}}
    if do is not None:
        splits["do"] = {"title": "do(skill)", "exact_match": do, "nll": 2.0}
        if worst is not None:
            splits["do"]["worst_stratum"] = {"name": "a", "exact_match": worst}
    plan = {"estimator": "weighting", "realisation": "resampling"} if kind == "graph" else None
    return {
        "arm": arm,
        "kind": kind,
        "seed": seed,
        "graph": {"name": arm} if kind == "graph" else None,
        "derivation": {"plan": plan} if plan else None,
        "splits": splits,
    }


RECORDS = [
    *(record("reasoning", seed, do) for seed, do in ((2, 0.69), (1, 0.72), (3, 0.66))),
    *(record("erm", seed, do) for seed, do in ((1, 0.39), (2, 0.40), (3, 0.40))),
    *(record("top", seed, do, "ceiling") for seed, do in ((1, 0.73), (2, 0.75), (3, 0.71))),
    *(record("none", seed, 0.0, "base") for seed in (1, 2, 3)),
]


def arm(summary: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(arm for arm in summary["arms"] if arm["name"] == name)
    return found


def test_the_gap_is_closed_seed_by_seed() -> None:
    """The published study: floor .39 .40 .40, weights .72 .69 .66, ceiling .73 .75 .71."""
    summary = summary_of(RECORDS, experiment="letters", floor="erm")
    shares = [(0.72 - 0.39) / 0.34, (0.69 - 0.40) / 0.35, (0.66 - 0.40) / 0.31]
    assert shares == pytest.approx([0.97, 0.83, 0.84], abs=0.005)
    closed = arm(summary, "reasoning")["gap_closed"]
    assert closed["values"] == pytest.approx(shares)
    assert closed["mean"] == pytest.approx(sum(shares) / 3)
    assert arm(summary, "reasoning")["splits"]["do"]["exact_match"]["mean"] == pytest.approx(0.69)
    assert arm(summary, "reasoning")["splits"]["same"]["nll"]["values"] == [2.0, 3.0, 4.0]
    assert all(arm(summary, name)["gap_closed"] is None for name in ("erm", "top", "none"))
    assert summary["reference"] == {"floor": "erm", "ceiling": "top", "split": "do"}


def test_arms_stand_in_the_order_asked_for_and_else_base_graphs_ceiling() -> None:
    assert [a["name"] for a in summary_of(RECORDS, experiment="e")["arms"]] == ["none", "erm", "reasoning", "top"]
    ordered = summary_of(RECORDS, experiment="e", order=["top", "reasoning"])
    assert [a["name"] for a in ordered["arms"]] == ["top", "reasoning", "none", "erm"]
    assert [a["seeds"] for a in ordered["arms"]] == [[1, 2, 3]] * 4


def test_a_gap_is_only_told_where_all_three_ends_were_measured() -> None:
    some = [
        r for r in RECORDS if not (r["arm"] == "erm" and r["seed"] == 1) and not (r["arm"] == "top" and r["seed"] == 2)
    ]
    summary = summary_of(some, experiment="e", floor="erm")
    assert arm(summary, "reasoning")["gap_closed"]["values"] == pytest.approx([(0.66 - 0.40) / 0.31])
    without = [r for r in RECORDS if r["kind"] != "ceiling"]
    summary = summary_of(without, experiment="e", floor="erm")
    assert arm(summary, "reasoning")["gap_closed"] is None
    assert summary["reference"]["ceiling"] is None


def test_a_floor_that_was_not_run_is_replaced_by_the_first_graph() -> None:
    some = [r for r in RECORDS if r["arm"] != "erm"]
    assert summary_of(some, experiment="e", floor="erm")["reference"]["floor"] == "reasoning"


def test_splits_and_strata_that_only_some_runs_have() -> None:
    records = [record("a", 1, 0.5, worst=0.1), record("a", 2, None), record("a", 3, 0.7, worst=0.3)]
    splits = arm(summary_of(records, experiment="e"), "a")["splits"]
    assert splits["do"]["exact_match"]["values"] == [0.5, 0.7]
    assert splits["do"]["worst_stratum"]["mean"] == pytest.approx(0.2)
    assert splits["same"]["exact_match"]["values"] == [0.9] * 3
    assert "worst_stratum" not in splits["same"]


def test_what_failed_is_passed_on() -> None:
    failed = [{"arm": "a", "seed": 1, "error": "no"}]
    assert summary_of([], experiment="e", failed=failed)["failed"] == failed
    assert summary_of([], experiment="e")["arms"] == []
