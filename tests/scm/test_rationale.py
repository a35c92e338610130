"""The rationale world: only the front door leads from what is seen to what a question does."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from causal_reasoning.errors import InputError
from causal_reasoning.graph import load_graph
from causal_reasoning.identification import identify
from causal_reasoning.scm import World, load_world

POSITIONS = ("first", "second", "penultimate", "last")
PLACE = {"first": 0, "second": 1, "penultimate": -2, "last": -1}
FAVOURITE = dict(zip(("ann", "bob", "cid", "dee"), POSITIONS, strict=True))


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("rationale")


@pytest.fixture(scope="module")
def rows(world: World) -> dict[str, list[str]]:
    return world.sample(20_000, seed=2)


def test_every_row_follows_its_mechanisms(rows: dict[str, list[str]]) -> None:
    for row in zip(*rows.values(), strict=True):
        r = dict(zip(rows, row, strict=True))
        assert [word for word in re.findall("[a-z]+", r["question"]) if word in POSITIONS] == [r["skill"]]
        letters = [word[PLACE[r["plan"]]] for word in r["words"].split()]
        lines = [f"{w}: {r['plan']} {letter}" for w, letter in zip(r["words"].split(), letters, strict=True)]
        assert r["rationale"] == "\n".join(lines)
        bent = r["plan"] == FAVOURITE[r["annotator"]]
        assert r["order"] == ("reversed" if bent else "kept")
        assert r["answer"] == f"= {' | '.join(reversed(letters) if bent else letters)} ="


def test_answer_depends_on_the_question_through_steps_and_annotator_only(rows: dict[str, list[str]]) -> None:
    # Given annotator and plan the order is fixed; given the annotator alone it is not.
    seen: dict[tuple[str, str], set[str]] = {}
    for annotator, plan, order in zip(rows["annotator"], rows["plan"], rows["order"], strict=True):
        seen.setdefault((annotator, plan), set()).add(order)
    assert all(len(orders) == 1 for orders in seen.values())
    # Given the skill, the wording says nothing about the annotator.
    table = np.zeros((4, 3))
    for annotator, skill, question in zip(rows["annotator"], rows["skill"], rows["question"], strict=True):
        if skill == "first":
            table[list(FAVOURITE).index(annotator), ["What", "Give", "Find"].index(question[:4])] += 1
    assert chi2_contingency(table).pvalue > 0.001


def test_the_front_door_formula_finds_the_truth_from_what_is_seen(world: World) -> None:
    seen = world.probability(["skill", "plan", "order"])
    skill = seen.sum(axis=(1, 2))
    plan = seen.sum(axis=2) / skill[:, None]
    order = seen / seen.sum(axis=2, keepdims=True)
    inner = np.einsum("s,spo->po", skill, order)
    served = plan[:, :, None] * inner
    for index, value in enumerate(POSITIONS):
        truth = world.probability(["plan", "order"], do={"skill": value})
        assert served[index] == pytest.approx(truth)
        # As it is seen the order is another: .775 against .25 reversed where the steps follow the question.
        assert order[index, index, 1] == pytest.approx(0.775)
        assert truth[index, 1] / truth[index].sum() == pytest.approx(0.25)


def best(joint: np.ndarray) -> np.ndarray:
    """For each skill the likeliest pair of plan and order, as an index."""
    return np.asarray(joint.reshape(4, -1).argmax(axis=1))


def test_the_gap_between_the_two_best_predictors(world: World) -> None:
    seen = world.probability(["skill", "plan", "order"])
    served = world.probability(["skill", "plan", "order"], do={"skill": "marginal"})

    def score(rule: np.ndarray, joint: np.ndarray) -> float:
        return float(np.take_along_axis(joint.reshape(4, -1), rule[:, None], axis=1).sum())

    plain, door = best(seen), best(served)
    assert score(plain, seen) == pytest.approx(0.75 * 0.775)
    assert score(plain, served) == pytest.approx(0.75 * 0.25)
    assert score(door, served) == pytest.approx(0.75 * 0.75)
    assert score(door, seen) == pytest.approx(0.75 * 0.225)


def test_without_confounding_the_two_agree() -> None:
    world = load_world("rationale", {"rho": 0.0})
    seen = world.probability(["skill", "plan", "order"])
    assert seen == pytest.approx(world.probability(["skill", "plan", "order"], do={"skill": "marginal"}))


def test_effective_sample_size_of_the_front_door_weights(world: World) -> None:
    # w = P(order | do(plan)) / P(order | plan, skill); steps follow the question (.75): .25/.775 and .75/.225,
    # in the other rows the order is bent by annotators whom the question does not point to (.075): .25/.075, .75/.925.
    seen = world.probability(["skill", "plan", "order"])
    order = seen / seen.sum(axis=2, keepdims=True)
    weights = np.array([0.75, 0.25]) / order
    assert (seen * weights).sum() == pytest.approx(1.0)
    exact = 0.75 * (0.25**2 / 0.775 + 0.75**2 / 0.225) + 0.25 * (0.25**2 / 0.075 + 0.75**2 / 0.925)
    assert (seen * weights**2).sum() == pytest.approx(exact)
    assert 1 / exact == pytest.approx(0.436, abs=0.005)


def test_every_question_can_lead_to_every_chain_of_steps(world: World) -> None:
    assert (world.probability(["skill", "plan"]) > 0.02).all()
    assert "words" not in world.graph().parents("question")


@pytest.mark.parametrize("name", ["frontdoor_rationale", "frontdoor_columns"])
def test_the_assumption_graphs_are_identified_by_the_front_door(name: str, world: World) -> None:
    graph = load_graph(name)
    verdict = identify(graph).to_dict()
    assert (verdict["verdict"], verdict["method"]) == ("identified", "frontdoor")
    assert {graph.column(node) for node in graph.nodes if graph.nodes[node].bind is not None} <= set(world.nodes)


HEAD = """\
version: 1
name: ends
nodes:
  o: {role: other, mechanism: {kind: categorical, values: [kept, reversed]}}
  odd: {role: other, mechanism: {kind: categorical, values: [kept, turned]}}
  p: {role: other, mechanism: {kind: categorical, values: [first, last]}}
  w: {role: other, mechanism: {kind: pseudoword, count: 3}}
  r: {role: other, mechanism: {kind: letters_steps, words: w, position: p}}
"""


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        (
            "{kind: step_results, of: r, order: odd}",
            "'odd' has the value 'turned', no order; known: 'kept', 'reversed'",
        ),
        ("{kind: step_results, of: r, order: w}", "'w' is a text"),
        ("{kind: step_results, of: rr}", "there is no node 'rr'; did you mean 'r'"),
        ("{kind: step_results, of: r, format: x}", "the field {result} is missing"),
        ("{kind: letters_steps, words: r, position: p}", "'r' does not consist of words; name a pseudoword node"),
        ("{kind: letters_steps, words: w, position: o}", "'o' has the value 'kept', no position"),
        ("{kind: letters_steps, words: w}", "the key 'position' is missing"),
    ],
)
def test_a_wrong_mechanism_is_one_line(tmp_path: Path, mechanism: str, expected: str) -> None:
    file = tmp_path / "ends.yaml"
    file.write_text(f"{HEAD}  x: {{role: other, mechanism: {mechanism}}}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_world(file)
    assert expected in str(caught.value)
    assert re.match(r".*ends.yaml:9:\d+: ", str(caught.value))
    assert "\n" not in str(caught.value)
