"""A baseline that compares groups beside a penalty within others: both groupings reach the loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.data.load import load_data
from causal_reasoning.experiment import load_experiment
from causal_reasoning.objective import derive
from causal_reasoning.sweeps.run import run
from causal_reasoning.sweeps.store import run_config, run_folder
from tests.tiny import make_model

EXPERIMENT = """\
version: 1
name: grouped
data: {world: letters, rows: 120}
model: model
arms:
  - {graph: skill_state, name: both, objective: {baseline: vrex, groups: confounder}}
  - {graph: skill_state, name: loose, objective: {baseline: vrex, groups: confounder, settings: {balanced: 0}}}
seeds: [1]
base: false
ceiling: false
adapter: {rank: 2, alpha: 4}
training: {steps: 4, batch_size: 16, evaluate_every: 2, checkpoint_every: 2}
evaluation: {items: 4, max_new_tokens: 2}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("grouped")
    make_model(path / "model")
    (path / "grouped.yaml").write_text(EXPERIMENT, encoding="utf-8")
    return path


def test_a_penalty_within_skills_beside_a_baseline_between_styles_is_trained_and_resumed(folder: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(step: int, steps: int) -> None:
        if step >= 2:
            raise Killed

    experiment = load_experiment(folder / "grouped.yaml")
    arm = experiment.arm("both")
    assert arm.graph is not None
    plan = derive(arm.graph).plan
    assert (plan.groups, plan.labels) == (("style",), (("skill",),))
    record = run(experiment, arm, 1, folder / "whole")
    metrics = run_folder(folder / "whole", run_config(experiment, arm, 1), arm) / "metrics.jsonl"
    logged = [json.loads(line) for line in metrics.read_text().splitlines()]
    parts = [entry for entry in logged if "vrex_penalty" in entry]
    assert parts
    assert all(entry["vrex_groups"] == 4 and any(key.startswith("variance") for key in entry) for entry in parts)
    with pytest.raises(Killed):
        run(experiment, arm, 1, folder / "killed", progress=kill)
    assert run(experiment, arm, 1, folder / "killed")["splits"] == record["splits"]


def test_batches_hold_each_style_alike_unless_told_otherwise(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Caught(BaseException):
        pass

    passed: dict[str, Any] = {}

    def catch(model: Any, tokenizer: Any, **arguments: Any) -> None:
        passed.update(arguments)
        raise Caught

    monkeypatch.setattr("causal_reasoning.training.fit.fit", catch)
    experiment = load_experiment(folder / "grouped.yaml")
    for name, balanced in (("both", True), ("loose", False)):
        with pytest.raises(Caught):
            run(experiment, name, 1, tmp_path)
        assert passed["balanced"] is balanced
        data = load_data(experiment, 1)
        skills = sorted(set(data.train.columns["skill"]))
        assert passed["weights"].labels["skill"].tolist() == [skills.index(s) for s in data.train.columns["skill"]]
