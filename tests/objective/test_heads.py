"""Classifiers on embeddings: probabilities that are right, calibrated, and from models that have not seen the row."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from causal_reasoning.objective.heads import FittedHead, fit_head, fit_pairs, fit_projection

CENTRES = np.array([[2.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0]])
P_Z = np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]])  # P(z | kind of text)


def rows(count: int, noise: float = 0.1, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.int64], list[str]]:
    """Embeddings of three kinds of text, and a label that depends on the kind."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(3, size=count)
    label = [str(rng.choice(3, p=P_Z[k])) for k in kind]
    return CENTRES[kind] + noise * rng.normal(size=(count, 4)), kind, label


def fitted(count: int = 3000) -> tuple[FittedHead, NDArray[np.int64], list[str]]:
    x, kind, label = rows(count)
    return fit_head(fit_projection(x, 4)(x), label), kind, label


def test_probabilities_are_those_of_the_truth_and_calibrated() -> None:
    head, kind, _ = fitted()
    assert np.abs(head.own - P_Z[kind]).mean() < 0.03
    assert head.own.sum(axis=1) == pytest.approx(1)
    entropy = -np.mean([(P_Z[k] * np.log(P_Z[k])).sum() for k in range(3)])
    assert head.quality.log_loss == pytest.approx(entropy, abs=0.03)
    assert head.quality.marginal_log_loss > entropy + 0.15
    assert head.quality.calibration_error < 0.03
    assert head.quality.accuracy == pytest.approx(0.7, abs=0.03)


def test_other_rows_are_predicted_as_well() -> None:
    x, _, label = rows(3000)
    project = fit_projection(x, 4)
    head = fit_head(project(x), label)
    new, kind, _ = rows(500, seed=1)
    assert np.abs(head.predict(project(new)) - P_Z[kind]).mean() < 0.03


def test_labels_that_the_text_says_nothing_about_get_the_marginal() -> None:
    rng = np.random.default_rng(5)
    label = [str(v) for v in rng.choice(2, 2000, p=[0.7, 0.3])]
    head = fit_head(rng.normal(size=(2000, 20)), label)
    assert np.abs(head.own[:, 0] - 0.7).max() < 0.2
    assert head.quality.log_loss == pytest.approx(head.quality.marginal_log_loss, abs=0.01)
    assert head.quality.readable < 0.02


def test_a_row_is_predicted_without_its_own_label() -> None:
    x, _, label = rows(2000)
    features = fit_projection(x, 4)(x)
    changed = list(label)
    changed[7] = "0" if label[7] != "0" else "1"
    before, after = fit_head(features, label), fit_head(features, changed)
    # The other folds' temperature is all that its own label can move.
    assert np.abs(before.own[7] - after.own[7]).max() < 1e-2
    assert [m.shape for m in before.models] == [(5, 3)] * 5


def test_the_same_rows_give_the_same_numbers() -> None:
    one, two = fitted(400)[0], fitted(400)[0]
    assert (one.own == two.own).all()


def test_the_temperature_takes_back_over_confidence() -> None:
    rng = np.random.default_rng(2)
    # Forty features and eighty rows: what is fitted is mostly noise.
    x = rng.normal(size=(80, 40))
    label = [str(v) for v in rng.integers(2, size=80)]
    head = fit_head(x, label)
    assert head.quality.temperature > 1.5
    assert head.quality.log_loss < 0.9


def test_pairs_get_the_ratio_of_their_joint_to_chance() -> None:
    rng = np.random.default_rng(3)
    first = rng.integers(3, size=4000)
    second = np.array([rng.choice(3, p=P_Z[k]) for k in first])
    a = CENTRES[first] + 0.1 * rng.normal(size=(4000, 4))
    b = CENTRES[second][:, ::-1] + 0.1 * rng.normal(size=(4000, 4))
    joint = P_Z / 3
    truth = (joint / (joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)))[first, second]
    pairs = fit_pairs(a, b)
    assert np.corrcoef(np.log(pairs.own), np.log(truth))[0, 1] > 0.95
    assert (1 / pairs.own).mean() == pytest.approx(1, abs=0.05)
    assert np.corrcoef(np.log(pairs.predict(a, b)), np.log(truth))[0, 1] > 0.95
    apart = fit_pairs(a, rng.permutation(b))
    assert np.abs(np.log(apart.own)).mean() < 0.1
    assert apart.quality.readable < 0.1


def test_a_projection_leaves_out_what_does_not_vary() -> None:
    x, _, _ = rows(500)
    constant = np.concatenate([x, np.ones((500, 3)), x[:, :1]], axis=1)
    project = fit_projection(constant, 8, whiten=True)
    assert project(constant).shape == (500, 4)
    assert project(constant).std(axis=0) == pytest.approx(1)
    kept = fit_projection(constant, 8)(constant)
    assert (kept**2).mean() == pytest.approx(1)
    # The first column counts twice, so its direction varies most; the fourth is but noise.
    assert kept.std(axis=0)[0] > 10 * kept.std(axis=0)[3]
    assert project(constant).mean(axis=0) == pytest.approx(0, abs=1e-9)
