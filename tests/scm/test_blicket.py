"""The blicket world against all hypotheses, tried one by one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.mechanisms.blicket import Blicket, ReadScene, parse_scene, steps
from causal_reasoning.scm.mechanisms.blicket_scene import scenes
from causal_reasoning.scm.mechanisms.blickets import KINDS, STATES, Scene
from tests.shared import shared

Panels = list[tuple[set[str], bool]]


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("blicket")


@pytest.fixture(scope="module")
def rows(world: World) -> dict[str, list[str]]:
    return world.sample(2_000, seed=1)


def subsets(items: set[str]) -> Iterator[set[str]]:
    ordered = sorted(items)
    for size in range(len(ordered) + 1):
        yield from map(set, combinations(ordered, size))


def tried(panels: Panels, query: set[str]) -> str | None:
    """The light of the query by trying every set of blickets."""
    objects = set().union(query, *(shown for shown, _ in panels))
    lights = {
        bool(blickets & query)
        for blickets in subsets(objects)
        if all(bool(blickets & shown) == lit for shown, lit in panels)
    }
    if not lights:
        return None
    return "undetermined" if len(lights) == 2 else "on" if lights == {True} else "off"


def read(question: str) -> tuple[Panels, set[str]]:
    """Panels and query from the columns that the question is made of."""
    panels, query = question.split("|")
    shown = []
    for panel in panels.split(", "):
        objects, light = panel.split(": ")
        shown.append((set(objects.split(" and ")), light == "on"))
    return shown, set(query.split(" and "))


def test_answers_are_those_of_all_hypotheses(rows: dict[str, list[str]]) -> None:
    for panels, query, question, answer in zip(
        *(rows[name] for name in ("panels", "query", "question", "answer")), strict=True
    ):
        assert panels in question
        assert query in question
        assert answer == f"= {tried(*read(f'{panels}|{query}'))} ="


def test_every_row_has_the_shortcut_and_the_kind_that_were_asked_for(rows: dict[str, list[str]]) -> None:
    for i, shortcut in enumerate(rows["shortcut"]):
        panels, query = read(f"{rows['panels'][i]}|{rows['query'][i]}")
        shares = [np.mean([lit for shown, lit in panels if one in shown]) for one in query]
        share = round(float(np.mean(shares)), 9)
        assert shortcut == ("on" if share > 0.5 else "off" if share < 0.5 else "undetermined")
        assert rows["answer"][i] == f"= {KINDS[rows['skill'][i]]} ="
        dark = set().union(*(shown for shown, lit in panels if not lit))
        lit = [shown for shown, on in panels if on]
        if rows["skill"][i] == "direct":
            assert any(shown <= query for shown in lit)
        elif rows["skill"][i] == "indirect":
            assert not any(shown <= query for shown in lit)
            assert any(shown - dark <= query for shown in lit)
        elif rows["skill"][i] == "screening_off":
            assert query <= dark
            assert any(shown & query for shown in lit)
        else:
            sure = {one for shown in lit for one in shown if len(shown - dark) == 1 and one not in dark}
            for one in query - dark:
                beside = [shown for shown in lit if one in shown]
                assert beside
                assert all(shown & sure - {one} for shown in beside)


@given(
    st.lists(st.tuples(st.integers(1, 31), st.booleans()), min_size=1, max_size=6),
    st.integers(1, 31),
)
def test_elimination_is_complete(panels: list[tuple[int, bool]], query: int) -> None:
    def names(mask: int) -> set[str]:
        return {str(i) for i in range(5) if mask >> i & 1}

    scene = Scene(tuple(panels), query)
    wanted = tried([(names(mask), lit) for mask, lit in panels], names(query))
    assert scene.consistent == (wanted is not None)
    if wanted is not None:
        assert scene.truth == wanted
        assert KINDS[scene.kind] == wanted


def test_every_kind_occurs_with_every_shortcut() -> None:
    for objects, panels, sizes in ((4, 4, None), (6, 5, None), (8, 6, None), (7, 6, (0.4, 0.4, 0.2))):
        known = scenes(objects, panels, sizes)
        assert set(known) == {(kind, state) for kind in KINDS for state in STATES}
        # What was never seen in the light has no other share of lit panels than none.
        assert not known["never_lit", "on"] and not known["never_lit", "undetermined"]
        assert min(len(found) for (kind, _), found in known.items() if kind != "never_lit") >= 50
        for (kind, shortcut), found in known.items():
            for scene in found[:20]:
                assert (scene.kind, scene.covariation, len(scene.panels)) == (kind, shortcut, panels)


@pytest.mark.parametrize(("rho", "share"), [(0.8, 0.8 + 0.2 / 3), (0.0, 1 / 3), (1.0, 1.0)])
def test_the_shortcut_is_right_at_the_stated_rate(rho: float, share: float) -> None:
    world = load_world("blicket", {"rho": rho})
    exact = world.probability(["shortcut", "skill"])
    lights = [STATES.index(KINDS[kind]) for kind in world.values("skill")]
    assert sum(exact[light, i] for i, light in enumerate(lights)) == pytest.approx(share)
    columns = world.sample(1_500, seed=2)
    right = [f"= {s} =" == a for s, a in zip(columns["shortcut"], columns["answer"], strict=True)]
    assert np.mean(right) == pytest.approx(share, abs=0.04)


def test_answers_are_balanced_and_stay_so_under_do_skill(world: World) -> None:
    exact = world.probability(["skill"])
    assert dict(zip(world.values("skill"), exact.round(9).tolist(), strict=True)) == {
        "direct": pytest.approx(1 / 6),
        "indirect": pytest.approx(1 / 6),
        "screening_off": pytest.approx(1 / 3),
        "backward_blocking": pytest.approx(1 / 3),
    }
    done = world.sample(1_500, seed=4, do={"skill": "marginal"})
    pairs = Counter(zip(done["shortcut"], done["answer"], strict=True))
    assert len(pairs) == 9
    assert all(abs(count / 1_500 - 1 / 9) < 0.03 for count in pairs.values())


def test_steps_are_right_and_the_last_one_implies_the_answer(rows: dict[str, list[str]]) -> None:
    for i, rationale in enumerate(rows["rationale"]):
        panels, query = read(f"{rows['panels'][i]}|{rows['query'][i]}")
        *before, last = rationale.split("\n")
        assert len(before) == len(panels)
        assert max(map(len, (*before, last))) <= 60
        none: set[str] = set()
        for line in before:
            objects, _, found = line.partition(": ")
            *shown, light = objects.split()
            assert (set(shown), light == "on") in panels
            if light == "off":
                none |= set(shown)
                assert found == ", ".join(f"{one} no" for one in shown)
            else:
                assert set(found.split(" or ")) == set(shown) - none
        asked, _, verdict = last.partition(": ")
        assert set(asked.split()) == query
        implied = {"none is one": "off"}.get(verdict, "undetermined" if verdict.endswith("may be one") else "on")
        assert rows["answer"][i] == f"= {implied} ="
        if implied == "on":
            proof = set(verdict.removesuffix(" is one").split(" or "))
            assert proof <= query
            assert any(lit and shown - none == proof for shown, lit in panels)


def test_a_hand_worked_scene() -> None:
    scene = parse_scene("cat dog: on | dog: off | egg cup: on | egg: on ? cup dog")
    assert scene.scene.truth == "undetermined"
    assert scene.scene.covariation == "on"  # the cup was lit 1 time of 1, the dog 1 of 2: on average 3/4
    assert scene.scene.kind == "backward_blocking"
    assert steps(scene) == [
        "dog off: dog no",
        "cat dog on: cat",
        "egg cup on: egg or cup",
        "egg on: egg",
        "cup dog: cup may be one",
    ]


@pytest.mark.parametrize("name", ["iid_train", "iid_test", "comp_dev"])
def test_the_published_answers_and_covariations_of_acre_come_out(name: str) -> None:
    for line in shared(f"data/acre/{name}_symbolic.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        *panels, query = [part.split(" -> ") for part in row["question"].split("\n")]
        read = ReadScene([(listed(shown), light == "on") for shown, light in panels], listed(query[0]))
        assert read.scene.truth == row["answer"]
        assert f"covariation_{read.scene.covariation}" == row["confounder"]
        if row["skill"] == "screening_off":
            assert read.scene.kind == "screening_off"


def listed(shown: str) -> list[str]:
    return shown.strip("[] ").split(", ")


SCENES = """
version: 1
name: scenes
nodes:
  cue: {role: confounder, mechanism: {kind: categorical, values: ["on", "off", undetermined]}}
  skill: {role: skill, mechanism: {kind: categorical, values: [direct, ambiguous, screening_off]}}
  scene:
    role: other
    mechanism: {kind: blicket_scene, query: skill, shortcut: cue, objects: [OBJECTS], panels: 6, MORE}
  panels: {role: other, mechanism: {kind: blicket, scene: scene, part: panels, style: symbols}}
  query: {role: other, mechanism: {kind: blicket, scene: scene, part: query, style: symbols}}
  question: {role: question, mechanism: {kind: template, text: "{panels}\\n{query} -> "}}
  answer: {role: answer, mechanism: {kind: blicket, scene: scene, part: answer}}
"""
NUMBERS = ", ".join(f'"{i}"' for i in range(48))


def scenes_text(more: str, objects: str = NUMBERS, old: str = "MORE", new: str = "") -> str:
    return SCENES.replace("OBJECTS", objects).replace("MORE", more).replace(old, new)


def scene_world(folder: Path, text: str) -> World:
    file = folder / "scenes.yaml"
    file.write_text(text, "utf-8")
    return load_world(file)


def test_scenes_in_symbols_have_the_sizes_and_the_answers_that_were_asked_for(tmp_path: Path) -> None:
    world = scene_world(tmp_path, scenes_text("in_scene: 7, sizes: [0.5, 0.3, 0.2]"))
    rows = world.sample(1_500, seed=3)
    sizes: Counter[int] = Counter()
    used: Counter[str] = Counter()
    for i, question in enumerate(rows["question"]):
        *panels, query = [part.split(" -> ") for part in question.split("\n")]
        shown = [(set(listed(names)), light == "on") for names, light in panels]
        assert len(shown) == 6
        assert tried(shown, set(listed(query[0]))) == rows["answer"][i]
        assert KINDS[rows["skill"][i]] == rows["answer"][i]
        names = set().union(*(panel for panel, _ in shown))
        assert len(names) <= 7
        sizes.update(len(panel) for panel, _ in shown)
        used.update(names)
    assert set(sizes) == {1, 2, 3} and set(used) == set(map(str, range(48)))
    # Panels of a scene differ, and so single ones are used up first: fewer than half, but still most.
    assert sizes[1] > sizes[2] > sizes[3] > 0.1 * sizes.total()


@pytest.mark.parametrize(
    ("more", "objects", "where", "message"),
    [
        ("", NUMBERS, "9:76", "a scene has at most 8 objects, and these are 48; say how many of them with 'in_scene'"),
        ("in_scene: 6", "a, b, c, d", "9:111", "a scene cannot draw 6 of 4 objects; at most 4"),
        ("sizes: [0.5, 0.4]", "a, b, c, d", "9:108", "these sum to 0.9; probabilities sum to 1"),
        ("sizes: [1]", "a, b, c, d", "9:108", "only 4 panels have these sizes, too few for 6 different ones at random"),
        (
            "sizes: [0, 0, 0, 0, 1]",
            "a, b, c, d",
            "9:108",
            "these are probabilities of up to 5 objects, and a scene has 4",
        ),
        ("in_scene: 9", NUMBERS, "9:377", "must be at most 8"),
    ],
)
def test_scenes_that_cannot_be_are_refused(tmp_path: Path, more: str, objects: str, where: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        scene_world(tmp_path, scenes_text(more, objects))
    (line,) = str(caught.value).splitlines()
    assert message in line
    assert f"scenes.yaml:{where}: " in line


def test_queries_have_as_many_objects_as_a_node_says(tmp_path: Path) -> None:
    more = "in_scene: 8, sizes: [0.4, 0.3, 0.2, 0.1], size: size"
    text = scenes_text(more, old="direct, ambiguous, screening_off", new="ambiguous")
    text = text.replace("nodes:\n", "nodes:\n  size: {role: other, mechanism: {kind: categorical, values: [VALUES]}}\n")
    rows = scene_world(tmp_path, text.replace("VALUES", '"3", "4"')).sample(300, seed=1)
    assert [str(len(listed(query))) for query in rows["query"]] == rows["size"]
    assert set(rows["size"]) == {"3", "4"}
    with pytest.raises(InputError, match="'size' has the value '5', no number of objects that a query can have"):
        scene_world(tmp_path, text.replace("VALUES", '"3", "5"'))
    # One object that may be a blicket was seen in the light only.
    world = scene_world(tmp_path, text.replace("VALUES", '"1"'))
    with pytest.raises(InputError, match="no scene has a query of 1 object of the kind 'ambiguous' whose"):
        world.sample(100, seed=1)


def test_a_pair_that_no_scene_has_is_refused_when_it_is_drawn(tmp_path: Path) -> None:
    world = scene_world(tmp_path, scenes_text("in_scene: 6", old="ambiguous", new="never_lit"))
    with pytest.raises(InputError, match="no scene has a query of the kind 'never_lit' whose covariation says"):
        world.sample(50, seed=0)
    assert set(world.sample(50, seed=0, do={"skill": "direct"})["skill"]) == {"direct"}


def test_symbols_are_those_of_acre() -> None:
    scene = {"scene": ["36 24: on | 24: off ? 38 36"]}
    panels, query = (
        Blicket(kind="blicket", scene="scene", part=part, style="symbols").write(1, scene, {})
        for part in ("panels", "query")
    )
    assert panels == ["[36, 24] -> on\n[24] -> off"]
    assert query == ["[38, 36]"]
