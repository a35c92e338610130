"""Counterfactual twins: same noise, one thing different."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world

ROWS = 60


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("letters")


DO: list[dict[str, Any]] = [
    {"skill": "first"},
    {"skill": "uniform"},
    {"skill": "reversed"},
    {"style": "story", "cue": "last"},
    {"skill": {"second": 0.5, "last": 0.5}},
    {"words": "abab cdcd"},
    {"words": "marginal"},
    {"question": "Which letters?"},
]
EVIDENCE: list[dict[str, str]] = [{}, {"style": "terse"}, {"cue": "first", "skill": "last"}]


@settings(max_examples=20)
@given(st.sampled_from(DO), st.sampled_from(EVIDENCE), st.integers(0, 1_000))
def test_factual_rows_are_those_of_sample_and_causes_stay(do: dict[str, Any], given: dict[str, str], seed: int) -> None:
    world = load_world("letters")
    found = world.counterfactual(ROWS, seed, do, given=given)
    assert found.factual == world.sample(ROWS, seed, given=given or None)
    graph = world.graph()
    assert set(found.changing) == set(graph.descendants(*do))
    for name in world.nodes:
        assert len(found.counterfactual[name]) == ROWS
        if name not in found.changing:
            assert found.counterfactual[name] == found.factual[name]


@settings(max_examples=15)
@given(
    st.sampled_from(["style", "skill", "cue", "words", "question", "answer"]),
    st.sampled_from(EVIDENCE),
    st.integers(0, 1_000),
)
def test_setting_a_node_to_what_it_is_changes_nothing(node: str, given: dict[str, str], seed: int) -> None:
    world = load_world("letters")
    factual = world.sample(ROWS, seed, given=given)
    found = world.counterfactual(ROWS, seed, {node: factual[node]}, given=given)
    assert found.factual == factual
    assert found.counterfactual == factual


def test_a_row_whose_node_keeps_its_value_keeps_its_text(world: World) -> None:
    found = world.counterfactual(400, 3, {"skill": "first"})
    same = [i for i, skill in enumerate(found.factual["skill"]) if skill == "first"]
    assert 60 < len(same) < 140
    for name in world.nodes:
        assert [found.counterfactual[name][i] for i in same] == [found.factual[name][i] for i in same]
    other = [i for i in range(400) if i not in set(same)]
    assert all(found.counterfactual["skill"][i] == "first" for i in other)
    assert sum(found.counterfactual["answer"][i] != found.factual["answer"][i] for i in other) > 0.9 * len(other)


def test_draws_below_the_node_couple_as_in_gumbel_max(world: World) -> None:
    # P(cue = last | first) = .0833 and .75 given last, all other values equally likely: if the cue was 'last' already,
    # raising its probability cannot move it away (counterfactual stability).
    found = world.counterfactual(3_000, 8, {"skill": "last"}, given={"skill": "first"})
    pairs = list(zip(found.factual["cue"], found.counterfactual["cue"], strict=True))
    assert {after for before, after in pairs if before == "last"} == {"last"}
    # A cue that was wrong and neither 'first' nor 'last' either stays or becomes the one that gained.
    assert all(after in (before, "last") for before, after in pairs if before in ("second", "penultimate"))


def test_evidence_is_about_the_factual_row(world: World) -> None:
    found = world.counterfactual(1_000, 5, {"style": "story"}, given={"style": "plain", "skill": "first"})
    assert set(found.factual["style"]) == {"plain"}
    assert set(found.counterfactual["style"]) == {"story"}
    skills = found.counterfactual["skill"]
    # With r = .05 / .85, both wins together have probability 2 (1 / (1 + 3r) - 1 / (2 + 2r)), the first one
    # 1 / (1 + 3r): given it, the last letter wins under the other style with 8/9.
    assert skills.count("last") / 1_000 == pytest.approx(8 / 9, abs=4 * (8 / 81 / 1_000) ** 0.5)


def test_interventions_in_both_worlds(world: World) -> None:
    found = world.counterfactual(300, 6, {"style": "story"}, under={"skill": "uniform"})
    assert found.factual == world.sample(300, 6, do={"skill": "uniform"})
    assert found.factual["skill"] == found.counterfactual["skill"]
    assert found.factual["answer"] == found.counterfactual["answer"]
    assert found.factual["question"] != found.counterfactual["question"]


def test_a_text_that_is_set_is_what_its_descendants_are_made_of(world: World) -> None:
    columns = world.sample(50, 1, do={"words": "abcd wxyz"})
    letters = {"first": "a | w", "second": "b | x", "penultimate": "c | y", "last": "d | z"}
    assert columns["answer"] == [f"= {letters[skill]} =" for skill in columns["skill"]]
    assert all("abcd wxyz" in question for question in columns["question"])
    plain = world.sample(50, 1)
    assert columns["skill"] == plain["skill"]
    listed = world.sample(50, 1, do={"words": plain["words"]})
    assert listed == plain


def test_the_marginal_of_a_text_is_that_of_unrelated_rows(world: World) -> None:
    columns = world.sample(2_000, 1, do={"answer": "marginal"})
    assert {name: columns[name] for name in columns if name != "answer"} == {
        name: column for name, column in world.sample(2_000, 1).items() if name != "answer"
    }
    fits = 0
    for answer, skill, words in zip(columns["answer"], columns["skill"], columns["words"], strict=True):
        index = {"first": 0, "second": 1, "penultimate": -2, "last": -1}[skill]
        fits += answer == f"= {' | '.join(word[index] for word in words.split())} ="
    # Two random letters agree with probability (1/5² · 5 + 1/18² · 18) / 4 = .064 each.
    assert fits / 2_000 == pytest.approx(0.064**2, abs=0.006)
    assert world.sample(2_000, 1, do={"answer": "marginal"}) == columns


def test_columns_of_both_worlds_in_one_table(world: World) -> None:
    found = world.counterfactual(3, 0, {"cue": "last"})
    assert list(found.columns()) == [*world.nodes, "cue_cf", "question_cf"]
    assert found.columns("_x")["cue_x"] == ["last"] * 3


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda w: w.counterfactual(3, 0, {}), "a counterfactual needs a node that is set"),
        (lambda w: w.counterfactual(3, 0, {"skil": "first"}), "there is no node 'skil' for do; did you mean 'skill'?"),
        (lambda w: w.counterfactual(3, 0, {"skill": ["first"]}), "to 1 values; 3 rows are asked for"),
        (
            lambda w: w.counterfactual(3, 0, {"skill": "first"}, under={"cue": ["last"] * 3}),
            "row by row in both worlds",
        ),
        (lambda w: w.sample(3, 0, do={"skill": ["first", "frist", "last"]}), "'frist' for row 2 is not one of the"),
        (
            lambda w: w.sample(3, 0, do={"skill": ["first"] * 3}, given={"cue": "last"}),
            "'given' chooses rows afterwards; use a counterfactual",
        ),
        (lambda w: w.sample(3, 0, do={"words": "uniform"}), "is a text, which has no list of values for 'uniform'"),
        (lambda w: w.sample(3, 0, do={"words": 7}), "is a text; it can be set to a text"),
        (lambda w: w.sample(3, 0, do={"words": "a b"}), "cannot be made from the text that do gives to 'words'"),
        (lambda w: w.sample(3, 0, do={"words": "\ud800"}), "half of a surrogate pair"),
        (lambda w: w.probability(["skill"], do={"skill": ["first"]}), "set row by row, which has no distribution"),
    ],
)
def test_wrong_requests_are_one_sentence(world: World, call: Any, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        call(world)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
