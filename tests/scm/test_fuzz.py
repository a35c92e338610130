"""Whatever stands in a world file, reading it ends in a world or in an `InputError`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from causal_reasoning.errors import InputError
from causal_reasoning.scm import load_world
from causal_reasoning.scm.reader import SHIPPED

LETTERS = YAML(typ="safe", pure=True).load((SHIPPED / "letters.yaml").read_text(encoding="utf-8"))
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    0,
    0.5,
    10**12,
    float("nan"),
    float("inf"),
    "",
    "{",
    "{skill.x}",
    "$rho",
    "$none",
    "skill",
    "words",
    "question",
    "\u0000",
    [],
    [[]],
    ["a", "a"],
    {},
    {"a": "b"},
    {"plain": 1},
]


def paths(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in nested data."""
    found = [here]
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found.extend(paths(value, (*here, key)))
    return found


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of nested data with one place changed."""
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = changed(data[path[0]], path[1:], value)
    return copy


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(paths(LETTERS)), st.sampled_from(HOSTILE)), min_size=1, max_size=2))
def test_a_damaged_file_never_ends_in_a_traceback(tmp_path: Path, damage: list[tuple[tuple[Any, ...], Any]]) -> None:
    data = LETTERS
    for path, value in damage:
        if path in paths(data):
            data = changed(data, path, value)
    file = tmp_path / "damaged.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(data, stream)
    try:
        world = load_world(file)
        columns = world.sample(3, seed=0)
    except InputError as error:
        assert all(fault.message and "\n" not in str(fault) for fault in error.faults)
    else:
        assert {len(column) for column in columns.values()} == {3}


def test_the_undamaged_file_is_read(tmp_path: Path) -> None:
    assert pytest.approx(0.2125) == load_world(SHIPPED / "letters.yaml").probability(["style", "skill"])[0, 0]
