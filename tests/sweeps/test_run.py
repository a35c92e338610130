"""One run: what it writes, that it resumes exactly, and that it never leaves half a result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.sweeps.run import run
from causal_reasoning.sweeps.store import run_config, run_folder
from tests.tiny import make_experiment, make_model


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("tiny")
    return load_experiment(make_experiment(folder, make_model(folder / "model")))


@pytest.fixture(scope="module")
def finished(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    root = tmp_path_factory.mktemp("runs")
    record = run(experiment, "reasoning", 1, root)
    arm = experiment.arm("reasoning")
    return run_folder(root, run_config(experiment, arm, 1), arm), record


def test_a_run_leaves_everything_that_explains_it(
    finished: tuple[Path, dict[str, Any]], experiment: Experiment
) -> None:
    folder, record = finished
    names = {path.name for path in folder.iterdir()} - {".lock"}
    assert names == {
        "config.json",
        "graph.yaml",
        "derivation.json",
        "metrics.jsonl",
        "adapter",
        "answers.jsonl",
        "result.json",
    }
    about = json.loads((folder / "adapter" / "causal_reasoning.json").read_text())
    graph = experiment.arm("reasoning").graph
    assert graph is not None
    assert about["graph_digest"] == record["graph"]["digest"] == graph.digest
    assert (folder / "graph.yaml").read_text() == graph.text
    assert [point["step"] for point in record["curve"]] == [5, 10, 15, 20]
    assert {"same", "do", "reversed"} == set(record["splits"])
    assert len((folder / "answers.jsonl").read_text().splitlines()) == 3 * 12


def test_the_same_call_reads_the_result_back(finished: tuple[Path, dict[str, Any]], experiment: Experiment) -> None:
    folder, record = finished
    stamp = (folder / "result.json").stat().st_mtime_ns
    assert run(experiment, "reasoning", 1, folder.parents[1]) == record
    assert (folder / "result.json").stat().st_mtime_ns == stamp


@pytest.mark.parametrize("stop_at", [3, 20])
def test_an_interrupted_run_ends_where_an_undisturbed_one_does(
    finished: tuple[Path, dict[str, Any]], experiment: Experiment, tmp_path: Path, stop_at: int
) -> None:
    class Killed(BaseException):
        pass

    def kill(step: int, steps: int) -> None:
        if step >= stop_at:
            raise Killed

    with pytest.raises(Killed):
        run(experiment, "reasoning", 1, tmp_path, progress=kill)
    arm = experiment.arm("reasoning")
    folder = run_folder(tmp_path, run_config(experiment, arm, 1), arm)
    assert not (folder / "result.json").exists()
    record = run(experiment, "reasoning", 1, tmp_path)
    _, undisturbed = finished
    assert record["splits"] == undisturbed["splits"]
    assert record["curve"] == undisturbed["curve"]


def test_another_setting_is_another_run(experiment: Experiment) -> None:
    arm = experiment.arm("reasoning")
    digests = {json.dumps(run_config(experiment, arm, seed), sort_keys=True) for seed in (1, 2)}
    assert len(digests) == 2
    other = load_experiment(experiment.document.file, {"training.steps": "21"})
    assert run_config(other, other.arm("reasoning"), 1) != run_config(experiment, arm, 1)


def test_a_loss_that_is_not_a_number_stops_the_run_with_a_remedy(experiment: Experiment, tmp_path: Path) -> None:
    from causal_reasoning.errors import RunFailedError

    # Weights of 1e38 after a step of this size make the next forward pass overflow.
    wild = load_experiment(
        experiment.document.file,
        {"training.learning_rate": "1.0", "training.max_grad_norm": "1.0e+38", "adapter.alpha": "1000000000"},
    )
    with pytest.raises(RunFailedError, match=r"learning_rate"):
        run(wild, "reasoning", 1, tmp_path)
    assert not list(tmp_path.rglob("result.json"))


@pytest.mark.parametrize("settings", [{"training.max_length": "9"}, {"model": "'no-such/model'"}])
def test_bad_rows_and_models_are_found_before_anything_is_begun(
    experiment: Experiment, tmp_path: Path, settings: dict[str, str]
) -> None:
    from causal_reasoning.errors import InputError
    from causal_reasoning.sweeps.sweep import sweep

    faulty = load_experiment(experiment.document.file, settings)
    with pytest.raises(InputError, match=r"max_length|no-such/model"):
        sweep(faulty, tmp_path / "sweep")
    with pytest.raises(InputError, match=r"max_length|no-such/model"):
        run(faulty, "reasoning", 1, tmp_path / "run")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("kill_at", [None, 15])
def test_the_best_step_by_weighted_validation_loss_is_the_one_that_is_kept(
    experiment: Experiment, tmp_path: Path, kill_at: int | None
) -> None:
    class Killed(BaseException):
        pass

    def kill(step: int, steps: int) -> None:
        if kill_at is not None and step >= kill_at:
            raise Killed

    # A rate at which the loss jumps about, so that the last step is not the best.
    wild = {"training.learning_rate": "1.0", "training.schedule": "constant", "adapter.alpha": "64"}
    best = load_experiment(experiment.document.file, {**wild, "training.select": "best", "training.steps": "15"})
    if kill_at is not None:
        with pytest.raises(Killed):
            run(best, "reasoning", 1, tmp_path, progress=kill)
    record = run(best, "reasoning", 1, tmp_path)
    curve = {point["step"]: point for point in record["curve"]}
    step = min(curve, key=lambda s: curve[s]["validation_nll"])
    assert step != 15
    assert record["selection"]["step"] == step
    assert record["selection"]["validation_nll"] == curve[step]["validation_nll"]
    # The adapter that was measured is the one of that step: the curve saw the same twelve rows.
    assert record["splits"]["do"]["nll"] == pytest.approx(curve[step]["do_nll"], rel=1e-5)
