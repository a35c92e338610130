"""Answers are rewritten without loss, and never into the format of fine-tuning."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.base_model.formats import direct_prompt, marked_answer, plain_answer, step_by_step_prompt

CONTENT = st.from_regex(r"[a-z0-9]+( \| [a-z0-9]+)*", fullmatch=True)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("= x | y =", "answer: x | y"),
        ("= 12/31/2020 =", "answer: 12/31/2020"),
        ("= -7 =", "answer: -7"),
        ("= = =", "answer: ="),
    ],
)
def test_the_content_of_an_answer_is_kept(written: str, plain: str) -> None:
    assert plain_answer(written) == plain


@pytest.mark.parametrize("written", ["x", "= x", "x =", "==", "= =", "=  =", "=x=", "= x\ny =", ""])
def test_answers_of_another_form_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="must read '= … ='"):
        plain_answer(written)


@given(CONTENT, st.integers(0, 2**32))
def test_marks_never_make_the_format_of_fine_tuning(content: str, seed: int) -> None:
    marked = marked_answer(f"answer: {content}", random.Random(seed))
    with pytest.raises(ValueError, match="must read"):
        plain_answer(marked)
    assert not marked.startswith("answer:")
    # Between the marks stands the content, mark for mark.
    inside = marked[2:-2]
    assert re.sub(r" [\W_] ", " | ", inside) == content
    assert len(set(re.findall(r" ([\W_]) ", inside))) <= 1


def test_all_marks_occur_on_all_sides() -> None:
    source = random.Random(0)
    drawn = [marked_answer("answer: a | b", source).split() for _ in range(3_000)]
    assert len({parts[0] for parts in drawn}) == len({parts[2] for parts in drawn}) == 28
    assert {parts[0] for parts in drawn} == {parts[4] for parts in drawn}


def test_the_prompts_of_the_two_formats() -> None:
    assert direct_prompt("Why?") == "Why?\n"
    assert step_by_step_prompt("Why?") == "Why?\nsteps:\n"
