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


ARMS = """\
version: 1
name: study
data: {world: letters, rows: 100}
arms:
  - graph: erm
  - {graph: erm, name: own, adapter: ADAPTER}
"""


def with_adapter(adapter: str, extra: str = "") -> Experiment:
    return experiment(extra, ARMS.replace("ADAPTER", adapter))


def test_an_arm_may_train_another_adapter_than_the_experiment() -> None:
    loaded = with_adapter("{kind: prefix, num_virtual_tokens: 3, learning_rate: 0.1}", "adapter: {rank: 4}\n")
    assert [loaded.adapter(arm).kind for arm in loaded.arms] == ["lora", "lora", "prefix", "lora"]
    assert [loaded.training(arm).learning_rate for arm in loaded.arms] == [0.001, 0.001, 0.1, 0.001]
    assert loaded.adapter(loaded.arm("ceiling")).model_dump()["rank"] == 4
    assert pickle.loads(pickle.dumps(loaded.arm("own"))) == loaded.arm("own")


@pytest.mark.parametrize("written", ["", "adapter: {}\n", "adapter: {kind: lora, rank: 8}\n"])
def test_plain_lora_is_written_as_when_there_was_nothing_else(written: str) -> None:
    # These four names and values stand in the digests of all earlier runs.
    earlier = {"rank": 8, "alpha": 16, "dropout": 0.0, "targets": "all-linear"}
    assert experiment(written).spec.adapter.model_dump() == earlier


@pytest.mark.parametrize(
    ("adapter", "dump"),
    [
        ("{rank: 2, alpha: 3}", {"rank": 2, "alpha": 3, "dropout": 0.0, "targets": "all-linear"}),
        ("{parameters: 900}", {"parameters": 900, "dropout": 0.0, "targets": "all-linear"}),
        ("{parameters: 900, alpha: 16}", {"parameters": 900, "alpha": 16, "dropout": 0.0, "targets": "all-linear"}),
        ("{kind: full, learning_rate: 0.1}", {"kind": "full", "learning_rate": 0.1}),
        ("{kind: prefix, parameters: 900}", {"kind": "prefix", "parameters": 900}),
        ("{kind: adaption_prompt}", {"kind": "adaption_prompt", "adapter_len": 10}),
        ("{kind: ia3}", {"kind": "ia3"}),
    ],
)
def test_only_what_is_used_of_an_adapter_counts_as_a_setting(adapter: str, dump: dict[str, Any]) -> None:
    assert with_adapter(adapter).adapter(with_adapter(adapter).arm("own")).model_dump() == dump


@pytest.mark.parametrize(
    ("adapter", "expected"),
    [
        ("{kind: prefx}", "6:38: there is no adapter of kind 'prefx'; did you mean 'prefix'?"),
        ("{kind: prefix, num_virtual_token: 3}", "6:53: unknown key 'num_virtual_token'; did you mean 'num_virtual_t"),
        ("{kind: prefix, rank: 3}", "6:53: unknown key 'rank'; known: 'kind', 'learning_rate', 'num_virtual_tokens'"),
        ("{rnak: 3}", "6:39: unknown key 'rnak'; did you mean 'rank'?"),
        ("{kind: full, rank: 3}", "6:51: unknown key 'rank'; known: 'kind', 'learning_rate'"),
        ("{kind: ia3, parameters: 9}", "6:38: the number of trainable parameters of 'ia3' follows from the model"),
        ("{kind: full, parameters: 9}", "6:38: the number of trainable parameters of 'full' follows from the model"),
        ("{rank: 3, parameters: 9}", "6:38: 'parameters' chooses 'rank', which cannot stand beside it; keep one"),
        ("{kind: ia3, targets: [a]}", "6:38: 'targets' and 'feedforward' go together; give both or neither"),
        ("{kind: ia3, targets: [a], feedforward: [b]}", "6:38: 'feedforward' names 'b', which is not one of the"),
        ("lora", "6:38: an adapter is a mapping such as {kind: lora, rank: 8}; the kinds are lora, adaption_prompt"),
        ("{learning_rate: 0}", "6:54: 'learning_rate' must be more than 0, this is 0"),
    ],
)
def test_a_fault_of_an_adapter_is_told_at_its_place(adapter: str, expected: str) -> None:
    assert fault(text=ARMS.replace("ADAPTER", adapter)).startswith(f"e.yaml:{expected}")


def test_the_floor_and_the_ceiling_train_the_same_adapter() -> None:
    text = ARMS.replace("ADAPTER", "{rank: 2}") + "floor: own\n"
    assert fault(text=text).startswith("e.yaml:6:38: the floor 'own' has an adapter of its own, and the ceiling trains")
    assert fault(text=text).endswith("write 'floor: erm'")
    assert experiment("ceiling: false\n", text).floor == "own"
