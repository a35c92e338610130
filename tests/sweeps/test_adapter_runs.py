"""Runs of arms that train different adapters: exact resume, the same numbers in another process, and the table."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.report import markdown_table
from causal_reasoning.sweeps.prepare import check_rows, prepare
from causal_reasoning.sweeps.run import run
from causal_reasoning.sweeps.statistics import summary_of
from causal_reasoning.sweeps.store import run_config, run_folder
from causal_reasoning.training.trainer import TargetRiskTrainer
from tests.tiny import make_model

EXPERIMENT = """\
version: 1
name: tiny
data: {world: letters, set: {rho: 0.4}, rows: 200}
model: MODEL
arms:
  - graph: erm
  - {graph: erm, name: matched, adapter: {parameters: 300}}
  - {graph: erm, name: adaption, adapter: {kind: adaption_prompt, learning_rate: 0.01}}
  - {graph: erm, name: ia3, adapter: {kind: ia3}}
  - {graph: erm, name: prefix, adapter: {kind: prefix, parameters: 500}}
  - {graph: erm, name: full, adapter: {kind: full}}
seeds: [1]
adapter: {rank: 2, alpha: 4}
training: {steps: 4, batch_size: 8, evaluate_every: 2, checkpoint_every: 2}
evaluation: {items: 3, max_new_tokens: 3}
"""
OTHERS = ("adaption", "ia3", "prefix", "full")


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("tiny")
    path = folder / "tiny.yaml"
    path.write_text(EXPERIMENT.replace("MODEL", str(make_model(folder / "model"))), encoding="utf-8")
    return load_experiment(path)


@pytest.fixture(scope="module")
def finished(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    root = tmp_path_factory.mktemp("runs")
    return root, {name: run(experiment, name, 1, root) for name in ("untrained base", "erm", "matched", *OTHERS)}


def adapter_of(experiment: Experiment, name: str, root: Path) -> Path:
    arm = experiment.arm(name)
    return run_folder(root, run_config(experiment, arm, 1), arm) / "adapter"


@pytest.mark.parametrize("name", OTHERS)
def test_an_interrupted_run_ends_where_an_undisturbed_one_does(
    finished: tuple[Path, dict[str, Any]], experiment: Experiment, tmp_path: Path, name: str
) -> None:
    class Killed(BaseException):
        pass

    def kill(step: int, steps: int) -> None:
        if step >= 3 or (step == 2 and list(tmp_path.rglob("complete"))):
            raise Killed

    with pytest.raises(Killed):
        run(experiment, name, 1, tmp_path, progress=kill)
    assert list(tmp_path.rglob("checkpoint-2"))
    record = run(experiment, name, 1, tmp_path)
    undisturbed = finished[1][name]
    assert record["splits"] == undisturbed["splits"]
    assert record["curve"] == undisturbed["curve"]


@pytest.mark.parametrize("name", ["adaption", "prefix", "full"])  # (IA)³ is loaded as LoRA is
def test_the_weights_of_the_best_step_are_the_ones_that_are_kept(
    experiment: Experiment, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the loss rose from step to step: the first evaluation is the best.
    monkeypatch.setattr(TargetRiskTrainer, "_validation", lambda self: float(self.state.global_step))
    settings = {"training.select": "best", "training.learning_rate": "0.1"}
    record = run(load_experiment(experiment.document.file, settings), name, 1, tmp_path)
    curve = {point["step"]: point for point in record["curve"]}
    assert record["selection"]["step"] == 2
    assert record["splits"]["same"]["nll"] == pytest.approx(curve[2]["same_nll"], rel=1e-6)
    assert curve[2]["same_nll"] != pytest.approx(curve[4]["same_nll"], rel=1e-6)


MEASURE = """\
import json, sys
from pathlib import Path
from causal_reasoning.evaluation.splits import evaluate
from causal_reasoning.experiment import load_experiment

experiment = load_experiment(sys.argv[1])
print(json.dumps([evaluate(experiment, adapter=Path(folder), seed=1)[0] for folder in sys.argv[2:]]))
"""


@pytest.mark.slow
def test_another_process_measures_the_same(finished: tuple[Path, dict[str, Any]], experiment: Experiment) -> None:
    root, records = finished
    names = ("matched", *OTHERS)
    folders = [str(adapter_of(experiment, name, root)) for name in names]
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, experiment.document.file, *folders], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [records[name]["splits"] for name in names]


def test_a_record_says_what_was_trained(finished: tuple[Path, dict[str, Any]]) -> None:
    _, records = finished
    settings = {name: record["settings"] for name, record in records.items()}
    trained = {name: record["model"]["trainable"] for name, record in records.items()}
    # One layer of 16 entries with 32 in the middle: a rank costs 4 · (16 + 16) + 3 · (16 + 32) = 272.
    assert trained == {
        "untrained base": 0,
        "erm": 2 * 272,
        "matched": 272,
        "adaption": 10 * 16 + 1,
        "ia3": 16 + 16 + 32,
        "prefix": 16 * 2 * 16,
        "full": records["full"]["model"]["parameters"],
    }
    assert "adapter" not in settings["untrained base"]
    assert (settings["erm"]["adapter"], settings["erm"]["rank"], settings["erm"]["alpha"]) == ("lora", 2, 4)
    matched = settings["matched"]
    assert (matched["rank"], matched["alpha"], matched["matched_parameters"]) == (1, 2, 300)
    assert (settings["prefix"]["adapter"], settings["prefix"]["num_virtual_tokens"]) == ("prefix", 16)
    assert (settings["adaption"]["learning_rate"], settings["ia3"]["learning_rate"]) == (0.01, 0.001)


def test_the_table_has_sizes_where_they_differ(finished: tuple[Path, dict[str, Any]]) -> None:
    _, records = finished
    lines = markdown_table(summary_of(records.values(), experiment="tiny", order=list(records))).splitlines()
    assert lines[0].startswith("| arm | estimator | adapter | trained parameters | seeds |")
    cells = {line.split(" | ")[0].strip("| *"): line.split(" | ")[2:4] for line in lines[2:9]}
    assert cells["erm"] == ["lora", "544"]
    assert cells["full"][0] == "full"
    assert cells["full"][1].endswith(" k")
    assert cells["untrained base"] == ["", ""]
    one = markdown_table(summary_of([records["untrained base"], records["erm"]], experiment="tiny"))
    assert "parameters" not in one


def changed(experiment: Experiment, tmp_path: Path, old: str, new: str) -> Experiment:
    text = Path(experiment.document.file).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "changed.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return load_experiment(path)


def test_what_the_model_cannot_have_is_told_at_its_place_before_anything_is_trained(
    experiment: Experiment, tmp_path: Path
) -> None:
    faulty = changed(experiment, tmp_path, "kind: prefix, parameters: 500", "kind: prefix, num_virtual_tokens: 256")
    with pytest.raises(InputError, match=r"changed.yaml:10:\d+: the model reads at most 256 tokens, and the prefix"):
        check_rows(faulty, 1)


@pytest.mark.parametrize(
    ("arm", "baseline", "phrase"),
    [("prefix", "cat, mask: causal", "attention maps"), ("full", "cft", "compares with the model without its adapter")],
)
def test_objectives_that_do_not_fit_an_adapter_are_refused_before_training(
    experiment: Experiment, tmp_path: Path, arm: str, baseline: str, phrase: str
) -> None:
    faulty = changed(experiment, tmp_path, f"name: {arm},", f"name: {arm}, objective: {{baseline: {baseline}}},")
    with pytest.raises(InputError, match=rf"changed.yaml:1\d:\d+: {arm}: .*{phrase}"):
        prepare(faulty, faulty.arm(arm), 1)
