"""Switches: a mechanism for every value, draws of its own, exact tables, and refusals with their place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world

HEAD = """\
version: 1
name: small
nodes:
  z: {role: confounder, mechanism: {kind: categorical, values: [a, b], probabilities: {a: 0.25, b: 0.75}}}
  y: {role: other, mechanism: {kind: categorical, values: [c, d]}}
  w: {role: other, mechanism: {kind: pseudoword}}
"""


def load(tmp_path: Path, mechanism: str) -> World:
    file = tmp_path / "w.yaml"
    file.write_text(f"{HEAD}  x:\n    role: other\n    mechanism: {mechanism}\n", encoding="utf-8")
    return load_world(file)


def test_every_row_is_written_by_its_own_case(tmp_path: Path) -> None:
    world = load(
        tmp_path,
        "{kind: switch, by: z, cases: {a: {kind: template, text: ['hi {y}', 'ho {y}']}, "
        "b: {kind: switch, by: y, cases: {c: {kind: pseudoword, count: 2}, d: {kind: template, text: 'd!'}}}}}",
    )
    assert world.graph().parents("x") == ("y", "z")
    columns = world.sample(400, seed=0)
    seen = set()
    for z, y, x in zip(columns["z"], columns["y"], columns["x"], strict=True):
        if z == "a":
            assert x in (f"hi {y}", f"ho {y}")
        elif y == "d":
            assert x == "d!"
        else:
            assert len(x.split()) == 2
        seen.add(x[:2] if z == "a" else y)
    assert seen == {"hi", "ho", "c", "d"}


def test_a_switch_of_values_has_the_exact_table(tmp_path: Path) -> None:
    world = load(
        tmp_path,
        "{kind: switch_values, by: z, cases: {a: {kind: table, given: [y, z], values: [p, q], "
        "rows: [{when: {y: c, z: a}, then: {p: 0.9, q: 0.1}}, {then: {q: 1}}]}, "
        "b: {kind: noisy_copy, of: y, fidelity: 0.5, otherwise: all}}}",
    )
    assert world.values("x") == ("p", "q", "c", "d")
    joint = world.probability(["z", "y", "x"])
    assert joint[0] == pytest.approx(0.125 * np.array([[0.9, 0.1, 0, 0], [0, 1, 0, 0]]))
    assert joint[1] == pytest.approx(0.375 * np.array([[0, 0, 0.75, 0.25], [0, 0, 0.25, 0.75]]))
    columns = world.sample(4_000, seed=1)
    rate = np.mean([x == "c" for z, y, x in zip(columns["z"], columns["y"], columns["x"], strict=True) if z == "b"])
    assert rate == pytest.approx(0.5, abs=0.04)


def test_twins_keep_the_draws_of_a_case(tmp_path: Path) -> None:
    world = load(tmp_path, "{kind: switch, by: z, cases: {a: {kind: pseudoword}, b: {kind: pseudoword}}}")
    plain, done = world.sample(100, seed=3), world.sample(100, seed=3, do={"z": "a"})
    same = [p == d for z, p, d in zip(plain["z"], plain["x"], done["x"], strict=True) if z == "a"]
    assert all(same)
    assert len(same) > 10


def nested(depth: int) -> str:
    inner = "{kind: pseudoword}"
    for _ in range(depth):
        inner = f"{{kind: switch, by: z, cases: {{a: {{kind: pseudoword}}, b: {inner}}}}}"
    return inner


def test_switches_may_stand_in_one_another_four_deep(tmp_path: Path) -> None:
    assert len(load(tmp_path, nested(4)).sample(5, seed=0)["x"]) == 5
    with pytest.raises(InputError, match="more than 4 deep"):
        load(tmp_path, nested(5))


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        ("{kind: switch, by: z, cases: {b: {kind: pseudoword}}}", "w.yaml:9:45: there is no case for z 'a'; add one"),
        (
            "{kind: switch, by: z, cases: {b: {kind: pseudoword}, a: {kind: pseudoword}, c: {kind: pseudoword}}}",
            "w.yaml:9:95: 'z' has no value 'c'",
        ),
        ("{kind: switch, by: w, cases: {b: {kind: pseudoword}}}", "w.yaml:9:35: 'w' is a text"),
        ("{kind: switch, by: z, cases: {}}", "w.yaml:9:45: 'cases' must not be empty"),
        ("{kind: switch, by: v, cases: {a: {kind: pseudoword}}}", "w.yaml:9:35: there is no node 'v'"),
        (
            "{kind: switch, by: z, cases: {a: {kind: template, text: 'to {yy}'}, b: {kind: pseudoword}}}",
            "w.yaml:9:77: unknown field '{yy}'; did you mean 'y'?",
        ),
        (
            "{kind: switch, by: z, cases: {a: {kind: categorical, values: [r]}, b: {kind: pseudoword}}}",
            "w.yaml:9:56: 'categorical' draws a value and 'switch' writes texts; write 'switch_values' above",
        ),
        (
            "{kind: switch_values, by: z, cases: {a: {kind: categorical, values: [r]}, b: {kind: pseudoword}}}",
            "w.yaml:9:100: 'pseudoword' writes a text and 'switch_values' draws values; write 'switch' above",
        ),
        (
            "{kind: switch, by: z, cases: {b: {kind: pseudoword, length: [9, 4]}, a: {kind: pseudoword}}}",
            "w.yaml:9:76: the least length 9 is above the greatest, 4; swap them",
        ),
        (
            "{kind: switch, by: z, cases: {b: {kind: letters_of_words, words: w, position: y}, a: {kind: pseudoword}}}",
            "w.yaml:9:94: 'y' has the value 'c', no position",
        ),
        (
            "{kind: switch, by: z, cases: {b: {kind: world, world: letters, output: answer}, a: {kind: pseudoword}}}",
            "w.yaml:9:56: 'world' stands for several nodes, and a case for one",
        ),
        ("{kind: number_list, count: 4, least: 3, greatest: 5}", "w.yaml:9:43: 3 to 5 are 3 numbers"),
        ("{kind: list_item, of: z, pick: first}", "w.yaml:9:38: 'z' is no list"),
        ("{kind: list_item, of: w, pick: frist}", "w.yaml:9:47: unknown pick 'frist'; did you mean 'first'?"),
        ("{kind: blicket, scene: z, part: answer}", "w.yaml:9:39: 'z' is no scene"),
        ("{kind: blicket, scene: w, part: query, format: hi}", "w.yaml:9:63: the field {part} is missing"),
        (
            "{kind: blicket_scene, query: z, shortcut: y, objects: [r, s, t, u]}",
            "w.yaml:9:45: 'z' has the value 'a', which is none here",
        ),
        ("{kind: intervention, scene: z, part: graph}", "w.yaml:9:44: 'z' is no scene"),
        ("{kind: intervention, scene: w, part: graph, format: hi}", "w.yaml:9:68: the field {part} is missing"),
        (
            "{kind: intervention_scene, shape: z, names: z, skill: z, effect: z}",
            "w.yaml:9:50: 'z' has the value 'a', which is none here",
        ),
        ("{kind: level, least: 3, greatest: 1, spread: 1, centre: 2}", "w.yaml:9:37: 3 is above the greatest, 1"),
        ("{kind: level, least: 0, greatest: 9, spread: 1}", "w.yaml:9:16: a level has either 'centre', or 'by'"),
        (
            "{kind: level, least: 0, greatest: 9, spread: 1, by: z, centres: {a: 1}}",
            "w.yaml:9:80: there is no centre for z 'b'; add one",
        ),
        (
            "{kind: linear_threshold, weights: {z: 1}, thresholds: [1], values: [low, high]}",
            "w.yaml:9:54: 'z' has the value 'a', which is no whole number",
        ),
        (
            "{kind: score_steps, weights: {z: 1}, thresholds: [1]}",
            "w.yaml:9:49: 'z' has the value 'a', which is no whole number",
        ),
    ],
)
def test_a_wrong_mechanism_is_one_line_with_its_place(tmp_path: Path, mechanism: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, mechanism)
    message = str(caught.value)
    assert "\n" not in message
    assert message.replace(f"{tmp_path}/", "").startswith(expected)


@pytest.mark.parametrize(
    "mechanism",
    [
        "{kind: list_item, of: w, pick: first}",
        "{kind: blicket, scene: w, part: answer}",
        "{kind: intervention, scene: w, part: answer}",
    ],
)
def test_a_text_of_another_kind_is_refused_when_it_is_read(tmp_path: Path, mechanism: str) -> None:
    with pytest.raises(InputError, match="name a node with the kind"):
        load(tmp_path, mechanism).sample(3, seed=0)


def test_an_unknown_kind_within_a_switch_is_told_at_its_place(tmp_path: Path) -> None:
    mechanism = "{kind: switch, by: z, cases: {a: {kind: templat, text: x}, b: {kind: pseudoword}}}"
    with pytest.raises(InputError, match=r"w\.yaml:9:56: unknown mechanism 'templat'; did you mean 'template'\?$"):
        load(tmp_path, mechanism)
