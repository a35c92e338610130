"""Answers in one form: what counts as the same, and what is refused as a target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.data.answers import NORMALISERS, AnswerForm, letter, number, yes_no
from causal_reasoning.data.load import load_data
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import load_experiment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,000.", "1000"),
        ("1000", "1000"),
        ("$1,234,567.80", "1234567.8"),
        ("-0.50", "-0.5"),
        ("\u22124", "-4"),
        (".5", "0.5"),
        ("100%", "100"),
        ("So 3 + 4 = 7 apples.", "7"),
        ("48/2=24", "24"),
        ("0.0", "0"),
        ("12.", "12"),
        ("2x", None),
        ("x2", None),
        ("none", None),
        ("", None),
    ],
)
def test_a_number_is_the_last_one_without_ornaments(text: str, expected: str | None) -> None:
    assert number(text) == expected


@given(st.integers(-(10**12), 10**12))
def test_whole_numbers_keep_their_value_however_they_are_written(value: int) -> None:
    assert number(f"{value:,}") == number(f"= {value} =") == number(f"{value}.00") == str(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(B)", "B"),
        ("b", "B"),
        ("B.", "B"),
        ("B) a cat", "B"),
        ("d: something", "D"),
        ("The answer is C", "C"),
        ("I think it is (e).", "E"),
        ("I think B", "B"),
        ("A is wrong, so D", "D"),
        ("Paris", None),
        ("a cat", None),
    ],
)
def test_a_letter_is_that_of_the_choice(text: str, expected: str | None) -> None:
    assert letter(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("Yes.", "yes"), ("NO", "no"), ("  yes, as", "yes"), ("yesterday", None), ("not", None)]
)
def test_yes_and_no_are_the_first_word(text: str, expected: str | None) -> None:
    assert yes_no(text) == expected


@given(st.sampled_from(sorted(NORMALISERS)), st.text(max_size=30))
def test_a_form_of_a_form_is_the_form(name: str, text: str) -> None:
    form = NORMALISERS[name]
    once = form(text)
    assert once is None or not once or form(once) == once


@pytest.mark.parametrize(
    ("form", "written", "reference", "same"),
    [
        (AnswerForm("answer"), " a ", "a", True),
        (AnswerForm("answer"), "A", "a", False),
        (AnswerForm("answer", "lower"), "True.", "true", True),
        (AnswerForm("answer", "number"), "1,000.", "1000", True),
        (AnswerForm("answer", "number"), "", "1000", False),
        (AnswerForm("answer", "number"), "no idea", "no idea", False),
        (AnswerForm("answer", "letter"), "(B)", "B", True),
        (AnswerForm("answer", "yes_no"), "Yes, it does.", "yes", True),
        # A chain of steps: the last line counts.
        (AnswerForm("answer", "number"), "12 / 4 = 3\n7", "12 / 3 = 4\n7", True),
        (AnswerForm("answer", "number"), "12 / 4 = 7\n3", "12 / 3 = 4\n7", False),
        (AnswerForm("answer"), "other steps\n7", "steps\n7", False),
        # The template is taken off both, where it fits.
        (AnswerForm("answer", "lower", "{{{answer}}}"), "{ New  York }", "{new york}", True),
        (AnswerForm("answer", "lower", "= {answer} ="), "= a", "= a =", False),
        (AnswerForm("answer", "number", "#### {answer}"), "#### 1,000", "#### 1000", True),
        (AnswerForm("answer", "number", "#### {answer}"), "1000", "#### 1000", True),
    ],
)
def test_answers_are_compared_in_their_form(form: AnswerForm, written: str, reference: str, same: bool) -> None:
    assert form.same(written, reference) is same


def test_targets_are_written_in_the_form_and_the_template() -> None:
    table = Table({"answer": ["1,000.", " 7 "], "unit": ["m", "kg"]}, "rows")
    assert AnswerForm("answer", "number", "= {answer} {unit} =").write(table).columns["answer"] == [
        "= 1000 m =",
        "= 7 kg =",
    ]
    assert AnswerForm("answer").write(table) is table


@pytest.mark.parametrize(
    ("form", "answer", "expected"),
    [
        ("number", "none", "the answer 'none' holds no number"),
        ("number", "3/4", "the answer '3/4' holds several numbers"),
        ("number", "12,5", "the answer '12,5' holds several numbers"),
        ("letter", "Paris", "the answer 'Paris' holds no letter of a choice"),
        ("yes_no", "true", "the answer 'true' holds neither yes nor no first"),
        ("lower", ".", "the answer '.' holds nothing"),
    ],
)
def test_a_target_without_such_a_form_is_refused_with_its_line(form: str, answer: str, expected: str) -> None:
    sound = {"yes_no": "yes", "letter": "B"}.get(form, "1")
    with pytest.raises(InputError) as caught:
        AnswerForm("answer", form).write(Table({"answer": [sound, answer]}, "rows", (1, 5)))
    assert str(caught.value).startswith(f"rows:5: {expected}, and 'normalise: {form}' asks for it")


def test_rows_and_splits_of_an_experiment_have_one_form(tmp_path: Path) -> None:
    rows = [{"question": f"what is {i}", "answer": f"{i},000."} for i in range(1, 101)]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "o.jsonl").write_text(json.dumps({"question": "q", "answer": "$2,500"}) + "\n")
    (tmp_path / "e.yaml").write_text(
        "version: 1\nname: e\nceiling: false\narms: [{graph: erm}]\nevaluation: {splits: {own: o.jsonl}}\n"
        "data: {train: r.jsonl, normalise: number, answer: 'it is {answer}'}\n"
    )
    data = load_data(load_experiment(tmp_path / "e.yaml"), 1)
    numbers = {f"it is {i}000" for i in range(1, 101)}
    assert {*data.train.columns["answer"], *data.validation.columns["answer"]} < numbers
    assert [split.table.columns["answer"][0] for split in data.splits if split.name == "own"] == ["it is 2500"]
