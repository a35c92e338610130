"""The measures of dependence: numbers by hand, identities, and behaviour at the edges of what a batch can be."""

from __future__ import annotations

import itertools
import statistics
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.graph.spec import PenaltyKind, PenaltySpec
from causal_reasoning.objective.penalties import PENALTIES
from causal_reasoning.objective.penalties.base import Names, Penalty
from causal_reasoning.objective.penalties.cross_covariance import CrossCovariance
from causal_reasoning.objective.penalties.hsic import HSIC
from causal_reasoning.objective.penalties.lautum import Lautum
from causal_reasoning.objective.penalties.paired import Paired
from causal_reasoning.objective.penalties.statistics import (
    group_means,
    indicators,
    rows_with_company,
    size,
    spread,
    spread_between,
)
from causal_reasoning.objective.penalties.variance import Variance


def normal(rows: int, width: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Two rows of each of two labels: (0,0), (2,0) | (0,3), (0,5).
ROWS = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 3.0], [0.0, 5.0]], dtype=torch.float64)
LABEL = torch.tensor([0, 0, 1, 1])


# -- variance ------------------------------------------------------------------------------------------------------


def test_variance_by_hand() -> None:
    # Squared lengths 0, 4, 9, 25: mean 9.5. Means (.5, 2): squared distances 4.25, 6.25, 1.25, 9.25, sum 21, over 3.
    assert float(Variance()(ROWS)) == pytest.approx(7 / 9.5)
    # Within labels: means (1, 0) and (0, 4), each row at distance 1: sum 4, over 4 rows - 2 labels.
    assert float(Variance()(ROWS, None, LABEL)) == pytest.approx(2 / 9.5)
    # Between: the means are (±.5, ∓2) from the middle.
    assert float(Variance().activity(ROWS, LABEL)) == pytest.approx(4.25)
    assert float(Variance().activity(ROWS)) == pytest.approx(9.5)


def test_a_constant_has_no_variance_and_a_constant_within_labels_none_within() -> None:
    constant = torch.full((8, 5), 3.7)
    assert float(Variance()(constant)) == pytest.approx(0, abs=1e-12)
    steps = constant * torch.tensor([1.0, 2.0]).repeat_interleave(4)[:, None]
    label = torch.tensor([0, 1]).repeat_interleave(4)
    assert float(Variance()(steps, None, label)) == pytest.approx(0, abs=1e-12)
    assert float(Variance()(steps)) > 0.1


@given(st.integers(0, 1000), st.integers(1, 12), st.integers(1, 4))
def test_total_variance_is_that_within_labels_and_that_between(seed: int, rows: int, labels: int) -> None:
    s = normal(rows, 3, seed)
    label = torch.randint(labels, (rows,), generator=torch.Generator().manual_seed(seed))
    total = size(s - s.mean(0))
    within = size(s - group_means(s, label))
    assert float(total) == pytest.approx(float(within + spread_between(s, label)))


@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_measures_of_one_representation_do_not_know_its_scale(seed: int, factor: float) -> None:
    s, other = normal(6, 3, seed), normal(6, 3, seed + 1)
    label = torch.tensor([0, 0, 0, 1, 1, 1])
    for penalty in (Variance(), Paired(), HSIC(), CrossCovariance()):
        for groups in (None, label):
            scaled = penalty(factor * s, factor * other, groups)
            assert float(scaled) == pytest.approx(float(penalty(s, other, groups)), rel=1e-6)


# -- pairs ---------------------------------------------------------------------------------------------------------


def test_the_squared_distance_of_two_draws_is_twice_the_variance() -> None:
    """Over all ordered pairs of different rows, E‖s1 − s2‖² = 2 tr Cov with the unbiased covariance."""
    s = normal(7, 4)
    pairs = list(itertools.permutations(range(7), 2))
    one, other = s[[i for i, _ in pairs]], s[[j for _, j in pairs]]
    assert float(size(one - other)) == pytest.approx(2 * float(spread(s)))
    assert float(Paired()(one, other)) == pytest.approx(float(Variance()(s)))


def test_pairs_within_contents_measure_the_variance_within_contents() -> None:
    s = normal(12, 4).reshape(4, 3, 4)
    pairs = [(c, i, j) for c in range(4) for i, j in itertools.permutations(range(3), 2)]
    one = torch.stack([s[c, i] for c, i, _ in pairs])
    other = torch.stack([s[c, j] for c, _, j in pairs])
    content = torch.arange(4).repeat_interleave(3)
    assert float(Paired()(one, other)) == pytest.approx(float(Variance()(s.reshape(12, 4), None, content)))


# -- HSIC ----------------------------------------------------------------------------------------------------------


def hsic_by_loops(x: torch.Tensor, y: torch.Tensor, width: float) -> float:
    """tr(KHLH) / √(tr(KHKH) tr(LHLH)) as it is written."""
    n = len(x)
    h = torch.eye(n, dtype=x.dtype) - 1 / n
    kernels = []
    for values in (x, y):
        kernels.append(torch.tensor([[float((-((a - b) ** 2).sum() / width).exp()) for b in values] for a in values]))
    k, m = (kernel.to(x.dtype) @ h for kernel in kernels)
    return float((k @ m).trace() / ((k @ k).trace() * (m @ m).trace()).sqrt())


def test_hsic_is_the_trace_formula() -> None:
    x, y = normal(6, 2, 1), normal(6, 3, 2)
    assert float(HSIC(1.7)(x, y)) == pytest.approx(hsic_by_loops(x, y, 1.7), rel=1e-5)


def test_the_default_width_is_the_median_squared_distance() -> None:
    x, y = torch.tensor([[0.0], [1.0], [3.0]]), torch.tensor([[1.0], [0.0], [0.0]])
    # Squared distances of x: 1, 9, 4; of y: 1, 1, 0, of which 0 does not count.
    kernels = [
        torch.tensor([[float(torch.exp(torch.tensor(-((a - b) ** 2) / w))) for b in v] for a in v])
        for v, w in (((0, 1, 3), 4.0), ((1, 0, 0), 1.0))
    ]
    h = torch.eye(3) - 1 / 3
    k, m = (kernel @ h for kernel in kernels)
    expected = float((k @ m).trace() / ((k @ k).trace() * (m @ m).trace()).sqrt())
    assert float(HSIC()(x, y)) == pytest.approx(expected, rel=1e-4)


def test_hsic_of_something_with_itself_is_one_and_it_is_symmetric() -> None:
    x, y = normal(9, 3, 1), normal(9, 2, 2)
    assert float(HSIC()(x, x)) == pytest.approx(1, abs=1e-6)
    assert float(HSIC()(x, y)) == pytest.approx(float(HSIC()(y, x)))


def shared_and_separate(seed: int, rows: int = 32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A module of an 8-dimensional latent, another of the same latent, and one of another latent."""
    generator = torch.Generator().manual_seed(seed)
    one, other = torch.randn(2, rows, 8, generator=generator)
    left, right = torch.randn(2, 8, 256, generator=generator) / 8**0.5
    return one @ left, one @ right, other @ right


@pytest.mark.parametrize(
    ("penalty", "dependent", "independent"),
    [(HSIC(), 0.985, 0.429), (CrossCovariance(), 0.147, 1 / 31), (Lautum(), None, None)],
    ids=["hsic", "cross_covariance", "lautum"],
)
def test_dependent_modules_are_told_from_independent_ones_in_32_rows(
    penalty: Penalty, dependent: float | None, independent: float | None
) -> None:
    """Means of another simulation, and the expectation 1/(N − 1) of squared correlations without dependence."""
    values: list[tuple[float, float]] = []
    for seed in range(8):
        one, same, separate = shared_and_separate(seed)
        values.append((float(penalty(one, same)), float(penalty(one, separate))))
    assert all(together > apart for together, apart in values)
    if dependent is not None and independent is not None:
        assert statistics.mean(v for v, _ in values) == pytest.approx(dependent, rel=0.06)
        assert statistics.mean(v for _, v in values) == pytest.approx(independent, rel=0.06)


def test_hsic_sees_what_correlation_does_not() -> None:
    x = torch.linspace(-1, 1, 33)[:, None]
    assert float(CrossCovariance()(x, x * x)) == pytest.approx(0, abs=1e-6)
    assert float(HSIC()(x, x * x)) > 0.3


@pytest.mark.parametrize("penalty", [HSIC(), CrossCovariance()], ids=["hsic", "cross_covariance"])
def test_dependence_by_a_common_label_vanishes_within_labels(penalty: Penalty) -> None:
    """Both follow the label; within a label they are independent."""
    generator = torch.Generator().manual_seed(0)
    label = torch.randint(2, (64,), generator=generator)
    x, y = (5 * label[:, None] + torch.randn(64, 2, generator=generator) for _ in range(2))
    separate = torch.randn(2, 64, 2, generator=generator)
    null = float(penalty(separate[0], separate[1], label))
    assert float(penalty(x, y)) > 0.5
    assert float(penalty(x, y, label)) == pytest.approx(null, abs=0.08)


@pytest.mark.parametrize("penalty", [HSIC(), CrossCovariance()], ids=["hsic", "cross_covariance"])
def test_one_group_is_no_group_and_the_order_of_rows_and_labels_does_not_count(penalty: Penalty) -> None:
    x, y = normal(8, 3, 1), normal(8, 2, 2)
    assert float(penalty(x, y, torch.zeros(8))) == pytest.approx(float(penalty(x, y)))
    label = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])
    order = torch.randperm(8, generator=torch.Generator().manual_seed(3))
    shuffled = penalty(x[order], y[order], 7 - label[order])
    assert float(shuffled) == pytest.approx(float(penalty(x, y, label)))


def test_a_group_of_one_row_says_nothing() -> None:
    x, y = normal(5, 2, 1), normal(5, 2, 2)
    label = torch.tensor([0, 0, 0, 0, 9])
    for penalty in (HSIC(1.0), CrossCovariance()):
        assert float(penalty(x, y, label)) == pytest.approx(float(penalty(x[:4], y[:4], label[:4])), rel=1e-5)
    assert rows_with_company(label, 5) == 0.8
    assert rows_with_company(None, 5) == 1
    assert rows_with_company(None, 1) == 0


def test_a_column_is_compared_by_indicators_of_its_values() -> None:
    column = torch.tensor([3, 3, 5, 5])
    assert indicators(column, ROWS).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    correlations = [float(torch.corrcoef(torch.stack([ROWS[:, i], column.double()]))[0, 1]) ** 2 for i in range(2)]
    expected = sum(correlations) / 2
    assert float(CrossCovariance()(ROWS, indicators(column, ROWS))) == pytest.approx(expected)
    means = group_means(ROWS, column)
    assert float(HSIC()(means, indicators(column, ROWS))) == pytest.approx(1, abs=1e-6)


# -- lautum --------------------------------------------------------------------------------------------------------


def test_both_directions_of_the_divergence_by_hand() -> None:
    """Two rows that are surely category 0 and 1 in both: the joint is (½, 0; 0, ½), the product ¼ everywhere."""
    big = 60 * torch.eye(2, dtype=torch.float64)
    log = torch.log(torch.tensor([2.0, 0.25 / 1e-6], dtype=torch.float64))
    assert float(Lautum(direction="mutual")(big, big)) == pytest.approx(float(log[0]), abs=1e-4)
    # ½ log ½ + ½ log(¼ / 1e-6): the empty cells count by the clamp.
    assert float(Lautum()(big, big)) == pytest.approx(float(-log[0] / 2 + log[1] / 2), rel=1e-6)


def test_a_module_that_ignores_its_input_has_no_lautum_information() -> None:
    constant = normal(1, 6).expand(8, 6)
    for direction in ("lautum", "mutual"):
        penalty = Lautum(direction, 1e-12)
        assert float(penalty(constant, normal(8, 6, 1))) == pytest.approx(0, abs=1e-9)


def test_at_the_published_width_every_cell_is_clamped_and_the_value_means_nothing() -> None:
    generator = torch.Generator().manual_seed(1)
    one, other = torch.randn(2, 32, 4096, generator=generator).requires_grad_()
    value = Lautum()(one, other)
    assert float(value.detach()) == pytest.approx(-4e-5, abs=1e-5)
    notes = Lautum().notes(one, other)
    assert float(notes["clamped"]) == pytest.approx(1, abs=5e-5)
    assert float(notes["clamp_warning"]) == 1


def test_the_warning_is_off_where_few_cells_are_clamped() -> None:
    notes = Lautum().notes(normal(16, 8, 1), normal(16, 8, 2))
    assert (float(notes["clamped"]), float(notes["clamp_warning"])) == (0, 0)


def test_identical_and_unrelated_wide_modules_look_alike_to_it() -> None:
    """Why it is not the default: plug-in information of coordinates does not tell sameness from noise."""
    one, other = normal(32, 512, 1), normal(32, 512, 2)
    penalty = Lautum("mutual", 1e-12)
    assert float(penalty(one, one)) == pytest.approx(float(penalty(one, other)), rel=0.15)


# -- all -----------------------------------------------------------------------------------------------------------

ALL: list[Penalty] = [build.build(PenaltySpec()) for build in PENALTIES.values()]
BATCHES = {
    "one row": normal(1, 3),
    "two rows": normal(2, 3),
    "constant": torch.full((6, 3), 1e3, dtype=torch.float64),
    "zero": torch.zeros(6, 3, dtype=torch.float64),
    "one row unlike the others": torch.tensor([[0.0, 0, 0], [0, 0, 0], [9, 9, 9]], dtype=torch.float64),
    "huge": 1e6 * normal(5, 3),
    "small": 1e-6 * normal(5, 3),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("penalty", ALL, ids=[p.kind for p in ALL])
def test_value_and_gradient_are_finite_in_every_batch(penalty: Penalty, batch: str, dtype: torch.dtype) -> None:
    rows = BATCHES[batch].to(dtype)
    label = torch.arange(len(rows)) % 2
    for second in (rows, rows.flip(0), normal(len(rows), 3, 9).to(dtype)):
        for groups in (None,) if penalty.kind == "lautum" else (None, label, torch.arange(len(rows))):
            s, other = rows.clone().requires_grad_(), second.clone().requires_grad_()
            value = penalty(s, other, groups)
            assert value.shape == ()
            total = value + penalty.activity(s, groups)
            assert torch.isfinite(total)
            total.backward()
            assert torch.isfinite(s.grad if s.grad is not None else torch.zeros(1)).all()
            assert torch.isfinite(other.grad if other.grad is not None else torch.zeros(1)).all()


@pytest.mark.parametrize("penalty", ALL, ids=[p.kind for p in ALL])
def test_what_does_not_vary_is_independent_in_single_precision_too(penalty: Penalty) -> None:
    """Rounding errors must not be taken for variation, however large the constant is."""
    constant = (1e3 * normal(1, 64)).expand(16, 64).float() * 1
    noise = normal(16, 64, 5).float()
    second = constant if penalty.paired else noise
    assert float(penalty(constant, second)) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    "penalty",
    [Variance(), Paired(), HSIC(2.0), CrossCovariance(), Lautum(), Lautum("mutual")],
    ids=["variance", "paired", "hsic", "cross_covariance", "lautum", "mutual"],
)
def test_the_gradient_is_that_of_the_value(penalty: Penalty) -> None:
    s, other = normal(5, 3, 1).requires_grad_(), normal(5, 3, 2).requires_grad_()
    labels = (None,) if penalty.kind == "lautum" else (None, torch.tensor([0, 0, 1, 1, 1]))
    for label in labels:

        def value(a: torch.Tensor, b: torch.Tensor, label: torch.Tensor | None = label) -> torch.Tensor:
            result: torch.Tensor = penalty(a, b, label) + penalty.activity(a, label)
            return result

        assert torch.autograd.gradcheck(value, (s, other))


def test_the_registry_names_every_kind_of_the_file_format() -> None:
    assert set(PENALTIES) == set(get_args(PenaltyKind))
    assert all(penalty.kind == kind for kind, penalty in PENALTIES.items())


def test_options_of_a_file_reach_the_measure() -> None:
    spec = PenaltySpec(bandwidth=2.5, clamp=1e-3, direction="mutual")
    assert PENALTIES["hsic"].build(spec) == HSIC(2.5)
    assert PENALTIES["lautum"].build(spec) == Lautum("mutual", 1e-3)
    assert PENALTIES["lautum"].build(PenaltySpec()) == Lautum("lautum", 1e-6)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9))
def test_normalised_measures_lie_between_zero_and_one(seed: int, rows: int) -> None:
    x, y = normal(rows, 2, seed), normal(rows, 3, seed + 1)
    label = torch.randint(3, (rows,), generator=torch.Generator().manual_seed(seed))
    for penalty in (HSIC(), CrossCovariance()):
        for groups in (None, label):
            assert -1e-9 <= float(penalty(x, y, groups)) <= 1 + 1e-9


def test_formulas_carry_the_names() -> None:
    plain, tex = Names("s", "n", "w"), Names(r"\mathrm{s}", r"\mathrm{n}", r"\mathrm{w}")
    texts = {kind: penalty.build(PenaltySpec()).formula(plain, tex) for kind, penalty in PENALTIES.items()}
    assert texts["variance"].text == "E tr Cov(s | w) / E‖s‖²"
    assert Variance().formula(Names("s", "n"), Names("s", "n")).text == "tr Cov(s) / E‖s‖²"
    assert texts["hsic"].latex == r"\operatorname{HSIC}(\mathrm{s}, \mathrm{n} \mid \mathrm{w})"
    assert texts["lautum"].text == "KL(P(s) P(n) ‖ P(s, n)) over coordinates"
    assert Lautum("mutual").formula(plain, tex).text == "KL(P(s, n) ‖ P(s) P(n)) over coordinates"
