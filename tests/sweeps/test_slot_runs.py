"""Runs of graphs with slots: exact resume, adapters that load by themselves with their graph, the same numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from causal_reasoning.errors import InputError
from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.graph import load_graph, parse_graph
from causal_reasoning.sweeps.prepare import check_rows
from causal_reasoning.sweeps.run import run
from causal_reasoning.sweeps.store import run_config, run_folder
from causal_reasoning.training.model import load_model
from tests.cli.program import call
from tests.tiny import make_model

EXPERIMENT = """\
version: 1
name: NAME
data: {world: WORLD, rows: 120}
model: MODEL
arms:
ARMS
seeds: [1]
base: false
ceiling: false
training: {steps: 4, batch_size: 8, learning_rate: 0.1, evaluate_every: 2, checkpoint_every: 2}
evaluation: {items: 4, max_new_tokens: 3}
"""
ARMS = {
    "letters": ["dca", "dca_paired", "dca_released"],
    "domains": ["iclm", "iclm_modules", "iclm_adjusted", "gumbel.yaml", "kmeans.yaml", "label.yaml", "experts.yaml"],
}
VARIANTS = {
    "gumbel": ("kind: vq, parts: 4", "kind: gumbel, parts: 3, soft: true", ""),
    "kmeans": ("kind: vq, parts: 4", "kind: kmeans, parts: 3, reads: hidden", ""),
    "label": ("kind: vq", "kind: label, label: domain", ""),
    "experts": ("kind: vq", "kind: vq", "objective: {combine: experts}\n"),
}


@pytest.fixture(scope="module")
def experiments(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Experiment]:
    """For each arm the experiment that it is of."""
    folder = tmp_path_factory.mktemp("slots")
    make_model(folder / "model")
    text = Path(load_graph("iclm").source).read_text(encoding="utf-8")
    for name, (old, new, more) in VARIANTS.items():
        assert text.count(old) == 1
        changed = text.replace(old, new).replace("name: iclm\n", f"name: {name}\n") + more
        (folder / f"{name}.yaml").write_text(changed, encoding="utf-8")
    found: dict[str, Experiment] = {}
    for world, graphs in ARMS.items():
        settings = {
            "NAME": world,
            "WORLD": world,
            "MODEL": "model",
            "ARMS": "\n".join(f"  - graph: {g}" for g in graphs),
        }
        written = EXPERIMENT
        for old, new in settings.items():
            written = written.replace(old, new)
        (folder / f"of_{world}.yaml").write_text(written, encoding="utf-8")
        experiment = load_experiment(folder / f"of_{world}.yaml")
        found |= {arm.name: experiment for arm in experiment.arms}
    return found


@pytest.fixture(scope="module")
def finished(
    experiments: dict[str, Experiment], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, dict[str, Any]]]:
    root = tmp_path_factory.mktemp("runs")
    return root, {name: run(experiment, name, 1, root) for name, experiment in experiments.items()}


def adapter_of(experiment: Experiment, name: str, root: Path) -> Path:
    arm = experiment.arm(name)
    return run_folder(root, run_config(experiment, arm, 1), arm) / "adapter"


@pytest.mark.parametrize("name", ["dca", "dca_paired", "iclm", "iclm_adjusted", "gumbel", "kmeans"])
def test_an_interrupted_run_ends_with_the_adapter_of_an_undisturbed_one(
    finished: tuple[Path, dict[str, dict[str, Any]]], experiments: dict[str, Experiment], tmp_path: Path, name: str
) -> None:
    class Killed(BaseException):
        pass

    def kill(step: int, steps: int) -> None:
        if step >= 3 or (step == 2 and list(tmp_path.rglob("complete"))):
            raise Killed

    root, records = finished
    with pytest.raises(Killed):
        run(experiments[name], name, 1, tmp_path, progress=kill)
    assert list(tmp_path.rglob("checkpoint-2"))
    record = run(experiments[name], name, 1, tmp_path)
    assert record["splits"] == records[name]["splits"]
    assert record["curve"] == records[name]["curve"]
    one, other = (
        load_file(adapter_of(experiments[name], name, folder) / "adapter_model.safetensors")
        for folder in (root, tmp_path)
    )
    assert one.keys() == other.keys()
    # To the last bit: what routers have learnt is part of it.
    assert [key for key in one if not torch.equal(one[key], other[key])] == []
    assert any("slots_routers" in key for key in one) == (name in ("iclm", "gumbel", "kmeans"))


def test_training_moves_the_parts(
    finished: tuple[Path, dict[str, dict[str, Any]]], experiments: dict[str, Experiment]
) -> None:
    root, records = finished
    for name, experiment in experiments.items():
        weights = load_file(adapter_of(experiment, name, root) / "adapter_model.safetensors")
        opened = [value for key, value in weights.items() if "slots_gates" in key or "slots_up" in key]
        assert opened and any(float(value.abs().max()) > 0 for value in opened)
        assert records[name]["model"]["trainable"] > 0


def test_the_configuration_of_an_adapter_holds_graph_and_layout(
    finished: tuple[Path, dict[str, dict[str, Any]]], experiments: dict[str, Experiment]
) -> None:
    root, _ = finished
    for name, experiment in experiments.items():
        graph = experiment.arm(name).graph
        assert graph is not None
        config = json.loads((adapter_of(experiment, name, root) / "adapter_config.json").read_text(encoding="utf-8"))
        assert config["peft_type"] == "CAUSAL_SLOTS"
        assert config["graph"]["digest"] == graph.digest == parse_graph(config["graph"]["text"]).digest
        assert [slot["name"] for slot in config["slots"]] == list(graph.slots)
    config = json.loads(
        (adapter_of(experiments["iclm_adjusted"], "iclm_adjusted", root) / "adapter_config.json").read_text("utf-8")
    )
    (chooser,) = config["choosers"]
    assert (chooser["name"], chooser["by"], chooser["parts"]) == ("domain", "prior", 4)
    assert sum(chooser["prior"]) == pytest.approx(1)
    assert config["combine"]["kind"] == "mixture"
    assert [slot["parts"] for slot in config["slots"]] == [1, 4]


def test_the_record_says_what_was_trained(finished: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    _, records = finished
    # One layer with two heads of 16 entries: ten tokens and two gates.
    assert records["dca"]["model"]["trainable"] == 10 * 16 + 2
    # Rank 4 costs 4 · (4 · (16 + 16) + 3 · (16 + 32)) a part: one invariant, four modules.
    assert records["iclm"]["model"]["trainable"] == 5 * 4 * 272
    assert records["iclm_modules"]["model"]["trainable"] == 4 * 4 * 272
    for name, record in records.items():
        plan = record["derivation"]["plan"]
        assert [slot["node"] for slot in plan["layout"]["slots"]] == [slot["node"] for slot in plan["slots"]]
        assert record["settings"]["adapter"] == "slots", name
    assert records["iclm_adjusted"]["strata"]["slots"] == ["module"]
    assert len(records["iclm_adjusted"]["strata"]["strata"]) == 4


@pytest.mark.parametrize("name", ["dca", "iclm", "iclm_adjusted", "experts"])
def test_evaluate_gives_the_numbers_of_the_run(
    finished: tuple[Path, dict[str, dict[str, Any]]], experiments: dict[str, Experiment], name: str
) -> None:
    root, records = finished
    experiment = experiments[name]
    done = call("evaluate", experiment.document.file, "--adapter", str(adapter_of(experiment, name, root)), "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == records[name]["splits"]


IDS = [[3, 20, 30, 40, 50, 7, 9], [3, 4, 5, 60, 70, 80, 90]]
LOAD = """\
import sys, torch
import causal_reasoning.adapter
from peft import PeftModel
from transformers import AutoModelForCausalLM

base, answers, *folders = sys.argv[1:]
expected = torch.load(answers)
ids = torch.tensor(expected["ids"])
for folder in folders:
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), folder).eval()
    with torch.no_grad():
        found = model(input_ids=ids).logits
    assert torch.equal(found, expected[folder]), folder
print("equal")
"""


@pytest.mark.slow
def test_a_new_process_that_knows_peft_gives_the_same_scores(
    finished: tuple[Path, dict[str, dict[str, Any]]], experiments: dict[str, Experiment], tmp_path: Path
) -> None:
    root, _ = finished
    model_folder = experiments["dca"].folder / "model"
    expected: dict[str, Any] = {"ids": IDS}
    for name, experiment in experiments.items():
        folder = adapter_of(experiment, name, root)
        model = PeftModel.from_pretrained(load_model(str(model_folder))[0], folder).eval()
        with torch.no_grad():
            expected[str(folder)] = model(input_ids=torch.tensor(IDS)).logits
    torch.save(expected, tmp_path / "scores.pt")
    folders = [folder for folder in expected if folder != "ids"]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(model_folder), str(tmp_path / "scores.pt"), *folders],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "equal\n"), done.stderr


# -- what is refused -----------------------------------------------------------------------------------------------


def refused(experiments: dict[str, Experiment], tmp_path: Path, old: str, new: str) -> str:
    text = Path(experiments["dca"].document.file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / "changed.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_experiment(tmp_path / "changed.yaml")
    (line,) = str(caught.value).removeprefix(f"{tmp_path}/").splitlines()
    return line


def test_a_graph_with_slots_has_no_other_adapter(experiments: dict[str, Experiment], tmp_path: Path) -> None:
    line = refused(experiments, tmp_path, "graph: dca\n", "{graph: dca, adapter: {rank: 2}}\n")
    assert line.startswith("changed.yaml:6:27: 'dca' has slots (skill), which are what is trained; leave 'adapter' out")
    line = refused(experiments, tmp_path, "  - graph: dca\n", "  - {graph: erm, adapter: {kind: slots}}\n")
    assert line.startswith("changed.yaml:6:27: 'erm' has no slots")


def test_a_floor_with_slots_is_no_floor_of_a_ceiling_without(
    experiments: dict[str, Experiment], tmp_path: Path
) -> None:
    line = refused(experiments, tmp_path, "ceiling: false", "ceiling: true\ntreatment: skill")
    assert "the floor 'dca' has an adapter of its own" in line


def test_slots_that_do_not_fit_the_model_are_told_and_nothing_is_left(
    experiments: dict[str, Experiment], tmp_path: Path
) -> None:
    text = Path(load_graph("dca").source).read_text(encoding="utf-8")
    (tmp_path / "deep.yaml").write_text(text.replace("measured: 0", "measured: 0, layers: 9"), encoding="utf-8")
    written = (
        Path(experiments["dca"].document.file).read_text(encoding="utf-8").replace("graph: dca\n", "graph: deep.yaml\n")
    )
    (tmp_path / "deep_experiment.yaml").write_text(written, encoding="utf-8")
    (tmp_path / "model").symlink_to(experiments["dca"].folder / "model")
    experiment = load_experiment(tmp_path / "deep_experiment.yaml")
    with pytest.raises(InputError, match=r"the slot 'skill' asks for 9 layers, the model has 1"):
        run(experiment, "dca", 1, tmp_path / "runs")
    assert not list((tmp_path / "runs").rglob("*.json"))


def test_rows_are_checked_with_all_arms(experiments: dict[str, Experiment]) -> None:
    for name in ("dca", "iclm"):
        check_rows(experiments[name], 1)
