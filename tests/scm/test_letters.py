"""The letters world against numbers worked out by hand."""

from __future__ import annotations

import random
import re
from collections import Counter
from hashlib import sha256

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from causal_reasoning.scm import World, load_world

SKILLS = ("first", "second", "penultimate", "last")
STYLES = ("plain", "polite", "terse", "story")
PLACE = {"first": 0, "second": 1, "penultimate": -2, "last": -1}


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("letters")


@pytest.fixture(scope="module")
def rows(world: World) -> dict[str, list[str]]:
    return world.sample(20_000, seed=5)


def agrees(columns: dict[str, list[str]], world: World, nodes: list[str], exact: np.ndarray) -> bool:
    """Chi-square test of sampled against exact frequencies at the level 0.001."""
    counts = Counter(zip(*(columns[node] for node in nodes), strict=True))
    observed, expected = [], []
    rows = len(columns[nodes[0]])
    for cell in np.ndindex(*exact.shape):
        key = tuple(world.values(node)[index] for node, index in zip(nodes, cell, strict=True))
        if exact[cell] == 0.0:
            assert counts[key] == 0
        else:
            observed.append(counts[key])
            expected.append(exact[cell] * rows)
    return bool(chisquare(observed, expected).pvalue > 0.001)


def test_columns_are_exactly_the_nodes(rows: dict[str, list[str]]) -> None:
    assert list(rows) == ["style", "skill", "words", "cue", "question", "rationale", "answer"]
    assert {len(column) for column in rows.values()} == {20_000}


def test_every_row_follows_its_mechanisms(rows: dict[str, list[str]]) -> None:
    for skill, words, cue, question, answer in zip(
        *(rows[n] for n in ("skill", "words", "cue", "question", "answer")), strict=True
    ):
        first, second = words.split(" ")
        assert answer == f"= {first[PLACE[skill]]} | {second[PLACE[skill]]} ="
        assert words in question
        assert {word for word in re.findall(r"[a-z]+", question) if word in SKILLS} == {cue}


def test_the_rationale_names_each_word_the_position_and_its_letter(rows: dict[str, list[str]]) -> None:
    for skill, words, rationale, answer in zip(
        *(rows[n] for n in ("skill", "words", "rationale", "answer")), strict=True
    ):
        lines = [re.fullmatch(r"([a-z]+): ([a-z]+) ([a-z])", line) for line in rationale.split("\n")]
        assert [line.groups() for line in lines if line] == [(w, skill, w[PLACE[skill]]) for w in words.split()]
        assert answer == f"= {' | '.join(line.group(3) for line in lines if line)} ="


def test_the_rationale_changes_no_other_column(rows: dict[str, list[str]]) -> None:
    # Drawn before the world had a rationale: seed 5, 20,000 rows.
    before = {
        "style": "26c266e25114bc00",
        "skill": "00f742b623b6aa3a",
        "words": "4eebbdbd8cea36a9",
        "cue": "4e23be68a2d652ba",
        "question": "197dfac2cf0b9cc4",
        "answer": "db49f53474b71da2",
    }
    assert {name: sha256("\n".join(rows[name]).encode()).hexdigest()[:16] for name in before} == before


def test_words_can_be_pronounced_and_have_the_stated_lengths(rows: dict[str, list[str]]) -> None:
    words = " ".join(rows["words"]).split()
    assert Counter(map(len, words)).keys() == {4, 5, 6, 7}
    vowel, consonant = "[aeiou]", "[bcdfghjklmnprstvwz]"
    pattern = re.compile(f"(?:{vowel})?(?:{consonant}{vowel})*(?:{consonant})?")
    assert all(pattern.fullmatch(word) for word in words)
    lengths = Counter(map(len, words))
    assert chisquare([lengths[n] for n in (4, 5, 6, 7)]).pvalue > 0.001


def test_exact_probabilities_are_those_worked_out_by_hand(world: World) -> None:
    joint = world.probability(["style", "skill", "cue"])
    # P(style) P(skill | style) P(cue | skill) with rho = .8: .85 and .05; eta = .25: .75 and .0833…
    assert joint.shape == (4, 4, 4)
    assert joint[0, 0, 0] == pytest.approx(0.25 * 0.85 * 0.75)
    assert joint[0, 1, 1] == pytest.approx(0.25 * 0.05 * 0.75)
    assert joint[3, 3, 0] == pytest.approx(0.25 * 0.85 * 0.25 / 3)
    assert joint.sum() == pytest.approx(1.0)
    assert world.probability(["cue", "style"]) == pytest.approx(joint.sum(axis=1).T)


@pytest.mark.parametrize(
    ("do", "given"),
    [
        ({}, {}),
        ({"skill": "uniform"}, {}),
        ({"skill": "reversed"}, {}),
        ({"skill": "last"}, {}),
        ({"skill": {"first": 0.7, "last": 0.3}, "cue": "reversed"}, {}),
    ],
)
def test_frequencies_agree_with_exact_enumeration(
    world: World, do: dict[str, str | dict[str, float]], given: dict[str, str]
) -> None:
    nodes = ["style", "skill", "cue"]
    columns = world.sample(20_000, seed=11, do=do, given=given)
    assert agrees(columns, world, nodes, world.probability(nodes, do=do))


def test_evidence_agrees_with_exact_enumeration(world: World) -> None:
    columns = world.sample(5_000, seed=3, given={"cue": "first", "skill": "last"})
    assert set(columns["cue"]) == {"first"}
    assert set(columns["skill"]) == {"last"}
    joint = world.probability(["style", "cue", "skill"])[:, 0, 3]
    assert agrees(columns, world, ["style"], joint / joint.sum())


@pytest.mark.parametrize(("rho", "share"), [(0.8, 0.26), (0.9, 0.132)])
def test_effective_sample_size_of_the_weights(rho: float, share: float) -> None:
    # w = (1/4) / P(skill | style); ESS share = 1 / E[w²], as E[w] = 1; at rho = .8: 1 / (.0625 (1/.85 + 3/.05)).
    world = load_world("letters", {"rho": rho})
    exact = world.probability(["style", "skill"])
    conditional = exact / exact.sum(axis=1, keepdims=True)
    weights = 0.25 / conditional
    assert (exact * weights).sum() == pytest.approx(1.0)
    assert 1.0 / (exact * weights**2).sum() == pytest.approx(share, abs=0.002)
    columns = world.sample(20_000, seed=1)
    drawn = np.array(
        [
            weights[STYLES.index(style), SKILLS.index(skill)]
            for style, skill in zip(columns["style"], columns["skill"], strict=True)
        ]
    )
    assert drawn.sum() ** 2 / (drawn**2).sum() / 20_000 == pytest.approx(share, abs=0.02)


def test_do_makes_style_and_skill_independent(world: World) -> None:
    for policy in ("uniform", "marginal", {"first": 0.4, "second": 0.6}):
        joint = world.probability(["style", "skill"], do={"skill": policy})
        assert joint == pytest.approx(np.outer(joint.sum(axis=1), joint.sum(axis=0)))
    assert world.probability(["style"], do={"skill": "first"}) == pytest.approx(np.full(4, 0.25))


def test_marginal_is_the_nodes_own_distribution_without_its_causes() -> None:
    world = load_world("letters", {"rho": 0.5})
    tilted = {"plain": 0.7, "polite": 0.1, "terse": 0.1, "story": 0.1}
    seen = world.probability(["cue"], do={"style": tilted})
    assert seen[0] > 0.3
    # The marginal is that of the undisturbed world: uniform, not that under the other intervention.
    both = world.probability(["style", "skill"], do={"style": tilted, "skill": "marginal"})
    assert both == pytest.approx(np.outer(list(tilted.values()), np.full(4, 0.25)))


def test_reversed_turns_the_association_around(world: World) -> None:
    joint = world.probability(["style", "skill"], do={"skill": "reversed"})
    assert joint[0] == pytest.approx(0.25 * np.array([0.05, 0.95 / 3, 0.95 / 3, 0.95 / 3]))


def test_the_cue_is_wrong_at_the_stated_rate() -> None:
    for eta in (0.0, 0.1, 1.0):
        joint = load_world("letters", {"eta": eta}).probability(["skill", "cue"])
        assert np.trace(joint) == pytest.approx(1.0 - eta)


def test_same_seed_same_rows_and_no_disturbance(world: World) -> None:
    torch.manual_seed(7)
    random.seed(7)
    np.random.seed(7)
    before = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())  # type: ignore[index]
    first = world.sample(300, seed=2)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == random.getstate()
    assert before[2] == np.random.get_state()[1].tolist()  # type: ignore[index]
    assert world.sample(300, seed=2) == first
    assert world.sample(300, seed=3) != first


def test_two_interventions_with_one_seed_are_twins(world: World) -> None:
    plain = world.sample(200, seed=4, do={"style": "plain"})
    story = world.sample(200, seed=4, do={"style": "story"})
    assert plain["words"] == story["words"]
    # Gumbel-max: a skill that did not follow the style changes only where the style's pull decides.
    kept = sum(a == b for a, b in zip(plain["skill"], story["skill"], strict=True))
    assert 0 < kept < 60
    fixed = world.sample(200, seed=4, do={"style": "story", "skill": "first", "cue": "first"})
    other = world.sample(200, seed=4, do={"style": "plain", "skill": "first", "cue": "first"})
    assert fixed["answer"] == other["answer"]
    assert fixed["question"] != other["question"]


def test_graph_and_digest(world: World) -> None:
    assert world.graph().directed == (
        ("skill", "answer"),
        ("words", "answer"),
        ("skill", "cue"),
        ("cue", "question"),
        ("style", "question"),
        ("words", "question"),
        ("skill", "rationale"),
        ("words", "rationale"),
        ("style", "skill"),
    )
    assert len(world.digest) == 64
    assert load_world("letters").digest == world.digest
    assert load_world("letters", {"rho": 0.8}).digest == world.digest
    assert load_world("letters", {"rho": 0.9}).digest != world.digest


def test_styles_can_be_told_apart_and_wordings_vary(world: World) -> None:
    starts = {}
    for style in STYLES:
        columns = world.sample(300, seed=1, do={"style": style, "cue": "first"}, given={})
        shapes = {q.replace(w, "_") for q, w in zip(columns["question"], columns["words"], strict=True)}
        assert len(shapes) == 3
        starts[style] = shapes
    assert not set.intersection(*starts.values())
