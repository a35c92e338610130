"""Measures of modules against hand-computed values and other implementations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, normalized_mutual_info_score

from causal_reasoning.adapter.analysis import (
    error_agreement,
    hsic_correlation,
    linear_cka,
    relative_spread,
    route_alignment,
    usage,
)

RANDOM = np.random.default_rng(0)


def test_cka_is_one_up_to_rotation_and_scale_and_low_for_unrelated_states() -> None:
    x = RANDOM.normal(size=(200, 6))
    rotation, _ = np.linalg.qr(RANDOM.normal(size=(6, 6)))
    assert linear_cka(x, 3 * x @ rotation + 5) == pytest.approx(1.0, abs=1e-9)
    assert linear_cka(x, RANDOM.normal(size=(200, 6))) < 0.1
    assert math.isnan(linear_cka(x, np.ones((200, 2))))


def test_cka_by_hand() -> None:
    """One dimension each: the squared correlation."""
    a, b = RANDOM.normal(size=(50, 1)), RANDOM.normal(size=(50, 1))
    assert linear_cka(a, b) == pytest.approx(np.corrcoef(a[:, 0], b[:, 0])[0, 1] ** 2, abs=1e-9)


def test_hsic_sees_what_correlation_does_not() -> None:
    x = RANDOM.normal(size=(300, 1))
    assert linear_cka(x, x**2) < 0.1
    assert hsic_correlation(x, x**2) > 3 * hsic_correlation(x, RANDOM.permutation(x**2))


def test_agreement_of_errors_and_information_as_in_scikit_learn() -> None:
    a, b = RANDOM.random(400) < 0.7, RANDOM.random(400) < 0.4
    assert error_agreement(list(a), list(b)) == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)
    chosen, domain = RANDOM.integers(0, 3, 400), RANDOM.integers(0, 4, 400)
    chosen[:200] = domain[:200] % 3
    found = route_alignment(chosen.tolist(), [str(d) for d in domain], 3)
    assert found.information == pytest.approx(normalized_mutual_info_score(domain, chosen), abs=1e-9)
    assert sum(map(sum, found.counts)) == 400


def test_naming_of_parts_is_the_best_one() -> None:
    """By hand: part 1 is a, part 0 is b; 5 of 7 texts are then where their domain is."""
    found = route_alignment([1, 1, 0, 0, 0, 1, 0], ["a", "a", "a", "b", "b", "b", "b"], 2)
    assert found.counts == ((1, 2), (3, 1))
    assert found.matched == pytest.approx(5 / 7)


def test_usage_and_spread_by_hand() -> None:
    found = usage([0] * 9 + [1], 4)
    assert found.shares == (0.9, 0.1, 0.0, 0.0)
    assert found.effective == pytest.approx(math.exp(-0.9 * math.log(0.9) - 0.1 * math.log(0.1)))
    assert found.dead == (2, 3)
    assert relative_spread([[1.0], [3.0]]) == pytest.approx(1 / 5)  # variance 1, mean square 5
    assert math.isnan(relative_spread([[0.0], [0.0]]))
    with pytest.raises(ValueError, match="one length"):
        error_agreement([True], [])
