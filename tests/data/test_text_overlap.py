"""Reading the stratum off the text: found where it is written there, and not where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from causal_reasoning.data.text_overlap import READABLE, text_overlap
from causal_reasoning.errors import NoValidPlanError

RNG = np.random.default_rng(0)
SYLLABLES = ["ba", "ko", "mi", "ru", "ten", "lo", "sha", "pe", "dor", "vi"]
ROWS = 600
WORDS = ["".join(RNG.choice(SYLLABLES, RNG.integers(2, 5))) for _ in range(ROWS)]
CUES = RNG.choice(["first", "last"], ROWS)
QUESTIONS = [f"what is the {cue} letter of {word}?" for cue, word in zip(CUES, WORDS, strict=True)]
COIN = RNG.integers(0, 2, ROWS)


def strata(values: np.ndarray) -> list[tuple[str, ...]]:
    return [(str(v),) for v in values]


def test_a_template_is_read_off_the_text_and_refused() -> None:
    texts = [f"please tell me: {q}" if z else q for z, q in zip(COIN, QUESTIONS, strict=True)]
    found = text_overlap(texts, strata(COIN))
    assert found.readable == 1
    with pytest.raises(NoValidPlanError, match=r"style can be read off the text .* 100.0% of held-out rows"):
        found.require("style", accept=False)
    found.require("style", accept=True)


@pytest.mark.parametrize(
    "values",
    [
        np.array([len(q) >= 36 for q in QUESTIONS]),
        np.array([w[0] in "bkm" for w in WORDS]),
        np.array([c == "first" for c in CUES]),
    ],
    ids=["length", "first letter of a word", "a word"],
)
def test_other_functions_of_the_text_are_noticed(values: np.ndarray) -> None:
    assert text_overlap(QUESTIONS, strata(values)).warnings


def test_what_is_not_in_the_text_is_not_read_off_it() -> None:
    found = text_overlap(QUESTIONS, strata(COIN))
    assert found.readable < 0.15
    assert not found.warnings
    rare = text_overlap(QUESTIONS, strata(RNG.random(ROWS) < 0.03))
    assert rare.base_rate > 0.9
    assert rare.readable < 0.2


def test_a_strong_association_is_no_function() -> None:
    goes_with_cue = np.where(RNG.random(ROWS) < 0.9, CUES == "first", COIN == 0)
    found = text_overlap(QUESTIONS, strata(goes_with_cue))
    assert 0.7 < found.readable < READABLE
    found.require("source", accept=False)


def test_few_rows_are_the_users_own_business() -> None:
    found = text_overlap(["a one", "b two"] * 10, [("a",), ("b",)] * 10)
    assert found.readable == 1
    found.require("z", accept=False)
    assert text_overlap(["a"] * 3, [("a",)] * 3).readable == 0
