"""Whatever is wrong with a world file, the answer is one sentence with a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.scm import World, load_world
from causal_reasoning.scm.sampling import block_size

HEAD = """\
version: 1
name: small
parameters: {p: 0.5}
nodes:
  z:
    role: confounder
    mechanism: {kind: categorical, values: [a, b], probabilities: {a: $p, b: 0.5}}
  w:
    role: other
    mechanism: {kind: pseudoword, count: 2, length: [4, 6]}
"""


def load(tmp_path: Path, text: str, parameters: dict[str, float] | None = None) -> World:
    file = tmp_path / "w.yaml"
    file.write_text(text, encoding="utf-8")
    return load_world(file, parameters)


def complaint(tmp_path: Path, text: str, parameters: dict[str, float] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text, parameters)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{tmp_path}/", "")


def node(mechanism: str) -> str:
    return f"{HEAD}  x:\n    role: other\n    mechanism: {mechanism}\n"


@pytest.mark.parametrize(
    ("mechanism", "expected"),
    [
        ("{kind: categorial, values: [a]}", "w.yaml:13:23: unknown mechanism 'categorial'; did you mean"),
        ("{values: [a]}", "w.yaml:13:5: the key 'kind' is missing in 'mechanism'; known:"),
        ("{kind: [categorical], values: [a]}", "w.yaml:13:23: unknown mechanism '['categorical']'"),
        ("{kind: categorical, values: []}", "w.yaml:13:44: "),
        ("{kind: categorical, values: [a, a]}", "w.yaml:13:48: the value 'a' stands twice"),
        ("{kind: categorical, values: [a], size: 3}", "w.yaml:13:49: unknown key 'size'"),
        (
            "{kind: categorical, values: [a, b], probabilities: {a: 0.5, b: 0.6}}",
            "w.yaml:13:67: the probabilities sum to 1.1; they must sum to 1",
        ),
        (
            "{kind: categorical, values: [a, b], probabilities: {a: 1.5, b: -0.5}}",
            "w.yaml:13:71: 1.5 is not a probability; it must lie between 0 and 1",
        ),
        ("{kind: categorical, values: [a], probabilities: {a: .nan}}", "w.yaml:13:68: "),
        ("{kind: categorical, values: [a], probabilities: {a: true}}", "w.yaml:13:68: "),
        (
            "{kind: categorical, values: [a, b], probabilities: {a: 0.5, c: 0.5}}",
            "w.yaml:13:79: unknown value 'c'",
        ),
        (
            "{kind: categorical, values: [a], probabilities: {a: $q}}",
            "w.yaml:13:68: unknown parameter 'q'; known: 'p'",
        ),
        ("{kind: noisy_copy, of: zz, fidelity: 1, otherwise: all}", "w.yaml:13:39: there is no node 'zz'"),
        ("{kind: noisy_copy, of: w, fidelity: 1, otherwise: all}", "w.yaml:13:39: 'w' is a text"),
        ("{kind: noisy_copy, of: x, fidelity: 1, otherwise: all}", "w.yaml:13:39: 'x' cannot be its own cause"),
        ("{kind: noisy_copy, of: z, fidelity: 2, otherwise: all}", "w.yaml:13:52: 2 is not a probability"),
        ("{kind: noisy_copy, of: z, otherwise: all}", "w.yaml:13:16: the probability of copying is missing"),
        (
            "{kind: noisy_copy, of: z, fidelity: 1, noise: 0, otherwise: all}",
            "w.yaml:13:62: both 'fidelity' and 'noise' are given",
        ),
        ("{kind: noisy_copy, of: z, fidelity: 1, otherwise: other}", "w.yaml:13:66: unknown "),
        (
            "{kind: noisy_copy, of: z, map: {a: c}, fidelity: 1, otherwise: all}",
            "w.yaml:13:47: the value 'b' of 'z' is not translated; add it",
        ),
        (
            "{kind: noisy_copy, of: z, map: {a: c, b: c}, fidelity: 0.5, otherwise: others}",
            "w.yaml:13:87: there is no other value to take",
        ),
        (
            "{kind: table, given: [z], values: [t, f], rows: [{when: {z: a}, then: {t: 1}}]}",
            "w.yaml:13:64: no row covers {z: b}",
        ),
        (
            "{kind: table, given: [z], values: [t], rows: [{then: {t: 1}}, {when: {z: a}, then: {t: 1}}]}",
            "w.yaml:13:78: this row is never reached",
        ),
        (
            "{kind: table, given: [z], values: [t], rows: [{when: {w: a}, then: {t: 1}}]}",
            "w.yaml:13:73: 'w' is not under 'given'",
        ),
        ("{kind: template, text: 'to {zed}'}", "w.yaml:13:44: unknown field '{zed}'"),
        ("{kind: template, text: 'to {z.__class__}'}", "w.yaml:13:43: '{z.__class__}' is not a plain field"),
        ("{kind: template, text: 'to {z[0]}'}", "w.yaml:13:43: '{z[0]}' is not a plain field"),
        ("{kind: template, text: 'to {z!r}'}", "w.yaml:13:43: '{z!r}' is not a plain field"),
        ("{kind: template, text: 'to {z:>1000000000}'}", "w.yaml:13:43: '{z:>1000000000}' is not a plain field"),
        ("{kind: template, text: 'to {}'}", "w.yaml:13:43: '{}' is not a plain field"),
        ("{kind: template, text: 'to {z'}", "w.yaml:13:43: a single '{'; write '{{' for a brace"),
        ("{kind: template, by: z}", "w.yaml:13:16: a template has either 'text', or 'by' and 'texts'"),
        ("{kind: template, by: z, texts: {a: hi}}", "w.yaml:13:47: there is no text for z 'b'"),
        ("{kind: template, by: z, texts: {a: hi, b: ho, c: hu}}", "w.yaml:13:65: 'z' has no value 'c'"),
        ("{kind: pseudoword, length: [7, 4]}", "w.yaml:13:43: the least length 7 is above the greatest, 4"),
        ("{kind: pseudoword, length: [4, 4000]}", "w.yaml:13:47: "),
        ("{kind: pseudoword, count: 100000000}", "w.yaml:13:42: "),
        ("{kind: letters_of_words, words: w, position: z}", "w.yaml:13:61: 'z' has the value 'a', no position"),
        ("{kind: letters_of_words, words: w, position: w}", "w.yaml:13:61: 'w' is a text"),
        ("__import__('os')", "w.yaml:13:16: "),
    ],
)
def test_a_wrong_mechanism_is_one_line_with_its_place(tmp_path: Path, mechanism: str, expected: str) -> None:
    assert complaint(tmp_path, node(mechanism)).startswith(expected)


def test_a_circle_is_named(tmp_path: Path) -> None:
    copy = "mechanism: {kind: noisy_copy, of: %s, fidelity: 1, otherwise: all}"
    text = "version: 1\nname: c\nnodes:\n" + "".join(
        f"  {name}:\n    role: other\n    {copy % of}\n" for name, of in (("a", "b"), ("b", "a"))
    )
    message = complaint(tmp_path, text)
    assert message.startswith("w.yaml:")
    assert "the arrows run in a circle" in message


def test_a_huge_table_is_refused_before_it_is_built(tmp_path: Path) -> None:
    values = ", ".join(f"v{i}" for i in range(60))
    nodes = "".join(
        f"  n{i}:\n    role: other\n    mechanism: {{kind: categorical, values: [{values}]}}\n" for i in range(4)
    )
    table = "{kind: table, given: [n0, n1, n2, n3], values: [t], rows: [{then: {t: 1}}]}"
    text = f"version: 1\nname: huge\nnodes:\n{nodes}  x:\n    role: other\n    mechanism: {table}\n"
    assert "12,960,000 cells" in complaint(tmp_path, text)


def test_many_parents_in_a_row_are_enumerated_cheaply(tmp_path: Path) -> None:
    copy = "mechanism: {kind: noisy_copy, of: n%d, fidelity: 0.9, otherwise: all}"
    text = "version: 1\nname: chain\nnodes:\n  n0:\n    role: other\n"
    text += "    mechanism: {kind: categorical, values: [a, b], probabilities: {a: 1}}\n"
    text += "".join(f"  n{i + 1}:\n    role: other\n    {copy % i}\n" for i in range(100))
    world = load(tmp_path, text)
    # A copy keeps the difference of the two probabilities times 0.9.
    assert world.probability(["n100"]).tolist() == pytest.approx([0.5 + 0.5 * 0.9**100, 0.5 - 0.5 * 0.9**100])
    with pytest.raises(InputError, match="too large to be enumerated"):
        world.probability([f"n{i}" for i in range(40)])


def test_wide_worlds_are_drawn_in_bounded_memory(tmp_path: Path) -> None:
    # Memory for 8,192 rows at once would grow with the number of nodes and of values.
    values = ", ".join(f"v{i}" for i in range(500))
    text = "version: 1\nname: wide\nnodes:\n" + "".join(
        f"  n{i}:\n    role: other\n    mechanism: {{kind: categorical, values: [{values}]}}\n" for i in range(8)
    )
    world = load(tmp_path, text)
    assert block_size(world.compiled) * 8 * 500 <= 4_000_000
    assert len(world.sample(300, 0)["n7"]) == 300
    with pytest.raises(InputError, match="too large to be enumerated"):
        world.probability([f"n{i}" for i in range(8)])


def test_deep_nesting_of_values_is_refused(tmp_path: Path) -> None:
    deep = "[" * 80 + "]" * 80
    assert "is nested deeper than 60 levels" in complaint(tmp_path, node(f"{{kind: categorical, values: {deep}}}"))
    message = complaint(tmp_path, node("{kind: categorical, values: " + "[" * 1_500))
    assert message.startswith("w.yaml:")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"pp": 0.1}, "w.yaml: unknown parameter 'pp'; did you mean 'p'?"),
        ({"p": float("nan")}, "w.yaml: the parameter 'p' must be a number"),
        ({"p": 7.0}, "w.yaml:7:71: $p = 7 is not a probability; it must lie between 0 and 1"),
        ({"p": 0.4}, "w.yaml:7:67: the probabilities sum to 0.9; they must sum to 1"),
    ],
)
def test_overrides_are_checked(tmp_path: Path, parameters: dict[str, float], expected: str) -> None:
    assert complaint(tmp_path, HEAD, parameters).startswith(expected)


def test_an_unused_parameter_is_refused(tmp_path: Path) -> None:
    message = complaint(tmp_path, HEAD.replace("{p: 0.5}", "{p: 0.5, q: 1}"))
    assert message.startswith("w.yaml:3:22: the parameter 'q' is used nowhere")


def test_unknown_names_are_met_with_the_nearest_right_thing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'letters'"):
        load_world("leters")
    with pytest.raises(InputError, match="no such file"):
        load_world(tmp_path / "none.yaml")
    assert "did you mean 'question'" in complaint(tmp_path, HEAD.replace("role: other", "role: questoin"))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"do": {"skil": "first"}}, "there is no node 'skil' for do; did you mean 'skill'?"),
        ({"do": {"question": "uniform"}}, "do question: is a text, which has no list of values for 'uniform'"),
        ({"do": {"skill": "frist"}}, "'frist' is neither a value nor a policy; did you mean 'first'?"),
        ({"do": {"skill": "uniformly"}}, "did you mean 'uniform'?"),
        ({"do": {"skill": {"first": 0.5}}}, "the probabilities sum to 0.5; they must sum to 1"),
        ({"do": {"skill": {"first": 2, "last": -1}}}, "2 is not a probability"),
        ({"do": {"skill": {"fist": 1}}}, "unknown value 'fist'; did you mean 'first'?"),
        ({"do": {"skill": 3}}, "this is 3"),
        ({"given": {"style": "plane"}}, "'style' has no value 'plane'; did you mean 'plain'?"),
        ({"given": {"answer": "= a | b ="}}, "'answer' is a text"),
        ({"do": {"skill": "first"}, "given": {"skill": "last"}}, "is too rare: its probability is 0"),
        ({"rows": 0}, "rows must be a whole number from 1"),
        ({"rows": 2.5}, "rows must be a whole number from 1"),
        ({"seed": -1}, "seed must be a whole number from 0"),
    ],
)
def test_wrong_requests_are_one_sentence(arguments: dict[str, object], expected: str) -> None:
    request: dict[str, object] = {"rows": 5, "seed": 0, **arguments}
    with pytest.raises(InputError) as caught:
        load_world("letters").sample(**request)  # type: ignore[arg-type]
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
