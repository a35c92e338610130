"""Answers with a rationale before them: the last line counts, the rest is reported apart."""

from __future__ import annotations

import numpy as np
import pytest

from causal_reasoning.evaluation.accuracy import Measured
from causal_reasoning.evaluation.written import WrittenRationales, cut


@pytest.mark.parametrize(
    ("written", "reference", "expected"),
    [
        ("a: first a\n= a =", "= a =", ("a: first a", "= a =")),
        ("one\ntwo\n= a =\n", "= a =", ("one\ntwo", "= a =")),
        ("= a =", "= a =", ("", "= a =")),
        ("", "= a =", ("", "")),
        ("one\nx\ny", "x\ny", ("one", "x\ny")),
    ],
)
def test_the_answer_is_as_many_lines_at_the_end_as_the_right_one_has(
    written: str, reference: str, expected: tuple[str, str]
) -> None:
    assert cut(written, reference) == expected


def test_rationales_are_measured_apart() -> None:
    rationales = WrittenRationales(
        ("a: first a\nb: first b", "a: first  a"),
        ("a: first a\n b: first b", "b"),
        np.array([1.0, 3]),
        np.array([0.5, 1]),
    )
    measured = Measured(("= a =", "= b ="), np.array([True, True]), np.array([1.5, 4.0]), rationales)
    found = measured.to_dict()
    assert found["exact_match"] == 1.0
    assert found["rationale"] == {"exact_match": 0.5, "nll": 2.0, "answer_nll": 0.75}
    unknown = WrittenRationales(("a",), ("a",), np.array([np.nan]), np.array([np.nan]))
    assert unknown.to_dict() == {"exact_match": 1.0}
    assert "rationale" not in Measured(("a",), np.array([True]), np.array([1.0])).to_dict()
