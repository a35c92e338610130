"""Rows that come part by part are the rows that come at once."""

from __future__ import annotations

import csv
import json
import random
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from causal_reasoning.cli.row_formats import json_lines, write_rows
from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("letters")


@pytest.mark.parametrize(
    ("chunk", "given"), [(1, None), (7, None), (8_192, None), (50_000, None), (None, None), (100, {"style": "plain"})]
)
def test_parts_together_are_the_sample(world: World, chunk: int | None, given: dict[str, str] | None) -> None:
    rows = 50 if chunk == 1 else 9_000
    whole = world.sample(rows, 5, given=given)
    parts = list(world.stream(rows, 5, given=given, chunk=chunk))
    assert {name: [cell for part in parts for cell in part[name]] for name in whole} == whole
    if chunk is not None:
        sizes = [len(part["answer"]) for part in parts]
        assert sizes[:-1] == [chunk] * (rows // chunk - (rows % chunk == 0))


def test_the_callers_random_state_is_its_own_between_parts(world: World) -> None:
    torch.manual_seed(3)
    random.seed(3)
    before = torch.get_rng_state()
    parts = world.stream(20_000, 1)
    next(parts)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(5)
    np.random.rand(5)
    second = next(parts)
    assert second == list(world.stream(20_000, 1))[1]


def test_memory_does_not_grow_with_the_rows(world: World, tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        write_rows(tmp_path / "rows.jsonl", world.stream(rows, 0))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)
    assert peak(34_000) < 1.3 * peak(17_000)


def test_json_lines_csv_and_parquet_hold_the_same_rows(world: World, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    columns = world.sample(10_000, 2)
    for suffix in ("jsonl", "csv", "parquet"):
        assert write_rows(tmp_path / f"rows.{suffix}", world.stream(10_000, 2)) == 10_000
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert {name: [row[name] for row in rows] for name in columns} == columns
    assert pq.read_table(tmp_path / "rows.parquet").to_pydict() == columns
    with (tmp_path / "rows.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert {name: [row[name] for row in table] for name in columns} == columns


def test_lines_are_those_of_the_json_module() -> None:
    texts = ['a"b', "back\\slash", "line\nbreak", "tab\t", "é ß 漢", "100% %s", "\u2028", "\x01"]
    lines = json_lines({"a%": texts, "b": texts[::-1]})
    assert lines == "".join(
        json.dumps({"a%": one, "b": other}, ensure_ascii=False) + "\n"
        for one, other in zip(texts, texts[::-1], strict=True)
    )


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_broken_stream_leaves_the_old_file(world: World, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"rows.{suffix}"
    file.write_text("old")

    def broken() -> object:
        yield from world.stream(5, 0)
        raise InputError.at("rows", "no more")

    with pytest.raises(InputError, match="no more"):
        write_rows(file, broken())  # type: ignore[arg-type]
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_folder_is_no_file(world: World, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="it is a folder"):
        write_rows(tmp_path, world.stream(5, 0))


def test_the_size_of_a_part_is_checked(world: World) -> None:
    with pytest.raises(InputError, match="chunk must be a whole number from 1"):
        world.stream(5, 0, chunk=0)
