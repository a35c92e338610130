"""``preview``: rows as they are trained on, and what is wrong with them, before anything is trained."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from causal_reasoning.cli import preview as command
from causal_reasoning.experiment import load_experiment
from causal_reasoning.sweeps.preview import preview
from tests.cli.program import EXPERIMENT, GRAPH, ROWS, call

KEPT = EXPERIMENT.replace("train: rows.jsonl", "train: rows.jsonl, normalise: number")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graph.yaml").write_text(GRAPH)
    (tmp_path / "experiment.yaml").write_text(KEPT)
    (tmp_path / "rows.jsonl").write_text(ROWS)
    return tmp_path


def test_rows_are_shown_as_they_are_trained_on(folder: Path) -> None:
    code, out, err = call("preview", "experiment.yaml", "--rows", "2")
    assert (code, err) == (0, "")
    assert out.startswith("study, arm mine, seed 1: L(θ) = E[ w · ")
    found = re.findall(r"row (\d), rows\.jsonl:(\d+): (\d+) tokens read, (\d+) written, weight ([\d.]+)\n", out)
    assert [one[0] for one in found] == ["1", "2"]
    for _, line, *_ in found:
        row = json.loads(ROWS.splitlines()[int(line) - 1])
        assert f"    skill = {row['skill']}, style = {row['style']}\n  | <s>{row['question']}\n  | \n" in out
        assert f"  > {row['answer']}</s>\n" in out
    assert "effective of 36 rows" in out
    assert "\x1b" not in out
    assert sorted(path.name for path in folder.iterdir()) == ["experiment.yaml", "graph.yaml", "rows.jsonl"]


def test_the_report_counts_what_is_there(folder: Path) -> None:
    code, out, _ = call("preview", "experiment.yaml", "--json", "-n", "0")
    assert code == 0
    found = json.loads(out)
    parts = {part["title"]: part for part in found["report"]["parts"]}
    assert {title: part["rows"] for title, part in parts.items()} == {
        "training": 36,
        "validation": 12,
        "same distribution": 12,
    }
    # Each answer is a number of its own; one token, and the end of the text.
    assert (parts["training"]["classes"], parts["training"]["majority_share"]) == (36, pytest.approx(1 / 36))
    assert parts["validation"]["written"]["most"] <= 3
    counts = {column["name"]: column["counts"] for column in found["report"]["columns"]}
    assert sum(counts["style"].values()) == sum(counts["skill"].values()) == 36
    assert found["examples"] == []
    assert found["refused"] is None


def test_weights_have_mean_one_and_are_those_of_the_formula(folder: Path) -> None:
    data = json.loads(call("preview", "experiment.yaml", "--json", "-n", "36")[1])
    rows = data["examples"]
    assert len(rows) == 36
    assert sum(row["weight"] for row in rows) / 36 == pytest.approx(1)
    # w = P(skill) / P(skill | style), counted by hand.
    pairs = [(row["values"]["skill"], row["values"]["style"]) for row in rows]
    raw = [
        (sum(t == s for t, _ in pairs) / 36) / (pairs.count((s, z)) / sum(y == z for _, y in pairs)) for s, z in pairs
    ]
    assert [row["weight"] for row in rows] == pytest.approx([w / (sum(raw) / 36) for w in raw])


def test_how_far_a_column_gives_the_answer_away(folder: Path) -> None:
    changed = [json.loads(line) for line in ROWS.splitlines()]
    for row in changed:
        row["answer"] = {"a": "1", "b": "2", "c": "2"}[row["style"]]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
    found = json.loads(call("preview", "experiment.yaml", "--json", "-n", "0")[1])["report"]["columns"]
    guess = {column["name"]: column["guess"] for column in found}
    assert set(guess["style"].values()) == {1.0}
    train = found[0]["counts"] if found[0]["name"] == "style" else found[1]["counts"]
    assert guess["skill"]["training"] == pytest.approx((train["b"] + train["c"]) / 36, abs=0.2)


def test_what_would_be_refused_is_shown_with_the_rest_and_fails(folder: Path) -> None:
    lines = ROWS.splitlines(keepends=True)
    (folder / "rows.jsonl").write_text("".join(lines + lines))
    settings = ("--set", "training.max_length=8", "--set", "evaluation.max_new_tokens=1")
    code, out, err = call("preview", "experiment.yaml", *settings)
    assert code == 2
    assert "row 1, rows.jsonl:" in out
    told = err.splitlines()
    assert any("have their text in the training part too" in line for line in told)
    assert any("are longer than training.max_length = 8 tokens" in line for line in told)
    assert all(line.startswith("rows.jsonl: ") for line in told)
    code, _, swept = call("sweep", "experiment.yaml", *settings)
    assert code == 2
    assert "have their text in the training part too" in swept


def test_an_arm_without_overlap_is_shown_and_fails_as_in_training(folder: Path) -> None:
    changed = [json.loads(line) for line in ROWS.splitlines()]
    rows = [{**row, "skill": "first" if row["style"] == "a" else row["skill"]} for row in changed]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, err = call("preview", "experiment.yaml", "-n", "1")
    assert code == 4
    assert "row 1, rows.jsonl:" in out
    assert "no training row has skill = 'last', confounder = 'a'" in err


def test_on_a_terminal_what_is_read_is_dim_and_what_is_written_is_coloured(folder: Path) -> None:
    loaded = load_experiment(folder / "experiment.yaml")
    out = Console(file=StringIO(), force_terminal=True, color_system="standard", width=100)
    command._print(preview(loaded, loaded.arm("mine"), 1, 1), out)
    assert isinstance(out.file, StringIO)
    text = out.file.getvalue()
    assert re.search(r"\x1b\[2m  \| <s>What is \d+\?", text)
    assert re.search(r"\x1b\[1;32m  > \d+</s>", text)


def test_the_base_and_an_unknown_arm(folder: Path) -> None:
    code, out, _ = call("preview", "experiment.yaml", "--arm", "untrained base", "-n", "1")
    assert code == 0
    assert "weight" not in out.splitlines()[2]
    code, _, err = call("preview", "experiment.yaml", "--arm", "mien")
    assert code == 2
    assert "there is no arm 'mien'; did you mean 'mine'?" in err
