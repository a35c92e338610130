"""Runs whose model is shown the stratum: trained, answered by the mixture, saved, measured again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.data.encode import encode
from causal_reasoning.data.load import load_data
from causal_reasoning.errors import InputError, NoValidPlanError
from causal_reasoning.evaluation.splits import evaluate, saved_strata
from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.files import write_jsonl
from causal_reasoning.objective.mixture import LOG_PRIOR
from causal_reasoning.sweeps.run import check_rows, prepare, run
from causal_reasoning.sweeps.store import run_config, run_folder
from tests.tiny import make_model

EXPERIMENT = """\
version: 1
name: confounded
data: {train: rows.jsonl, validation: 0.2, test: 0.1, duplicates: keep}
model: model
prompt: "{question}\\n"
arms:
  - graph: erm
  - {graph: question_confounded, name: summed}
  - {graph: question_confounded, name: distilled, objective: {estimator: distillation}}
  - {graph: question_confounded, name: drawn, objective: {estimator: monte_carlo}}
  - {graph: question_confounded, name: mean, objective: {estimator: nwgm, settings: {passes: 1}}}
  - {graph: question_confounded, name: robust, objective: {estimator: doubly_robust}}
seeds: [1]
base: false
ceiling: false
adapter: {rank: 2, alpha: 4}
training: {steps: 6, batch_size: 8, learning_rate: 0.1, evaluate_every: 3, checkpoint_every: 3, max_length: 60}
evaluation: {items: 8, max_new_tokens: 3}
"""


def rows(count: int, give_away: bool = False) -> list[dict[str, str]]:
    """Source a asks for the first letter and writes it small; source b asks for the last and writes it large."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        source = str(rng.choice(["a", "b"], p=[0.7, 0.3]))
        cue = "first" if (source == "a") == (rng.random() < 0.8) else "last"
        word = "".join(rng.choice(list("bcdfgaeiou"), 4))
        letter = word[0 if cue == "first" else -1]
        mark = f"{source}: " if give_away else ""
        answer = letter if source == "a" else letter.upper()
        found.append({"source": source, "question": f"{mark}{cue} letter of {word}", "answer": answer})
    return found


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("confounded")
    make_model(folder / "model")
    write_jsonl(folder / "rows.jsonl", rows(160))
    (folder / "confounded.yaml").write_text(EXPERIMENT, encoding="utf-8")
    return load_experiment(folder / "confounded.yaml")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def folder_of(experiment: Experiment, name: str, root: Path) -> Path:
    arm = experiment.arm(name)
    return run_folder(root, run_config(experiment, arm, 1), arm)


def test_a_summed_run_keeps_its_strata_and_is_measured_again_from_its_folder(
    experiment: Experiment, root: Path
) -> None:
    record = run(experiment, "summed", 1, root)
    strata = record["strata"]
    assert [z["values"] for z in strata["strata"]] == [["a"], ["b"]]
    assert math.fsum(z["probability"] for z in strata["strata"]) == pytest.approx(1)
    assert strata["strata"][0]["probability"] == pytest.approx(0.7, abs=0.08)
    assert strata["text_overlap"]["readable"] < 0.95
    assert all("same_exact_match" in point and "same_nll" in point for point in record["curve"])
    adapter = folder_of(experiment, "summed", root) / "adapter"
    assert json.loads((adapter / "causal_reasoning.json").read_text())["strata"] == strata
    splits, _ = evaluate(experiment, adapter=adapter, seed=1)
    assert splits["same"]["nll"] == pytest.approx(record["splits"]["same"]["nll"], rel=1e-6)
    assert splits["same"]["exact_match"] == record["splits"]["same"]["exact_match"]
    # Without the strata beside it the adapter is another model: it is asked without control text.
    saved = (adapter / "causal_reasoning.json").read_text()
    (adapter / "causal_reasoning.json").unlink()
    plain, _ = evaluate(experiment, adapter=adapter, seed=1)
    assert plain["same"]["nll"] != pytest.approx(splits["same"]["nll"], rel=1e-6)
    (adapter / "causal_reasoning.json").write_text(saved.replace('"probability": 0', '"probability": 1'))
    with pytest.raises(InputError, match=r"causal_reasoning.json: the record of the strata cannot be read"):
        saved_strata(adapter)


def test_training_shows_each_row_its_own_stratum(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Caught(BaseException):
        pass

    passed: dict[str, Any] = {}

    def catch(model: Any, tokenizer: Any, **arguments: Any) -> None:
        passed.update(arguments, tokenizer=tokenizer)
        raise Caught

    monkeypatch.setattr("causal_reasoning.training.fit.fit", catch)
    with pytest.raises(Caught):
        run(experiment, "distilled", 1, tmp_path)
    data = load_data(experiment, 1)
    for table, rows in ((data.train, passed["train"]), (data.validation, passed["validation"])):
        prompts = [passed["tokenizer"].decode(row.prompt, skip_special_tokens=True) for row in rows]
        pairs = zip(table.columns["source"], table.columns["question"], strict=True)
        assert prompts == [f"{question}\n[source: {source}]\n" for source, question in pairs]
    # The loss numbers the strata as their probabilities are ordered.
    assert passed["weights"].groups.tolist() == ["ab".index(z) for z in data.train.columns["source"]]
    assert sorted(passed["views"]) == sorted(passed["validation_views"]) == ["other 0", "student"]
    assert passed["share"]
    assert sorted(passed["memory"]) == [LOG_PRIOR]
    assert np.exp(passed["memory"][LOG_PRIOR]) == pytest.approx(
        [data.train.columns["source"].count(z) / len(data.train) for z in "ab"]
    )


def test_a_killed_distilled_run_resumes_to_the_same_plain_adapter(experiment: Experiment, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(step: int, steps: int) -> None:
        if step >= 3:
            raise Killed

    record = run(experiment, "distilled", 1, tmp_path / "whole")
    with pytest.raises(Killed):
        run(experiment, "distilled", 1, tmp_path / "killed", progress=kill)
    assert run(experiment, "distilled", 1, tmp_path / "killed")["splits"] == record["splits"]
    metrics = folder_of(experiment, "distilled", tmp_path / "whole") / "metrics.jsonl"
    logged = [json.loads(line) for line in metrics.read_text().splitlines()]
    parts: list[dict[str, Any]] = [entry for entry in logged if "distillation" in entry]
    assert all(entry["loss"] == pytest.approx(entry["nll"] + entry["distillation"], rel=1e-3) for entry in parts)
    assert parts


def test_drawn_strata_are_the_same_in_every_call(experiment: Experiment, root: Path) -> None:
    record = run(experiment, "drawn", 1, root)
    splits, _ = evaluate(experiment, adapter=folder_of(experiment, "drawn", root) / "adapter", seed=1)
    assert splits["same"]["nll"] == pytest.approx(record["splits"]["same"]["nll"], rel=1e-6)


def test_an_approximate_answer_is_compared_with_the_exact_sum_and_answers_the_same_again(
    experiment: Experiment, root: Path
) -> None:
    record = run(experiment, "mean", 1, root)
    gap = record["strata"]["against_sum"]
    assert gap["rows"] == record["rows"]["validation"]
    assert 0 <= gap["mean_difference"] <= gap["largest_difference"]
    splits, _ = evaluate(experiment, adapter=folder_of(experiment, "mean", root) / "adapter", seed=1)
    assert splits["same"]["nll"] == pytest.approx(record["splits"]["same"]["nll"], rel=1e-6)
    assert "against_sum" not in run(experiment, "summed", 1, root)["strata"]


def test_a_killed_doubly_robust_run_resumes_to_the_same_plain_adapter(experiment: Experiment, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(step: int, steps: int) -> None:
        if step >= 3:
            raise Killed

    record = run(experiment, "robust", 1, tmp_path / "whole")
    assert record["overlap"]["effective_share"] > 0.3
    with pytest.raises(Killed):
        run(experiment, "robust", 1, tmp_path / "killed", progress=kill)
    assert run(experiment, "robust", 1, tmp_path / "killed")["splits"] == record["splits"]
    metrics = folder_of(experiment, "robust", tmp_path / "whole") / "metrics.jsonl"
    logged = [json.loads(line) for line in metrics.read_text().splitlines()]
    parts = [entry for entry in logged if "residual" in entry]
    assert parts
    for entry in parts:
        assert entry["loss"] == pytest.approx(entry["nll"] + entry["distillation"] + entry["residual"], rel=1e-3)


def test_a_source_that_is_written_in_the_question_is_refused_before_training(
    experiment: Experiment, tmp_path: Path
) -> None:
    (tmp_path / "model").symlink_to(experiment.folder / "model")
    write_jsonl(tmp_path / "rows.jsonl", rows(200, give_away=True))
    (tmp_path / "confounded.yaml").write_text(EXPERIMENT, encoding="utf-8")
    given = load_experiment(tmp_path / "confounded.yaml")
    with pytest.raises(NoValidPlanError, match=r"rows.jsonl: positivity fails: source can be read off the text"):
        prepare(given, given.arm("summed"), 1)
    assert prepare(given, given.arm("erm"), 1).strata is None


def test_rows_that_are_too_long_with_their_control_text_are_found_early(experiment: Experiment) -> None:
    check_rows(experiment, 1)
    table = load_data(experiment, 1).train
    plain = encode(table, build_tokenizer(), experiment.spec.prompt, experiment.write, 60)
    longest = max(len(row.prompt) + len(row.target) for row in plain)
    short = load_experiment(experiment.document.file, {"training.max_length": str(longest + 1)})
    with pytest.raises(InputError, match=r"max_length"):
        check_rows(short, 1)
