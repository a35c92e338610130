"""Errors: what they say, which exit code they have, and that they survive the way between processes."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.errors import (
    CausalReasoningError,
    Fault,
    InputError,
    NotIdentifiedError,
    NoValidPlanError,
    RunFailedError,
    did_you_mean,
)


def test_a_fault_is_told_as_compilers_do() -> None:
    assert str(Fault("g.yaml", 3, 7, "wrong")) == "g.yaml:3:7: wrong"
    assert str(Fault("g.yaml", 3, None, "wrong")) == "g.yaml:3: wrong"
    assert str(Fault("g.yaml", None, None, "wrong")) == "g.yaml: wrong"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError([Fault("a", 1, 2, "x"), Fault("b", None, None, "y")]), 2),
        (InputError.at("a", "x", 1), 2),
        (NotIdentifiedError("no"), 3),
        (NoValidPlanError("no"), 4),
        (RunFailedError("no"), 1),
    ],
)
def test_errors_come_out_of_another_process_as_they_went_in(error: CausalReasoningError, code: int) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.exit_code == error.exit_code == code
    assert getattr(again, "faults", None) == getattr(error, "faults", None)


def test_the_nearest_word_or_the_known_ones() -> None:
    assert did_you_mean("confunder", ["confounder", "question"]) == "did you mean 'confounder'?"
    assert did_you_mean("zzz", ["b", "a", "b"]) == "known: 'a', 'b'"
    assert did_you_mean("zzz", []) == "there is none to choose from"
    many = did_you_mean("zzz", [f"w{i:02}" for i in range(13)])
    assert many.endswith("'w11', …")


@given(st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1))
def test_only_known_words_are_proposed(word: str, known: list[str]) -> None:
    hint = did_you_mean(word, known)
    if hint.startswith("did you mean"):
        assert hint.removeprefix("did you mean '").removesuffix("'?") in known
    if word in known:
        assert hint == f"did you mean '{word}'?"
