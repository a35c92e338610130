"""The dates world against Python's calendar, parsed from the texts alone."""

from __future__ import annotations

import calendar
import datetime
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.mechanisms.date import read_date, write_date
from causal_reasoning.scm.mechanisms.date_shift import SHIFTS, DateShift, shifted
from causal_reasoning.scm.mechanisms.date_steps import date_lines

DATE = re.compile(r"[A-Z][a-z]+ \d{1,2}, \d{4}")
MOVE = re.compile(r"(\d) ((?:days|weeks|months) (?:later|ago))")
DAY = datetime.timedelta(days=1)


def moved(day: datetime.date, words: str, count: int) -> datetime.date:
    """Walk day by day, or month by month: slow and without any formula."""
    unit, way = words.split(" ")
    forwards = way == "later"
    if unit != "months":
        for _ in range(count * (7 if unit == "weeks" else 1)):
            day += DAY if forwards else -DAY
        return day
    start = day.day
    for _ in range(count):
        day = day.replace(day=28) + 4 * DAY if forwards else day.replace(day=1) - DAY
        day = day.replace(day=1)
    return day.replace(day=min(start, calendar.monthrange(day.year, day.month)[1]))


def parsed(question: str) -> datetime.date:
    (written,) = DATE.findall(question)
    return datetime.datetime.strptime(written, "%B %d, %Y").date()


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("dates")


@pytest.fixture(scope="module")
def rows(world: World) -> dict[str, list[str]]:
    return world.sample(6_000, seed=1)


def test_every_answer_is_right_for_the_skill_and_the_date_in_the_question(rows: dict[str, list[str]]) -> None:
    for skill, question, answer in zip(rows["skill"], rows["question"], rows["answer"], strict=True):
        (found,) = MOVE.findall(question)
        assert answer == f"= {moved(parsed(question), skill, int(found[0])):%m/%d/%Y} ="


def test_the_question_names_the_cue_which_is_wrong_in_a_quarter_of_the_rows(rows: dict[str, list[str]]) -> None:
    named = [MOVE.search(question).group(2) for question in rows["question"]]  # type: ignore[union-attr]
    assert named == rows["cue"]
    wrong = np.mean([word != skill for word, skill in zip(named, rows["skill"], strict=True)])
    assert wrong == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 6_000))


def check_lines(lines: list[str]) -> None:
    """Every sum is right, lengths of months are those of the calendar, and lines hang together."""
    month, _, year = map(int, lines[0].split("/"))
    carried: int | None = None
    for line in lines[1:-1]:
        if found := re.fullmatch(r"(\d+)\*7=(\d\d+)", line):
            assert 7 * int(found.group(1)) == int(found.group(2))
            continue
        if found := re.fullmatch(r"(\d\d)>(\d\d)", line):
            assert calendar.monthrange(year, carried or month)[1] == int(found.group(2)) < int(found.group(1))
            continue
        found = re.fullmatch(r"(-?\d\d+)([+-])(\d\d+)=(-?\d\d+)(?: (?:(\d\d)/)?(\d{4}))?", line)
        assert found, line
        first, second, total = int(found.group(1)), int(found.group(3)), int(found.group(4))
        assert total == (first + second if found.group(2) == "+" else first - second)
        assert carried is None or first == carried
        carried = total
        if found.group(5):  # a month is passed on the way
            new_month, new_year = int(found.group(5)), int(found.group(6))
            passed = (year, month) if found.group(2) == "-" else (new_year, new_month)
            assert second == calendar.monthrange(*passed)[1]
            assert abs((new_year * 12 + new_month) - (year * 12 + month)) == 1
            month, year = new_month, new_year
        elif found.group(6):
            assert second == 12
            assert abs(int(found.group(6)) - year) == 1
            year = int(found.group(6))


def test_every_line_is_right_and_the_last_one_is_the_answer(rows: dict[str, list[str]]) -> None:
    for today, rationale, answer in zip(rows["today"], rows["rationale"], rows["answer"], strict=True):
        lines = rationale.split("\n")
        check_lines(lines)
        assert lines[0] == f"{parsed(today):%m/%d/%Y}"
        assert f"= {lines[-1]} =" == answer
        assert len(lines) <= 8
        assert max(map(len, lines)) <= 60


@given(st.dates(datetime.date(1600, 1, 1), datetime.date(2400, 12, 31)))
def test_every_style_can_be_read(day: datetime.date) -> None:
    # Against strptime, which knows English months in the C locale of the tests.
    for style, known in (
        ("long", "%B %d, %Y"),
        ("short", "%b %d, %Y"),
        ("numeric", "%m/%d/%Y"),
        ("slashes", "%m/%d/%Y"),
    ):
        written = write_date(day, style)  # type: ignore[arg-type]
        assert datetime.datetime.strptime(written, known).date() == day
        assert read_date(written) == day
        assert style not in ("short", "slashes") or not re.search(r"\b0", written)


def test_a_shifted_date_may_have_a_style() -> None:
    day = {"d": ["January 31, 2024"], "how": ["a month later"]}
    for style, wanted in (("short", "Feb 29, 2024"), ("long", "February 29, 2024"), ("slashes", "2/29/2024")):
        shift = DateShift(kind="date_shift", date="d", operation="how", format="{result}.", style=style)
        assert shift.write(1, day, {}) == [f"{wanted}."]


@given(st.dates(datetime.date(1600, 1, 1), datetime.date(2400, 12, 31)), st.sampled_from(sorted(SHIFTS)), st.data())
def test_steps_of_any_shift_are_right(day: datetime.date, name: str, data: st.DataObject) -> None:
    shift = SHIFTS[name]
    count = data.draw(st.integers(1, 12 if shift.unit == "days" else 8)) if shift.counted else 1
    lines = date_lines(day, shift, count)
    assert lines[-1] == f"{shifted(day, shift, count):%m/%d/%Y}"
    if "year" not in name:
        check_lines(lines)


@pytest.mark.parametrize(
    ("start", "name", "count", "expected"),
    [
        ("02/28/2023", "tomorrow", 1, "03/01/2023"),
        ("02/28/2024", "tomorrow", 1, "02/29/2024"),
        ("03/01/2000", "yesterday", 1, "02/29/2000"),
        ("03/01/1900", "yesterday", 1, "02/28/1900"),
        ("12/31/1999", "tomorrow", 1, "01/01/2000"),
        ("01/03/2021", "a week ago", 1, "12/27/2020"),
        ("01/31/2023", "a month later", 1, "02/28/2023"),
        ("03/31/2024", "a month ago", 1, "02/29/2024"),
        ("02/29/2024", "a year later", 1, "02/28/2025"),
        ("02/29/2024", "years ago", 4, "02/29/2020"),
        ("12/15/2020", "months later", 2, "02/15/2021"),
        ("05/31/2021", "months ago", 6, "11/30/2020"),
        ("06/30/2021", "today", 1, "06/30/2021"),
    ],
)
def test_leap_years_and_ends_of_months(start: str, name: str, count: int, expected: str) -> None:
    assert write_date(shifted(read_date(start), SHIFTS[name], count), "numeric") == expected
    assert date_lines(read_date(start), SHIFTS[name], count)[-1] == expected


def test_years_months_and_days_in_a_month_are_uniform(world: World) -> None:
    days = [read_date(text) for text in world.sample(20_000, seed=3)["today"]]
    assert {day.year for day in days} == set(range(2000, 2032))
    assert chisquare(list(Counter(day.month for day in days).values())).pvalue > 0.001
    assert chisquare([Counter(day.day for day in days if day.month == 4)[n] for n in range(1, 31)]).pvalue > 0.001
    leap = Counter(day.day for day in days if day.month == 2 and day.year % 4 == 0)
    assert chisquare([leap[n] for n in range(1, 30)]).pvalue > 0.001
    assert max(day.day for day in days if day.month == 2 and day.year % 4) == 28


def test_exact_probabilities_are_those_worked_out_by_hand(world: World) -> None:
    joint = world.probability(["style", "skill", "cue"])
    assert joint[0, 0, 0] == pytest.approx(1 / 6 * (0.8 + 0.2 / 6) * 0.75)
    assert joint[5, 0, 1] == pytest.approx(1 / 6 * (0.2 / 6) * 0.25 / 5)
    assert world.probability(["count"]) == pytest.approx(np.full(8, 1 / 8))


def test_two_movements_never_lead_to_the_same_day(world: World) -> None:
    # So the best accuracy under do(skill) is exactly that of the cue, 1 - eta.
    day = datetime.date(2000, 1, 1)
    for _ in range(1461):
        for count in range(2, 10):
            assert len({shifted(day, SHIFTS[name], count) for name in world.values("skill")}) == 6
        day += DAY


HEAD = """\
version: 1
name: diary
nodes:
  go: {role: skill, mechanism: {kind: categorical, values: [tomorrow, a week ago]}}
  far: {role: skill, mechanism: {kind: categorical, values: [days later, years later]}}
  odd: {role: skill, mechanism: {kind: categorical, values: [tomorow]}}
  d: {role: other, mechanism: {kind: date, years: [2000, 2001]}}
  w: {role: other, mechanism: {kind: pseudoword}}
  n: {role: other, mechanism: {kind: integer, low: 1, high: 9}}
  many: {role: other, mechanism: {kind: integer, low: 1, high: 501}}
  none: {role: other, mechanism: {kind: integer, low: 0, high: 9}}
"""


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        ("{kind: date, years: [2001, 2000]}", "the first year 2001 is after the last, 2000; swap them"),
        ("{kind: date, years: [1000, 9000]}", "these are 8,001 years; at most 1,000 are allowed"),
        ("{kind: date, years: [1, 2000]}", "item 1 of 'years' must be at least 1000"),
        ("{kind: date, years: [2000]}", "years"),
        ("{kind: date, years: [2000, 2001], style: iso}", "style"),
        (
            "{kind: date_shift, date: d, operation: odd}",
            "'odd' has the value 'tomorow', no shift; did you mean 'tomorrow'",
        ),
        ("{kind: date_shift, date: d, operation: w}", "'w' is a text"),
        ("{kind: date_shift, date: d, operation: far}", "'days later' needs a number; name a node under 'count'"),
        ("{kind: date_shift, date: d, operation: far, count: go}", "'tomorrow', which is no whole number"),
        ("{kind: date_shift, date: d, operation: far, count: none}", "'none' can be 0; a count lies from 1 to 500"),
        ("{kind: date_shift, date: d, operation: far, count: many}", "'many' can be 501; a count lies from 1 to 500"),
        ("{kind: date_shift, date: go, operation: go}", "'go' has the value 'tomorrow', no date; name a date node"),
        ("{kind: date_shift, date: d, operation: go, format: x}", "the field {result} is missing"),
        ("{kind: date_steps, date: d, operation: far, count: n}", "9 'years later' are too many for steps"),
        ("{kind: date_steps, date: e, operation: go}", "there is no node 'e'"),
    ],
)
def test_a_wrong_mechanism_is_one_line(tmp_path: Path, mechanism: str, expected: str) -> None:
    file = tmp_path / "diary.yaml"
    file.write_text(f"{HEAD}  x: {{role: other, mechanism: {mechanism}}}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_world(file)
    assert expected in str(caught.value)
    assert re.match(r".*diary.yaml:12:\d+: ", str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_text_that_is_no_date_is_named_when_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "diary.yaml"
    shift = "{kind: date_shift, date: w, operation: go}"
    file.write_text(f"{HEAD}  x: {{role: other, mechanism: {shift}}}\n", encoding="utf-8")
    with pytest.raises(InputError, match="is no date such as 'April 5, 2021' or '04/05/2021'; name a date node"):
        load_world(file).sample(1, seed=0)
    for text in ("", "April 31, 2021", "4/5", "April 5, 99999999999999999999", "04/05/0099", "04-05-2021"):
        with pytest.raises(InputError):
            read_date(text)
