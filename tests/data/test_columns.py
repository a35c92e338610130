"""Names: the experiment's columns under the file's, and which columns of a file anybody asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from causal_reasoning.data.columns import named
from causal_reasoning.data.load import load_data
from causal_reasoning.data.rows import RunData
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import load_experiment

ROWS = [
    {"text": f"q{i}", "gold": str(i), "operation": "ab"[i % 2], "wording": "xyz"[i % 3], "note": f"n{i}", "style": "-"}
    for i in range(120)
]
BASE = "version: 1\nname: e\nceiling: false\narms: [{graph: reasoning}]\n"
ALL = "question: text, answer: gold, skill: operation, style: wording"


def write(folder: Path, data: str) -> Path:
    (folder / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    parquet.write_table(pa.Table.from_pylist(ROWS), folder / "r.parquet")
    path = folder / "e.yaml"
    path.write_text(f"{BASE}data: {data}\n")
    return path


def load(folder: Path, data: str) -> RunData:
    return load_data(load_experiment(write(folder, data)), 1)


@pytest.mark.parametrize("columns", [ALL, ALL.replace("style:", "confounder:")])
def test_columns_are_called_by_the_graphs_columns_or_nodes(tmp_path: Path, columns: str) -> None:
    train = load(tmp_path, f"{{train: r.jsonl, columns: {{{columns}}}}}").train
    for i in range(0, len(train), 7):
        row = ROWS[train.lines[i] - 1]
        assert train.columns["question"][i] == row["text"]
        assert train.columns["style"][i] == row["wording"]  # the file's own 'style' gives way
        assert train.columns["text"][i] == row["text"]


def test_filters_splits_and_templates_use_the_new_names(tmp_path: Path) -> None:
    kept = "filter: [{column: style, not_equal: z}], answer: '{wording} {answer}'"
    data = f"{{train: r.jsonl, columns: {{{ALL}}}, {kept}}}"
    train = load(tmp_path, data).train
    assert set(train.columns["style"]) == {"x", "y"}
    assert all(answer[0] in "xy" for answer in train.columns["answer"])


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("questoin: text", "e.yaml:5:34: no graph or setting uses a column 'questoin'; did you mean 'question'?"),
        ("question: txt", "e.yaml:5:44: {folder}/r.jsonl has no column 'txt'; did you mean 'text'?"),
        (f"{ALL}, confounder: wording", "the column 'style' is mapped already"),
    ],
)
def test_a_mapping_that_leads_nowhere_is_told_at_its_place(tmp_path: Path, columns: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, f"{{train: r.jsonl, columns: {{{columns}}}}}")
    assert expected.replace("{folder}", str(tmp_path)) in str(caught.value)


def test_of_parquet_only_columns_that_somebody_names_are_read(tmp_path: Path) -> None:
    data = f"{{train: r.parquet, columns: {{{ALL}}}}}"
    train = load(tmp_path, data).train
    assert "note" not in train.columns
    assert "note" in train.others
    kept = load(tmp_path, f"{{train: r.parquet, columns: {{{ALL}}}, keep: [note]}}").train
    assert all(kept.columns["note"][i] == f"n{number - 1}" for i, number in enumerate(kept.lines))
    with pytest.raises(InputError, match=r"r\.parquet has no column 'notes'; did you mean 'note'\?"):
        load(tmp_path, f"{{train: r.parquet, columns: {{{ALL}}}, keep: [notes]}}")


def test_lines_and_columns_files_give_the_same_rows(tmp_path: Path) -> None:
    lines, table = (load(tmp_path, f"{{train: r.{kind}, columns: {{{ALL}}}}}") for kind in ("jsonl", "parquet"))
    for name in ("question", "answer", "skill", "style"):
        assert lines.train.columns[name] == table.train.columns[name]


def test_names_are_found_wherever_they_stand(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "{train: r.jsonl, split: {hash: one}, keep: [two], filter: [{column: three, present: true}], "
        "plant: {by: four, strength: 0.5, templates: {a: 'x {five}', b: y}}, answer: '{six}'}",
    )
    assert {"one", "two", "three", "four", "five", "six", "style", "skill", "question", "answer"} <= named(
        load_experiment(path)
    )


def test_kept_columns_may_have_empty_cells(tmp_path: Path) -> None:
    path = write(tmp_path, f"{{train: h.jsonl, columns: {{{ALL}}}, keep: [note]}}")
    rows = [{**row, "note": None if i % 2 else "x"} for i, row in enumerate(ROWS)]
    (tmp_path / "h.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert set(load_data(load_experiment(path), 1).train.columns["note"]) == {"", "x"}


def test_a_path_is_beside_the_file_or_below_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, f"{{train: r.jsonl, columns: {{{ALL}}}}}")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "r.jsonl").rename(tmp_path / "elsewhere" / "r.jsonl")
    with pytest.raises(InputError, match="no such file"):
        load_data(load_experiment(path), 1)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(load_data(load_experiment(path), 1).train) == 84
