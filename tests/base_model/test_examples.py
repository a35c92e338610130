"""The examples have the recipe's shares and formats, and come out the same however the recipe is written."""

from __future__ import annotations

import re
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.base_model.batches import batches, encode
from causal_reasoning.base_model.examples import apportion, training_examples
from causal_reasoning.base_model.recipe import Recipe, load_recipe, parse_recipe
from causal_reasoning.base_model.tokenizer import build_tokenizer
from tests.base_model.recipes import tiny_recipe, tiny_text

TOKENIZER = build_tokenizer()


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("default")


def test_shares_and_formats_are_the_recipes() -> None:
    examples = training_examples(tiny_recipe(), 9_000, 0)
    # Sources by name: 0 is arithmetic with two thirds, a quarter of them step by step; 1 is letters, half and half.
    assert Counter((e.source, e.steps) for e in examples) == {
        (0, True): 1_500,
        (0, False): 4_500,
        (1, True): 1_500,
        (1, False): 1_500,
    }
    direct = [e for e in examples if not e.steps]
    marked = [e for e in direct if not e.target.startswith("answer: ")]
    assert 0.18 < len(marked) / len(direct) < 0.22
    assert all(re.fullmatch(r"\S [a-z] \S [a-z] \S", e.target) for e in marked if e.source == 1)
    assert all(e.prompt.endswith("\nsteps:\n") == e.steps for e in examples)
    assert all(re.search(r"\nanswer: [^\n]+\Z", e.target) for e in examples if e.steps)


def test_no_training_text_has_the_format_of_fine_tuning(recipe: Recipe) -> None:
    for block in range(3):
        for example in training_examples(recipe, 8_000, block):
            lines = (example.prompt + example.target).split("\n")
            assert not [line for line in lines if line.startswith("= ") and line.endswith(" =")]


def test_the_order_of_worlds_in_the_file_changes_nothing() -> None:
    head, first, second = tiny_text().replace("  - world", "@@  - world").split("@@")
    assert training_examples(parse_recipe(head + second + first), 50, 3) == training_examples(tiny_recipe(), 50, 3)


def test_blocks_and_seeds_give_other_examples() -> None:
    def prompts(recipe: Recipe, block: int) -> set[str]:
        return {e.prompt for e in training_examples(recipe, 400, block) if e.source == 1}

    drawn = [prompts(tiny_recipe(), 0), prompts(tiny_recipe(), 1), prompts(tiny_recipe(seed=1), 0)]
    assert not drawn[0] & drawn[1] and not drawn[0] & drawn[2] and not drawn[1] & drawn[2]


def test_parts_hold_each_example_once_with_the_target_marked() -> None:
    recipe = tiny_recipe()
    examples = encode(training_examples(recipe, 35, 0), TOKENIZER)
    seen = []
    for parts in batches(recipe, TOKENIZER):
        assert [len(part.groups) for part in parts] == [2, 2, 3]
        longest = [part.inputs.shape[1] for part in parts]
        assert longest == sorted(longest)
        for part in parts:
            for row, ids in enumerate(part.inputs.tolist()):
                target = part.targets[part.rows == row].tolist()
                start = part.chosen[row].nonzero()[0, 0].item() + 1
                assert ids[start : start + len(target)] == target
                assert len(target) == part.lengths[row]
                assert set(ids[start + len(target) :]) <= {TOKENIZER.pad_token_id}
                seen.append((ids[:start], target))
    assert sorted(seen) == sorted((prompt, target) for prompt, target, _ in examples)


def test_a_run_that_goes_on_sees_what_it_would_have_seen() -> None:
    recipe = tiny_recipe(steps=53)
    whole = list(batches(recipe, TOKENIZER))
    for start in (1, 50, 52):
        rest = list(batches(recipe, TOKENIZER, start))
        assert len(rest) == 53 - start
        for first, second in zip(whole[start], rest[0], strict=True):
            assert torch.equal(first.inputs, second.inputs) and first.groups == second.groups


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8), st.integers(0, 1_000))
def test_parts_sum_to_the_number_and_are_never_off_by_one(shares: list[float], number: int) -> None:
    parts = apportion(shares, number)
    assert sum(parts) == number
    assert all(abs(p - number * s / sum(shares)) < 1 + 1e-6 for p, s in zip(parts, shares, strict=True))
