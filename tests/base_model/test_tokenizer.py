"""The tokenizer gives back any text, and spells what it does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from causal_reasoning.base_model import base_model_path
from causal_reasoning.base_model.recipe import load_recipe
from causal_reasoning.base_model.tokenizer import build_tokenizer, vocabulary
from causal_reasoning.scm import load_world

BUILT = build_tokenizer()
METRICS = base_model_path() / "metrics.json"
SPECIAL = ("<s>", "</s>", "<pad>", "<unk>")


@pytest.fixture(scope="module")
def saved() -> Any:
    return AutoTokenizer.from_pretrained(base_model_path())


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.text(alphabet=" abI.,|=\n\t▁Ġé1<0x41>", max_size=40)))
def test_decoding_gives_back_any_text(text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    for token in SPECIAL:
        text = text.replace(token, "")
    ids = BUILT(text)["input_ids"]
    assert ids[0] == BUILT.bos_token_id
    assert BUILT.unk_token_id not in ids
    assert BUILT.decode(ids, skip_special_tokens=True) == text


def test_the_saved_tokenizer_is_the_built_one(saved: Any) -> None:
    assert saved.get_vocab() == BUILT.get_vocab() == {token: i for i, token in enumerate(vocabulary())}
    text = "Long ago a king wrote bomi tedak on a wall.\n= i | k =  Größe 12,5 % 日本"
    assert saved(text)["input_ids"] == BUILT(text)["input_ids"]
    assert saved.decode(saved(text)["input_ids"], skip_special_tokens=True) == text
    assert (saved.bos_token, saved.eos_token, saved.pad_token, saved.padding_side) == (
        "<s>",
        "</s>",
        "<pad>",
        "left",
    )


def test_made_up_words_are_spelled() -> None:
    assert BUILT.tokenize("In bomi tedak") == ["In", " ", *"bomi", " ", *"tedak"]
    assert BUILT.tokenize("= a | b =") == ["=", " ", "a", " |", " ", "b", " ="]
    assert BUILT.tokenize("May 12, 2020") == ["May", " ", "1", "2", ",", " ", "2", "0", "2", "0"]


def test_the_words_of_the_letters_world_are_single_tokens() -> None:
    rows = load_world("letters").sample(200, seed=1)
    for question, words in zip(rows["question"], rows["words"], strict=True):
        left = question.replace(words, "")
        spelled = [piece for piece in BUILT.tokenize(left) if len(piece) == 1 and piece.isalpha()]
        assert set(spelled) <= {"a"}


def test_texts_of_all_worlds_come_back_and_are_short(record_property: Callable[[str, object], None]) -> None:
    worst: dict[str, int] = {}
    for source in load_recipe("default").sources:
        rows = source.draw(300, 11)
        assert rows.rationales is not None
        for question, steps, answer in zip(rows.questions, rows.rationales, rows.answers, strict=True):
            for text in (question, steps, answer):
                ids = BUILT(text)["input_ids"]
                assert BUILT.decode(ids, skip_special_tokens=True) == text
            worst[source.world.name] = max(worst.get(source.world.name, 0), len(BUILT.tokenize(question)))
            # With the steps and the marks of a training example it must fit easily.
            assert len(BUILT.tokenize(f"{question}\nsteps:\n{steps}\n{answer}")) <= 250
    record_property("tokens_of_the_longest_question", worst)
    assert max(worst.values()) <= 80, f"tokens of the longest question of each world: {worst}"
