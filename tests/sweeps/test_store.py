"""What names a run's folder: everything that can change its result, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.experiment import load_experiment
from causal_reasoning.experiment.reader import digest_of
from causal_reasoning.graph import load_graph
from causal_reasoning.sweeps.store import SCHEMA, find_results, read_result, run_config, run_folder

EXPERIMENT = """\
version: 1
name: study
data: {train: rows.jsonl, test: test.jsonl}
model: ./model
arms:
  - {graph: own.yaml, name: "An arm, with blanks"}
  - {graph: erm}
ceiling: false
evaluation: {splits: {hard: hard.jsonl}}
training: {steps: 5}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    for name, text in {
        "e.yaml": EXPERIMENT,
        "own.yaml": load_graph("reasoning").text,
        "rows.jsonl": '{"a": 1}\n',
        "test.jsonl": '{"a": 2}\n',
        "hard.jsonl": '{"a": 3}\n',
        "model/config.json": "{}",
        "model/weights.bin": "0",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def digest(folder: Path, arm: str = "An arm, with blanks", seed: int = 1) -> str:
    experiment = load_experiment(folder / "e.yaml")
    return digest_of(run_config(experiment, experiment.arm(arm), seed))


def test_the_same_run_has_the_same_folder_and_a_readable_one(folder: Path) -> None:
    experiment = load_experiment(folder / "e.yaml")
    arm = experiment.arms[1]
    first, second = (run_folder(Path("runs"), run_config(experiment, arm, 3), arm) for _ in range(2))
    assert first == second
    assert first.parent == Path("runs/study")
    assert first.name.startswith("an-arm--with-blanks-s3-")
    assert len(first.name.rpartition("-")[2]) == 12


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("e.yaml", "steps: 5", "steps: 6"),
        ("e.yaml", "name: study", "name: other"),
        ("e.yaml", "training:", "prompt: 'Q: {question}'\ntraining:"),
        ("e.yaml", "training:", "adapter: {rank: 4}\ntraining:"),
        ("e.yaml", "training:", "treatment: style\ntraining:"),
        ("e.yaml", "test: test.jsonl", "test: hard.jsonl"),
        ("own.yaml", "  - skill -> answer\n", ""),
        ("own.yaml", "query:", "objective: {realisation: loss_weights}\nquery:"),
        ("rows.jsonl", "1", "2"),
        ("test.jsonl", "2", "4"),
        ("hard.jsonl", "3", "4"),
        ("model/config.json", "{}", "{ }"),
        ("model/weights.bin", "0", "1"),
    ],
)
def test_what_can_change_the_result_is_another_run(folder: Path, file: str, old: str, new: str) -> None:
    before = digest(folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    assert digest(folder) != before


def test_an_adapter_of_an_arm_is_another_run_of_that_arm_only(folder: Path) -> None:
    arms = ("An arm, with blanks", "erm", "untrained base")
    before = {arm: digest(folder, arm) for arm in arms}
    (folder / "e.yaml").write_text(EXPERIMENT.replace("{graph: erm}", "{graph: erm, adapter: {kind: full}}"))
    assert [arm for arm in arms if digest(folder, arm) != before[arm]] == ["erm"]
    # What is written out although it is the default is no other run.
    (folder / "e.yaml").write_text(EXPERIMENT.replace("{graph: erm}", "{graph: erm, adapter: {kind: lora, rank: 8}}"))
    assert {arm: digest(folder, arm) for arm in arms} == before


def test_seeds_and_arms_are_runs_of_their_own(folder: Path) -> None:
    digests = {digest(folder, arm, seed) for arm in ("An arm, with blanks", "erm", "untrained base") for seed in (1, 2)}
    assert len(digests) == 6


def test_words_for_the_reader_are_no_other_run(folder: Path) -> None:
    before = digest(folder)
    graph = (folder / "own.yaml").read_text(encoding="utf-8")
    (folder / "own.yaml").write_text("# a comment\n" + graph.replace("description: A", "description: B A"))
    (folder / "e.yaml").write_text("# a comment\n" + EXPERIMENT + "description: words\nseeds: [7]\n")
    assert digest(folder) == before


@pytest.mark.parametrize("name", ["test.jsonl", "hard.jsonl", "rows.jsonl"])
def test_a_missing_file_is_told(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(InputError, match=rf"{name}: no such file$"):
        digest(folder)


@pytest.mark.parametrize(
    ("model", "phrase"),
    [("./none", "there is no such model folder; give 'default'"), (".", "is a folder without config.json")],
)
def test_a_model_that_is_not_there_is_told_before_anything_runs(folder: Path, model: str, phrase: str) -> None:
    (folder / "e.yaml").write_text(EXPERIMENT.replace("./model", model))
    with pytest.raises(InputError) as caught:
        digest(folder)
    assert phrase in str(caught.value)


def result(folder: Path, name: str, content: Any) -> Path:
    path = folder / name / "result.json"
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path.parent


def test_results_are_found_wherever_they_lie_below(tmp_path: Path) -> None:
    one, two = {"schema": SCHEMA, "arm": "a"}, {"schema": SCHEMA, "arm": "b"}
    assert read_result(result(tmp_path, "study/b-s1", two)) == two
    result(tmp_path, "study/a-s1", one)
    assert find_results(tmp_path) == find_results(tmp_path / "study") == [one, two]
    assert read_result(tmp_path / "study" / "c-s1") is None


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 1}', "", "null"])
def test_what_is_no_result_is_refused_with_a_remedy(tmp_path: Path, content: str) -> None:
    path = result(tmp_path, "study/a", content)
    with pytest.raises(InputError, match=r"result.json: is not a result .*remove the run's folder to repeat it$"):
        read_result(path)


def test_a_folder_without_runs_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no finished run; run 'causal-reasoning sweep' first$"):
        find_results(tmp_path)
    with pytest.raises(InputError, match=r"there is no such folder of runs$"):
        find_results(tmp_path / "none")
