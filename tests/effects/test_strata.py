"""Estimates from counts, against numbers that are known and against the estimand's own evaluation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from causal_reasoning.effects.strata import Numbers, by_strata, overlapping, plug_in, resampled
from causal_reasoning.estimand import Expression
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification import adjustment_formula, identify_effect
from tests.effects.rows import DO, OBSERVED, TOY


def toy() -> tuple[Numbers, Numbers, Numbers]:
    z, x, y = [], [], []
    for (stratum, treated), (count, right) in TOY.items():
        z += [stratum] * count
        x += [treated] * count
        y += [1] * right + [0] * (count - right)
    return np.array(z), np.array(x), np.array(y)


def test_the_toy_model_has_its_known_effect() -> None:
    z, x, y = toy()
    assert by_strata(x, y.astype(float), z) == pytest.approx(DO)
    assert by_strata(x, y.astype(float), np.zeros_like(z)) == pytest.approx(OBSERVED)


def test_counting_in_strata_is_evaluating_the_adjustment_formula_on_the_empirical_table() -> None:
    formula = adjustment_formula(("x",), ("y",), ("w", "z"))
    rng = np.random.default_rng(0)
    columns = {name: rng.integers(size, size=3000) for name, size in (("z", 3), ("w", 2))}
    columns["x"] = (rng.random(3000) < 0.2 + 0.2 * columns["z"]).astype(int)
    columns["y"] = (rng.random(3000) < 0.2 + 0.3 * columns["x"] * columns["w"] + 0.1 * columns["z"]).astype(int)
    ours = by_strata(columns["x"], columns["y"].astype(float), 2 * columns["z"] + columns["w"])
    assert plug_in(formula, columns, "x", "y") == pytest.approx(ours, abs=1e-12)
    assert plug_in(formula, columns, "x", "y", 0, 1) == pytest.approx(-ours, abs=1e-12)


def test_the_front_door_formula_on_exact_rows_is_the_true_effect() -> None:
    # u -> x, u -> y hidden; x -> m -> y; every combination as often as its probability says, in 16,000 rows.
    graph = CausalGraph("xmy", [("x", "m"), ("m", "y")], [("x", "y")])
    verdict = identify_effect(graph, "x", "y")
    estimand = getattr(verdict, "estimand", None)
    assert isinstance(estimand, Expression)
    rows: dict[str, list[int]] = {"x": [], "m": [], "y": []}
    p_x, p_m, p_y = {0: 0.2, 1: 0.7}, {0: 0.1, 1: 0.6}, {(0, 0): 0.1, (0, 1): 0.5, (1, 0): 0.4, (1, 1): 0.9}
    for u in (0, 1):
        for x, m, y in np.ndindex(2, 2, 2):
            p = 0.5 * (p_x[u] if x else 1 - p_x[u]) * (p_m[x] if m else 1 - p_m[x])
            p *= p_y[m, u] if y else 1 - p_y[m, u]
            for name, value in (("x", x), ("m", m), ("y", y)):
                rows[name] += [value] * round(16_000 * p)
    true = (p_m[1] - p_m[0]) * np.mean([p_y[1, u] - p_y[0, u] for u in (0, 1)])
    columns = {name: np.array(values) for name, values in rows.items()}
    assert plug_in(estimand, columns, "x", "y") == pytest.approx(true, abs=1e-3)


def test_a_stratum_of_one_value_is_left_out_and_without_any_other_there_is_no_number() -> None:
    t, y, z = np.array([0, 1, 1]), np.array([0.0, 1.0, 0.0]), np.array([0, 0, 1])
    assert by_strata(t, y, z) == 1.0
    assert overlapping(t, z).tolist() == [True, True, False]
    assert math.isnan(by_strata(t, y, np.array([0, 1, 2])))


def test_where_positivity_fails_the_formula_has_no_value() -> None:
    columns = {"x": np.array([0, 1, 1]), "y": np.array([0, 1, 0]), "z": np.array([0, 0, 1])}
    assert math.isnan(plug_in(adjustment_formula(("x",), ("y",), ("z",)), columns, "x", "y"))


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for trial in range(60):
        z = rng.integers(2, size=300)
        x = (rng.random(300) < np.where(z == 1, 0.7, 0.3)).astype(int)
        y = (rng.random(300) < 0.2 + 0.3 * x + 0.2 * z).astype(float)
        value = by_strata(x, y, z)
        found = resampled(lambda i, x=x, y=y, z=z: by_strata(x[i], y[i], z[i]), 300, value, trial)  # type: ignore[misc]
        covered += found.low <= 0.3 <= found.high
    assert 51 <= covered <= 60


def test_the_same_seed_gives_the_same_interval() -> None:
    z, x, y = toy()
    one, two = (resampled(lambda i: by_strata(x[i], y[i].astype(float), z[i]), 1000, 0.2, 4) for _ in range(2))
    assert one == two
    assert one.to_dict()["low"] == one.low
