"""Which rows are kept, and what a condition cannot ask."""

from __future__ import annotations

from typing import Any

import pytest

from causal_reasoning.data.filters import kept, meets
from causal_reasoning.data.readers import Missing, Raw
from causal_reasoning.errors import InputError
from causal_reasoning.experiment.data_spec import Condition
from causal_reasoning.files import parse_yaml

DOCUMENT = parse_yaml("filter:\n  - {column: a}\n  - {column: b}\n", "e.yaml")


def raw(**columns: list[Any]) -> Raw:
    count = len(next(iter(columns.values())))
    return Raw(columns, "rows.jsonl", tuple(range(11, 11 + count)))


def places(rows: Raw, *conditions: dict[str, Any]) -> tuple[int, ...]:
    listed = [Condition.model_validate(condition) for condition in conditions]
    return kept(rows, listed, DOCUMENT, ("filter",)).places


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"equals": 3}, [3, 3.0, "3"]),
        ({"equals": True}, [True, "true"]),
        ({"equals": "true"}, [True, "true"]),
        ({"not_equal": 3}, [True, "true", "abc", None, Missing(()), "", 4.5]),
        ({"in": [3, "abc"]}, [3, 3.0, "3", "abc"]),
        ({"not_in": [3, "abc"]}, [True, "true", None, Missing(()), "", 4.5]),
        ({"length": {"max": 1}}, [3, 3.0, "3", None, Missing(()), ""]),
        ({"length": {"min": 2, "max": 3}}, ["abc", 4.5]),
        ({"present": True}, [3, 3.0, "3", True, "true", "abc", 4.5]),
        ({"present": False}, [None, Missing(()), ""]),
    ],
)
def test_conditions_mean_what_they_say(condition: dict[str, Any], met: list[Any]) -> None:
    values = [3, 3.0, "3", True, "true", "abc", None, Missing(()), "", 4.5]
    spec = Condition.model_validate({"column": "a", **condition})
    assert [value for value in values if meets(value, spec)] == [
        v for v in values if any(v is m or (v == m and type(v) is type(m)) for m in met)
    ]


def test_bounds_are_for_numbers_and_leave_empty_cells_out() -> None:
    rows = raw(a=[1, "2", 2.5, None, 4])
    assert places(rows, {"column": "a", "min": 2}) == (12, 13, 15)
    assert places(rows, {"column": "a", "min": 2, "max": 2.5}) == (12, 13)
    for wrong, shown in (("many", "many"), (True, "True")):
        with pytest.raises(InputError, match=rf"rows\.jsonl:12: the column 'a' holds '{shown}', which is no number"):
            places(raw(a=[1, wrong]), {"column": "a", "max": 3})


def test_all_conditions_hold_together_and_a_later_one_sees_what_the_first_left() -> None:
    rows = raw(a=["x", "y", "x"], b=[1, "no number", 3])
    assert places(rows, {"column": "a", "equals": "x"}, {"column": "b", "min": 2}) == (13,)


def test_what_no_row_meets_is_told_with_the_values_that_there_are() -> None:
    with pytest.raises(InputError) as caught:
        places(raw(a=["add", "sub"]), {"column": "a", "equals": "ad"})
    assert str(caught.value) == ("e.yaml:2:5: no row of rows.jsonl meets this condition; its values are 'add', 'sub'")


def test_an_unknown_column_is_told_at_its_place() -> None:
    with pytest.raises(InputError) as caught:
        places(raw(skill=[1]), {"column": "skil", "equals": 1})
    assert str(caught.value) == "e.yaml:2:14: rows.jsonl has no column 'skil'; did you mean 'skill'?"


def test_a_list_has_no_value_to_compare() -> None:
    with pytest.raises(InputError, match=r"rows\.jsonl:11: the column 'a' holds a list or an object"):
        places(raw(a=[[1]]), {"column": "a", "equals": 1})
    assert places(raw(a=[[1], None]), {"column": "a", "present": True}) == (11,)


def test_a_condition_that_says_nothing_is_no_condition() -> None:
    with pytest.raises(ValueError, match="the condition says nothing about 'a'"):
        Condition(column="a")
