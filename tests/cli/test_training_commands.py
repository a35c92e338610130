"""The commands that train and measure, on a model of a few thousand weights: they agree with each other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.sweeps.engines import Done
from tests.cli.program import call
from tests.tiny import make_experiment, make_model

SHORT = ("--set", "training.steps=2", "--set", "training.evaluate_every=2", "--set", "evaluation.items=6")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str, str]:
    """An experiment, its folder of runs, and what training one arm printed."""
    folder = tmp_path_factory.mktemp("tiny")
    experiment = make_experiment(folder, make_model(folder / "model"))
    code, out, err = call("train", str(experiment), "--arm", "reasoning", "--runs", str(folder / "runs"), *SHORT)
    assert code == 0, err
    return experiment, folder / "runs", out, err


def test_train_says_what_it_minimises_and_where_the_adapter_is(trained: tuple[Path, Path, str, str]) -> None:
    _, runs, out, err = trained
    adapter = out.strip().splitlines()[-1].removeprefix("adapter: ")
    assert Path(adapter).parent.parent == runs / "tiny"
    assert (Path(adapter) / "adapter_config.json").is_file()
    assert "reasoning: weighting, resampling: L(θ) = E[ w · (−log p_θ(answer | question)) ]" in err
    assert "overlap: " in err


def test_training_again_reads_the_result_back(trained: tuple[Path, Path, str, str]) -> None:
    experiment, runs, _, _ = trained
    (result,) = runs.rglob("result.json")
    stamp = result.stat().st_mtime_ns
    code, out, _ = call("train", str(experiment), "--arm", "reasoning", "--runs", str(runs), *SHORT, "--json")
    assert code == 0
    assert json.loads(out) == json.loads(result.read_text())
    assert result.stat().st_mtime_ns == stamp


def test_evaluating_the_saved_adapter_gives_the_numbers_of_its_run(trained: tuple[Path, Path, str, str]) -> None:
    experiment, runs, out, _ = trained
    adapter = out.strip().splitlines()[-1].removeprefix("adapter: ")
    answers = runs / "answers.jsonl"
    code, out, _ = call("evaluate", str(experiment), "--adapter", adapter, "--answers", str(answers), *SHORT, "--json")
    assert code == 0
    (result,) = runs.rglob("result.json")
    record = json.loads(result.read_text())
    measured = json.loads(out)
    assert set(measured) == set(record["splits"])
    for name, split in measured.items():
        assert split["exact_match"] == record["splits"][name]["exact_match"]
        assert split["nll"] == pytest.approx(record["splits"][name]["nll"], rel=1e-5)
    assert len(answers.read_text().splitlines()) == 3 * 6


def test_report_makes_one_page_of_what_is_there(trained: tuple[Path, Path, str, str], tmp_path: Path) -> None:
    _, runs, _, _ = trained
    page = tmp_path / "page.html"
    code, out, err = call("report", str(runs), "--output", str(page), "--json")
    assert code == 0
    assert [arm["name"] for arm in json.loads(out)["arms"]] == ["reasoning"]
    assert err == f"page: {page}\n"
    assert "<html" in page.read_text()


def test_a_sweep_goes_on_after_a_failure_and_says_so(
    trained: tuple[Path, Path, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment, finished, _, _ = trained
    runs = tmp_path / "runs"
    shutil.copytree(finished, runs)

    def here(work: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], workers: int, threads: int) -> Iterator[Done]:
        """An engine without processes, in which all but the untrained model fail."""
        for job, arguments in enumerate(jobs):
            if arguments[1].kind == "base":
                yield Done(job, work(*arguments), None)
            else:
                yield Done(job, None, "out of luck")

    monkeypatch.setattr("causal_reasoning.sweeps.sweep.local", here)
    code, out, err = call("sweep", str(experiment), "--runs", str(runs), "--seed", "1", "--seed", "1", *SHORT)
    assert code == 1
    assert "untrained base" in out
    assert (runs / "tiny" / "report.html").is_file()
    said = err.splitlines()
    assert [line for line in said if line.startswith("failed: ")] == [
        "failed: erm, seed 1: out of luck",
        "failed: ceiling, seed 1: out of luck",
    ]
    # Every arm is announced before the first run; the finished one is found, and each run is counted once.
    counted = [line for line in said if line.startswith("[")]
    assert [line.partition(":")[0] for line in counted] == [
        "[1/4] reasoning, seed 1",
        "[2/4] untrained base, seed 1",
        "[3/4] erm, seed 1",
        "[4/4] ceiling, seed 1",
    ]
    assert "found finished" in counted[0]
    assert said.index(counted[0]) > max(i for i, line in enumerate(said) if "L(θ)" in line)
    summary = json.loads((runs / "tiny" / "summary.json").read_text())
    assert [arm["name"] for arm in summary["arms"]] == ["untrained base", "reasoning"]
    assert [failure["arm"] for failure in summary["failed"]] == ["erm", "ceiling"]


def test_evaluating_the_untrained_model_prints_a_line_for_each_split(trained: tuple[Path, Path, str, str]) -> None:
    code, out, _ = call("evaluate", str(trained[0]), *SHORT)
    assert code == 0
    assert [line.split("exact match")[0].strip() for line in out.splitlines()] == [
        "same distribution",
        "do(skill)",
        "reversed",
    ]


def test_runs_of_two_experiments_are_not_put_into_one_table(
    trained: tuple[Path, Path, str, str], tmp_path: Path
) -> None:
    (result,) = trained[1].rglob("result.json")
    record = json.loads(result.read_text())
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text(json.dumps({**record, "experiment": name}))
    code, out, err = call("report", str(tmp_path))
    assert (code, out) == (2, "")
    assert err == f"{tmp_path}: holds runs of several experiments (one, two); name the folder of one\n"
