"""Pydantic's complaints become sentences at the right place of the file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from causal_reasoning.errors import InputError
from causal_reasoning.files import parse_yaml, validate


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Cat(Strict):
    cat: str
    lives: Annotated[int, Field(ge=1, le=9)] = 9


class Dog(Strict):
    dog: str
    tricks: list[str] = []


def _kind(value: Any) -> str | None:
    return next((kind for kind in ("cat", "dog") if kind in value), None) if isinstance(value, dict) else None


class House(Strict):
    name: str = Field(min_length=1)
    colour: Literal["red", "green", "blue"] = "red"
    # The tag of a branch is also the name of a key: the two must not be mixed up.
    pet: Annotated[
        Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")],
        Discriminator(_kind, custom_error_type="data", custom_error_message="a pet is a cat or a dog"),
    ]
    share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] | str = 0.5
    rooms: dict[str, Annotated[int, Field(ge=0)]] = {}
    policy: Literal["all", "none"] | dict[str, float] = "all"
    pair: Annotated[list[int], Field(min_length=2, max_length=3)] = [1, 2]


GOOD = "name: ours\npet: {cat: Tom}\n"


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        validate(House, parse_yaml(text, "f"))
    return str(caught.value).splitlines()


def test_what_is_right_is_built() -> None:
    house = validate(House, parse_yaml(GOOD + "rooms: {hall: 2}\n", "f"))
    assert (house.name, house.pet, house.rooms) == ("ours", Cat(cat="Tom"), {"hall": 2})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD + "colour: gren\n", "f:3:9: unknown colour 'gren'; did you mean 'green'?"),
        (GOOD + "colour: pink\n", "f:3:9: unknown colour 'pink'; known: 'blue', 'green', 'red'"),
        (GOOD + "color: red\n", "f:3:1: unknown key 'color'; did you mean 'colour'?"),
        ("pet: {cat: Tom}\n", "f:1:1: the key 'name' is missing"),
        ("name: ''\npet: {cat: Tom}\n", "f:1:7: 'name' must not be empty"),
        ("name: 3\npet: {cat: Tom}\n", "f:1:7: 'name' must be a text, this is a whole number (3)"),
        ("name: [a]\npet: {cat: Tom}\n", "f:1:7: 'name' must be a text, this is a list"),
        ("name:\npet: {cat: Tom}\n", "f:1:1: 'name' must be a text, this is nothing"),
        ("name: a\npet: {cow: Tom}\n", "f:2:6: a pet is a cat or a dog"),
        ("name: a\npet: {cat: Tom, dog: Rex}\n", "f:2:17: the key 'dog' cannot stand beside 'cat'; keep one"),
        ("name: a\npet: {cat: Tom, livs: 3}\n", "f:2:17: unknown key 'livs'; did you mean 'lives'?"),
        ("name: a\npet: {cat: Tom, lives: 10}\n", "f:2:24: 'lives' must be at most 9, this is 10"),
        ("name: a\npet: {cat: Tom, lives: 0}\n", "f:2:24: 'lives' must be at least 1, this is 0"),
        ("name: a\npet: {cat: Tom, lives: 1.5}\n", "f:2:24: 'lives' must be a whole number, this is a number (1.5)"),
        ("name: a\npet: {cat: 3}\n", "f:2:12: 'cat' must be a text, this is a whole number (3)"),
        ("name: a\npet: {dog: Rex, tricks: [sit, 3]}\n", "f:2:31: item 2 of 'tricks' must be a text, this is"),
        (GOOD + "share: 1\n", "f:3:8: 'share' must be less than 1, this is 1"),
        (GOOD + "share: 0\n", "f:3:8: 'share' must be more than 0, this is 0"),
        (GOOD + "share: .nan\n", "f:3:8: 'share' must be a finite number, this is nan"),
        (GOOD + "share: [1]\n", "f:3:8: 'share' must be a number or a text, this is a list"),
        (GOOD + "rooms: {hall: -1}\n", "f:3:15: 'hall' must be at least 0, this is -1"),
        (GOOD + "rooms: none\n", "f:3:8: 'rooms' must be a mapping, this is a text ('none')"),
        (GOOD + "policy: al\n", "f:3:9: unknown policy 'al'; did you mean 'all'?"),
        (GOOD + "policy: every\n", "f:3:9: 'policy' must be 'all' or 'none' or a mapping, this is a text ('every')"),
        (GOOD + "policy: [1]\n", "f:3:9: 'policy' must be 'all' or 'none' or a mapping, this is a list"),
        (GOOD + "policy: {a: x}\n", "f:3:13: 'a' must be a number, this is a text ('x')"),
        (GOOD + "pair: [1]\n", "f:3:7: 'pair' must have at least 2 entries"),
        (GOOD + "pair: [1, 2, 3, 4]\n", "f:3:7: 'pair' must have at most 3 entries"),
        ("just a text\n", "f:1:1: the file must be a mapping, this is a text ('just a text')"),
        ("- a\n", "f:1:1: the file must be a mapping, this is a list"),
    ],
)
def test_each_fault_is_one_sentence_at_its_place(text: str, expected: str) -> None:
    (line,) = faults(text)
    assert line.startswith(expected)


def test_a_missing_key_of_a_branch_is_told_at_the_key_above() -> None:
    class Owner(Strict):
        pet: House

    with pytest.raises(InputError, match=r"^f:2:3: the key 'name' is missing in 'pet'$"):
        validate(Owner, parse_yaml("# a comment\n  pet: {pet: {cat: Tom}}\n", "f"))


def test_all_faults_are_told_in_the_order_of_the_lines() -> None:
    lines = faults("colour: pnk\nname: 3\npet: {cat: Tom, lives: 12}\nbogus: 1\n")
    assert [line.split(": ")[0] for line in lines] == ["f:1:9", "f:2:7", "f:3:24", "f:4:1"]
