"""Rows, one thing wrong in each: the fault is told with its line before anything is trained or written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.bad_input import Case, Content, change, placed
from tests.cli.program import GRAPH, ROWS

Row = dict[str, str]


def rows(name: str, content: Content, place: str, phrase: str, code: int = 2) -> Case:
    """Other rows under a sound experiment."""
    return Case(name, ("sweep", "experiment.yaml"), placed("rows.jsonl", place), phrase, code, {"rows.jsonl": content})


def each(change_row: Callable[[Row], Row]) -> str:
    """All rows with a change."""
    return "".join(json.dumps(change_row(json.loads(line))) + "\n" for line in ROWS.splitlines())


def cell(name: str, value: str, place: str, phrase: str) -> Case:
    """Another value for the style of the fifth row."""
    lines = ROWS.splitlines(keepends=True)
    lines[4] = lines[4].replace('"style": "b"', value)
    return rows(name, "".join(lines), place, phrase)


NO_STYLE = ROWS.replace('"style"', '"styl"')
ARM = "arm 'mine': rows.jsonl: "

CASES = [
    rows("a missing column", NO_STYLE, "1:1", "there is no column 'style'; did you mean 'styl'?"),
    cell("a row without a column", '"styl": "b"', "5", "this row lacks the column 'style'; did you mean"),
    cell("an empty cell", '"style": ""', "5", "the column 'style' is empty in this row"),
    cell("a cell of nothing", '"style": null', "5", "the column 'style' is empty in this row"),
    cell("a cell of a list", '"style": ["b"]', "5", "the column 'style' holds a list in this row"),
    cell("a cell of an object", '"style": {"b": 1}', "5", "holds an object in this row"),
    cell("a cell that is not a number", '"style": NaN', "5", "holds nan in this row"),
    cell("an infinite cell", '"style": 1e999', "5", "holds inf in this row"),
    cell("a key twice in a row", '"style": "b", "style": "c"', "5", "the key 'style' stands twice"),
    cell("a malformed row", '"style": b', "5:11", "is not JSON: expecting value"),
    cell("text in a category", '"style": "' + "b" * 300 + '"', "5", "holds text (300 characters); bind it with"),
    rows("a row of a list", '["a"]\n' + ROWS, "1:1", "a row must be a JSON object, this is a list"),
    rows("no rows", "\n", "rows.jsonl: ", "holds no row"),
    rows("rows that are no text", b"\xff\xfe" + ROWS.encode(), "1:1", "is not UTF-8 text"),
    rows("too few rows", ROWS.splitlines()[0], "rows.jsonl: ", "too few rows for a test part (1 in all)"),
    rows(
        "a category for every row",
        each(lambda row: {**row, "style": row["question"]}),
        "rows.jsonl:",
        "is bound as categorical but has 36 different values in 36 rows; bind it with {text: style}",
    ),
    Case(
        "rows for a derivation",
        ("derive", "graph.yaml", "--data", "rows.jsonl"),
        "rows.jsonl:1:1: ",
        "there is no column 'style'",
        2,
        {"rows.jsonl": NO_STYLE},
    ),
    Case(
        "rows for a derivation that needs no weights",
        ("derive", "erm", "--data", "none.jsonl"),
        "none.jsonl: ",
        "no such file",
    ),
    # Positivity: the fault names the arm and the cell.
    rows(
        "a cell without rows",
        each(lambda row: {**row, "skill": "first" if row["style"] == "a" else row["skill"]}),
        ARM,
        "no training row has skill = 'last', confounder = 'a'",
        4,
    ),
    rows(
        "a confounder that the treatment decides",
        each(lambda row: {**row, "style": f"the {row['skill']} one"}),
        ARM,
        "the confounder is a function of the treatment",
        4,
    ),
    Case(
        "a policy for what never occurs",
        ("sweep", "experiment.yaml"),
        ARM,
        "the policy gives probability 0.5 to what no training row has: skill = 'lst'; did you mean 'last'?",
        4,
        change("graph.yaml", GRAPH, "write: answer", "write: answer, policy: {first: 0.5, lst: 0.5}"),
    ),
    Case(
        "a cell without rows in a derivation",
        ("derive", "graph.yaml", "--data", "rows.jsonl"),
        "rows.jsonl: ",
        "no training row has skill = 'last', confounder = 'a'",
        4,
        {"rows.jsonl": each(lambda row: {**row, "skill": "first" if row["style"] == "a" else row["skill"]})},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_one_sentence_at_its_place(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case.check(tmp_path, monkeypatch)
