"""The example files on real sets: each is read, shown, and trained for two steps, where the rows lie beside."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from causal_reasoning.data.load import load_data
from causal_reasoning.data.rows import RunData
from causal_reasoning.experiment import Experiment, load_experiment
from causal_reasoning.files.shipped import shipped_folder
from causal_reasoning.sweeps import run as runs
from causal_reasoning.sweeps.preview import preview
from tests.cli.program import call
from tests.shared import shared
from tests.tiny import make_model

EXAMPLES = shipped_folder("examples")
SETS = {
    "lconcat": "lconcat/names_3_4.jsonl",
    "date_understanding": "date_understanding/dev.jsonl",
    "acre": "acre/iid_train_symbolic.jsonl",
    "raven": "raven/center_single_train.jsonl",
    "raven_balanced": "raven/center_single_dev_balanced.jsonl",
    "corr2cause": "corr2cause/train.jsonl",
    "svamp": "mawps/train.jsonl",
    "gsm8k": "gsm8k/train.jsonl",
    "cladder": "cladder/easy.jsonl",
    "cebab": "cebab/train_exclusive.jsonl",
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny")


def load(name: str, **settings: str) -> Experiment:
    shared(f"data/{SETS[name]}")
    return load_experiment(
        EXAMPLES / f"{name}.yaml", {key.replace("__", "."): value for key, value in settings.items()}
    )


def few(data: RunData) -> RunData:
    """All training rows, whose weights are counted, and a few of the others."""
    cut = tuple(replace(split, table=split.table.rows(range(min(2, len(split.table))))) for split in data.splits)
    return replace(data, validation=data.validation.rows(range(min(4, len(data.validation)))), splits=cut)


@pytest.mark.parametrize("name", SETS)
def test_an_example_is_shown_and_trained_to_its_end(
    name: str, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = load(
        name,
        model=str(model),
        training__steps="2",
        training__batch_size="2",
        training__evaluate_every="2",
        evaluation__max_new_tokens="4",
    )
    arm = experiment.arms[2] if len(experiment.arms) > 2 else experiment.arms[1]
    monkeypatch.setattr(runs, "load_data", lambda *a, **k: few(load_data(*a, **k)))
    record = runs.run(experiment, arm, 1, tmp_path)
    assert record["curve"][-1]["step"] == 2
    titles = ["same", *(["do", "reversed"] if name == "lconcat" else []), *experiment.spec.evaluation.splits]
    assert list(record["splits"]) == titles
    assert all(0 < split["nll"] < 1e5 for split in record["splits"].values())


@pytest.mark.parametrize("name", SETS)
def test_the_rows_of_an_example_fit_the_packaged_model_and_stand_in_one_part(name: str) -> None:
    experiment = load(name)
    found = preview(experiment, experiment.arms[-1], experiment.spec.seeds[0], 1)
    assert found.refusal is None
    assert not [finding for finding in found.report.findings if finding.refuse]
    (example,) = found.examples
    assert example.written.endswith("</s>")


def test_the_cue_of_acre_is_right_half_of_the_time_and_the_split_holds_where_it_is_wrong() -> None:
    experiment = load("acre")
    data = load_data(experiment, 1)
    agrees = {split.name: split.table.columns["shortcut_agrees"] for split in data.splits}
    # The set's own description: the covariation answer is right in 51 % of the rows.
    assert agrees["same"].count("true") / 500 == pytest.approx(0.51, abs=0.06)
    assert set(agrees["cue_is_wrong"]) == set(agrees["compositional_cue_is_wrong"]) == {"false"}
    table = data.splits[0].table
    told = [cue.removeprefix("covariation_") for cue in table.columns["cue"]]
    by_cue = ["true" if one == answer else "false" for one, answer in zip(told, table.columns["answer"], strict=True)]
    assert by_cue == table.columns["shortcut_agrees"]


def test_the_choices_of_raven_give_the_answer_away_and_no_weights_help() -> None:
    shared("data/raven/center_single_train.jsonl")
    code, out, err = call(
        "preview",
        "raven",
        "-n",
        "0",
        "--set",
        "arms=[{graph: cue}]",
        "--set",
        "data.columns={kind: answer, cue: confounder}",
    )
    assert code == 4
    assert "every value of cue occurs with one value of kind only" in err
    assert "the answer guessed from it alone is right for: training 100%" in out


def test_words_of_mawps_that_stand_in_two_parts_are_left_out() -> None:
    data = load_data(load("svamp"), 1)
    held = {*data.validation.columns["question"], *data.splits[0].table.columns["question"]}
    assert not held & set(data.train.columns["question"])
    assert data.duplicates[0].dropped > 0


def test_the_edits_of_cebab_are_never_trained_on() -> None:
    experiment = load("cebab")
    data = load_data(experiment, 1)
    lines = shared(f"data/{SETS['cebab']}").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(lines[number - 1]) for number in (*data.train.lines, *data.validation.lines)]
    assert all(row["is_original"] for row in rows)
    edited = next(split.table for split in data.splits if split.name == "food_was_edited")
    assert set(edited.columns["is_original"]) == {"false"}


def test_a_story_of_cladder_stands_in_one_part_for_every_seed() -> None:
    experiment = load("cladder")
    parts = [load_data(experiment, seed) for seed in (1, 2)]
    stories = [(set(data.train.columns["story_id"]), set(data.splits[0].table.columns["story_id"])) for data in parts]
    assert stories[0] == stories[1]
    assert not stories[0][0] & stories[0][1]
