"""Importance weights: hand-computed numbers, the laws they obey, and when they are refused."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.objective.plan import Policy, WeightModel
from causal_reasoning.objective.weights import fit_weights
from tests.objective.toy import WEIGHTS, toy_rows


def model(policy: Policy = "marginal", stratum: tuple[str, ...] = ("z",)) -> WeightModel:
    return WeightModel(("x",), stratum, ("x",), stratum, policy)


def mean_of_y(columns: dict[str, list[str]], weights: NDArray[np.float64], x: str) -> float:
    """Weighted P(y=1 | x)."""
    chosen = np.array([value == x for value in columns["x"]])
    return float(np.average(np.array(columns["y"], dtype=float)[chosen], weights=weights[chosen]))


def test_the_toy_has_the_weights_and_the_answers_that_were_computed_by_hand() -> None:
    columns = toy_rows()
    assert len(columns["x"]) == 1000
    fitted = fit_weights(model(), columns)
    fitted_weights = [[fitted.table[(x,), (z,)] for z in "01"] for x in "01"]
    assert np.array(fitted_weights) == pytest.approx(np.array(WEIGHTS), abs=1e-12)
    weights = fitted.apply(columns)
    # Observed: .1556 = (.4·.1 + .05·.6)/.45 and .7091 = (.1·.3 + .45·.8)/.55; under do(x): averages over z.
    assert mean_of_y(columns, np.ones(1000), "0") == pytest.approx(0.07 / 0.45)
    assert mean_of_y(columns, np.ones(1000), "1") == pytest.approx(0.39 / 0.55)
    assert mean_of_y(columns, weights, "0") == pytest.approx(0.35)
    assert mean_of_y(columns, weights, "1") == pytest.approx(0.55)
    # Kish: (Σw)²/Σw² = 1 / E[w²] = .4846 of the rows.
    assert fitted.report.effective_share == pytest.approx(0.4846, abs=5e-5)
    assert fitted.report.effective_sample_size == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert fitted.report.largest_weight == pytest.approx(4.5)
    for (z,), size in fitted.report.strata.items():
        own = weights[np.array(columns["z"]) == z]
        assert size == pytest.approx(own.sum() ** 2 / (own**2).sum())


def test_other_policies_of_the_toy() -> None:
    columns = toy_rows()
    uniform = fit_weights(model("uniform"), columns)
    assert uniform.apply({"x": ["0", "1"], "z": ["0", "1"]}) == pytest.approx([0.5 / 0.8, 0.5 / 0.9])
    table = fit_weights(model(((("0",), 0.25), (("1",), 0.75))), columns)
    assert table.apply({"x": ["0", "1"], "z": ["1", "0"]}) == pytest.approx([0.25 / 0.1, 0.75 / 0.2])
    weights = table.apply(columns)
    assert weights[np.array(columns["x"]) == "1"].sum() / weights.sum() == pytest.approx(0.75)
    # A value without a probability is never wanted: its rows weigh nothing.
    single = fit_weights(model(((("1",), 1.0),)), columns)
    assert set(single.apply(columns)[np.array(columns["x"]) == "0"]) == {0.0}


def test_weights_without_a_stratum_turn_the_marginal_into_the_policy() -> None:
    columns = toy_rows()
    assert set(fit_weights(model(stratum=()), columns).apply(columns)) == {1.0}
    uniform = fit_weights(model("uniform", ()), columns)
    assert uniform.apply({"x": ["0", "1"]}) == pytest.approx([0.5 / 0.45, 0.5 / 0.55])


counts = st.lists(st.integers(1, 9), min_size=12, max_size=12)
policies: st.SearchStrategy[Policy] = st.one_of(
    st.just("marginal"),
    st.just("uniform"),
    st.lists(st.integers(0, 5), min_size=3, max_size=3)
    .filter(lambda parts: sum(parts) > 0)
    .map(lambda parts: tuple(((f"t{i}",), part / sum(parts)) for i, part in enumerate(parts))),
)


@given(counts, policies)
def test_the_weighted_world_is_the_mutilated_one(numbers: list[int], policy: Policy) -> None:
    """Under the weights t and z are independent, t has its policy and z keeps its marginal: π(t)·P(z)."""
    cells = list(product(["t0", "t1", "t2"], ["a", "b"], ["u", "v"]))
    rows = [cell for cell, number in zip(cells, numbers, strict=True) for _ in range(number)]
    columns = {name: [row[i] for row in rows] for i, name in enumerate(["t", "z1", "z2"])}
    weights = fit_weights(WeightModel(("t",), ("z1", "z2"), ("t",), ("z1", "z2"), policy), columns).apply(columns)
    n = len(rows)
    assert weights.mean() == pytest.approx(1)
    marginal = Counter(columns["t"])
    if policy == "marginal":
        wanted = {t: marginal[t] / n for t in marginal}
    elif isinstance(policy, str):
        wanted = dict.fromkeys(marginal, 1 / 3)
    else:
        wanted = {values[0]: probability for values, probability in policy}
    joint: dict[tuple[str, ...], float] = dict.fromkeys(cells, 0.0)
    for row, weight in zip(rows, weights, strict=True):
        joint[row] += weight / n
    strata = Counter((z1, z2) for _, z1, z2 in rows)
    for (t, z1, z2), share in joint.items():
        assert share == pytest.approx(wanted[t] * strata[z1, z2] / n)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("uvw")), min_size=1, max_size=40))
def test_a_fit_is_refused_exactly_where_a_cell_is_empty(rows: list[tuple[str, str]]) -> None:
    columns = {"x": [x for x, _ in rows], "z": [z for _, z in rows]}
    missing = set(product(set(columns["x"]), set(columns["z"]))) - set(rows)
    if not missing:
        assert np.isfinite(fit_weights(model(), columns).apply(columns)).all()
        return
    with pytest.raises(NoValidPlanError) as caught:
        fit_weights(model(), columns)
    message = str(caught.value)
    assert any(f"no training row has x = '{x}', z = '{z}'" in message for x, z in missing)
    assert (f"({len(missing) - 1} more such cells)" in message) == (len(missing) > 1)


def test_a_stratum_that_is_a_function_of_the_treatment_is_refused_as_such() -> None:
    with pytest.raises(NoValidPlanError, match="the confounder is a function of the treatment") as caught:
        fit_weights(model(), {"x": list("aabbcc"), "z": list("uuuuvv")})
    assert "every value of x occurs with one value of z only" in str(caught.value)
    # An accidental gap is no function, and what would help is another thing.
    with pytest.raises(NoValidPlanError, match="collect or render rows of that kind") as caught:
        fit_weights(model(), {"x": list("aab"), "z": list("uvu")})
    assert "function" not in str(caught.value)


def test_an_empty_cell_that_the_policy_does_not_use_is_no_obstacle() -> None:
    columns = {"x": list("aabbc"), "z": list("uvuvu")}
    with pytest.raises(NoValidPlanError, match="x = 'c', z = 'v'"):
        fit_weights(model("uniform"), columns)
    fitted = fit_weights(model(((("a",), 0.5), (("b",), 0.5))), columns)
    # P(z=u) = 3/5: a and b have probability 1/3 each there, and 1/2 each in v.
    assert fitted.apply(columns) == pytest.approx([1.5, 1.0, 1.5, 1.0, 0.0])


def test_a_policy_for_a_value_that_never_occurs_is_refused_with_the_nearest_one() -> None:
    columns = {"x": ["first", "last"], "z": ["u", "u"]}
    with pytest.raises(NoValidPlanError, match=r"x = 'lst'; did you mean 'last'\?"):
        fit_weights(model(((("first",), 0.5), (("lst",), 0.5))), columns)
    assert fit_weights(model(((("first",), 1.0), (("lst",), 0.0))), columns).apply(columns) == pytest.approx([2.0, 0.0])


def test_a_combination_that_training_never_saw_has_no_weight() -> None:
    fitted = fit_weights(model(), toy_rows())
    with pytest.raises(NoValidPlanError, match=r"x = '1', z = '2'"):
        fitted.apply({"x": ["1", "1"], "z": ["0", "2"]})


@given(counts)
def test_weights_do_not_depend_on_the_order_of_rows_and_columns(numbers: list[int]) -> None:
    assume(len(set(numbers)) > 1)
    cells = list(product("ab", "uv", "pqr"))
    rows = [cell for cell, number in zip(cells, numbers, strict=True) for _ in range(number)]

    def table(order: list[tuple[str, str, str]]) -> dict[tuple[str, str, str], float]:
        columns = {name: [row[i] for row in order] for i, name in enumerate("xyz")}
        weights = fit_weights(WeightModel(("x",), ("y", "z"), ("x",), ("y", "z"), "marginal"), columns).apply(columns)
        return dict(zip(order, weights.tolist(), strict=True))

    assert table(rows) == table(rows[::-1])


def test_the_report_says_how_much_is_left_and_which_rows_would_help() -> None:
    rows = [("a", "u")] * 95 + [("b", "u")] * 5 + [("a", "v")] * 5 + [("b", "v")] * 95
    columns = {"x": [x for x, _ in rows], "z": [z for _, z in rows]}
    report = fit_weights(model(), columns).report
    # w is .5/.95 or .5/.05: E[w²] = .25/.95 + .25/.05 = 5.2632, a share of .19.
    assert report.effective_share == pytest.approx(0.19)
    first, second = report.warnings
    assert "carry about as much as 38 unconfounded ones (19%)" in first
    assert "rows with x = 'a', z = 'v' would help most (5 now, each counts 10.0 times)" in first
    assert second.startswith("2 of 4 cells hold fewer than 10 rows (the smallest: x = 'a', z = 'v' with 5)")
    data = report.to_dict()
    assert data["rows"] == 200
    assert sum(cell["rows"] for cell in data["cells"]) == 200
    assert [cell["probability"] for cell in data["cells"]] == pytest.approx([0.95, 0.05, 0.05, 0.95])
    balanced = {"x": list("ab") * 1000, "z": list("aabb") * 500}
    assert fit_weights(model(), balanced).report.warnings == ()


def test_a_constant_treatment_is_worth_a_warning() -> None:
    model = WeightModel(("x",), ("z",), ("x",), ("z",), "marginal")
    report = fit_weights(model, {"x": ["a"] * 6, "z": list("010101")}).report
    assert any("single value a" in warning for warning in report.warnings)
