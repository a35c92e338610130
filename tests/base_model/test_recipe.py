"""Recipes are checked against their form and against the worlds that they name."""

from __future__ import annotations

from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from ruamel.yaml import YAML

from causal_reasoning.base_model.recipe import SHIPPED, load_recipe, parse_recipe, recipe_schema
from causal_reasoning.errors import InputError
from causal_reasoning.scm.reader import SHIPPED as WORLDS
from tests.base_model.recipes import tiny_recipe, tiny_text


def refusals(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_recipe(text, "r.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize("name", ["default", "large"])
def test_shipped_recipes_train_on_every_shipped_world(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.spec.name == name
    assert [source.world.name for source in recipe.sources] == sorted(path.stem for path in WORLDS.glob("*.yaml"))
    # Clean: no confounding, cues that are always right.
    assert all(source.world.parameters.get(key, 0) == 0 for source in recipe.sources for key in ("rho", "eta"))


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_recipes_follow_the_schema(path: Path) -> None:
    schema = recipe_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")), schema)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("parts: 3", "part: 3", "r.yaml:5:32: unknown key 'part'; did you mean 'parts'?"),
        ("steps: 5", "steps: 0", "r.yaml:5:19: 'steps' must be at least 1, this is 0"),
        ("steps: 5", "steps: true", "r.yaml:5:19: 'steps' must be a whole number, this is true or false"),
        ("width: 16", "width: 18", "r.yaml:4:8: a width of 18 cannot be cut into 2 heads of even size; try 16"),
        ("marked: 0.2", "marked: 1.2", "r.yaml:7:9: 'marked' must be at most 1, this is 1.2"),
        ("world: letters", "world: lettres", "r.yaml:9:12: there is no shipped world of this name"),
        ("{rho: 0, eta: 0}\n    do", "{roh: 0}\n    do", "r.yaml:10:10: unknown parameter 'roh'; did you mean 'rho'?"),
        ("{skill: uniform}", "{skil: uniform}", "r.yaml:11:10: the world 'letters' has no node 'skil'; do needs"),
        ("{skill: uniform}", "{words: uniform}", "r.yaml:11:10: 'words' is a text; do needs a node with a list"),
        ("{skill: uniform}", "{skill: first_one}", "r.yaml:11:17: "),
        ("world: arithmetic", "world: letters", "r.yaml:12:12: the world 'letters' stands twice; keep one"),
        ("share: 2.0", "share: 0.0", "r.yaml:14:12: 'share' must be more than 0, this is 0.0"),
        ("share: 2.0", "answer: anwser", "r.yaml:14:13: the world 'arithmetic' has no node 'anwser' for 'answer'; did"),
        ("share: 2.0", "answer: question", "r.yaml:12:12: an answer of the world 'arithmetic' reads '"),
        ("share: 2.0", "rationale: null", "r.yaml:12:5: 'step_by_step' needs a column with the steps"),
        ("share: 2.0", "question: words", "r.yaml:14:15: names no column; write for instance '{question}'"),
        (
            "share: 2.0",
            "question: '{quest}'",
            "r.yaml:14:15: the world 'arithmetic' has no node 'quest'",
        ),
        ("share: 2.0", "question: '{question'", "r.yaml:14:"),
    ],
)
def test_faults_are_found_with_their_place(old: str, new: str, message: str) -> None:
    text = tiny_text()
    assert old in text
    lines = refusals(text.replace(old, new))
    assert len(lines) == 1
    assert message in lines[0]


def test_all_faults_are_told_at_once() -> None:
    lines = refusals(
        tiny_text().replace("{skill: uniform}", "{skil: uniform}").replace("share: 2.0", "answer: no_such")
    )
    assert [line.split(":")[1] for line in lines] == ["11", "14"]


def test_unknown_names_and_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no shipped recipe of this name; did you mean 'default'"):
        load_recipe("defalt")
    with pytest.raises(InputError, match="no such file"):
        load_recipe(tmp_path / "missing.yaml")


def test_the_digest_follows_what_decides_the_weights() -> None:
    plain, text = tiny_recipe(), tiny_text()
    assert len(plain.digest) == 64
    head, first, second = text.replace("  - world", "@@  - world").split("@@")
    same = [
        text.replace("name: tiny", "name: tiny\ndescription: words"),
        text.replace("checkpoint_every: 2", "checkpoint_every: 3"),
        head + second + first,
        "# a comment\n" + text,
    ]
    other = [
        tiny_text(seed=1),
        tiny_text(steps=6),
        text.replace("share: 2.0", "share: 1.5"),
        text.replace("{rho: 0, eta: 0}\n    do", "{rho: 0.5, eta: 0}\n    do"),
        text.replace("0.01", "0.02"),
        text.replace("threads: 1", "threads: 2"),
    ]
    assert {parse_recipe(changed).digest for changed in same} == {plain.digest}
    assert len({parse_recipe(changed).digest for changed in other} | {plain.digest}) == len(other) + 1
