"""The formats: the same rows whatever they are written in, and every fault with its place."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from causal_reasoning.data.readers import Missing, read_raw
from causal_reasoning.data.table import read_table
from causal_reasoning.errors import InputError

ROWS = [
    {"question": "What is 1 + 1?", "answer": "2", "style": "plain"},
    {"question": 'Say "a, b"\nand then\tc', "answer": "007", "style": "polite"},
    {"question": "Grüße, 你好", "answer": "1.0", "style": "plain"},
]
NAMES = ["question", "answer", "style"]


def write_csv(path: Path, delimiter: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, NAMES, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(ROWS)


def pack(path: Path, plain: Path) -> None:
    path.write_bytes(gzip.compress(plain.read_bytes()))


def lines(path: Path) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")


def as_list(path: Path) -> None:
    path.write_text(json.dumps(ROWS, indent=2), encoding="utf-8")


WRITERS: dict[str, Callable[[Path], Any]] = {
    "rows.jsonl": lines,
    "rows.ndjson": lines,
    "rows": lines,
    "rows.json": as_list,
    "lines.json": lines,
    "rows.csv": write_csv,
    "rows.tsv": lambda path: write_csv(path, "\t"),
    "rows.parquet": lambda path: parquet.write_table(pa.Table.from_pylist(ROWS), path),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    WRITERS[name](path)
    assert read_table(path, NAMES).columns == {key: [row[key] for row in ROWS] for key in NAMES}


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv", "rows.tsv"])
def test_texts_may_be_packed(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    pack(tmp_path / f"{name}.gz", tmp_path / name)
    assert read_table(tmp_path / f"{name}.gz", NAMES).columns == read_table(tmp_path / name, NAMES).columns


def test_only_wanted_columns_of_parquet_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    WRITERS["rows.parquet"](path)
    raw = read_raw(path, {"answer"}.__contains__)
    assert (list(raw.columns), raw.others, raw.names) == (["answer"], ("question", "style"), tuple(sorted(NAMES)))
    with pytest.raises(InputError, match=r"rows\.parquet: there is no column 'styl'; did you mean 'style'\?"):
        read_table(path, ["styl"])


def test_a_row_of_csv_is_told_by_the_line_that_it_begins_on(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text('a,b\n"one\ntwo",1\n\nthree,\nfour,4\n', encoding="utf-8")
    assert read_raw(path).places == (2, 5, 6)
    with pytest.raises(InputError) as caught:
        read_table(path, ["a", "b"])
    assert str(caught.value) == f"{path}:5: the column 'b' is empty in this row; fill it in or leave the row out"


def test_a_row_of_parquet_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    parquet.write_table(pa.table({"a": ["x", None], "b": [[1], [2]]}), path)
    with pytest.raises(InputError) as caught:
        read_table(path, ["a", "b"])
    assert str(caught.value).splitlines() == [
        f"{path}: row 2: the column 'a' is empty in this row; fill it in or leave the row out",
        f"{path}: row 1: the column 'b' holds a list in this row; it must be a text, a number or true/false",
        f"{path}: row 2: the column 'b' holds a list in this row; it must be a text, a number or true/false",
    ]


def test_parquet_values_become_the_text_that_a_person_would_write(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    table = pa.table(
        {
            "i": pa.array([1, 2], pa.int8()),
            "f": pa.array([1.0, 0.5]),
            "b": pa.array([True, False]),
            "d": pa.array([0, 1], pa.date32()),
            "c": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    parquet.write_table(table, path)
    assert read_table(path, []).columns == {
        "i": ["1", "2"],
        "f": ["1", "0.5"],
        "b": ["true", "false"],
        "d": ["1970-01-01", "1970-01-02"],
        "c": ["x", "y"],
    }


def test_an_absent_key_is_not_an_empty_value(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": null, "b": 1}\n{"b": 2}\n')
    assert read_raw(path).columns == {"a": [None, Missing(("b",))], "b": [1, 2]}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("r.xlsx", b"", "'.xlsx' is no format that can be read; known are .jsonl, .json, .csv, .tsv, .parquet"),
        ("r.csv.zip", b"", "'.zip' is no format"),
        ("r.csv", b"", "is empty; the first line names the columns"),
        ("r.csv", b"a,b\n", "holds no row below the line that names the columns"),
        ("r.csv", b"a,a\n1,2\n", "1: the column 'a' stands twice in the first line; keep one"),
        ("r.csv", b"a,\n1,2\n", "1: a column has no name in the first line"),
        ("r.csv", b"a,b\n1,2\n1,2,3\n", "3: this row has 3 fields, the first line names 2 columns"),
        ("r.csv", b'a,b\n1,"2\n', "2: is not CSV: unexpected end of data"),
        ("r.tsv", b"a,b\n1\t2\n", "2: this row has 2 fields, the first line names 1 columns"),
        ("r.csv", b"a\n\xff\n", "is not UTF-8 text: invalid start byte"),
        ("r.json", b"[1]", "entry 1 of the list is no JSON object"),
        ("r.json", b"[]", "holds no row"),
        ("r.json", b'[{"a": 1},\n{"a": }]', "2:7: is not JSON: expecting value"),
        ("r.parquet", b"PAR1", "cannot be read as Parquet: "),
        ("r.jsonl.gz", b"not packed", "cannot be read: Not a gzipped file"),
        ("r.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-12], "cannot be read: "),
        ("r.jsonl.gz", gzip.compress(b'{"a": 1}\n', mtime=0)[:-12], "cannot be read: "),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_raw(path)
    (told,) = str(caught.value).splitlines()
    assert told.startswith((f"{path}: {expected}", f"{path}:{expected}"))


@pytest.mark.parametrize("name", ["r.jsonl", "r.json", "r.csv", "r.parquet", "r.jsonl.gz", "r.tsv.gz"])
def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: no such file"):
        read_raw(tmp_path / name)
