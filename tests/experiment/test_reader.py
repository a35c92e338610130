"""Experiment files: the arms they make, what they take from the graphs, and settings from outside."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.experiment import ChatSpec, Experiment, experiment_schema, load_experiment
from causal_reasoning.experiment.reader import digest_of, parse_experiment
from causal_reasoning.files.shipped import shipped_folder
from causal_reasoning.graph import load_graph

EXPERIMENT = """\
version: 1
name: study
data: {world: letters, rows: 100}
arms:
  - graph: erm
  - graph: reasoning
  - {graph: reasoning, name: by loss, objective: {realisation: loss_weights}}
"""


def experiment(extra: str = "", text: str = EXPERIMENT) -> Experiment:
    return parse_experiment(text + extra, "e.yaml")


def fault(extra: str = "", text: str = EXPERIMENT) -> str:
    with pytest.raises(InputError) as caught:
        experiment(extra, text)
    (line,) = str(caught.value).splitlines()
    return line


def test_the_arms_are_the_base_the_graphs_and_the_ceiling() -> None:
    arms = experiment().arms
    assert [(arm.name, arm.kind) for arm in arms] == [
        ("untrained base", "base"),
        ("erm", "graph"),
        ("reasoning", "graph"),
        ("by loss", "graph"),
        ("ceiling", "ceiling"),
    ]
    assert [arm.name for arm in experiment("base: false\nceiling: false\n").arms] == ["erm", "reasoning", "by loss"]
    assert [arm.slug for arm in arms] == ["untrained-base", "erm", "reasoning", "by-loss", "ceiling"]


def test_an_arm_may_change_the_objective_of_its_graph_and_nothing_else() -> None:
    loaded = experiment()
    plain, changed = loaded.arm("reasoning").graph, loaded.arm("by loss").graph
    assert plain is not None
    assert changed is not None
    assert plain.digest == load_graph("reasoning").digest
    assert (plain.objective.realisation, changed.objective.realisation) == ("resampling", "loss_weights")
    assert changed.objective.estimator == plain.objective.estimator
    assert changed.causal == plain.causal
    assert changed.digest != plain.digest


def test_what_is_evaluated_follows_from_the_graphs() -> None:
    loaded = experiment()
    assert (loaded.treatment, loaded.strata, loaded.policy) == ("skill", "style", "marginal")
    assert (loaded.read, loaded.write) == (("question",), ("answer",))
    assert loaded.floor == "erm"
    assert experiment("floor: reasoning\n").floor == "reasoning"
    named = experiment("treatment: style\nevaluation: {strata: skill}\n")
    assert (named.treatment, named.strata) == ("style", "skill")


def test_without_a_categorical_treatment_there_is_none_to_intervene_on() -> None:
    text = EXPERIMENT.replace("  - graph: reasoning\n", "").replace(
        "graph: reasoning, name: by loss, ", "graph: erm, name: b, "
    )
    loaded = experiment(text=text)
    assert (loaded.treatment, loaded.strata) == (None, None)


def test_graphs_beside_the_file_come_before_shipped_ones(tmp_path: Path) -> None:
    own = load_graph("erm").text.replace("name: erm", "name: own")
    (tmp_path / "erm").write_text(own, encoding="utf-8")
    (tmp_path / "e.yaml").write_text(EXPERIMENT, encoding="utf-8")
    assert [arm.name for arm in load_experiment(tmp_path / "e.yaml").arms][1] == "own"


@pytest.mark.parametrize(
    ("extra", "text", "expected"),
    [
        ("floor: reasonin\n", EXPERIMENT, "e.yaml:8:8: there is no arm 'reasonin'; did you mean 'reasoning'?"),
        ("", EXPERIMENT.replace(", name: by loss", ""), "e.yaml:7:5: two arms are called 'reasoning'; give one"),
        ("", EXPERIMENT.replace("by loss", "ERM"), "e.yaml:7:5: the arms 'erm' and 'ERM' would share a folder"),
        ("", EXPERIMENT.replace("by loss", "Ceiling"), "e.yaml:7:5: the arms 'Ceiling' and 'ceiling' would share"),
        ("", EXPERIMENT.replace("graph: erm", "graph: er"), "e.yaml:5:12: er: there is no graph file or shipped"),
        ("prompt: '{answer}'\n", EXPERIMENT, "e.yaml:5:5: the graph erm reads question, but the prompt shows answer"),
        ("prompt: 'no place'\n", EXPERIMENT, "e.yaml:5:5: the graph erm reads question, but the prompt shows nothing"),
        ("prompt: '{question:>9}'\n", EXPERIMENT, "e.yaml:8:9: the template has the place '{question:>9}', which"),
        ("seeds: [3, 1, 3]\n", EXPERIMENT, "e.yaml:8:8: the seed 3 stands twice; keep one"),
        ("seeds: [true]\n", EXPERIMENT, "e.yaml:8:9: item 1 of 'seeds' must be a whole number, this is true or"),
        ("training: {steps: '9'}\n", EXPERIMENT, "e.yaml:8:19: 'steps' must be a whole number, this is a text ('9')"),
        ("training: {learning_rate: .inf}\n", EXPERIMENT, "e.yaml:8:27: 'learning_rate' must be a finite number"),
        ("training: {max_length: 7}\n", EXPERIMENT, "e.yaml:8:24: 'max_length' must be at least 8, this is 7"),
        ("adapter: {dropout: 1.5}\n", EXPERIMENT, "e.yaml:8:20: 'dropout' must be at most 1, this is 1.5"),
        (
            "adapter: {targets: most}\n",
            EXPERIMENT,
            "e.yaml:8:20: 'targets' must be 'all-linear' or a list, this is a text ('most')",
        ),
        ("", EXPERIMENT.replace(", rows: 100", ""), "e.yaml:3:1: the key 'rows' is missing in 'data'"),
        (
            "",
            EXPERIMENT.replace("rows: 100", "rows: 100, validation: 1"),
            "e.yaml:3:47: 'validation' must be less than 1",
        ),
        (
            "",
            EXPERIMENT.replace("rows: 100", "rows: 100, train: x"),
            "e.yaml:3:35: the key 'train' cannot stand beside",
        ),
        ("", EXPERIMENT.replace("world: letters, rows", "wrold: letters, rows"), "e.yaml:3:7: the data need 'world'"),
    ],
)
def test_a_fault_is_told_at_its_place(extra: str, text: str, expected: str) -> None:
    assert fault(extra, text).startswith(expected)


def graph_file(folder: Path, name: str, old: str, new: str) -> None:
    text = load_graph("reasoning").text
    assert old in text
    (folder / name).write_text(text.replace(old, new).replace("name: reasoning", "name: other"), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "phrase"),
    [
        ("do: skill", "do: confounder", "the graphs have different treatments (skill, style); say with 'treatment:'"),
        ("write: answer}", "write: answer, policy: uniform}", "the graphs have different policies"),
        ("{text: answer}", "{text: reply}", "the graph other writes reply, the first one answer"),
        ("{text: question}", "{text: task}", "the graph other reads task, but the prompt shows question"),
    ],
)
def test_graphs_that_cannot_be_compared_are_refused(tmp_path: Path, old: str, new: str, phrase: str) -> None:
    graph_file(tmp_path, "other.yaml", old, new)
    text = EXPERIMENT.replace("graph: erm", f"graph: {tmp_path / 'other.yaml'}")
    if "writes" in phrase:
        text = EXPERIMENT.replace("- {graph: reasoning, ", f"- {{graph: {tmp_path / 'other.yaml'}, ")
    with pytest.raises(InputError, match=r"^e.yaml:\d+:\d+: ") as caught:
        experiment(text=text)
    assert phrase in str(caught.value)


def test_a_fault_of_a_graph_file_is_told_at_its_place_in_that_file(tmp_path: Path) -> None:
    graph_file(tmp_path, "other.yaml", "role: skill", "role: skil")
    path = tmp_path / "other.yaml"
    assert fault(text=EXPERIMENT.replace("graph: erm", f"graph: {path}")).startswith(
        f"{path}:8:22: unknown role 'skil'"
    )


def loaded(overrides: dict[str, str], tmp_path: Path) -> Experiment:
    path = tmp_path / "e.yaml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    return load_experiment(path, overrides)


def test_settings_can_be_given_from_outside(tmp_path: Path) -> None:
    settings = {
        "training.steps": "7",
        "training.schedule": "constant",
        "seeds": "[4, 5]",
        "data.set.rho": "0.5",
        "base": "false",
        "description": "'a: b'",
    }
    spec = loaded(settings, tmp_path).spec
    assert (spec.training.steps, spec.training.schedule, spec.training.batch_size) == (7, "constant", 64)
    assert spec.seeds == [4, 5]
    assert spec.data.model_dump()["set"] == {"rho": 0.5}
    assert (spec.base, spec.description) == (False, "a: b")


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("training.stepz", "3", "--set training.stepz: unknown key 'stepz'; did you mean 'steps'?"),
        ("trainig.steps", "3", "--set trainig.steps: unknown key 'trainig'; did you mean 'training'?"),
        ("training.steps", "many", "--set training.steps: 'steps' must be a whole number, this is a text ('many')"),
        ("training", "{steps: 0}", "--set training: 'steps' must be at least 1, this is 0"),
        ("data.set.rho", ".nan", "--set data.set.rho: 'rho' must be a finite number, this is nan"),
        ("name.x", "3", "--set name.x: 'name' has no settings inside"),
        ("name", "[", "--set name:1:2: is not YAML"),
        ("name", "", "--set name:1:1: is empty"),
        ("prompt", "'{question.x}'", "--set prompt: the template has the place '{question.x}'"),
        ("floor", "er", "--set floor: there is no arm 'er'; did you mean 'erm'?"),
    ],
)
def test_a_fault_of_a_setting_from_outside_is_not_blamed_on_the_file(
    key: str, value: str, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        loaded({key: value}, tmp_path)
    assert str(caught.value).startswith(expected)


def test_an_unknown_arm_is_told_with_the_nearest_one() -> None:
    with pytest.raises(InputError, match=r"^e.yaml: there is no arm 'reasonin'; did you mean 'reasoning'\?$"):
        experiment().arm("reasonin")


@pytest.mark.parametrize("path", sorted(shipped_folder("examples").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_experiment_is_read_by_name(path: Path) -> None:
    assert load_experiment(path.stem).name == path.stem


def test_an_experiment_survives_the_way_to_another_process() -> None:
    first = experiment()
    second: Experiment = pickle.loads(pickle.dumps(first))
    assert second.spec == first.spec
    assert [arm.graph and arm.graph.digest for arm in second.arms] == [
        arm.graph and arm.graph.digest for arm in first.arms
    ]


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, True), ({"a": [1, 2]}, {"a": [2, 1]}, False), (1, 1.5, False)],
)
def test_digests_know_content_and_not_the_order_of_keys(left: Any, right: Any, same: bool) -> None:
    assert (digest_of(left) == digest_of(right)) is same
    assert len(digest_of(left)) == 64


def test_the_schema_is_json_and_knows_every_key() -> None:
    schema = json.loads(json.dumps(experiment_schema()))
    assert {"version", "name", "data", "arms", "seeds", "training", "evaluation", "adapter"} <= set(
        schema["properties"]
    )
    assert schema["additionalProperties"] is False


def test_a_fault_in_a_list_that_was_put_in_from_outside_is_not_the_file_s(tmp_path: Path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(
        "version: 1\nname: e\ndata: {train: r.jsonl, filter: [{column: a, equals: 1}]}\narms: [{graph: erm}]\n"
    )
    with pytest.raises(InputError) as caught:
        load_experiment(path, {"data.filter": "[{column: a, equal: 1}]"})
    (told,) = str(caught.value).splitlines()
    assert told == "--set data.filter: unknown key 'equal'; did you mean 'equals'?"


def test_how_prompts_are_put_into_a_chat_template() -> None:
    assert experiment().chat is None
    assert experiment("chat: false\n").chat is None
    assert experiment("chat: true\n").chat == ChatSpec()
    assert experiment("chat: {system: Be brief.}\n").chat == ChatSpec(system="Be brief.")
    assert fault("chat: {sytem: x}\n") == "e.yaml:8:8: unknown key 'sytem'; did you mean 'system'?"
