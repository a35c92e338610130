"""The G-test and its permutations, against scipy, statsmodels and enumeration."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association

from causal_reasoning.discovery.independence import codes, holm, independence_test

Numbers = NDArray[np.int64]


def rows_of(table: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    cells = np.repeat(np.arange(table.size), table.ravel())
    return cells // table.shape[1], cells % table.shape[1]


def nothing(rows: int) -> Numbers:
    return np.zeros(rows, dtype=np.int64)


@pytest.mark.parametrize("seed", range(5))
def test_without_a_condition_it_is_scipys_test_and_cramers_v(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(5, 60, size=rng.integers(2, 5, size=2))
    a, b = rows_of(table)
    found = independence_test(a, b, nothing(len(a)), permute=False)
    scipys = chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert found.statistic == pytest.approx(scipys.statistic)
    assert found.degrees == scipys.dof
    assert found.p_value == pytest.approx(scipys.pvalue)
    assert found.effect == pytest.approx(association(table, method="cramer"))
    assert found.rows == table.sum()


def test_strata_add_up() -> None:
    rng = np.random.default_rng(1)
    tables = [rng.integers(10, 40, size=(3, 2)), rng.integers(10, 40, size=(3, 2))]
    sides = [rows_of(table) for table in tables]
    a, b = (np.concatenate([side[k] for side in sides]) for k in (0, 1))
    given = np.repeat([0, 1], [len(side[0]) for side in sides])
    alone = [chi2_contingency(table, correction=False, lambda_="log-likelihood") for table in tables]
    found = independence_test(a, b, given, permute=False)
    assert found.statistic == pytest.approx(sum(one.statistic for one in alone))
    assert found.degrees == 4


def test_a_stratum_with_one_value_of_either_side_says_nothing() -> None:
    a, b, given = np.array([0, 1, 0, 0]), np.array([0, 0, 1, 0]), np.array([0, 0, 1, 1])
    found = independence_test(a, b, given)
    assert (found.degrees, found.p_value, found.effect) == (0, 1.0, 0.0)
    assert found.to_dict()["detectable_v"] is None


def test_few_rows_are_permuted_and_the_p_value_is_that_of_all_permutations() -> None:
    a, b = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 1, 1, 0])
    observed = np.sum(a == b)
    overlaps = [sum(a[i] == b[j] for i, j in enumerate(order)) for order in permutations(range(8))]
    # The statistic grows with the distance of the overlap from its mean, 4.
    exact = np.mean([abs(overlap - 4) >= abs(observed - 4) for overlap in overlaps])
    found = independence_test(a, b, nothing(8), draws=4000, seed=3)
    assert found.method == "permutation"
    assert found.p_value == pytest.approx(exact, rel=0.3)


@pytest.mark.parametrize("permute", [False, True])
def test_independent_columns_are_called_dependent_as_often_as_the_level_says(permute: bool) -> None:
    rng = np.random.default_rng(7)
    rejected = 0
    for trial in range(300):
        given = rng.integers(2, size=200)
        a, b = (rng.random(200) < 0.3 + 0.4 * given).astype(int), (rng.random(200) < 0.7 - 0.4 * given).astype(int)
        rejected += independence_test(a, b, given, draws=99, seed=trial, permute=permute).p_value <= 0.05
    assert 4 <= rejected <= 27  # 15 expected, three and a bit standard deviations


def test_the_detectable_effect_is_found_four_times_out_of_five() -> None:
    rng = np.random.default_rng(5)
    rows = 300
    a = np.repeat([0, 1], rows // 2)
    v = independence_test(a, rng.integers(2, size=rows), nothing(rows)).detectable
    hits = 0
    for _ in range(500):
        b = (rng.random(rows) < 0.5 + np.where(a == 1, v, -v) / 2).astype(int)
        hits += independence_test(a, b, nothing(rows)).p_value <= 0.05
    assert hits / 500 == pytest.approx(0.8, abs=0.06)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_neither_names_nor_the_order_of_rows_count(data: st.DataObject) -> None:
    size = data.draw(st.integers(4, 30))
    a, b, c = (data.draw(st.lists(st.sampled_from("xyz"), min_size=size, max_size=size)) for _ in range(3))
    order = data.draw(st.permutations(range(size)))
    plain = independence_test(codes([a], size), codes([b], size), codes([c], size), draws=50)
    moved = [codes([[column[i] for i in order]], size) for column in (a, b, c)]
    again = independence_test(*moved, draws=50)
    assert again.p_value == plain.p_value
    assert again.statistic == pytest.approx(plain.statistic)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.5))
def test_holms_adjustment_rejects_what_his_steps_reject(p_values: list[float], level: float) -> None:
    rejected = set()
    for step, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] * (len(p_values) - step) > level:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(holm(p_values)) if p <= level} == rejected


def test_holms_adjustment_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
