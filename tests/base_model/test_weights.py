"""The packaged model loads, does what its card says, and scores nothing in the format of fine-tuning."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from causal_reasoning.base_model import base_model_path
from causal_reasoning.base_model.measure import Score, measure
from causal_reasoning.base_model.recipe import Recipe, load_recipe

METRICS = base_model_path() / "metrics.json"
QUESTIONS = 60  # of each world


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(METRICS.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def recipe(said: dict[str, Any]) -> Recipe:
    return load_recipe(said["recipe"])


@pytest.fixture(scope="module")
def loaded() -> Iterator[tuple[Any, Any]]:
    path = base_model_path()
    yield AutoModelForCausalLM.from_pretrained(path), AutoTokenizer.from_pretrained(path)


@pytest.fixture(scope="module")
def measured(loaded: tuple[Any, Any], recipe: Recipe) -> dict[str, Score]:
    return measure(*loaded, recipe, QUESTIONS, seed=1)


def test_it_is_a_small_llama_in_full_precision(loaded: tuple[Any, Any], said: dict[str, Any]) -> None:
    model, tokenizer = loaded
    assert isinstance(model, LlamaForCausalLM)
    assert model.num_parameters() == said["weights"]
    assert (base_model_path() / "model.safetensors").stat().st_size < 10_000_000
    assert model.dtype == torch.float32
    assert model.config.max_position_embeddings >= 512
    assert model.config.vocab_size == len(tokenizer)
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id


def test_the_figures_cover_every_world_of_the_recipe(said: dict[str, Any], recipe: Recipe) -> None:
    assert list(said["worlds"]) == [source.world.name for source in recipe.sources]
    # Keys that mechanisms got since then make no difference to worlds that do without them.
    assert said["digest"] == recipe.digest


def test_the_card_shows_the_figures(said: dict[str, Any]) -> None:
    card = (base_model_path() / "README.md").read_text(encoding="utf-8")
    assert f"{said['weights']:,} weights" in card and said["digest"][:16] in card
    assert f"{said['seconds'] / 60:.1f} min" in card
    for name, score in said["worlds"].items():
        shown = " | ".join(f"{score[kind]:.3f}" for kind in ("direct", "step_by_step", "chain", "format"))
        assert f"| {name} | {shown} |" in card


def test_it_does_what_the_card_says(measured: dict[str, Score], said: dict[str, Any]) -> None:
    for name, score in measured.items():
        for kind in ("direct", "step_by_step"):
            figure = said["worlds"][name][kind]
            # Four standard errors of a share of so many questions, and a little for rounding elsewhere.
            margin = 4 * (figure * (1 - figure) / QUESTIONS) ** 0.5 + 0.05
            assert abs(getattr(score, kind) - figure) <= margin, (name, kind)


def test_it_does_not_know_the_format_of_fine_tuning(measured: dict[str, Score], said: dict[str, Any]) -> None:
    assert {score.format for score in measured.values()} == {0.0}
    assert {score["format"] for score in said["worlds"].values()} == {0.0}


def test_steps_help_where_an_answer_takes_several(said: dict[str, Any]) -> None:
    helped = [name for name, s in said["worlds"].items() if s["step_by_step"] - s["direct"] >= 0.1]
    assert len(helped) >= 2
