"""The YAML reader: it agrees with a lenient reader on what is plain, and says where the rest is wrong."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from causal_reasoning.errors import InputError
from causal_reasoning.files import parse_yaml, read_yaml

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
)
keys = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8)
trees = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
)


@given(trees)
def test_what_another_writer_wrote_is_read_back(tree: Any) -> None:
    import json

    # JSON is YAML: a writer that knows nothing of this reader.
    assert parse_yaml(json.dumps(tree, ensure_ascii=False)).data == tree


@given(st.dictionaries(st.from_regex(r"[a-z]{3,6}x", fullmatch=True), st.integers(), min_size=1, max_size=5))
def test_block_style_of_another_writer_is_read_with_the_place_of_every_key(data: dict[str, int]) -> None:
    stream = StringIO()
    YAML().dump(data, stream)
    document = parse_yaml(stream.getvalue())
    assert document.data == data
    for number, line in enumerate(stream.getvalue().splitlines(), start=1):
        key, value = line.split(": ")
        assert document.keys[(key,)] == (number, 1)
        assert document.values[(key,)] == (number, line.index(value, len(key)) + 1)


def test_places_of_nested_values_count_from_one() -> None:
    document = parse_yaml("a:\n  - {b: 1, c: [x, yy]}\n  - d\n")
    assert document.keys["a",] == (1, 1)
    assert document.values["a", 0, "b"] == (2, 9)
    assert document.keys["a", 0, "c"] == (2, 12)
    assert document.values["a", 0, "c", 1] == (2, 19)
    assert document.values["a", 1] == (3, 5)


def test_a_fault_without_a_place_of_its_own_points_at_what_encloses_it() -> None:
    document = parse_yaml("a: {b: 1}\n", "f.yaml")
    assert str(document.fault(("a", "missing", "deeper"), "m")) == "f.yaml:1:4: m"
    assert str(document.fault(("a", "b"), "m", offset=3)) == "f.yaml:1:11: m"
    assert str(document.fault(("a", "b"), "m", key=True)) == "f.yaml:1:5: m"


def test_yaml_1_2_words_are_texts_and_not_booleans() -> None:
    data = parse_yaml("a: [no, yes, on, off, n, y, true, False, null, ~, 2001-01-01, 12:30, 0o17, 0x1f]").data
    assert data["a"] == [
        *("no", "yes", "on", "off", "n", "y"),
        *(True, False, None, None),
        *("2001-01-01", "12:30"),
        *(0o17, 0x1F),
    ]


@pytest.mark.parametrize("word", ["no", "No", "YES", "on", "Off"])
def test_a_key_that_other_readers_take_for_a_boolean_must_be_quoted(word: str) -> None:
    with pytest.raises(InputError, match=rf"^f:2:3: the key {word} is a boolean .* in quotes: '{word}'$"):
        parse_yaml(f"a:\n  {word}: 1\n", "f")
    assert parse_yaml(f"a:\n  '{word}': 1\n").data == {"a": {word: 1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3:1: the key 'a' stands twice (first on line 1); keep one"),
        ("'a': 1\na: 2\n", "f:2:1: the key 'a' stands twice (first on line 1); keep one"),
        ("a: 1\n---\nb: 2\n", "f:3:1: holds more than one document; keep one a file"),
        ("", "f:1:1: is empty"),
        ("# nothing\n", "f:1:1: is empty"),
        ("a: [1,\n", "f:2:1: is not YAML: while parsing a flow node"),
        ("a: b: c\n", "f:1:5: is not YAML: mapping values are not allowed here"),
        ("a:\n\tb: 1\n", "f:2:1: is not YAML: while scanning for the next token found character '\\t'"),
        ("a: *b\n", "f:1:4: is not YAML: found undefined alias 'b'"),
        ("a: &a [*a]\n", "f:1:4: an alias contains itself; write the value out"),
        ("a: &a {b: {c: *a}}\n", "f:1:4: an alias contains itself; write the value out"),
        ("3: a\n", "f:1:1: the key 3 is read as int; write it in quotes: '3'"),
        ("~: a\n", "f:1:1: the key ~ is read as null; write it in quotes: '~'"),
        ("1.5: a\n", "f:1:1: the key 1.5 is read as float; write it in quotes: '1.5'"),
        ("true: a\n", "f:1:1: the key true is read as bool; write it in quotes: 'true'"),
        ("? [a]\n: b\n", "f:1:3: a key must be a single word or a quoted text"),
        ("<<: {a: 1}\n", "f:1:1: merge keys (<<) are not part of YAML 1.2; write the keys out"),
        ("a: !!python/object:os.system x\n", "f:1:4: the tag !!python/object:os.system is not allowed"),
        ("a: !mine x\n", "f:1:4: the tag !mine is not allowed; write a plain value"),
        ("a: !!python/object:os.system {x: 1}\n", "f:1:4: the tag !!python/object:os.system is not allowed"),
        ("a: !!set {b, c}\n", "f:1:4: the tag !!set is not allowed"),
        ("a: !!str [b]\n", "f:1:4: the tag !!str is not allowed"),
        ("a: !!binary aGk=\n", "f:1:4: the tag !!binary is not allowed; write a plain value"),
        ("a: !!int ''\n", "f:1:4: cannot be read as int: "),
        ("a: !!bool x\n", "f:1:4: cannot be read as bool: x"),
        ("a: !!float x\n", "f:1:4: cannot be read as float: x"),
        ("a: " + "9" * 5000, "f:1:4: cannot be read as int: " + "9" * 39 + "…"),
        ('a: "\\0"\n', "f:1:4: holds an escape that is no character"),
        ('a: "\\ud800"\n', "f:1:4: holds an escape that is no character"),
        ("a: \x07\n", "f:1:1: is not YAML: unacceptable character"),
        ("%YAML x\n---\na: b\n", "is not YAML"),
        ("a: " + "[" * 100 + "]" * 100, "f:1:64: is nested deeper than 60 levels"),
    ],
)
def test_what_is_not_strict_yaml_is_refused_at_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f")
    assert message in str(caught.value)
    assert len(caught.value.faults) == 1
    assert "\n" not in str(caught.value)


def test_aliases_are_values_and_a_bomb_of_them_is_refused_quickly() -> None:
    assert parse_yaml("a: &x [1, 2]\nb: *x\n").data == {"a": [1, 2], "b": [1, 2]}
    bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    with pytest.raises(InputError, match="expands to more than 20,000 values"):
        parse_yaml(bomb)


def test_nesting_beyond_the_interpreters_stack_is_refused() -> None:
    with pytest.raises(InputError, match="is nested too deeply"):
        parse_yaml("a: " + "[" * 1200)


def test_files_that_are_no_text_of_a_reasonable_size(tmp_path: Path) -> None:
    large, binary, latin = tmp_path / "large.yaml", tmp_path / "binary.yaml", tmp_path / "latin.yaml"
    large.write_bytes(b"#" * (5 << 20))
    binary.write_bytes(b"a: 1\n\x89PNG\r\n\x1a\n\xff")
    latin.write_bytes("a: 1\nb: naïve\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"large.yaml: is 5.0 MiB; files over 1 MiB are not read"):
        read_yaml(large)
    with pytest.raises(InputError, match=r"binary.yaml:2: is not UTF-8 text"):
        read_yaml(binary)
    with pytest.raises(InputError, match=r"latin.yaml:2: is not UTF-8 text"):
        read_yaml(latin)
    with pytest.raises(InputError, match=r"none.yaml: no such file"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(InputError, match=r"cannot be read: Is a directory"):
        read_yaml(tmp_path)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "marked.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(path).keys["a",] == (1, 1)
