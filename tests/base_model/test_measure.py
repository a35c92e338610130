"""Scores count what they say, shown with a model whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.base_model import evaluate, measure
from causal_reasoning.base_model.examples import seed_of
from causal_reasoning.base_model.formats import plain_answer
from causal_reasoning.base_model.measure import Score, unseen
from causal_reasoning.base_model.network import new_model
from causal_reasoning.base_model.recipe import parse_recipe
from causal_reasoning.base_model.tokenizer import build_tokenizer
from tests.base_model.recipes import tiny_recipe, tiny_text

Answer = Callable[[str, str, str, bool], str]


def scores(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> dict[str, Score]:
    """Measure a model that writes what ``answer(question, rationale, right, with_steps)`` says."""
    recipe = tiny_recipe()
    known = {}
    for source in recipe.sources:
        rows = unseen(source, 40, 3)
        assert rows.rationales is not None
        for row in zip(rows.questions, rows.rationales, rows.answers, strict=True):
            known[row[0]] = row

    def write(model: Any, tokenizer: Any, prompts: Sequence[str]) -> list[str]:
        return [answer(*known[p.split("\n")[0]], p.endswith("steps:\n")) for p in prompts]

    monkeypatch.setattr(measure, "answer_all", write)
    return measure.measure(Any, Any, recipe, 40, 3)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (lambda q, r, a, steps: f"{r}\n{plain_answer(a)}" if steps else plain_answer(a), (1, 1, 1, 0)),
        (lambda q, r, a, steps: f"well\n{plain_answer(a)}" if steps else "", (0, 1, 0, 0)),
        (lambda q, r, a, steps: plain_answer(a), (1, 1, 0, 0)),
        (lambda q, r, a, steps: plain_answer(a) + " ", (0, 0, 0, 0)),
        (lambda q, r, a, steps: r if steps else a, (0, 0, 0, 1)),
        (lambda q, r, a, steps: f"{r}\n{a}", (0, 0, 0, 1)),
    ],
)
def test_scores_count_what_they_say(monkeypatch: pytest.MonkeyPatch, answer: Answer, wanted: tuple[float, ...]) -> None:
    found = scores(monkeypatch, answer)
    assert list(found) == ["arithmetic", "letters"]
    for score in found.values():
        assert (score.direct, score.step_by_step, score.chain, score.format) == wanted
        assert score.questions == 40


def test_without_steps_there_is_no_score_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = parse_recipe(tiny_text().replace("step_by_step: 0.25", "step_by_step: 0.0\n    rationale: null"))
    monkeypatch.setattr(measure, "answer_all", lambda model, tokenizer, prompts: [""] * len(prompts))
    found = measure.measure(Any, Any, recipe, 5)
    assert found["arithmetic"] == Score(5, 0.0, None, None, 0.0)
    assert found["letters"].step_by_step == 0.0


def test_tests_and_training_never_share_a_seed() -> None:
    recipe = tiny_recipe()
    test = {seed_of("test", seed, source.world.name) for seed in range(20) for source in recipe.sources}
    training = {
        seed_of("training", seed, block, source.world.name)
        for seed in range(20)
        for block in range(200)
        for source in recipe.sources
    }
    assert len(test) == 40 and len(training) == 8_000 and not test & training


def test_greedy_answers_keep_the_order_and_do_not_listen_to_each_other() -> None:
    tokenizer = build_tokenizer()
    model = new_model(tiny_recipe(), tokenizer).eval()
    prompts = ["What is 12 plus 3?\n", "a\n", "Long ago a king asked his teacher for 99 minus 4.\n"]
    together = measure.answer_all(model, tokenizer, prompts, longest=6, batch=2)
    assert together == [measure.answer_all(model, tokenizer, [p], longest=6)[0] for p in prompts]


def test_the_command_measures_any_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokenizer = build_tokenizer()
    new_model(tiny_recipe(), tokenizer).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    (tmp_path / "r.yaml").write_text(tiny_text(), encoding="utf-8")
    arguments = ["--model", str(tmp_path / "model"), "--recipe", str(tmp_path / "r.yaml"), "--questions", "2"]
    assert evaluate.main([*arguments, "--threads", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["letters"] == {"questions": 2, "direct": 0.0, "step_by_step": 0.0, "chain": 0.0, "format": 0.0}


def test_a_folder_without_a_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["--model", str(tmp_path)]) == 2
    assert (
        capsys.readouterr().err == f"{tmp_path}: there is no config.json; name a model folder in Hugging Face format\n"
    )
