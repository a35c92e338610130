"""Worlds that unfold in time: the steps written out as nodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph.reader import parse_graph
from causal_reasoning.identification import identify
from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.true_graph import true_graph_yaml

WALK = """\
version: 1
name: walk
parameters: {stay: 0.7}
time: {steps: 4}
nodes:
  start: {role: confounder, mechanism: {kind: categorical, values: [left, right]}}
  state:
    role: other
    initial: {kind: noisy_copy, of: start, noise: 0.2, otherwise: others}
    mechanism:
      kind: table
      given: ["state[-1]", push]
      values: [left, right]
      rows:
        - {when: {push: hard}, then: {right: 1}}
        - {when: {"state[-1]": left}, then: {left: $stay, right: 0.3}}
        - {then: {left: 0.3, right: $stay}}
  push:
    role: skill
    each_step: true
    mechanism: {kind: categorical, values: [none, hard], probabilities: {none: 0.75, hard: 0.25}}
  line: {role: other, each_step: true, mechanism: {kind: template, text: "{start}: {push} -> {state}"}}
  question: {role: question, mechanism: {kind: template, text: "{line_0}; {line[-2]}; {push[-1]}?"}}
  answer: {role: answer, mechanism: {kind: template, text: "= {state[-1]} ="}}
query: {do: "push[-1]", read: question, write: answer}
"""


def load(folder: Path, text: str) -> World:
    file = folder / "w.yaml"
    file.write_text(text, encoding="utf-8")
    return load_world(file)


@pytest.fixture
def walk(tmp_path: Path) -> World:
    return load(tmp_path, WALK)


def test_every_step_is_a_node(walk: World) -> None:
    steps = [f"{name}_{step}" for step in range(4) for name in ("state", "push", "line")]
    assert list(walk.nodes) == ["start", *steps, "question", "answer"]
    graph = walk.graph()
    assert graph.parents("state_0") == ("start",)
    assert graph.parents("state_2") == ("push_2", "state_1")
    assert graph.parents("line_3") == ("push_3", "start", "state_3")
    assert graph.parents("question") == ("line_0", "line_2", "push_3")
    assert graph.parents("answer") == ("state_3",)


def test_exact_probabilities_are_those_of_the_markov_chain(walk: World) -> None:
    transition = 0.75 * np.array([[0.7, 0.3], [0.3, 0.7]]) + 0.25 * np.array([[0.0, 1.0], [0.0, 1.0]])
    state = np.array([[0.8, 0.2], [0.2, 0.8]])
    for step in range(4):
        assert walk.probability(["start", f"state_{step}"]) == pytest.approx(0.5 * state)
        state = state @ transition
    quiet = np.linalg.matrix_power(np.array([[0.7, 0.3], [0.3, 0.7]]), 3)
    do = {f"push_{step}": "none" for step in range(4)}
    assert walk.probability(["state_0", "state_3"], do=do) == pytest.approx(0.5 * quiet)


def test_counterfactuals_run_forward_only(walk: World) -> None:
    found = walk.counterfactual(300, 2, {"push_2": "hard"})
    assert set(found.changing) == {"push_2", "state_2", "line_2", "state_3", "line_3", "question", "answer"}
    assert found.counterfactual["state_1"] == found.factual["state_1"]
    assert set(found.counterfactual["state_2"]) == {"right"}


def test_the_query_may_name_the_last_value_and_the_true_graph_is_identified(walk: World) -> None:
    assert walk.query is not None
    assert walk.query.do == ("push_3",)
    graph = parse_graph(true_graph_yaml(walk))
    assert graph.causal.directed == walk.graph().directed
    assert identify(graph).identified


def test_the_best_predictor_knows_the_last_push_and_the_state_before(walk: World) -> None:
    found = walk.optimal_accuracy()
    assert found.exact
    assert found.value == pytest.approx(0.25 + 0.75 * 0.7)


def test_one_step_is_only_the_start(tmp_path: Path) -> None:
    text = WALK.replace("steps: 4", "steps: 1").replace("{line[-2]}", "{line[-1]}")
    world = load(tmp_path, text.replace("parameters: {stay: 0.7}\n", "").replace("$stay", "0.7"))
    assert list(world.nodes) == ["start", "state_0", "push_0", "line_0", "question", "answer"]


def test_a_longer_past_uses_the_initial_mechanism_longer(tmp_path: Path) -> None:
    text = """\
version: 1
name: two
time: {steps: 5}
nodes:
  x:
    role: other
    initial: {kind: categorical, values: [a, b]}
    mechanism: {kind: noisy_copy, of: "x[-2]", noise: 0, otherwise: all}
  y: {role: other, mechanism: {kind: template, text: "{x_0}{x_1}{x_2}{x_3}{x[-1]}"}}
"""
    world = load(tmp_path, text)
    assert world.graph().directed[:3] == (("x_0", "x_2"), ("x_1", "x_3"), ("x_2", "x_4"))
    assert set(world.sample(200, 0)["y"]) == {"aaaaa", "ababa", "babab", "bbbbb"}


def test_a_nested_world_can_be_repeated(tmp_path: Path) -> None:
    text = """\
version: 1
name: quiz
time: {steps: 3}
nodes:
  style: {role: confounder, mechanism: {kind: categorical, values: [plain, polite, terse, story]}}
  task:
    {role: other, each_step: true, mechanism: {kind: world, world: letters, inputs: {style: style}, output: question}}
  question: {role: question, mechanism: {kind: template, text: "{task_0} {task_1} {task_2}"}}
  answer: {role: answer, mechanism: {kind: template, text: "{task_answer_2}"}}
"""
    world = load(tmp_path, text)
    assert world.graph().parents("task_skill_1") == ("style",)
    skill = load_world("letters").probability(["style", "skill"])
    joint = np.einsum("zs,zt->st", skill, skill / 0.25)
    assert world.probability(["task_skill_0", "task_skill_2"]) == pytest.approx(joint)
    assert world.sample(3, 0)["answer"] == world.sample(3, 0)["task_answer_2"]


Z = "  z: {role: confounder, mechanism: {kind: categorical, values: [a, b]}}\n"
COPY = "mechanism: {kind: noisy_copy, of: %s, noise: 0, otherwise: all}"


def step(of: str, more: str = "each_step: true, ", name: str = "x") -> str:
    return f"  {name}:\n    {{role: other, {more}{COPY % of}}}\n"


@pytest.mark.parametrize(
    ("head", "nodes", "expected"),
    [
        ("time: {steps: 3}\n", "", "w.yaml:3:1: no node has 'each_step: true'"),
        ("time: {steps: 0}\n", "", "w.yaml:3:15: 'steps' must be at least 1"),
        ("time: {steps: 5000000}\n", "", "w.yaml:3:15: 'steps' must be at most 50"),
        ("time: {steps: 3, size: 2}\n", "", "w.yaml:3:18: unknown key 'size'"),
        ("", step("z"), "w.yaml:6:19: there are no steps; add 'time: {steps: 3}'"),
        ("", step("'z[-1]'", ""), "w.yaml:6:53: there is no node 'z[-1]'; no node has a past here"),
        ("time: {steps: 3}\n", step("'x[-1]'"), "w.yaml:7:70: looks back to 'x[-1]', and the first step has no past"),
        ("time: {steps: 3}\n", step("'z[-1]'"), "w.yaml:7:70: 'z' has one value only, so there is no 'z[-1]'"),
        ("time: {steps: 3}\n", step("zed"), "w.yaml:7:70: there is no node 'zed'"),
        ("time: {steps: 3}\n", step("z") + step("x", "", "y"), "w.yaml:9:53: 'x' has a value at every step; name one"),
        ("time: {steps: 3}\n", step("z") + step("'x[-4]'", "", "y"), "w.yaml:9:53: there are only 3 steps, so there"),
        (
            "time: {steps: 3}\n",
            step("z", "initial: {kind: pseudoword}, "),
            "w.yaml:7:19: the mechanism does not look back, so this is never used",
        ),
        (
            "time: {steps: 3}\n",
            step("'x[-1]'", "initial: {kind: noisy_copy, of: 'x[-1]', noise: 0, otherwise: all}, "),
            "w.yaml:7:51: the first step has no past",
        ),
        (
            "time: {steps: 3}\n",
            step("'x[-1]'", "initial: {kind: world, world: letters, output: cue}, "),
            "w.yaml:7:28: a step cannot start from a whole world",
        ),
        ("time: {steps: 3}\n", step("z", "initial: {kind: wurld}, "), "w.yaml:7:35: unknown mechanism 'wurld'"),
        ("time: {steps: 3}\n", step("z") + step("z", "", "x_1"), "w.yaml:6:3: writes out a node 'x_1', and there is"),
        ("time: {steps: 3}\n", step("y") + step("x", name="y"), "w.yaml:6:3: the arrows run in a circle"),
        (
            "time: {steps: 3}\n",
            step("z") + "  y: {role: other, each_step: true, mechanism: {kind: template, text: 'a {zed}'}}\n",
            "w.yaml:8:75: unknown field '{zed}'",
        ),
        (
            "time: {steps: 3}\n",
            step("z") + "  y: {role: other, each_step: true, mechanism: {kind: template, text: 'a {z.__class__}'}}\n",
            "w.yaml:8:74: '{z.__class__}' is not a plain field",
        ),
        (
            "time: {steps: 50}\n",
            "".join(step("z", name=f"x{i}") for i in range(9)),
            "w.yaml:12:3: written out, the world has more than 400 nodes",
        ),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(tmp_path: Path, head: str, nodes: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, f"version: 1\nname: w\n{head}nodes:\n{Z}{nodes}")
    message = str(caught.value).replace(f"{tmp_path}/", "")
    assert "\n" not in message
    assert message.startswith(expected)
