"""The blicket world against all hypotheses, tried one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.mechanisms.blicket import parse_scene, steps
from causal_reasoning.scm.mechanisms.blicket_scene import scenes
from causal_reasoning.scm.mechanisms.blickets import KINDS, STATES, Scene

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
        assert scene.kind is None or KINDS[scene.kind] == wanted


def test_every_kind_occurs_with_every_shortcut() -> None:
    for objects, panels in ((4, 4), (6, 5), (8, 6)):
        known = scenes(objects, panels)
        assert set(known) == {(kind, state) for kind in KINDS for state in STATES}
        assert min(map(len, known.values())) >= 50
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
