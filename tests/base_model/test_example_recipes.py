"""What the base models of the examples read: made-up questions with right answers, and no row that is measured."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pytest

from causal_reasoning.base_model.recipe import Recipe, load_recipe
from tests.scm.test_blicket import listed, tried
from tests.scm.test_dates import moved
from tests.shared import shared

EXAMPLES = Path(__file__).parents[2] / "examples"
DATE = re.compile(r"[A-Z][a-z]+ \d{1,2}, \d{4}|\d{1,2}/\d{1,2}/\d{4}")
FORMS = ("%B %d, %Y", "%b %d, %Y", "%m/%d/%Y")


def drawn(name: str, world: str, rows: int) -> dict[str, list[str]]:
    recipe: Recipe = load_recipe(EXAMPLES / name / "recipe.yaml")
    (source,) = (source for source in recipe.sources if source.world.name == world)
    return source.world.sample(rows, 1)


@pytest.mark.parametrize(("world", "count"), [("names_of_three", 3), ("names_of_four", 4)])
def test_names_have_as_many_words_and_the_answer_their_letters(world: str, count: int) -> None:
    place = {"first": 0, "second": 1, "penultimate": -2, "last": -1}
    rows = drawn("base_for_names", world, 40)
    for name, skill, answer in zip(*(rows[key] for key in ("name", "skill", "answer")), strict=True):
        assert len(name.split()) == count and name == name.title()
        assert answer == f"= {''.join(word[place[skill]] for word in name.split()).lower()} ="


def test_scenes_are_right_by_all_hypotheses_and_no_light_goes_with_a_number_of_objects() -> None:
    rows = drawn("base_for_scenes", "scenes", 1_500)
    lights: dict[str, list[str]] = {}
    for question, answer in zip(rows["question"], rows["answer"], strict=True):
        *panels, query = [part.split(" -> ") for part in question.split("\n")]
        shown = [(set(listed(names)), light == "on") for names, light in panels]
        assert f"= {tried(shown, set(listed(query[0])))} =" == answer
        lights.setdefault(str(len(listed(query[0]))), []).append(answer)
    assert set(lights) == {"1", "2", "3", "4"}
    for answers in lights.values():
        for light in ("on", "off", "undetermined"):
            # Four standard deviations of a share of a third.
            assert abs(answers.count(f"= {light} =") / len(answers) - 1 / 3) < 4 * (2 / 9 / len(answers)) ** 0.5


def test_no_scene_of_acre_is_among_them() -> None:
    real = {
        json.loads(line)["question"]
        for name in ("iid_train", "iid_test", "comp_dev")
        for line in shared(f"data/acre/{name}_symbolic.jsonl").read_text("utf-8").splitlines()
    }
    panels = {question.rpartition("\n")[0] for question in real}
    assert not panels & set(drawn("base_for_scenes", "scenes", 2_000)["panels"])


def test_contexts_say_what_day_it_is_and_the_answer_is_right() -> None:
    rows = drawn("base_for_dates", "contexts", 1_000)
    for today, told, asked, question, answer in zip(
        *(rows[name] for name in ("today", "told", "asked", "question", "answer")), strict=True
    ):
        context = question.split(" What is the date ")[0]
        (written,) = DATE.findall(context)
        day = next(day for form in FORMS if (day := parsed(written, form)))
        # From the day that is told to today, and on to the one that is asked for, by the words alone.
        away = re.search(r"\b(\d) days", context)
        start = walked(day, told.replace("days", f"{away[1]} days" if away else ""), back=True)
        assert today == f"{start:%B} {start.day}, {start.year}"
        assert answer == f"= {walked(start, asked):%m/%d/%Y} =", question
    real = shared("data/date_understanding/dev.jsonl").read_text("utf-8").splitlines()
    assert not {json.loads(line)["question"] for line in real} & set(rows["question"])


def walked(day: datetime.date, words: str, back: bool = False) -> datetime.date:
    """Move a date by words such as "one week ago from today"."""
    known = {"today": (0, "days", "later"), "tomorrow": (1, "days", "later"), "yesterday": (1, "days", "ago")}
    number, unit, way = known.get(words) or words.replace("a ", "1 ").replace("one ", "1 ").split()[:3]
    way = {"from": "later"}.get(way, way)
    factor, unit = {"hours": (1 / 24, "days"), "year": (12, "months"), "years": (12, "months")}.get(unit, (1, unit))
    if back:
        way = "ago" if way == "later" else "later"
    return moved(day, f"{unit.rstrip('s')}s {way}", int(int(number) * factor))


def parsed(written: str, form: str) -> datetime.date | None:
    try:
        return datetime.datetime.strptime(written, form).date()
    except ValueError:
        return None
