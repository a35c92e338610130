"""World files with something wrong in them, and what reading one may end in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from causal_reasoning.errors import InputError
from causal_reasoning.scm import load_world
from causal_reasoning.scm.reader import SHIPPED
from causal_reasoning.scm.true_graph import true_graph_yaml

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


def fuzzed(examples: int) -> settings:
    """Settings of a test that reads files; the folder that it writes to may be used again."""
    return settings(max_examples=examples, suppress_health_check=[HealthCheck.function_scoped_fixture])


def shipped_text(name: str) -> Any:
    """The nested data of a shipped world's file."""
    return parsed((SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"))


def parsed(text: str) -> Any:
    """The nested data of a YAML text."""
    return YAML(typ="safe", pure=True).load(text)


def damaged(data: st.DataObject, content: Any, words: Sequence[Any] = ()) -> Any:
    """The data with one or two places changed, drawn from all that are there."""
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(_paths(content)))
        content = _changed(content, path, data.draw(st.sampled_from([*HOSTILE, *words])))
    return content


def ends_in_a_world_or_an_input_error(content: Any, folder: Path) -> None:
    """Read, sample and draw the true graph of a file with this content."""
    file = folder / "damaged.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(content, stream)
    try:
        world = load_world(file)
        columns = world.sample(3, seed=0)
        graph = true_graph_yaml(world)
    except InputError as error:
        assert all(fault.message and "\n" not in str(fault) for fault in error.faults)
    else:
        assert {len(column) for column in columns.values()} == {3}
        assert graph.startswith("# The true graph")


def _paths(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in nested data."""
    found = [here]
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found.extend(_paths(value, (*here, key)))
    return found


def _changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of nested data with one place changed."""
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = _changed(data[path[0]], path[1:], value)
    return copy
