"""Rows with a hidden question or another rationale: what changes, what stays, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.data.encode import Encoded, EncodedRows, collate, encode
from causal_reasoning.data.table import Table
from causal_reasoning.data.text_views import encode_text_views, hidden, other_answers, swapped
from causal_reasoning.errors import InputError
from causal_reasoning.objective.text_views import HiddenTexts, SwappedText

ROWS = Table(
    {
        "question": ["first letter of ab cd", "last letter of ab cd", "first letter of ef gh", "last letter of ef gh"],
        "rationale": ["ab: first a\ncd: first c", "ab: last b\ncd: last d", "ef: first e\ngh: first g", "ef: last f"],
        "answer": ["= a | c =", "= b | d =", "= e | g =", "= f | h ="],
    },
    "rows.jsonl",
)
WRITE = ("rationale", "answer")
HIDE = HiddenTexts(("question",), ("question",))
SWAP = SwappedText("rationale", "rationale", "answer")


def encoded(table: Table, prompt: str = "{question}\nsteps:\n") -> list[Encoded]:
    return encode(table, build_tokenizer(), prompt, WRITE, 256)


def test_each_written_column_is_a_part_of_the_target() -> None:
    tokenizer = build_tokenizer()
    for row, rationale, answer in zip(encoded(ROWS), ROWS.columns["rationale"], ROWS.columns["answer"], strict=True):
        (cut,) = row.cuts
        assert tokenizer.decode(row.target[:cut]) == f"{rationale}\n"
        assert tokenizer.decode(row.target[cut:-1]) == answer
        assert row.target[-1] == tokenizer.eos_token_id
        assert row.parts == (0,) * cut + (1,) * (len(row.target) - cut)
        first, last = row.split()
        assert first == Encoded(row.prompt, row.target[:cut])
        assert last == Encoded(row.prompt + row.target[:cut], row.target[cut:])


def test_a_single_column_has_no_parts_and_batches_as_before() -> None:
    rows = encode(ROWS, build_tokenizer(), "{question}\n", ("answer",), 256)
    assert all(row.cuts == () for row in rows)
    data = EncodedRows(rows, [1.0] * 4)
    assert "parts" not in collate(0)([data[i] for i in range(4)])


def test_parts_travel_with_a_batch_and_its_views() -> None:
    rows = encoded(ROWS)
    data = EncodedRows(rows, [1.0] * 4, views=encode_text_views([HIDE], ROWS, encoded, 0))
    batch = collate(0)([data[i] for i in range(4)])
    for encoding in (batch, batch["views"]["hidden"]):
        written = encoding["labels"] != -100
        assert (encoding["parts"][~written] == -1).all()
        for i, row in enumerate(rows):
            assert encoding["parts"][i][written[i]].tolist() == list(row.parts)


def test_a_hidden_question_leaves_the_target_alone() -> None:
    assert hidden(ROWS, HIDE).columns["question"] == ["..."] * 4
    (view,) = encode_text_views([HIDE], ROWS, encoded, 0).values()
    for own, other in zip(encoded(ROWS), view, strict=True):
        assert own.target == other.target
        assert own.cuts == other.cuts
        assert own.prompt != other.prompt


def test_another_rationale_comes_from_a_row_with_another_answer() -> None:
    (view,) = encode_text_views([SWAP], ROWS, encoded, 0).values()
    given = swapped(ROWS, SWAP, 0)
    for own, lent in zip(ROWS.columns["rationale"], given.columns["rationale"], strict=True):
        assert own != lent
        assert lent in ROWS.columns["rationale"]
    for one, two in zip(encoded(ROWS), view, strict=True):
        assert one.target[one.cuts[0] :] == two.target[two.cuts[0] :]
    answers = list("aaaaabbc") * 10
    for seed in range(5):
        donors = other_answers(answers, seed)
        assert donors is not None
        assert all(answers[i] != answers[k] for k, i in enumerate(donors))
        assert donors == other_answers(answers, seed)
    assert other_answers(["a"] * 3, 0) is None


def test_a_counterfactual_column_is_taken_where_there_is_one() -> None:
    table = ROWS.with_columns(rationale_cf=["x", "y", "z", "v"])
    assert swapped(table, SWAP, 0).columns["rationale"] == ["x", "y", "z", "v"]


def test_rows_that_cannot_be_changed_are_refused() -> None:
    same = ROWS.with_columns(answer=["= a ="] * 4)
    with pytest.raises(InputError, match="all rows have the same 'answer'"):
        encode_text_views([SWAP], same, encoded, 0)
    turn = {"n": 0}

    def moody(table: Table) -> list[Encoded]:
        turn["n"] += 1
        return [Encoded((1,), (turn["n"], 2, 3), (1,)) for _ in range(len(table))]

    with pytest.raises(InputError, match=r"^rows.jsonl: the tokens of what is written in row 1 depend on the text"):
        encode_text_views([HIDE], ROWS, moody, 0)


def test_a_token_over_the_border_of_two_columns_is_split(tmp_path: Path) -> None:
    class Joins:
        """A tokenizer with a token for the line break and the letter after it."""

        eos_token_id = 0

        def __call__(self, texts: list[str], **options: object) -> dict[str, list[list[int]]]:
            def ids(text: str) -> list[int]:
                found, i = [], 0
                while i < len(text):
                    step = 2 if text[i] == "\n" and i + 1 < len(text) else 1
                    found.append(sum(map(ord, text[i : i + step])) + 1000 * (step == 2))
                    i += step
                return found

            return {"input_ids": [ids(text) for text in texts]}

    table = Table({"q": ["q"], "r": ["rr"], "a": ["a"]}, "t")
    (row,) = encode(table, Joins(), "{q}.", ("r", "a"), 50)
    assert row.target == (ord("r"), ord("r"), ord("\n"), ord("a"), 0)
    assert row.cuts == (3,)
