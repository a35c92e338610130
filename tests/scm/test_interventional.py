"""The interventional world against networkx."""

from __future__ import annotations

import re
from itertools import permutations

import networkx as nx
import numpy as np
import pytest

from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.mechanisms.causal_stories import EVERYDAY, SHAPES, namings
from causal_reasoning.scm.mechanisms.intervention_scene import questions

# Shapes as they are usually drawn.
DRAWN = {
    "bivariate": nx.DiGraph([("X", "Y")]),
    "confounder": nx.DiGraph([("Z", "X"), ("Z", "Y")]),
    "mediator": nx.DiGraph([("X", "M"), ("M", "Y")]),
    "collider": nx.DiGraph([("X", "C"), ("Y", "C")]),
    "chain": nx.DiGraph([("A", "B"), ("B", "C"), ("C", "D")]),
    "m_graph": nx.DiGraph([("U", "X"), ("U", "M"), ("V", "M"), ("V", "Y")]),
}


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("interventional")


@pytest.fixture(scope="module")
def rows(world: World) -> dict[str, list[str]]:
    return world.sample(2_500, seed=8)


def told(text: str) -> nx.DiGraph[str]:
    arrows = [arrow.partition(" causes ") for arrow in text.split(", ")]
    return nx.DiGraph([(cause, effect) for cause, _, effect in arrows])


def mutilated(graph: nx.DiGraph[str], node: str) -> nx.DiGraph[str]:
    left = graph.copy()
    if node != "nothing":
        left.remove_edges_from(list(graph.in_edges(node)))
    return left


def commonsense() -> nx.DiGraph[str]:
    return nx.DiGraph([(cause, effect) for cause, effects in EVERYDAY.items() for effect in effects])


def test_answers_are_paths_in_the_graph_without_the_arrows_into_what_is_set(rows: dict[str, list[str]]) -> None:
    for i, text in enumerate(rows["graph"]):
        left = mutilated(told(text), rows["changed"][i])
        wanted = "yes" if nx.has_path(left, rows["cause"][i], rows["target"][i]) else "no"
        assert rows["answer"][i] == f"= {wanted} ="
        assert rows["effect"][i] == wanted
        assert rows["cause"][i] != rows["target"][i]
        assert (rows["changed"][i] == "nothing") == (rows["skill"][i] == "observe")


def test_graphs_have_the_shape_that_was_asked_for(rows: dict[str, list[str]]) -> None:
    for shape, text in zip(rows["shape"], rows["graph"], strict=True):
        assert nx.is_isomorphic(told(text), DRAWN[shape])
    assert set(rows["shape"]) == set(DRAWN)


def test_names_agree_with_common_sense_or_contradict_it(rows: dict[str, list[str]]) -> None:
    known = commonsense()
    assert nx.is_directed_acyclic_graph(known)
    for naming, text in zip(rows["naming"], rows["graph"], strict=True):
        arrows = told(text).edges
        if naming == "letters":
            assert all(re.fullmatch("[A-Z]", name) for arrow in arrows for name in arrow)
        elif naming == "everyday":
            assert all(arrow in known.edges for arrow in arrows)
        else:
            assert not any(nx.has_path(known, a, b) for a, b in arrows)
            assert any(nx.has_path(known, b, a) for a, b in arrows)


def test_questions_show_all_that_is_needed(rows: dict[str, list[str]]) -> None:
    for i, question in enumerate(rows["question"]):
        assert rows["graph"][i] in question
        assert f"oes {rows['cause'][i]} " in question
        assert f"change {rows['target'][i]}" in question
        assert (f"set {rows['changed'][i]}" in question) == (rows["skill"][i] == "intervene")


@pytest.mark.parametrize("shape", sorted(SHAPES))
@pytest.mark.parametrize("skill", ["observe", "intervene"])
def test_all_questions_of_a_shape_are_asked(shape: str, skill: str) -> None:
    graph = nx.DiGraph(SHAPES[shape])
    found = {effect: questions(shape, skill, effect) for effect in ("yes", "no")}
    for done in sorted(graph) if skill == "intervene" else [None]:
        left = graph.copy()
        if done is not None:
            left.remove_edges_from(list(graph.in_edges(done)))
        for a, b in permutations(sorted(graph), 2):
            effect = "yes" if nx.has_path(left, a, b) else "no"
            assert sum((done, a, b) in group for group in found[effect]) == 1
            assert not any((done, a, b) in group for group in found["no" if effect == "yes" else "yes"])
    cut, *_ = found["no"]
    if skill == "intervene":
        assert all(nx.has_path(graph, a, b) for _, a, b in cut)


def test_yes_and_no_are_balanced_in_every_shape_and_skill(world: World) -> None:
    joint = world.probability(["shape", "skill", "effect"])
    assert joint == pytest.approx(np.full((6, 2, 2), 1 / 24))
    done = world.probability(["naming", "effect"], do={"effect": "marginal"})
    assert done == pytest.approx(np.full((3, 2), 1 / 6))


@pytest.mark.parametrize(("rho", "yes"), [(0.8, 0.9), (0.0, 0.5), (1.0, 1.0)])
def test_names_go_with_the_answer_at_the_stated_strength(rho: float, yes: float) -> None:
    joint = load_world("interventional", {"rho": rho}).probability(["naming", "effect"]) * 3
    assert joint[:, 0] == pytest.approx([yes, 0.5, 1 - yes])


def test_steps_cut_follow_and_conclude(rows: dict[str, list[str]]) -> None:
    def arrows(text: str) -> list[tuple[str, ...]]:
        return [] if text == "none" else [tuple(pair.split()) for pair in text.split(", ")]

    for i, rationale in enumerate(rows["rationale"]):
        graph, done, target = told(rows["graph"][i]), rows["changed"][i], rows["target"][i]
        lines = rationale.split("\n")
        assert len(lines) <= 8
        assert max(map(len, lines)) <= 60
        if done != "nothing":
            cut = lines.pop(0).removeprefix(f"set {done}: cut ")
            assert set(arrows(cut)) == set(graph.in_edges(done))
        left = mutilated(graph, done)
        kept = arrows(lines.pop(0).removeprefix("left: "))
        assert set(kept) == set(left.edges)
        reached = {rows["cause"][i]}
        for line in lines[:-1]:
            node, _, found = line.partition(": ")
            assert node in reached
            new = set() if found == "none" else set(found.split(", "))
            assert new == set(left.successors(node)) - reached
            reached |= new
        assert lines[-1] == f"{target} {'reached' if target in reached else 'not reached'}"
        assert rows["answer"][i] == ("= no =" if "not" in lines[-1] else "= yes =")
        if "not" in lines[-1]:
            assert reached - {rows["cause"][i]} == nx.descendants(left, rows["cause"][i])


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_there_are_names_of_both_kinds_for_every_shape(shape: str) -> None:
    assert len(namings(shape, "everyday")) >= 8
    assert len(namings(shape, "reversed")) >= 8


def test_the_query_is_about_the_effect(world: World) -> None:
    assert world.query is not None
    assert (world.query.do, world.query.read, world.query.write) == (("effect",), ("question",), ("answer",))
