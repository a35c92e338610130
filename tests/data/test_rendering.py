"""Rendered rows: what is written anew, what stays, and what is refused."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causal_reasoning.base_model.tokenizer import build_tokenizer
from causal_reasoning.data.load import RunData, load_data
from causal_reasoning.data.rendered_views import check_rendering, counterfactual_view, render_rows, rendered_table
from causal_reasoning.data.rendering import Renderer, TemplateRenderer, renderer_of
from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Encoder
from causal_reasoning.errors import InputError, NoValidPlanError
from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.files import write_jsonl
from causal_reasoning.graph import load_graph, parse_graph
from causal_reasoning.identification import identify
from causal_reasoning.objective import derive
from causal_reasoning.objective.baselines import plan_baseline
from causal_reasoning.objective.loss import MAIN
from causal_reasoning.objective.penalties import plan_penalties
from causal_reasoning.objective.rendering import counterfactual_rendering
from causal_reasoning.scm import load_world
from causal_reasoning.training.adapters import attach_adapter
from causal_reasoning.training.fit import fit
from causal_reasoning.training.model import load_model
from causal_reasoning.training.weighting import row_weights
from tests.tiny import make_model

LETTERS = load_experiment("letters", {"data.rows": "400", "evaluation.items": "50"})
STYLE = load_graph("rendered_style")
PLANTED: dict[str, Any] = {
    "version": 1,
    "name": "planted",
    "data": {
        "train": "rows.jsonl",
        "duplicates": "keep",
        "answer": "= {answer} =",
        "plant": {
            "column": "style",
            "by": "skill",
            "strength": 0.9,
            "pairs": {"plain": "first", "terse": "last"},
            "noise": {"column": "cue", "of": "skill", "rate": 0.2},
            "templates": {"plain": ["What is the {cue} letter of {word}?", "The {cue} letter of {word}?"],
                          "terse": "{word}: {cue}"},
        },
    },
    "arms": [{"graph": "reasoning"}],
}  # fmt: skip


def renderer(experiment: Experiment) -> TemplateRenderer:
    found = renderer_of(experiment)
    assert isinstance(found, TemplateRenderer)
    return found


def encoder() -> Encoder:
    return Encoder(build_tokenizer(), "{question}\n", ("answer",), 256)


@pytest.fixture(scope="module")
def letters() -> RunData:
    return load_data(LETTERS, 1)


@pytest.fixture
def planted(tmp_path: Path) -> Experiment:
    words = ["dog", "cat", "sun", "map", "ink", "oak"] * 20
    skills = ["first", "last", "first"] * 40
    write_jsonl(
        tmp_path / "rows.jsonl",
        [{"word": w, "skill": s, "answer": w[0 if s == "first" else -1]} for w, s in zip(words, skills, strict=True)],
    )
    (tmp_path / "planted.yaml").write_text(json.dumps(PLANTED))
    return load_experiment(tmp_path / "planted.yaml")


def test_the_recorded_values_write_every_row_as_it_was(letters: RunData, planted: Experiment) -> None:
    for experiment, table in ((LETTERS, letters.train), (planted, load_data(planted, 1).train)):
        for drawn in ("style", "cue"):
            again = renderer(experiment).rewrite(table, {drawn: table.columns[drawn]}, np.random.default_rng(0))
            assert again == table


def test_only_the_drawn_column_and_the_text_change_and_each_value_is_as_frequent_as_before(letters: RunData) -> None:
    table = letters.train
    new = renderer(LETTERS).render(table, ["style"], np.random.default_rng(0))
    assert Counter(new.columns["style"]) == Counter(table.columns["style"])
    assert [n for n in table.columns if new.columns[n] != table.columns[n]] == ["style", "question"]
    for i in range(len(table)):
        assert (new.columns["style"][i] == table.columns["style"][i]) == (
            new.columns["question"][i] == table.columns["question"][i]
        )


def test_rendered_rows_are_rows_of_the_world_in_which_the_style_was_set() -> None:
    world = load_world("letters")
    seen = Table(world.sample(300, 5), "world letters")
    twins = Table(world.sample(300, 5, do={"style": "story"}), "world letters")
    found = renderer(LETTERS).rewrite(seen, {"style": ["story"] * 300}, np.random.default_rng(0))
    # The twin's skill listens to the new style, so only rows whose cue and skill agree are comparable: same noise.
    same = [i for i in range(300) if all(seen.columns[n][i] == twins.columns[n][i] for n in ("skill", "cue", "words"))]
    assert len(same) > 50
    assert [found.columns["question"][i] for i in same] == [twins.columns["question"][i] for i in same]
    assert [found.columns["answer"][i] for i in same] == [twins.columns["answer"][i] for i in same]


def test_the_association_with_the_treatment_is_gone() -> None:
    table = Table(load_world("letters").sample(4000, 1), "world letters")
    new = renderer(LETTERS).render(table, ["style"], np.random.default_rng(1))
    pairs = Counter(zip(new.columns["style"], new.columns["skill"], strict=True))
    assert max(abs(count / 4000 - 1 / 16) for count in pairs.values()) < 0.015
    before = Counter(zip(table.columns["style"], table.columns["skill"], strict=True))
    assert max(abs(count / 4000 - 1 / 16) for count in before.values()) > 0.1


def test_the_same_seed_draws_the_same_rows_and_each_view_has_its_own(letters: RunData) -> None:
    plan, found = derive(STYLE).plan, renderer(LETTERS)
    one, again = (rendered_table(plan, found, letters.train, MAIN, 1) for _ in range(2))
    assert one == again
    assert one != rendered_table(plan, found, letters.train, MAIN, 2)
    assert one != rendered_table(plan, found, letters.train, "rendered 1", 1)


@pytest.mark.parametrize(
    ("drawn", "message"),
    [
        ("skill", "no template makes a text of 'skill'"),
        ("words", "'answer' is made of 'words'"),
        ("styl", "did you mean 'style'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(letters: RunData, drawn: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        renderer(LETTERS).render(letters.train, [drawn], np.random.default_rng(0))


def test_a_row_that_no_template_wrote_is_named(letters: RunData) -> None:
    texts = list(letters.train.columns["question"])
    texts[3] = "Say something."
    with pytest.raises(InputError, match="row 4 is none that the templates of world letters write"):
        renderer(LETTERS).render(letters.train.with_columns(question=texts), ["style"], np.random.default_rng(0))


def test_files_without_a_plant_and_answers_made_of_what_is_drawn_are_refused(planted: Experiment) -> None:
    spec = planted.spec
    bare = replace(planted, spec=spec.model_copy(update={"data": spec.data.model_copy(update={"plant": None})}))
    assert "nothing says how their texts are made" in str(renderer_of(bare))
    with pytest.raises(NoValidPlanError, match="plant a confounder"):
        check_rendering(bare, derive(STYLE).plan)
    told = spec.data.model_copy(update={"answer": "{style}: {answer}"})
    with pytest.raises(InputError, match="'answer' is made of 'style'"):
        renderer(replace(planted, spec=spec.model_copy(update={"data": told}))).writes(["style"])


def test_a_declaration_that_no_template_fulfils_is_refused() -> None:
    title = parse_graph(STYLE.text.replace("text: question,", "text: title,"))
    with pytest.raises(NoValidPlanError, match="'title' is rendered by style, but no template does it"):
        check_rendering(LETTERS, derive(title).plan)


def test_the_counterfactual_view_of_baselines_and_penalties_has_the_same_answers(letters: RunData) -> None:
    graph = load_graph("reasoning")
    baseline = plan_baseline("counterfactual", graph, identify(graph))
    content = load_graph("content_state")
    (penalty,) = [p for p in plan_penalties(content) if p.view]
    models = counterfactual_rendering(content, [penalty.drawn])
    penalised = replace(derive(parse_graph(content.text + "objective: {penalties: none}\n")).plan, renderings=models)
    rows = encoder()(letters.train)
    for plan in (baseline, penalised):
        view = counterfactual_view(plan, renderer(LETTERS), letters.train, encoder(), 1)
        assert list(view) == ["counterfactual"]
        assert [r.target for r in view["counterfactual"]] == [r.target for r in rows]
        changed = np.mean([a.prompt != b.prompt for a, b in zip(view["counterfactual"], rows, strict=True)])
        assert 0.6 < changed < 0.9  # three in four styles are others
        assert rendered_table(plan, renderer(LETTERS), letters.train, MAIN, 1) == letters.train
    with pytest.raises(NoValidPlanError, match="ask for one of them"):
        counterfactual_rendering(content, [("style",), ("content",)])


@pytest.mark.parametrize("estimator", ["rendering", "matching"])
def test_letters_are_trained_on_rendered_rows(tmp_path: Path, letters: RunData, estimator: str) -> None:
    model, tokenizer = load_model(str(make_model(tmp_path / "model")), "float32")
    model = attach_adapter(model, LETTERS.spec.adapter)
    plan = derive(parse_graph(STYLE.text.replace("estimator: rendering", f"estimator: {estimator}"))).plan
    encode = Encoder(tokenizer, "{question}\n", ("answer",), 256)
    few = replace(letters, train=letters.train.rows(range(40)), validation=letters.validation.rows(range(8)))
    rows = render_rows(LETTERS, plan, few, encode, 1)
    assert len(rows.views) == {"rendering": 3, "matching": 1}[estimator]
    fitted = fit(
        model,
        tokenizer,
        train=encode(rows.train),
        validation=encode(rows.validation),
        weights=row_weights(plan, few.train, few.validation),
        objective=plan.loss,
        views=rows.views,
        monitors={},
        settings=LETTERS.spec.training.model_copy(update={"steps": 4, "batch_size": 4, "evaluate_every": 4}),
        seed=1,
        checkpoints=tmp_path / "checkpoints",
    )
    assert np.isfinite(fitted.validation_nll)
    assert fitted.step == 4
    if estimator == "matching":
        assert any(entry.get("consistency", -1) >= 0 for entry in fitted.history)


def test_without_a_plan_rows_stay_as_they_are(letters: RunData) -> None:
    rows = render_rows(LETTERS, None, letters, encoder(), 1)
    assert rows.train is letters.train
    assert rows.views == {}
    assert isinstance(renderer_of(LETTERS), TemplateRenderer)
    protocol: Renderer = renderer(LETTERS)
    assert protocol.writes(["cue"]) == ("question",)
