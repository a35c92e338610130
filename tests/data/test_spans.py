"""Phrases of a column as marks on the tokens of a prompt."""

from __future__ import annotations

import pytest

from causal_reasoning.data.encode import IGNORED, encode
from causal_reasoning.data.spans import marking_view
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from tests.data.test_encode import tokenizer


def marked(questions: list[str], phrases: list[str], prompt: str = "{q}:") -> list[str]:
    tok = tokenizer()
    table = Table({"q": questions, "a": ["d"] * len(questions), "c": phrases}, "rows.jsonl", tuple(range(3, 9)))
    rows = encode(table, tok, prompt, ("a",), 64)
    views = marking_view(rows, table, tok, prompt, ("c",))
    for row, view in zip(rows, views, strict=True):
        assert (len(view.prompt), len(view.target)) == (len(row.prompt), len(row.target))
        assert set(view.target) == {IGNORED}
        assert all(v in (t, IGNORED) for v, t in zip(view.prompt, row.prompt, strict=True))
    return ["|".join("." if t == IGNORED else tok.decode([t]) for t in view.prompt) for view in views]


def test_every_token_that_a_phrase_touches_is_marked_wherever_it_stands() -> None:
    # <s>, then one token a letter, except 'ab' and ' x'.
    assert marked(["cdcd"], ["cd"]) == [".|c|d|c|d|."]
    assert marked(["dab"], ["b"]) == [".|.|ab|."]
    assert marked(["d xy"], ["y"]) == [".|.|.|y|."]
    assert marked(["ccc"], ["cc"]) == [".|c|c|c|."]


def test_phrases_stand_one_a_line_and_differ_by_row() -> None:
    assert marked(["cdyz", "zc"], ["c\nz", "c"]) == [".|c|.|.|z|.", ".|.|c|."]


def test_a_phrase_that_is_not_in_the_prompt_is_refused_with_its_row() -> None:
    with pytest.raises(InputError, match=r"^rows.jsonl:4: the phrase 'zz' is not in the prompt 'zc:' of row 2$"):
        marked(["cd", "zc"], ["c", "zz"])


def test_other_bad_input_is_refused() -> None:
    table = Table({"q": ["c"], "a": ["d"]}, "rows.jsonl")
    tok = tokenizer()
    rows = encode(table, tok, "{q}", ("a",), 64)
    with pytest.raises(InputError, match="there is no column 'cc'"):
        marking_view(rows, table, tok, "{q}", ("cc",))
    with pytest.raises(InputError, match="use a fast tokenizer"):
        marking_view(rows, table, object(), "{q}", ("q",))
