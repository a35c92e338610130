"""Rows as tokens: what the model reads is what it reads when it answers, and the rest is what it must write."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, processors
from transformers import PreTrainedTokenizerFast

from causal_reasoning.data.encode import IGNORED, Encoded, EncodedRows, collate, encode, pad_left
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError

LETTERS = list("abcdxyz:= \n")
SPECIAL = ["<pad>", "<s>", "</s>"]


def tokenizer(single: str = "<s> $A", eos: str | None = "</s>") -> Any:
    """One token a letter, and two merges: 'ab' and ' x'."""
    vocabulary = {token: i for i, token in enumerate([*SPECIAL, *LETTERS, "ab", " x"])}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b"), (" ", "x")]))
    core.decoder = decoders.Fuse()
    core.post_processor = processors.TemplateProcessing(
        single=single, special_tokens=[(token, vocabulary[token]) for token in SPECIAL]
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<pad>", bos_token="<s>", eos_token=eos)


def table(questions: list[str], answers: list[str]) -> Table:
    lines = tuple(range(10, 10 + len(questions)))
    return Table({"q": questions, "a": answers, "b": answers[::-1]}, "rows.jsonl", lines)


QUESTIONS, ANSWERS = ["abc", "", "xyz x", "da"], ["d", "ab", "x\n", "bcd"]


@pytest.mark.parametrize("single", ["$A", "<s> $A", "<s> $A </s>"])
@pytest.mark.parametrize("prompt", ["{q}:", "{q}", "= {q} =", ": {q}\n"])
def test_prompt_and_target_are_the_text_and_the_prompt_is_what_is_read_when_answering(single: str, prompt: str) -> None:
    tok = tokenizer(single)
    rows = encode(table(QUESTIONS, ANSWERS), tok, prompt, ("a",), 64)
    for row, question, answer in zip(rows, QUESTIONS, ANSWERS, strict=True):
        text = prompt.format(q=question)
        alone = tok(text)["input_ids"]
        assert list(row.prompt) == (alone[:-1] if single.endswith("</s>") else alone)
        assert row.target[-1] == tok.eos_token_id
        assert tok.eos_token_id not in (*row.prompt, *row.target[:-1])
        assert tok.decode(row.prompt, skip_special_tokens=True) == text
        assert tok.decode(row.target[:-1], skip_special_tokens=True) == answer


def test_a_token_across_the_border_is_split_there() -> None:
    tok = tokenizer()
    ids = tok.convert_tokens_to_ids
    # Alone the prompt ends in 'a'; together with the answer 'b' that would become the one token 'ab'.
    (row,) = encode(table(["da"], ["bc"]), tok, "{q}", ("a",), 64)
    assert list(row.prompt) == ids(["<s>", "d", "a"])
    assert list(row.target) == ids(["b", "c", "</s>"])
    assert tok("dabc")["input_ids"] == ids(["<s>", "d", "ab", "c"])


def test_where_no_token_crosses_the_border_the_answer_is_tokenised_in_its_context() -> None:
    tok = tokenizer()
    (row,) = encode(table(["d"], [" x"]), tok, "{q}", ("a",), 64)
    assert [*row.prompt, *row.target[:-1]] == tok("d x")["input_ids"]
    assert len(row.target) == 2


def test_several_answers_stand_on_lines_of_their_own() -> None:
    tok = tokenizer()
    first, _ = encode(table(["d", "d"], ["x", "yz"]), tok, "{q}", ("a", "b"), 64)
    assert tok.decode(first.target[:-1]) == "x\nyz"


def test_the_longest_row_that_fits_is_taken_and_a_longer_one_is_refused_with_its_line() -> None:
    tok = tokenizer()
    rows = table(["d", "d" * 20], ["x", "x"])
    # <s>, twenty letters, one letter, </s>.
    assert len(encode(rows, tok, "{q}", ("a",), 23)) == 2
    with pytest.raises(InputError) as caught:
        encode(rows, tok, "{q}", ("a",), 22)
    assert str(caught.value) == (
        "rows.jsonl:11: row 2 has 23 tokens, more than max_length = 22; raise training.max_length or leave the row out"
    )


def test_a_tokenizer_that_cannot_end_is_refused() -> None:
    with pytest.raises(InputError, match="has no end-of-sequence token"):
        encode(table(["d"], ["x"]), tokenizer(eos=None), "{q}", ("a",), 64)


def test_a_batch_is_padded_on_the_right_and_nothing_else_is_learnt() -> None:
    rows = [Encoded((5, 6, 7), (8, 2)), Encoded((5,), (9, 9, 9, 9, 2)), Encoded((4,), (2,))]
    data = EncodedRows(rows, [1.0, 0.5, 2.0])
    assert len(data) == 3
    batch = collate(pad=0)([data[i] for i in range(3)])
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 2, 0], [5, 9, 9, 9, 9, 2], [4, 2, 0, 0, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 1, 0], [1] * 6, [1, 1, 0, 0, 0, 0]]
    no = IGNORED
    assert batch["labels"].tolist() == [[no, no, no, 8, 2, no], [no, 9, 9, 9, 9, 2], [no, 2, no, no, no, no]]
    assert batch["weight"].tolist() == [1.0, 0.5, 2.0]
    assert batch["weight"].dtype == torch.float32


def test_prompts_are_padded_on_the_left() -> None:
    ids, mask = pad_left([(5, 6, 7), (8,)], pad=0)
    assert ids.tolist() == [[5, 6, 7], [0, 0, 8]]
    assert mask.tolist() == [[1, 1, 1], [0, 0, 1]]
