"""A world inside a world: the same draws, the same tables, other names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.graph.reader import parse_graph
from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.mechanisms import Scope
from causal_reasoning.scm.mechanisms.template import Template
from causal_reasoning.scm.true_graph import true_graph_yaml

OUTER = """\
version: 1
name: outer
parameters: {rho: 0.9}
nodes:
  author: {role: confounder, mechanism: {kind: categorical, values: [story, terse, polite, plain]}}
  task:
    role: question
    mechanism:
      kind: world
      world: letters
      set: {rho: $rho, eta: 0.1}
      inputs: {style: author}
      output: question
  answer: {role: answer, mechanism: {kind: template, text: "{task_answer} by {author}"}}
query: {do: task_skill, read: task, write: answer}
"""
NESTED = """\
version: 1
name: nested
nodes:
  t: {role: question, mechanism: {kind: world, world: letters, output: question}}
"""


def write(folder: Path, text: str, name: str = "w.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def outer(tmp_path: Path) -> World:
    return load_world(write(tmp_path, OUTER))


def test_inner_nodes_get_the_name_of_the_outer_one_before_theirs(outer: World) -> None:
    assert [name for name in outer.nodes if name != "task_rationale"] == [
        "author", "task_skill", "task_words", "task_cue", "task", "task_answer", "answer",
    ]  # fmt: skip
    graph = outer.graph()
    assert graph.parents("task_skill") == ("author",)
    assert graph.parents("task") == ("author", "task_cue", "task_words")
    assert graph.parents("answer") == ("author", "task_answer")
    assert outer.nodes["task"].role == "question"
    assert outer.nodes["task_answer"].role == "other"


def test_exact_probabilities_are_those_of_the_inner_world_with_its_own_parameters(outer: World) -> None:
    inner = load_world("letters", {"rho": 0.9, "eta": 0.1})
    order = [outer.values("author").index(style) for style in inner.values("style")]
    ours = outer.probability(["author", "task_cue"])[order]
    places = [outer.values("task_cue").index(cue) for cue in inner.values("cue")]
    assert ours[:, places] == pytest.approx(inner.probability(["style", "cue"]))
    set_ = outer.probability(["author", "task_skill"], do={"task_skill": "first"})
    assert set_.sum(axis=0)[outer.values("task_skill").index("first")] == 1.0
    weaker = load_world(outer.file, {"rho": 0.0})
    assert weaker.probability(["author", "task_skill"]) == pytest.approx(np.full((4, 4), 1 / 16))


def test_inner_nodes_can_be_set_and_asked_about(outer: World) -> None:
    columns = outer.sample(100, 1, do={"task_skill": "first", "task_words": "abcd wxyz"})
    assert set(columns["task_answer"]) == {"= a | w ="}
    assert columns["answer"] == [f"= a | w = by {author}" for author in columns["author"]]
    found = outer.counterfactual(100, 1, {"author": "plain"})
    assert found.counterfactual["task_words"] == found.factual["task_words"]
    assert set(outer.graph().descendants("task_cue")) == {"task_cue", "task"}


def test_a_world_that_is_only_nested_draws_what_it_draws_alone(tmp_path: Path) -> None:
    world = load_world(write(tmp_path, NESTED))
    assert set(world.nodes) == {"t", *(f"t_{name}" for name in load_world("letters").nodes if name != "question")}
    assert world.probability(["t_style", "t_cue"]) == pytest.approx(load_world("letters").probability(["style", "cue"]))
    columns = world.sample(500, 3)
    for question, cue, words in zip(columns["t"], columns["t_cue"], columns["t_words"], strict=True):
        assert cue in question
        assert words in question


def test_worlds_nest_in_nested_worlds_and_paths_start_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    write(tmp_path / "inner", NESTED)
    text = NESTED.replace("name: nested", "name: top").replace("letters, output: question", "inner/w.yaml, output: t")
    world = load_world(write(tmp_path, text))
    assert "t_t_cue" in world.nodes
    assert world.graph().parents("t") == ("t_t_cue", "t_t_style", "t_t_words")
    assert world.probability(["t_t_cue"]) == pytest.approx(np.full(4, 0.25))


def test_two_copies_are_independent(tmp_path: Path) -> None:
    text = NESTED + "  u: {role: other, mechanism: {kind: world, world: letters, output: question}}\n"
    world = load_world(write(tmp_path, text))
    joint = world.probability(["t_skill", "u_skill"])
    assert joint == pytest.approx(np.full((4, 4), 1 / 16))
    columns = world.sample(200, 1)
    assert columns["t_words"] != columns["u_words"]


def test_the_digest_follows_the_inner_world_and_what_is_set(tmp_path: Path) -> None:
    digests = {
        load_world(write(tmp_path, text)).digest
        for text in (
            OUTER,
            OUTER.replace("eta: 0.1", "eta: 0.2"),
            OUTER.replace("{rho: $rho, eta: 0.1}", "{rho: $rho}"),
        )
    }
    assert len(digests) == 3
    assert load_world(write(tmp_path, OUTER)).digest in digests
    assert load_world(write(tmp_path, OUTER), {"rho": 0.5}).digest not in digests


def test_the_true_graph_names_the_inner_nodes(outer: World) -> None:
    graph = parse_graph(true_graph_yaml(outer))
    assert graph.causal.directed == outer.graph().directed
    assert graph.query.do == ("task_skill",)
    assert outer.query is not None
    assert outer.query.read == ("task",)


def test_the_best_predictor_of_a_nested_world_is_that_of_the_inner_one(outer: World) -> None:
    # eta = .1 and no part of the style under do: the cue is right with .9, and letters coincide a little.
    found = outer.optimal_accuracy(do={"task_skill": "uniform"}, contents=100)
    assert found.value == pytest.approx(0.9 + 0.1 / 3 * 0.00816, abs=4 * found.standard_error + 1e-6)


def test_a_renamed_template_keeps_braces_and_percent_signs() -> None:
    template = Template(kind="template", by="z", texts={"a": ["{{z}} {x} 100%", "{y}"], "b": "{z}"})
    renamed = template.renamed({"x": "x_1", "z": "zz"})
    assert renamed.by == "zz"
    assert renamed.texts == {"a": ("{{z}} {x_1} 100%", "{y}"), "b": "{zz}"}
    assert set(renamed.sites(Scope({}, {"zz": ("a", "b")}, {}))) == {"wording"}


Z = "  z: {role: confounder, mechanism: {kind: categorical, values: [a, b]}}\n"


def node(settings: str) -> str:
    return f"{Z}  x:\n    role: other\n    mechanism: {{kind: world, {settings}}}\n"


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        (node("world: leters, output: question"), "w.yaml:7:37: there is no shipped world of this name; did you mean"),
        (node("world: ./none.yaml, output: x"), "w.yaml:7:37: in the world ./none.yaml: no such file"),
        (node("world: ./w.yaml, output: x"), "w.yaml:7:37: the world ./w.yaml contains itself"),
        (node("world: letters, output: quesiton"), "w.yaml:7:54: the world letters has no node 'quesiton'; did you"),
        (node("world: letters, output: cue, inputs: {stile: z}"), "w.yaml:7:68: the world letters has no node 'stile'"),
        (node("world: letters, output: cue, inputs: {cue: z}"), "w.yaml:7:68: this is the output"),
        (node("world: letters, output: cue, inputs: {style: zz}"), "w.yaml:7:75: there is no node 'zz'; did you mean"),
        (node("world: letters, output: cue, inputs: {style: x}"), "w.yaml:7:75: 'x' cannot be its own cause"),
        (
            node("world: letters, output: cue, inputs: {style: z}"),
            "w.yaml:7:75: 'style' has the values plain, polite, terse, story; 'z' has a, b",
        ),
        (node("world: letters, output: cue, set: {roh: 1}"), "w.yaml:7:64: in the world letters: unknown parameter"),
        (node("world: letters, output: cue, set: {rho: 7}"), "w.yaml:7:64: in the world letters: $rho = 7 is not a"),
        (node("world: letters, output: cue, set: {rho: $q}"), "w.yaml:7:70: unknown parameter 'q'"),
        (node("world: letters, output: cue, size: 3"), "w.yaml:7:59: unknown key 'size'"),
        (node("output: cue"), "w.yaml:7:5: the key 'world' is missing in 'mechanism'"),
        (
            node("world: letters, output: cue") + "  x_style: {role: other, mechanism: {kind: template, text: hi}}\n",
            "w.yaml:5:3: writes out a node 'x_style', and there is one of this name",
        ),
        (
            node("world: letters, output: cue") + "  y: {role: other, mechanism: {kind: template, text: '{x_wrds}'}}\n",
            "w.yaml:8:56: unknown field '{x_wrds}'; did you mean 'x_words'?",
        ),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(tmp_path: Path, nodes: str, expected: str) -> None:
    file = write(tmp_path, f"version: 1\nname: w\nnodes:\n{nodes}")
    with pytest.raises(InputError) as caught:
        load_world(file)
    message = str(caught.value).replace(f"{tmp_path}/", "")
    assert "\n" not in message
    assert message.startswith(expected)


def test_an_error_in_the_inner_file_is_at_its_place_there(tmp_path: Path) -> None:
    write(
        tmp_path, "version: 1\nname: i\nnodes:\n  a: {role: other, mechanism: {kind: pseudoword, count: 0}}\n", "i.yaml"
    )
    file = write(tmp_path, NESTED.replace("letters", "i.yaml"))
    with pytest.raises(InputError) as caught:
        load_world(file)
    assert "i.yaml:4:57: " in str(caught.value)


def test_circles_over_files_and_deep_nests_are_refused(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        write(tmp_path, NESTED.replace("letters, output: question", f"{other}.yaml, output: t"), f"{one}.yaml")
    with pytest.raises(InputError, match=r"b\.yaml:4:55: the world a\.yaml contains itself; break the circle"):
        load_world(tmp_path / "a.yaml")
    for level in range(10):
        below = "letters, output: question" if level == 9 else f"n{level + 1}.yaml, output: t"
        write(tmp_path, NESTED.replace("letters, output: question", below), f"n{level}.yaml")
    with pytest.raises(InputError, match="worlds are nested more than 8 deep"):
        load_world(tmp_path / "n0.yaml")


def test_worlds_that_multiply_are_refused_quickly(tmp_path: Path) -> None:
    many = "".join(f"  x{i}: {{role: other, mechanism: {{kind: world, world: %s, output: x0}}}}\n" for i in range(30))
    write(tmp_path, f"version: 1\nname: w\nnodes:\n{Z.replace('z', 'x0')}", "m3.yaml")
    for level in range(3):
        write(tmp_path, f"version: 1\nname: w\nnodes:\n{many % ((f'm{level + 1}.yaml',) * 30)}", f"m{level}.yaml")
    with pytest.raises(InputError, match="written out, the world has more than 400 nodes"):
        load_world(tmp_path / "m0.yaml")
