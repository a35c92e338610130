"""Experiments and settings, one thing wrong in each: refused before anything is trained or written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.bad_input import HIDDEN, Case, change, placed
from tests.cli.program import EXPERIMENT, GRAPH

DATA = "{train: rows.jsonl, validation: 0.2, test: 0.2}"


def experiment(name: str, old: str, new: str, place: str, phrase: str) -> Case:
    """An experiment with one change."""
    files = change("experiment.yaml", EXPERIMENT, old, new)
    return Case(name, ("sweep", "experiment.yaml"), placed("experiment.yaml", place), phrase, 2, files)


def extra(name: str, line: str, place: str, phrase: str) -> Case:
    """An experiment with one line more: its seventh."""
    return experiment(name, "seeds:", f"{line}\nseeds:", place, phrase)


def setting(name: str, text: str, starts: str, phrase: str) -> Case:
    """A setting from outside."""
    return Case(name, ("train", "experiment.yaml", "--set", text), starts, phrase)


def planted(name: str, template: str, phrase: str) -> Case:
    """A planted confounder with a faulty template."""
    plant = (
        "{train: rows.jsonl, plant: {column: style, by: skill, strength: 0.5, pairs: {a: first, b: last}, "
        f"templates: {{a: '{template}', b: 'b {{question}}'}}, into: text}}}}"
    )
    text = EXPERIMENT.replace(DATA, plant) + "prompt: '{text}'\n"
    files = {"experiment.yaml": text, "graph.yaml": GRAPH.replace("{text: question}", "{text: text}")}
    return Case(name, ("sweep", "experiment.yaml"), "experiment.yaml:3:119: ", phrase, 2, {**files})


CASES = [
    experiment("an unknown key of training", "steps: 2", "stepz: 2", "8:12", "did you mean 'steps'?"),
    experiment("no step", "steps: 2", "steps: 0", "8:19", "'steps' must be at least 1, this is 0"),
    experiment("an infinite rate", "steps: 2", "learning_rate: .inf", "8:27", "must be a finite number"),
    experiment("a share over one", "test: 0.2", "test: 1.2", "3:50", "'test' must be less than 1"),
    experiment("shares over one", "test: 0.2", "test: 0.9", "3:7", "leave rows to train on"),
    experiment("a seed that stands twice", "[1, 2]", "[1, 1]", "7:8", "the seed 1 stands twice"),
    experiment("a seed below zero", "[1, 2]", "[-1]", "7:9", "item 1 of 'seeds' must be at least 0"),
    experiment("no data", "train: rows", "trian: rows", "3:7", "need 'world'"),
    experiment("a missing graph", "graph.yaml", "grap.yaml", "5:12", "there is no such graph file"),
    experiment("two arms of one name", "  - graph: graph.yaml\n", "  - graph: graph.yaml\n" * 2, "6:5", "two arms"),
    extra("an unknown floor", "floor: min", "7:8", "did you mean 'mine'?"),
    experiment("no ceiling for files", "ceiling: false", "ceiling: true", "6:10", "write 'ceiling: false'"),
    extra("a prompt of something else", "prompt: '{answer}'", "5:5", "make 'prompt'"),
    extra("an attribute in a prompt", "prompt: '{question.x}'", "7:9", "plain field"),
    experiment("an index in an answer", "test: 0.2", "answer: '{answer[0]}'", "3:52", "plain field"),
    experiment("missing rows", "rows.jsonl", "row.jsonl", "row.jsonl: ", "no such file"),
    extra("a missing split", "evaluation: {splits: {x: x.jsonl}}", "x.jsonl: ", "no such file"),
    extra("an unknown column to report by", "evaluation: {strata: stile}", "7:22", "mean 'style'?"),
    extra("a missing model", "model: ./none", "./none: ", "there is no such model folder"),
    extra("a folder that is no model", "model: .", ".: ", "is a folder without config.json"),
    experiment("an unknown world", DATA, "{world: leters, rows: 9}", "3:15", "mean 'letters'?"),
    Case("a graph in the place of an experiment", ("train", "graph.yaml"), "graph.yaml:", "unknown key 'nodes'"),
    Case(
        "an unknown arm",
        ("train", "experiment.yaml", "--arm", "mein"),
        "experiment.yaml: ",
        "no arm 'mein'; did you mean 'mine'?",
    ),
    setting(
        "an unknown setting", "training.stepz=3", "--set training.stepz: ", "unknown key 'stepz'; did you mean 'steps'?"
    ),
    setting("an unknown group of settings", "trainin.steps=3", "--set trainin.steps: ", "did you mean 'training'?"),
    setting("a setting of the wrong type", "training.steps=many", "--set training.steps: ", "must be a whole number"),
    setting("a setting inside of a text", "name.x=3", "--set name.x: ", "'name' has no settings inside"),
    setting("a setting without a value", "name", "--set: ", "'name' is not KEY=VALUE"),
    planted("an attribute in a planted text", "{question.x}", "the place '{question.x}', which is not a plain field"),
    planted("an unknown field in a planted text", "{qestion}", "no column 'qestion'; did you mean 'question'?"),
    planted("a lone brace in a planted text", "{question", "a lone '{'; write it twice"),
    Case(
        "a hidden confounder in an arm",
        ("sweep", "experiment.yaml"),
        "arm 'mine': graph.yaml: ",
        "what would help: observe",
        3,
        change("graph.yaml", GRAPH, *HIDDEN),
    ),
    Case(
        "a hidden confounder that is checked",
        ("check", "experiment.yaml"),
        "graph.yaml: ",
        "what would help: observe",
        3,
        change("graph.yaml", GRAPH, *HIDDEN),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_one_sentence_at_its_place(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case.check(tmp_path, monkeypatch)
