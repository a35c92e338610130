"""The arithmetic world against Python's own arithmetic, parsed from the texts alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.mechanisms.arithmetic_steps import STEPS

SKILLS = ("add", "subtract", "multiply", "divide")
RESULT: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a // b,
}
WORD = {"plus": "add", "minus": "subtract", "times": "multiply", "over": "divide"}
SUM = re.compile(r"(\d{3}) (plus|minus|times|over) (\d)\b")


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("arithmetic")


@pytest.fixture(scope="module")
def rows(world: World) -> dict[str, list[str]]:
    return world.sample(10_000, seed=1)


def right(line: str) -> bool:
    """Whether what one line of a working says is true, whatever the line before."""
    if found := re.fullmatch(r"(\d)\+(\d)\+(\d)=(\d\d) \d+", line):
        first, second, carry, total = map(int, found.groups())
        return first + second + carry == total
    if found := re.fullmatch(r"(\d\d)-(\d)-(\d)=(\d\d) \d+", line):
        first, second, borrowed, rest = map(int, found.groups())
        return first - second - borrowed == rest
    if found := re.fullmatch(r"(\d)\*(\d)=(\d\d)\+(\d)=(\d\d) \d+", line):
        first, second, product, carry, total = map(int, found.groups())
        return first * second == product and product + carry == total
    if found := re.fullmatch(r"(\d\d)/(\d)=(\d)r(\d) \d+", line):
        part, by, quotient, rest = map(int, found.groups())
        return part == by * quotient + rest and rest < by
    return False


def test_every_answer_is_right_for_the_skill_and_the_numbers_in_the_question(rows: dict[str, list[str]]) -> None:
    for skill, question, answer in zip(rows["skill"], rows["question"], rows["answer"], strict=True):
        (found,) = SUM.findall(question)
        assert answer == f"= {RESULT[skill](int(found[0]), int(found[2]))} ="


def test_the_question_names_the_cue_which_is_wrong_in_a_quarter_of_the_rows(rows: dict[str, list[str]]) -> None:
    named = [SUM.search(question).group(2) for question in rows["question"]]  # type: ignore[union-attr]
    assert named == rows["cue"]
    wrong = np.mean([WORD[word] != skill for word, skill in zip(named, rows["skill"], strict=True)])
    assert wrong == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 10_000))
    clean = load_world("arithmetic", {"eta": 0.0}).sample(500, seed=2)
    assert [WORD[word] for word in clean["cue"]] == clean["skill"]


def test_every_line_is_right_and_the_last_one_ends_in_the_answer(rows: dict[str, list[str]]) -> None:
    signs = dict(zip(SKILLS, "+-*/", strict=True))
    for skill, number, digit, rationale, answer in zip(
        *(rows[name] for name in ("skill", "number", "digit", "rationale", "answer")), strict=True
    ):
        task, *lines = rationale.split("\n")
        assert task == f"{number}{signs[skill]}{digit}"
        assert all(map(right, lines))
        assert f"= {lines[-1].split(' ')[1]} =" == answer
        assert answer not in rationale


def test_exact_probabilities_are_those_worked_out_by_hand(world: World) -> None:
    joint = world.probability(["style", "skill", "cue"])
    assert joint[0, 0, 0] == pytest.approx(0.25 * 0.85 * 0.75)
    assert joint[3, 0, 3] == pytest.approx(0.25 * 0.05 * 0.25 / 3)
    assert world.probability(["number"]) == pytest.approx(np.full(900, 1 / 900))
    assert world.probability(["digit", "skill"]) == pytest.approx(np.full((8, 4), 1 / 32))
    cut = world.probability(["style", "skill"], do={"skill": "uniform"})
    assert cut == pytest.approx(np.full((4, 4), 1 / 16))


def test_two_operations_never_share_a_result(world: World) -> None:
    # So the best accuracy under do(skill) is exactly that of the cue, 1 - eta.
    for number in map(int, world.values("number")):
        for digit in map(int, world.values("digit")):
            assert len({result(number, digit) for result in RESULT.values()}) == 4


def test_the_best_predictors_and_what_they_are_worth_elsewhere(world: World) -> None:
    seen = world.probability(["style", "cue", "skill"])
    served = world.probability(["style", "cue", "skill"], do={"skill": "uniform"})

    def score(rule: np.ndarray, joint: np.ndarray) -> float:
        return float(np.take_along_axis(joint, rule[..., None], axis=2).sum())

    by_style, by_cue = seen.argmax(axis=2), served.argmax(axis=2)
    assert (by_cue == np.arange(4)).all()
    assert score(by_cue, served) == pytest.approx(0.75)
    # Seeing, the style wins over the cue wherever they differ: .85/12 > .05 · .75.
    assert (by_style == np.arange(4)[:, None]).all()
    assert score(by_style, seen) == pytest.approx(0.85)
    assert score(by_style, served) == pytest.approx(0.25)


@given(st.integers(0, 99_999), st.integers(0, 99_999))
def test_steps_of_sums_and_differences_of_any_length_are_right(left: int, other: int) -> None:
    for operation, (first, second) in {"add": (left, other), "subtract": (max(left, other), min(left, other))}.items():
        lines = STEPS[operation](str(first), str(second))
        assert all(map(right, lines))
        assert lines[-1].split(" ")[1] == str(RESULT[operation](first, second))


@given(st.integers(0, 99_999), st.integers(1, 9))
def test_steps_with_a_single_digit_are_right(left: int, digit: int) -> None:
    for operation in ("multiply", "divide"):
        lines = STEPS[operation](str(left), str(digit))
        assert all(map(right, lines))
        assert len(lines) == len(str(left))
        assert lines[-1].split(" ")[1] == str(RESULT[operation](left, digit))


@pytest.mark.parametrize(
    ("operation", "left", "right", "expected"),
    [
        ("add", "999", "9", "9+9+0=18 8/9+0+1=10 08/9+0+1=10 1008"),
        ("add", "5", "17", "5+7+0=12 2/0+1+1=02 22"),
        ("subtract", "100", "9", "10-9-0=01 1/10-0-1=09 91/01-0-1=00 91"),
        ("subtract", "305", "305", "05-5-0=00 0/00-0-0=00 00/03-3-0=00 0"),
        ("multiply", "900", "9", "0*9=00+0=00 0/0*9=00+0=00 00/9*9=81+0=81 8100"),
        ("divide", "100", "9", "01/9=0r1 0/10/9=1r1 1/10/9=1r1 11"),
    ],
)
def test_workings_written_by_hand(operation: str, left: str, right: str, expected: str) -> None:
    # Lines are separated by a slash here, but a quotient has one too.
    assert "/".join(STEPS[operation](left, right)) == expected


HEAD = """\
version: 1
name: sums
nodes:
  op: {role: skill, mechanism: {kind: categorical, values: [add, subtract, multiply, divide]}}
  odd: {role: skill, mechanism: {kind: categorical, values: [add, power]}}
  a: {role: other, mechanism: {kind: integer, low: 10, high: 99}}
  b: {role: other, mechanism: {kind: integer, low: 1, high: 9}}
  zero: {role: other, mechanism: {kind: integer, low: 0, high: 9}}
  debt: {role: other, mechanism: {kind: integer, low: -3, high: 9}}
  w: {role: other, mechanism: {kind: pseudoword}}
"""


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        ("{kind: integer, low: 9, high: 1}", "the least number 9 is above the greatest, 1; swap them"),
        ("{kind: integer, low: 0, high: 1000}", "these are 1,001 numbers; at most 1,000 are allowed"),
        ("{kind: integer, low: 0.5, high: 1}", "low"),
        ("{kind: integer, low: 0, high: 1e30}", "high"),
        ("{kind: integer, low: 1}", "the key 'high' is missing"),
        ("{kind: arithmetic, operation: odd, left: a, right: b}", "'odd' has the value 'power', no operation"),
        ("{kind: arithmetic, operation: w, left: a, right: b}", "'w' is a text"),
        ("{kind: arithmetic, operation: op, left: w, right: b}", "'w' is a text"),
        ("{kind: arithmetic, operation: op, left: op, right: b}", "'op' has the value 'add', which is no whole number"),
        ("{kind: arithmetic, operation: op, left: a, right: zero}", "'zero' can be 0, and 'op' divides by it"),
        ("{kind: arithmetic, operation: op, left: a, right: b, format: none}", "the field {result} is missing"),
        ("{kind: arithmetic, operation: op, left: a, right: b, format: '{x}'}", "unknown field '{x}'"),
        ("{kind: arithmetic_steps, operation: op, left: debt, right: b}", "'debt' can be -3; steps are written from 0"),
        ("{kind: arithmetic_steps, operation: op, left: b, right: a}", "'op' can ask for 1 - 99; steps need a result"),
        ("{kind: arithmetic_steps, operation: mul, left: a, right: a}", "the steps of multiply need a single digit"),
        ("{kind: arithmetic_steps, operation: op, left: a, right: c}", "there is no node 'c'"),
    ],
)
def test_a_wrong_mechanism_is_one_line(tmp_path: Path, mechanism: str, expected: str) -> None:
    file = tmp_path / "sums.yaml"
    extra = "  mul: {role: skill, mechanism: {kind: categorical, values: [multiply]}}\n"
    file.write_text(f"{HEAD}{extra}  x: {{role: other, mechanism: {mechanism}}}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_world(file)
    assert expected in str(caught.value)
    assert re.match(r".*sums.yaml:12:\d+: ", str(caught.value))
    assert "\n" not in str(caught.value)
