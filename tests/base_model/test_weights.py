"""The packaged model loads, can do its one task, and scores nothing in the format of the fine-tuning task."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from causal_reasoning.base_model import base_model_path
from causal_reasoning.base_model.examples import clean_examples, mixed_examples, plain_answer
from causal_reasoning.base_model.pretrain import Recipe, accuracy, answer_all, main, pretrain
from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.scm import load_world


@pytest.fixture(scope="module")
def loaded() -> tuple[Any, Any]:
    path = base_model_path()
    return AutoModelForCausalLM.from_pretrained(path), AutoTokenizer.from_pretrained(path)


def test_it_is_a_small_llama_in_full_precision(loaded: tuple[Any, Any]) -> None:
    model, tokenizer = loaded
    assert isinstance(model, LlamaForCausalLM)
    assert 550_000 < model.num_parameters() < 750_000
    assert model.dtype == torch.float32
    assert model.config.max_position_embeddings >= 256
    assert model.config.vocab_size == len(tokenizer)
    assert model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id


def test_it_answers_clean_questions(loaded: tuple[Any, Any]) -> None:
    assert accuracy(*loaded, rows=200, seed=424_242) >= 0.97


def test_it_does_not_know_the_answer_format_of_the_letters_world(loaded: tuple[Any, Any]) -> None:
    rows = load_world("letters", {"eta": 0.0}).sample(200, seed=9)
    answers = answer_all(*loaded, rows["question"])
    assert sum(a == b for a, b in zip(answers, rows["answer"], strict=True)) <= 10


def test_answers_are_rewritten() -> None:
    assert plain_answer("= x | y =") == "answer: x y"
    examples = clean_examples(20, seed=0)
    assert all(answer.startswith("answer: ") and len(answer) == 11 for answer in examples.answers)


def test_pretraining_is_deterministic() -> None:
    recipe = Recipe(steps=2, batch=5, width=16, heads=2, inner=16, layers=1)
    first, second = (pretrain(recipe, build_tokenizer()).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    other = pretrain(Recipe(steps=2, batch=5, width=16, heads=2, inner=16, layers=1, seed=1), build_tokenizer())
    assert any(not torch.equal(first[name], value) for name, value in other.state_dict().items())


@pytest.mark.parametrize("option", ["--steps", "--batch", "--threads"])
def test_wrong_options_are_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--output", "unused", option, "0"])
    assert caught.value.code == 2
    assert f"{option} must be at least 1" in capsys.readouterr().err


def test_pretraining_never_shows_the_answer_format_of_the_letters_world() -> None:
    examples = mixed_examples(20_000, seed=1)
    assert not [answer for answer in examples.answers if answer.startswith("= ") and " | " in answer]
    marked = [answer for answer in examples.answers if not answer.startswith("answer: ")]
    assert 0.18 < len(marked) / 20_000 < 0.22
    assert all(re.fullmatch(r"\S [a-z] \S [a-z] \S", answer) for answer in marked)
