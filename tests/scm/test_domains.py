"""The domains world: a rule for every domain, and one for all."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world

RULES: dict[str, Callable[[list[int]], int]] = {
    "market": max,
    "river": lambda numbers: numbers[-1],
    "school": lambda numbers: numbers[0],
    "road": min,
}
THINGS = {"market": "coins", "river": "trees", "school": "letters", "road": "dogs"}


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("domains")


@pytest.fixture(scope="module")
def rows(world: World) -> dict[str, list[str]]:
    return world.sample(2_000, seed=6)


def test_every_answer_follows_the_rule_of_its_domain_and_the_common_one(rows: dict[str, list[str]]) -> None:
    for domain, shown, answer in zip(rows["domain"], rows["numbers"], rows["answer"], strict=True):
        numbers = [int(number) for number in shown.split()]
        assert len(set(numbers)) == 4
        assert answer == f"= {RULES[domain](numbers)} | {numbers[1]} ="


def test_the_question_names_the_place_the_thing_and_the_numbers_and_not_the_domain(rows: dict[str, list[str]]) -> None:
    for i, question in enumerate(rows["question"]):
        places = set(re.findall(r"[a-z]+", question)) & set(RULES)
        assert places == {rows["place"][i]}
        assert rows["numbers"][i] in question
        assert set(re.findall(r"[a-z]+", question)) & set(THINGS.values()) == {rows["thing"][i]}


def test_steps_follow_the_true_domain_and_lead_to_the_answer(rows: dict[str, list[str]]) -> None:
    words: dict[str, Callable[[list[int]], int]] = {
        "largest": max,
        "smallest": min,
        "first": lambda n: n[0],
        "last": lambda n: n[-1],
    }
    for domain, shown, rationale, answer in zip(
        *(rows[name] for name in ("domain", "numbers", "rationale", "answer")), strict=True
    ):
        numbers = [int(number) for number in shown.split()]
        chosen, specific, invariant = rationale.split("\n")
        place, rule = re.fullmatch(r"(\w+): the (\w+)", chosen).groups()  # type: ignore[union-attr]
        assert place == domain
        assert specific == f"{rule} of {shown}: {words[rule](numbers)}"
        assert invariant == f"second of {shown}: {numbers[1]}"
        assert answer == f"= {specific.split(': ')[1]} | {invariant.split(': ')[1]} ="


def test_exact_probabilities_are_those_worked_out_by_hand(world: World) -> None:
    joint = world.probability(["domain", "thing", "place"])
    # P(thing | domain) = .8 + .2/4 or .2/4, P(place | domain) = .75 or .25/3
    assert joint[0, 0, 0] == pytest.approx(0.25 * 0.85 * 0.75)
    assert joint[1, 0, 2] == pytest.approx(0.25 * 0.05 * 0.25 / 3)


def test_the_domain_given_the_question_differs_from_the_domain_under_do(world: World) -> None:
    seen = world.probability(["domain", "thing"])
    assert (seen / seen.sum(axis=0))[0, 0] == pytest.approx(0.85)
    done = world.probability(["domain", "thing"], do={"thing": "coins"})
    assert done[:, 0] == pytest.approx(np.full(4, 0.25))
    assert load_world("domains", {"rho": 0.0}).probability(["domain", "thing"]) == pytest.approx(
        np.full((4, 4), 1 / 16)
    )


def test_each_domain_has_a_mechanism_of_its_own(world: World) -> None:
    assert world.graph().parents("specific") == ("domain", "numbers")
    assert world.graph().parents("invariant") == ("numbers",)
    market = world.sample(300, seed=2, do={"domain": "market"})
    river = world.sample(300, seed=2, do={"domain": "river"})
    assert market["numbers"] == river["numbers"]
    assert market["invariant"] == river["invariant"]
    assert market["specific"] == [str(max(map(int, shown.split()))) for shown in market["numbers"]]
    assert river["specific"] == [shown[-1] for shown in river["numbers"]]


@pytest.mark.parametrize("parameters", [{"rho": -0.1}, {"eta": 2.0}, {"rhoo": 0.5}])
def test_parameters_out_of_range_are_one_sentence(parameters: dict[str, float]) -> None:
    with pytest.raises(InputError) as caught:
        load_world("domains", parameters)
    assert "\n" not in str(caught.value)
