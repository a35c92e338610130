"""``world`` and ``sample``: what is shown of a world, pairs, formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from causal_reasoning.scm import load_world
from tests.cli.program import call


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_world_shows_nodes_arrows_parameters_a_row_and_the_accuracies() -> None:
    code, out, err = call("world", "letters", "--contents", "20", "--set", "rho=0.9")
    assert (code, err) == (0, "")
    for expected in (
        "parameters: rho = 0.9, eta = 0.25",
        "cue        other       noisy_copy        skill              first, second, penultimate, last",
        "  style -> skill",
        "an example",
        "query: do skill (marginal), read question, write answer",
        "best predictor there",
        "skill reversed",
        "mean over 20 draws of words",
    ):
        assert expected in out


def test_world_as_json_holds_the_numbers() -> None:
    data = json.loads(call("world", "letters", "--contents", "20", "--json").out)
    assert data["parameters"] == {"rho": 0.8, "eta": 0.25}
    assert data["query"] == {"do": ["skill"], "read": ["question"], "write": ["answer"], "policy": "marginal"}
    assert {"name": "cue", "role": "other", "mechanism": "noisy_copy"}.items() <= data["nodes"][3].items()
    assert set(data["accuracy"]) == {"observation", "do", "reversed"}
    assert data["accuracy"]["do"]["optimal"]["value"] == pytest.approx(0.75, abs=0.01)
    assert data["accuracy"]["do"]["fitted_under_observation"]["value"] == pytest.approx(0.25, abs=0.02)
    example = load_world("letters").sample(1, 0)
    assert data["example"] == {name: column[0] for name, column in example.items()}


def test_world_without_accuracies_or_query_says_so() -> None:
    assert "best predictor" not in call("world", "letters", "--contents", "0").out
    Path("w.yaml").write_text(
        "version: 1\nname: w\nnodes:\n  a: {role: other, mechanism: {kind: categorical, values: [x, y]}}\n"
    )
    out = call("world", "w.yaml").out
    assert "no query: add 'query:" in out
    assert json.loads(call("world", "w.yaml", "--json").out)["accuracy"] == {}


def test_many_values_are_counted() -> None:
    values = ", ".join(f"value{i}" for i in range(40))
    Path("w.yaml").write_text(
        f"version: 1\nname: w\nnodes:\n  a: {{role: other, mechanism: {{kind: categorical, values: [{values}]}}}}\n"
    )
    assert "value0, value1, value2, value3, value4, value5, … (40 values)" in call("world", "w.yaml").out


def test_sample_adds_counterfactual_columns() -> None:
    options = ("-n", "40", "--seed", "2", "--given", "style=story", "--counterfactual", "skill=first")
    rows = [json.loads(line) for line in call("sample", "letters", *options).out.splitlines()]
    assert len(rows) == 40
    changing = ["skill_cf", "cue_cf", "question_cf", "rationale_cf", "answer_cf"]
    assert list(rows[0]) == [*load_world("letters").nodes, *changing]
    assert {row["style"] for row in rows} == {"story"}
    assert {row["skill_cf"] for row in rows} == {"first"}
    for row in rows:
        letters = " | ".join(word[0] for word in row["words"].split())
        assert row["answer_cf"] == f"= {letters} ="
        if row["skill"] == "first":
            assert (row["question_cf"], row["answer_cf"]) == (row["question"], row["answer"])


def test_sample_sets_texts() -> None:
    line = call("sample", "letters", "-n", "1", "--do", "words=abcd wxyz", "--do", "skill=last").out
    assert json.loads(line)["answer"] == "= d | z ="


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_sample_writes_by_suffix(suffix: str) -> None:
    code, out, err = call("sample", "letters", "-n", "30", "-o", f"out/rows.{suffix}")
    assert (code, out) == (0, "")
    assert err == f"wrote out/rows.{suffix}\nwrote out/rows.graph.yaml\n"
    file = Path(f"out/rows.{suffix}")
    if suffix == "csv":
        with file.open(newline="") as stream:
            rows = list(csv.DictReader(stream))
    elif suffix == "parquet":
        import pyarrow.parquet as pq

        rows = pq.read_table(file).to_pylist()
    else:
        rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert rows == [json.loads(line) for line in call("sample", "letters", "-n", "30").out.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("world", "leters"), "leters: there is no shipped world of this name; did you mean 'letters'?"),
        (("world", "letters", "--set", "roh=1"), "unknown parameter 'roh'; did you mean 'rho'?"),
        (("sample", "letters", "--counterfactual", "skil=first"), "no node 'skil' for do; did you mean 'skill'?"),
        (("sample", "letters", "--counterfactual", "skill={x"), "--counterfactual: the table for 'skill' is not JSON"),
        (("sample", "letters", "--do", "words=a b"), "cannot be made from the text that do gives to 'words'"),
        (("sample", "letters", "-o", "."), ".: cannot be written: it is a folder; name a file"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: tuple[str, ...], expected: str) -> None:
    code, _, err = call(*arguments)
    assert code == 2
    assert expected in err
    assert err.count("\n") == 1


def test_a_counterfactual_column_may_not_hide_a_node() -> None:
    Path("w.yaml").write_text(
        "version: 1\nname: w\nnodes:\n  a: {role: other, mechanism: {kind: categorical, values: [x, y]}}\n"
        "  a_cf: {role: other, mechanism: {kind: categorical, values: [x, y]}}\n"
    )
    code, _, err = call("sample", "w.yaml", "--counterfactual", "a=x")
    assert code == 2
    assert "the world has a node 'a_cf', which is the name of a counterfactual column; rename it" in err
