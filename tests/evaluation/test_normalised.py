"""Answers are compared in the form that the experiment asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from causal_reasoning.data.load import load_data
from causal_reasoning.evaluation import accuracy
from causal_reasoning.evaluation.splits import measure_splits
from causal_reasoning.experiment import load_experiment
from causal_reasoning.training.model import load_model
from tests.tiny import make_model


@pytest.mark.parametrize(("form", "expected"), [("", 0.0), (", normalise: number", 0.75)])
def test_an_answer_in_another_form_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, expected: float
) -> None:
    rows = [{"question": f"what is {i}", "answer": "1000"} for i in range(40)]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model_folder = make_model(tmp_path / "model")
    (tmp_path / "e.yaml").write_text(
        f"version: 1\nname: e\nceiling: false\narms: [{{graph: erm}}]\nmodel: {model_folder}\n"
        f"data: {{train: r.jsonl, answer: '= {{answer}} ='{form}}}\nevaluation: {{items: 4, max_new_tokens: 8}}\n"
    )
    experiment = load_experiment(tmp_path / "e.yaml")
    written = ["= 1,000. =", "So it is 1000", "= 999 =", "7\n= 1000.0 ="]
    monkeypatch.setattr(accuracy, "generate", lambda *arguments: list(written))
    model, tokenizer = load_model(str(model_folder))
    results, answers = measure_splits(model, tokenizer, experiment, load_data(experiment, 1).splits)
    assert results["same"]["exact_match"] == expected
    assert [row["answer"] for row in answers] == written
