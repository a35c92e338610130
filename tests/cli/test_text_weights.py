"""The program on weights with texts in them: calibration is told, and what the text gives away is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.program import call

GRAPH = """\
version: 1
name: noted
nodes:
  style: {bind: {column: style}}
  question: {bind: {text: question}}
  answer: {bind: {text: answer}}
edges: [style -> question -> answer, style -> answer]
query: {do: question, read: question, write: answer}
objective: {nuisance: head, estimator: weighting}
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("graph.yaml").write_text(GRAPH)
    # Every fourth question is put in the other style's words.
    rows = [
        {"style": "ab"[i % 2], "question": f"{('please', 'now')[(i + (i % 8 < 2)) % 2]} take {i % 5}", "answer": "x"}
        for i in range(160)
    ]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for row in rows:
        row["question"] = f"{'please' if row['style'] == 'a' else 'now'} take it"
    Path("plain.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_derive_estimates_the_weights_and_tells_how_well(capsys: pytest.CaptureFixture[str]) -> None:
    done = call("derive", "graph.yaml", "--data", "rows.jsonl", "--json")
    assert done.code == 0, done.err
    overlap = json.loads(done.out)["overlap"]
    head = overlap["heads"]["P(style | question)"]
    assert head["log_loss"] < head["marginal_log_loss"]
    assert overlap["mean_weight"] == pytest.approx(1, abs=0.15)
    told = call("derive", "graph.yaml", "--data", "rows.jsonl").out
    assert "P(style | question) by a classifier on embeddings" in told
    assert "expected calibration error" in told


def test_derive_refuses_a_style_that_the_question_shows() -> None:
    done = call("derive", "graph.yaml", "--data", "plain.jsonl")
    assert done.code == 4
    assert done.err.startswith("plain.jsonl: positivity fails: style can be read off the text of question")
    assert len(done.err.strip().splitlines()) == 1
