"""A pretraining run repeats itself bit for bit, also when it was killed, and learns what likelihood says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from causal_reasoning.base_model.batches import batches
from causal_reasoning.base_model.checkpoint import NAME
from causal_reasoning.base_model.network import new_model
from causal_reasoning.base_model.pretrain import main, pretrain
from causal_reasoning.base_model.recipe import Recipe
from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.base_model.training import learning_rate, token_losses, train
from causal_reasoning.errors import InputError
from tests.base_model.recipes import tiny_recipe, tiny_text

TOKENIZER = build_tokenizer()
CPU = torch.device("cpu")


class KilledError(Exception):
    """Stands for a kill in the middle of a run."""


def killed_after(steps: int) -> Any:
    def watch(step: int, seconds: float, curve: list[dict[str, Any]]) -> None:
        if step == steps:
            raise KilledError

    return watch


def same(first: Any, second: Any) -> bool:
    one, two = first.model.state_dict(), second.model.state_dict()
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_run_repeats_itself_and_another_seed_differs() -> None:
    first = train(tiny_recipe(), TOKENIZER)
    torch.manual_seed(7)
    assert same(first, train(tiny_recipe(), TOKENIZER))
    assert not same(first, train(tiny_recipe(seed=1), TOKENIZER))


@pytest.mark.parametrize("steps", [1, 3, 28])
def test_a_run_that_was_stopped_ends_like_one_that_was_not(steps: int, tmp_path: Path) -> None:
    recipe = tiny_recipe(steps=30)
    undisturbed = train(recipe, TOKENIZER)
    for stop in (steps, 29):
        with pytest.raises(KilledError):
            train(recipe, TOKENIZER, tmp_path, killed_after(stop))
    torch.manual_seed(3)
    resumed = train(recipe, TOKENIZER, tmp_path)
    assert same(undisturbed, resumed)
    assert undisturbed.curve == resumed.curve
    assert [point["step"] for point in resumed.curve] == [25, 30]


@pytest.mark.slow
def test_a_killed_command_is_finished_by_the_same_command(tmp_path: Path) -> None:
    file, folder = tmp_path / "tiny.yaml", tmp_path / "out"
    file.write_text(tiny_text(steps=200), encoding="utf-8")
    command = [sys.executable, "-m", "causal_reasoning.base_model.pretrain", "--recipe", str(file)]
    command += ["--output", str(folder), "--questions", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (folder / NAME).is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = torch.load(folder / NAME, weights_only=True)["step"]
    assert 0 < left < 200
    assert main(command[3:]) == 0
    assert not (folder / NAME).exists() and not list(folder.glob(".*"))
    from safetensors.torch import load_file

    undisturbed = train(tiny_recipe(steps=200), TOKENIZER).model.state_dict()
    written = load_file(folder / "model.safetensors")
    assert all(torch.equal(undisturbed[name], value) for name, value in written.items())
    card = (folder / "README.md").read_text(encoding="utf-8")
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["digest"] == tiny_recipe(steps=200).digest and metrics["digest"][:16] in card
    for name, score in metrics["worlds"].items():
        shown = " | ".join(f"{score[kind]:.3f}" for kind in ("direct", "step_by_step", "chain", "format"))
        assert f"| {name} | {shown} |" in card
    stamp = (folder / "model.safetensors").stat().st_mtime_ns
    assert main(command[3:]) == 0  # finished: nothing is done again
    assert (folder / "model.safetensors").stat().st_mtime_ns == stamp
    with pytest.raises(InputError, match="holds the model of another recipe"):
        pretrain(tiny_recipe(steps=199), folder)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        train(tiny_recipe(), TOKENIZER, tmp_path, killed_after(4))
    with pytest.raises(InputError, match="belongs to another recipe"):
        train(tiny_recipe(seed=1), TOKENIZER, tmp_path)
    (tmp_path / NAME).write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="cannot be read"):
        train(tiny_recipe(), TOKENIZER, tmp_path)


def test_the_losses_are_those_of_transformers() -> None:
    recipe = tiny_recipe()
    model = new_model(recipe, TOKENIZER).eval()
    for part in next(batches(recipe, TOKENIZER)):
        labels = torch.full_like(part.inputs, -100)
        labels[:, 1:][part.chosen] = part.targets
        mask = (part.inputs != TOKENIZER.pad_token_id).long()
        with torch.no_grad():
            theirs = model(input_ids=part.inputs, attention_mask=mask, labels=labels).loss
            ours = token_losses(model, part, CPU)
        assert torch.isclose(ours.mean(), theirs, atol=1e-5)


def test_the_learning_rate_rises_and_falls() -> None:
    recipe = tiny_recipe(steps=102)
    rates = [learning_rate(recipe, step) for step in range(102)]
    assert rates[:3] == [0.005, 0.01, 0.01]
    assert rates[52] == pytest.approx(0.005)
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert 0 < rates[-1] < 1e-5


def test_training_lowers_the_loss() -> None:
    points = train(tiny_recipe(steps=100), TOKENIZER).curve
    assert points[0]["loss"] > points[-1]["loss"] + 1
    assert set(points[0]["worlds"]) == {"arithmetic", "letters"}
    assert set(points[0]["worlds"]["letters"]) == {"direct", "step by step"}


def test_wrong_options_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--output", "unused", "--questions", "0"])
    assert caught.value.code == 2
    assert "--questions must be at least 1" in capsys.readouterr().err


def test_a_wrong_recipe_is_one_line_and_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--output", "unused", "--recipe", "defalt"]) == 2
    error = capsys.readouterr().err
    assert error == "defalt: there is no shipped recipe of this name; did you mean 'default'?\n"
    assert not Path("unused").exists()


def test_random_state_is_left_alone() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    recipe: Recipe = tiny_recipe(steps=1)
    train(recipe, TOKENIZER)
    assert torch.equal(torch.rand(3), wanted)
