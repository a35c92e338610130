"""Tables: values become text, and what a graph binds must be there and be what it is bound as."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.data.table import Table, check_bindings, read_table
from causal_reasoning.errors import InputError
from causal_reasoning.graph import load_graph


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_numbers_and_booleans_become_the_text_that_a_person_would_write(tmp_path: Path) -> None:
    values = [1, 1.0, -0.0, 1.5, True, False, "1", "a b", 10**20, 1e-7]
    table = read_table(write(tmp_path, [{"v": value} for value in values]), ["v"])
    assert table.columns["v"] == ["1", "1", "0", "1.5", "true", "false", "1", "a b", "1" + "0" * 20, "1e-07"]


def test_columns_that_nobody_needs_are_kept_if_they_are_plain(tmp_path: Path) -> None:
    rows = [{"v": 1, "plain": "a", "list": [1], "hole": "x"}, {"v": 2, "plain": "", "list": [2], "hole": None}]
    assert set(read_table(write(tmp_path, rows), ["v"]).columns) == {"v", "plain"}


def test_rows_keep_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('\n{"v": "a"}\n\n{"v": "b"}\n{"v": "c"}\n', encoding="utf-8")
    table = read_table(path, ["v"])
    chosen = table.rows([2, 0]).with_columns(w=["x", "y"])
    assert (chosen.columns, chosen.lines) == ({"v": ["c", "a"], "w": ["x", "y"]}, (5, 2))
    assert str(chosen.fault(0, "wrong")) == f"{path}:5: wrong"
    assert str(Table({"v": ["a"]}, "world letters").fault(0, "wrong")) == "world letters: wrong"
    assert (len(table), len(chosen), len(Table({}, "none"))) == (3, 2, 0)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"style": "a"}, "2: this row lacks the column 'skill'; known: 'style'"),
        ({"style": "a", "skil": "b"}, "2: this row lacks the column 'skill'; did you mean 'skil'?"),
        ({"style": "a", "skill": ""}, "2: the column 'skill' is empty in this row; fill it in or leave the row out"),
        ({"style": "a", "skill": " \t"}, "2: the column 'skill' is empty in this row"),
        ({"style": "a", "skill": None}, "2: the column 'skill' is empty in this row"),
        ({"style": "a", "skill": ["b"]}, "2: the column 'skill' holds a list in this row; it must be a text, a number"),
        ({"style": "a", "skill": {"b": 1}}, "2: the column 'skill' holds an object in this row"),
        ({"style": "a", "skill": float("nan")}, "2: the column 'skill' holds nan in this row"),
        ({"style": "a", "skill": float("-inf")}, "2: the column 'skill' holds -inf in this row"),
    ],
)
def test_a_cell_that_is_no_value_is_refused_with_its_line(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    path = write(tmp_path, [{"style": "a", "skill": "b"}, row])
    with pytest.raises(InputError) as caught:
        read_table(path, ["style", "skill"])
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}:{message}")


def test_a_column_that_no_row_has_is_one_fault_and_many_faults_are_not_all_told(tmp_path: Path) -> None:
    path = write(tmp_path, [{"v": "", "w": ""}] * 1000)
    with pytest.raises(InputError) as caught:
        read_table(path, ["u", "v", "w"])
    lines = str(caught.value).splitlines()
    assert lines[0] == f"{path}:1:1: there is no column 'u'; known: 'v', 'w'"
    assert len(lines) == 21
    assert lines[-1] == f"{path}: and 1,981 more faults of this kind"


def columns(number: int, **changed: list[str]) -> dict[str, list[str]]:
    base = {
        "style": [f"s{i % 3}" for i in range(number)],
        "skill": [f"k{i % 2}" for i in range(number)],
        "question": [f"question {i}" for i in range(number)],
        "answer": [f"answer {i}" for i in range(number)],
    }
    return {**base, **changed}


def test_text_may_differ_in_every_row_and_a_category_may_not() -> None:
    graph = load_graph("reasoning")
    check_bindings(Table(columns(100), "rows"), graph)
    # Twenty different values in a hundred rows are the most that is taken for a category.
    check_bindings(Table(columns(100, style=[f"s{i % 20}" for i in range(100)]), "rows"), graph)
    with pytest.raises(InputError, match="bound as categorical but has 21 different values in 100 rows"):
        check_bindings(Table(columns(100, style=[f"s{i % 21}" for i in range(100)]), "rows"), graph)
    # Few rows say nothing about it.
    check_bindings(Table(columns(19, style=[f"s{i}" for i in range(19)]), "rows"), graph)


@pytest.mark.parametrize("long", ["two\nlines", "x" * 201])
def test_a_category_is_short_and_of_one_line(long: str) -> None:
    table = Table(columns(5, skill=["a", "b", long, "a", "b"]), "rows.jsonl", (1, 2, 3, 4, 5))
    with pytest.raises(InputError, match=r"^rows.jsonl:3: the column 'skill' is bound as categorical but holds text"):
        check_bindings(table, load_graph("reasoning"))


def test_a_bound_column_that_is_missing_is_told_with_its_node_and_the_nearest_column() -> None:
    have = columns(30)
    have["styl"] = have.pop("style")
    with pytest.raises(InputError) as caught:
        check_bindings(Table(have, "rows.jsonl", tuple(range(1, 31))), load_graph("reasoning"))
    assert str(caught.value) == (
        "rows.jsonl:1:1: there is no column 'style', to which the graph reasoning binds the node 'confounder'; "
        "did you mean 'styl'?"
    )
