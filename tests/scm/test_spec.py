"""The form of world files: schema, light import, order, policies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from causal_reasoning.errors import InputError
from causal_reasoning.graph.reader import parse_graph
from causal_reasoning.scm import (
    Marginal,
    Reversed,
    SetValue,
    TablePolicy,
    Uniform,
    WorldSpec,
    load_world,
    parse_policy,
)
from causal_reasoning.scm.mechanisms import MECHANISMS
from causal_reasoning.scm.reader import SHIPPED
from causal_reasoning.scm.spec import world_schema
from causal_reasoning.scm.true_graph import true_graph_yaml

WEATHER = """\
version: 1
name: weather
nodes:
  report:   # nodes may stand in any order
    role: question
    mechanism:
      kind: template
      text: ["{sky} at 100% {{sure}}", "it is {sky}, {ground}, {sky}"]
  ground:
    role: other
    mechanism:
      kind: table
      given: [sky, sprinkler]
      values: [wet, dry]
      rows:
        - {when: {sky: rain}, then: {wet: 1}}
        - {when: {sky: [sun, cloud], sprinkler: running}, then: {wet: $p, dry: 0.25}}
        - {then: {dry: 1}}
  sky:
    role: confounder
    mechanism: {kind: categorical, values: [sun, rain, cloud], probabilities: {sun: 0.5, rain: 0.25, cloud: 0.25}}
  sprinkler:
    role: other
    mechanism: {kind: noisy_copy, of: sky, map: {sun: running, rain: idle, cloud: idle}, noise: 0.2, otherwise: all}
parameters: {p: 0.75}
"""


@pytest.fixture
def weather(tmp_path: Path) -> Path:
    file = tmp_path / "weather.yaml"
    file.write_text(WEATHER, encoding="utf-8")
    return file


def test_a_table_takes_the_first_row_that_holds(weather: Path) -> None:
    world = load_world(weather)
    # P(running | sun) = .9, P(running | rain or cloud) = .1; wet: rain .25 + sun .5 · .9 · .75 + cloud .25 · .1 · .75
    assert world.probability(["ground"])[0] == pytest.approx(0.25 + 0.5 * 0.9 * 0.75 + 0.25 * 0.1 * 0.75)
    assert world.values("sprinkler") == ("running", "idle")
    assert world.probability(["ground"], do={"sky": "rain"}).tolist() == [1.0, 0.0]
    assert world.graph().parents("report") == ("ground", "sky")


def test_templates_keep_signs_and_braces(weather: Path) -> None:
    columns = load_world(weather).sample(400, seed=0)
    assert list(columns) == ["report", "ground", "sky", "sprinkler"]
    for sky, ground, report in zip(columns["sky"], columns["ground"], columns["report"], strict=True):
        assert report in (f"{sky} at 100% {{sure}}", f"it is {sky}, {ground}, {sky}")
    assert {report[:2] == "it" for report in columns["report"]} == {True, False}


def test_digest_ignores_comments_and_order_of_nodes(weather: Path, tmp_path: Path) -> None:
    first = load_world(weather)
    parts = WEATHER.split("  sky:\n")
    sky, rest = parts[1].split("  sprinkler:\n")
    moved = parts[0].replace("nodes:\n", "nodes:\n  sky:\n" + sky).replace("   # nodes may stand in any order", "")
    other = tmp_path / "other.yaml"
    other.write_text(moved + "  sprinkler:\n" + rest, encoding="utf-8")
    second = load_world(other)
    assert list(second.nodes) == ["sky", "report", "ground", "sprinkler"]
    assert second.digest == first.digest
    assert second.sample(50, seed=1) == {name: first.sample(50, seed=1)[name] for name in second.nodes}


def test_json_schema_names_every_mechanism() -> None:
    schema = WorldSpec.model_json_schema()
    assert set(schema["properties"]) == {"version", "name", "description", "parameters", "time", "nodes", "query"}
    node = schema["$defs"]["NodeSpec"]["properties"]
    assert set(node) == {"role", "mechanism", "each_step", "initial"}
    assert set(node["mechanism"]["discriminator"]["mapping"]) == set(MECHANISMS)


def test_files_obey_the_schema_of_another_implementation() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(world_schema())
    read = YAML(typ="safe", pure=True).load
    for path in SHIPPED.glob("*.yaml"):
        assert list(check.iter_errors(read(path.read_text(encoding="utf-8")))) == []
    assert list(check.iter_errors(read(WEATHER))) == []
    timed = WEATHER.replace(
        "role: other\n    mechanism: {kind: noisy_copy",
        "role: other\n    each_step: true\n    mechanism: {kind: noisy_copy",
    )
    assert (
        list(check.iter_errors(read(f"{timed}time: {{steps: 2}}\nquery: {{do: sky, read: [sky], write: report}}\n")))
        == []
    )
    for wrong in ("time: {}", "time: {steps: 0}", "query: {do: sky}", "bogus: 1", "query: {do: [], read: a, write: b}"):
        assert list(check.iter_errors(read(f"{WEATHER}{wrong}\n"))) != []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{do: sky, read: sky, write: report}", None),
        ("{do: [sky, sprinkler], read: [sky], write: [report, ground], policy: uniform}", None),
        ("{do: sy, read: sky, write: report}", ":13: there is no node 'sy'; did you mean 'sky'?"),
        ("{do: sky, read: [sky, grund], write: report}", ":30: there is no node 'grund'; did you mean 'ground'?"),
        ("{do: sky, read: report, write: sky}", ":39: 'sky' stands twice in the query"),
        ("{do: sky, read: [ground, ground], write: report}", ":33: 'ground' stands twice in the query"),
        ("{do: sky, read: report}", ":1: the key 'write' is missing"),
        ("{do: sky, read: sky, write: report, policy: never}", ":52: unknown policy 'never'"),
        ("{do: sky, read: sky, write: report, with: rain}", ":44: unknown key 'with'"),
    ],
)
def test_the_query_is_checked_and_used(tmp_path: Path, query: str, expected: str | None) -> None:
    file = tmp_path / "weather.yaml"
    file.write_text(f"{WEATHER}query: {query}\n", encoding="utf-8")
    if expected is not None:
        with pytest.raises(InputError) as caught:
            load_world(file)
        assert expected in str(caught.value)
        return
    world = load_world(file)
    assert world.query is not None
    assert world.query.write[0] == "report"
    plain = tmp_path / "plain.yaml"
    plain.write_text(WEATHER, encoding="utf-8")
    assert load_world(plain).query is None
    assert load_world(plain).digest == world.digest
    truth = parse_graph(true_graph_yaml(world))
    assert set(truth.query.write) == set(world.query.write)
    assert truth.query.policy == world.query.policy
    with pytest.raises(InputError, match="query"):
        parse_graph(true_graph_yaml(load_world(plain)))


def test_words_that_yaml_takes_for_something_else_are_quoted_in_the_true_graph(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    nodes = "".join(
        f"  '{name}': {{role: {role}, mechanism: {{kind: template, text: hi}}}}\n"
        for name, role in (("no", "question"), ("Null", "answer"), ("y", "other"))
    )
    file.write_text(f"version: 1\nname: w\nnodes:\n{nodes}", encoding="utf-8")
    assert set(parse_graph(true_graph_yaml(load_world(file))).nodes) == {"no", "Null", "y"}


def test_reading_a_world_needs_no_torch() -> None:
    code = (
        "import sys; from causal_reasoning.scm import load_world; w = load_world('letters'); "
        "w.probability(['cue'], do={'skill': 'reversed'}); "
        "assert not {'torch', 'pyro', 'transformers'} & set(sys.modules), 'heavy import'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_policies_are_read_and_checked() -> None:
    values = ("a", "b", "c")
    assert parse_policy("uniform", values) == Uniform()
    assert parse_policy("marginal", values) == Marginal()
    assert parse_policy("reversed", values) == Reversed()
    assert parse_policy("c", values) == SetValue(2)
    assert parse_policy({"c": 1}, values) == TablePolicy((0.0, 0.0, 1.0))
    assert parse_policy(Uniform(), values) == Uniform()
    for wrong in (SetValue(3), TablePolicy((1.0,)), TablePolicy((0.5, 0.5, 0.5)), {}, {"a": float("nan")}, None):
        with pytest.raises(InputError):
            parse_policy(wrong, values)  # type: ignore[arg-type]


def test_policies_apply_to_tables_and_to_rows() -> None:
    own = np.array([[0.7, 0.2, 0.1], [0.0, 0.0, 1.0]])
    marginal = np.array([0.5, 0.3, 0.2])
    assert Reversed().apply(own, marginal) == pytest.approx(np.array([[0.15, 0.4, 0.45], [0.5, 0.5, 0.0]]))
    assert Marginal().apply(own, marginal) == pytest.approx(marginal)
    assert Uniform().apply(own, marginal) == pytest.approx(np.full(3, 1 / 3))
    assert SetValue(1).apply(own, marginal).tolist() == [0.0, 1.0, 0.0]
    assert Reversed().apply(np.array([1.0]), np.array([1.0])).tolist() == [1.0]
