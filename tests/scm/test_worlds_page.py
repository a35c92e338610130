"""The page on worlds: its examples run, its list of mechanisms is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from causal_reasoning.scm import load_world
from causal_reasoning.scm.mechanisms import MECHANISMS
from causal_reasoning.scm.reference import BEGIN, END, mechanism_reference, with_reference

PAGE = (Path(__file__).parents[2] / "docs" / "worlds.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_list_of_mechanisms_is_that_of_the_docstrings() -> None:
    # If this fails: python -m causal_reasoning.scm.reference docs/worlds.md
    assert with_reference(PAGE) == PAGE
    assert PAGE.index(BEGIN) < PAGE.index(END)


@pytest.mark.parametrize("kind", sorted(MECHANISMS))
def test_every_key_of_every_mechanism_is_described(kind: str) -> None:
    section = mechanism_reference().split(f"#### `{kind}`\n")[1].split("\n####")[0]
    for name, field in MECHANISMS[kind].model_fields.items():
        if name != "kind":
            assert f"`{field.alias or name}`" in section, name


@pytest.mark.parametrize("number", [0, 2, 3])
def test_the_worlds_on_the_page_work(number: int, tmp_path: Path) -> None:
    text = blocks("yaml")[number]
    if "version:" not in text:
        parameters = "parameters: {rho: 0.8}\n" if "$rho" in text else ""
        text = f"version: 1\nname: example\n{parameters}{text}"
    file = tmp_path / "example.yaml"
    file.write_text(text, encoding="utf-8")
    world = load_world(file)
    assert world.query is not None
    assert world.optimal_accuracy(contents=20).value > 0.5
    assert len(world.sample(20, 0)["answer"]) == 20


def test_the_python_on_the_page_runs() -> None:
    names = {"load_world": load_world}
    for text in blocks("python"):
        exec(text.replace("1_000_000", "10_000"), names)
