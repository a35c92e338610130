"""The attributes world against enumeration over all its numbers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world

WEATHER = ("wind", "rain", "snow")
PROXIES = ("coins", "dogs", "trees")


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("attributes")


@pytest.fixture(scope="module")
def rows(world: World) -> dict[str, list[str]]:
    return world.sample(3_000, seed=3)


def bell(centre: float, spread: float) -> np.ndarray:
    weight = np.array([np.exp(-((k - centre) ** 2) / (2 * spread**2)) for k in range(10)])
    result: np.ndarray = weight / weight.sum()
    return result


def score(wind: int, rain: int, snow: int) -> int:
    return wind + rain + snow


LIMIT = 13
# Wind, rain and snow as usual in each harbour, in order.
USUAL = ((7, 7, 2), (7, 2, 7), (2, 7, 7), (7, 2, 2), (2, 7, 2), (2, 2, 7))


def test_the_risk_follows_from_the_weather_alone(rows: dict[str, list[str]]) -> None:
    for *weather, risk, answer in zip(*(rows[name] for name in (*WEATHER, "risk", "answer")), strict=True):
        wanted = "high" if score(*map(int, weather)) > LIMIT else "low"
        assert risk == wanted
        assert answer == f"= {wanted} ="


def test_the_question_shows_all_six_numbers(rows: dict[str, list[str]]) -> None:
    for i, question in enumerate(rows["question"]):
        for name in (*WEATHER, *PROXIES):
            assert f"{name} {rows[name][i]}" in question


def test_steps_add_up_and_the_last_one_decides(rows: dict[str, list[str]]) -> None:
    for i, rationale in enumerate(rows["rationale"]):
        lines = rationale.split("\n")
        assert len(lines) <= 8
        assert max(map(len, lines)) <= 60
        for line in lines[:-1]:
            left, equals, right = line.partition(" = ")
            if equals:
                assert eval(left.split(" ", 1)[1]) == int(right)
        total = score(*(int(rows[name][i]) for name in WEATHER))
        assert lines[-1] == f"{total} is {'over' if total > LIMIT else 'not over'} {LIMIT}"
        assert (rows["risk"][i] == "high") == (" not " not in lines[-1])


def test_exact_probabilities_agree_with_enumeration(world: World) -> None:
    spread = world.parameters["spread"]
    exact = world.probability(["harbour", "risk"])
    for h, (wind, rain, snow) in enumerate(USUAL):
        usual = [bell(centre, spread) for centre in (wind, rain, snow)]
        high = sum(
            usual[0][a] * usual[1][b] * usual[2][c]
            for a, b, c in product(range(10), repeat=3)
            if score(a, b, c) > LIMIT
        )
        assert exact[h] == pytest.approx([(1 - high) / 6, high / 6])


def test_the_load_predicts_the_risk_in_the_data_and_not_under_do_load(world: World) -> None:
    seen = world.probability(["load", "risk"])
    assert seen[0, 1] + seen[1, 0] > 0.85
    done = world.probability(["load", "risk"], do={"load": "marginal"})
    assert done == pytest.approx(np.outer(done.sum(1), done.sum(0)))
    # The world changes in the load only: the risk is as frequent as before.
    assert done.sum(0) == pytest.approx(seen.sum(0))


def test_harbour_and_proxies_say_nothing_about_the_risk_once_the_weather_is_known(world: World) -> None:
    graph = world.graph()
    assert graph.parents("risk") == ("rain", "snow", "wind")
    assert set(graph.parents("question")) == {*WEATHER, *PROXIES}
    joint = world.probability(["wind", "rain", "snow", "load", "risk"])
    given_weather = joint.sum(axis=3)
    for load in range(2):
        total = joint[:, :, :, load].sum(axis=-1, keepdims=True)
        same = joint[:, :, :, load] * given_weather.sum(-1, keepdims=True)
        assert same == pytest.approx(given_weather * total)


def test_twins_under_do_load_keep_the_weather(world: World) -> None:
    light = world.sample(200, seed=1, do={"load": "light"})
    heavy = world.sample(200, seed=1, do={"load": "heavy"})
    assert all(light[name] == heavy[name] for name in (*WEATHER, "answer", "rationale"))
    assert light["coins"] != heavy["coins"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"spread": 0.0}, "a spread must lie between 0.001 and 1000, this is 0"),
        ({"spread": -1.0}, "a spread must lie between"),
        ({"rho": 1.5}, "$rho = 1.5 is not a probability"),
        ({"eta": 0.1}, "unknown parameter 'eta'"),
    ],
)
def test_parameters_out_of_range_are_one_sentence(parameters: dict[str, float], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        load_world("attributes", parameters)
    for fault in caught.value.faults:  # one for every node that uses the parameter
        assert expected in fault.message
        assert "\n" not in fault.message
