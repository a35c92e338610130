"""JSON Lines: strict, with the line of every fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.errors import InputError
from causal_reasoning.files import read_jsonl, write_jsonl
from causal_reasoning.files.jsonl import read_numbered_jsonl

text = st.text(st.characters(codec="utf-8"), max_size=10)
rows = st.lists(
    st.dictionaries(text, text | st.integers() | st.booleans() | st.none() | st.lists(text, max_size=2), max_size=4),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40)
@given(rows=rows)
def test_rows_come_back_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_jsonl(path, rows)
    assert [json.loads(line) for line in path.read_bytes().split(b"\n") if line] == rows
    assert read_jsonl(path) == rows


def test_blank_lines_are_passed_over_and_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\n{"a": 1}\r\n\n  \n{"a": "\xe2\x80\xa8"}')
    assert read_numbered_jsonl(path) == [(2, {"a": 1}), (5, {"a": "\u2028"})]


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n')
    assert read_jsonl(path) == [{"a": 1}]


@pytest.mark.parametrize(
    ("content", "place", "phrase"),
    [
        (b'{"a": 1}\n{"a": 1\n', ":2:8: ", "is not JSON: expecting ',' delimiter"),
        (b"{'a': 1}\n", ":1:2: ", "is not JSON: expecting property name enclosed in double quotes"),
        (b'{"a": 1} {"a": 2}\n', ":1:10: ", "is not JSON: extra data"),
        (b'{"a": 1}\n{"b": 1, "b": 2}\n', ":2: ", "the key 'b' stands twice in this row; keep one"),
        (b'{"a": {"b": 1, "b": 2}}\n', ":1: ", "the key 'b' stands twice in this row"),
        (b"[1, 2]\n", ":1:1: ", "a row must be a JSON object, this is a list"),
        (b'"text"\n', ":1:1: ", "this is a text"),
        (b"null\n", ":1:1: ", "this is null"),
        (b"3\n", ":1:1: ", "this is a number"),
        (b"true\n", ":1:1: ", "this is true or false"),
        (b'{"a": 1}\n' + b"[" * 100_000, ":2: ", "is nested too deeply"),
        (b'{"a": ' + b"1" * 5000 + b"}\n", ":1: ", "holds a number with too many digits"),
        (b'{"a": "\\ud800"}\n', ":1: ", "holds half of a surrogate pair"),
        (b'{"a": 1}\n{"a": "na\xefve"}\n', ":2:10: ", "is not UTF-8 text"),
        ('{"a": 1}\n'.encode("utf-16"), ":1:1: ", "is not UTF-8 text"),
        (b"\n  \n", ": ", "holds no row; write one JSON object a line"),
        (b"", ": ", "holds no row"),
    ],
)
def test_each_fault_has_its_line(tmp_path: Path, content: bytes, place: str, phrase: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_jsonl(path)
    message = str(caught.value)
    assert message.startswith(f"{path}{place}")
    assert phrase in message
    assert "\n" not in message


def test_a_whole_surrogate_pair_is_a_character(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": "\\ud83d\\ude00"}\n', encoding="utf-8")
    assert read_jsonl(path) == [{"a": "😀"}]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.jsonl: no such file$"):
        read_jsonl(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory$"):
        read_jsonl(tmp_path)
