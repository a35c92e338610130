"""Templates: plain fields and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.errors import InputError
from causal_reasoning.files import parse_yaml
from causal_reasoning.files.templates import TemplateError, fields_of, fill, template_fields

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
pieces = st.one_of(
    names.map(lambda name: f"{{{name}}}"), st.sampled_from(["{{", "}}"]), st.text("ab \n é:!.[]", max_size=5)
)


@given(st.lists(pieces, max_size=8).map("".join), st.text("{}xyz", max_size=4))
def test_what_is_accepted_is_filled_as_python_would(template: str, value: str) -> None:
    fields = fields_of(template)
    values = {name: f"{value}<{name}>" for name in fields}
    assert fill(template, values) == template.format(**values)


@given(st.text("{}a.[]0!:r _", max_size=12), st.dictionaries(names, st.text(max_size=3)))
def test_nothing_but_plain_fields_is_ever_looked_up(template: str, values: dict[str, str]) -> None:
    try:
        fields = fields_of(template)
    except TemplateError as error:
        assert 0 <= error.offset < len(template)
        assert template[error.offset] in "{}"
    else:
        assert all(name.isidentifier() for name in fields)
        assert len(set(fields)) == len(fields)


@pytest.mark.parametrize(
    "place", ["{a.b}", "{a[0]}", "{a!r}", "{a:>9}", "{}", "{0}", "{ a}", "{a }", "{a-b}", "{a.__class__.__mro__}"]
)
def test_attributes_indices_conversions_and_formats_are_refused(place: str) -> None:
    with pytest.raises(TemplateError, match="not a plain field") as caught:
        fields_of("x" + place)
    assert caught.value.offset == 1


@pytest.mark.parametrize(("template", "offset"), [("a {", 2), ("a } b", 2), ("{a", 0), ("{{a}", 3), ("{a}}", 3)])
def test_a_lone_brace_is_refused_at_its_place(template: str, offset: int) -> None:
    with pytest.raises(TemplateError, match="write it twice") as caught:
        fields_of(template)
    assert caught.value.offset == offset


def test_a_filled_value_is_not_filled_again() -> None:
    assert fill("{a}{b}", {"a": "{b}", "b": "{a}"}) == "{b}{a}"


def test_in_a_file_the_fault_has_a_place() -> None:
    document = parse_yaml("prompt: 'ask {q.x}'\n", "f")
    with pytest.raises(InputError, match=r"^f:1:9: the template has the place '\{q.x\}', which is not a plain field"):
        template_fields(document.data["prompt"], document, ("prompt",))
