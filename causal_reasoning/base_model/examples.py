"""Fresh draws of the worlds of a recipe, written in the pretraining formats."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from causal_reasoning.base_model.formats import direct_prompt, marked_answer, plain_answer, step_by_step_prompt
from causal_reasoning.base_model.recipe import Recipe, Source

DIRECT, STEP_BY_STEP = "direct", "step by step"


@dataclass(frozen=True)
class Example:
    """One example.

    Parameters
    ----------
    source : int
        Position of its world among the recipe's sources.
    steps : bool
        Whether the steps are written before the answer.
    prompt : str
        What the model reads.
    target : str
        What it must write.
    """

    source: int
    steps: bool
    prompt: str
    target: str


def training_examples(recipe: Recipe, number: int, block: int) -> list[Example]:
    """Draw examples of all worlds in the recipe's shares, in random order.

    Parameters
    ----------
    recipe : Recipe
        Worlds, shares and seed.
    number : int
        How many, at least 1.
    block : int
        Number of the draw; another block gives other examples.

    Returns
    -------
    list of Example
        The same for the same arguments.

    Examples
    --------
    >>> from causal_reasoning.base_model.recipe import load_recipe
    >>> len(training_examples(load_recipe("default"), 10, 0))
    10
    """
    examples: list[Example] = []
    counts = apportion([source.spec.share for source in recipe.sources], number)
    for position, (source, rows) in enumerate(zip(recipe.sources, counts, strict=True)):
        if rows:
            seed = seed_of("training", recipe.spec.seed, block, source.world.name)
            examples.extend(_of_world(source, position, rows, seed, recipe.spec.marked))
    order = random.Random(seed_of("order", recipe.spec.seed, block))  # noqa: S311 - no secret
    order.shuffle(examples)
    return examples


def _of_world(source: Source, position: int, rows: int, seed: int, marked: float) -> list[Example]:
    """Draw rows of one world: the first ones step by step, the others direct, some between marks."""
    drawn = source.draw(rows, seed)
    marks = random.Random(seed)  # noqa: S311 - no secret
    shown = round(rows * source.spec.step_by_step)
    found = []
    for row, question in enumerate(drawn.questions):
        answer = plain_answer(drawn.answers[row])
        if drawn.rationales is not None and row < shown:
            target = f"{drawn.rationales[row]}\n{answer}"
            found.append(Example(position, True, step_by_step_prompt(question), target))
        else:
            target = marked_answer(answer, marks) if marks.random() < marked else answer
            found.append(Example(position, False, direct_prompt(question), target))
    return found


def apportion(shares: list[float], number: int) -> list[int]:
    """Share out a number in whole parts, by largest remainders.

    Parameters
    ----------
    shares : list of float
        Relative sizes, all positive.
    number : int
        What is shared out.

    Returns
    -------
    list of int
        Parts that sum to ``number``; among equal remainders the first goes first.

    Examples
    --------
    >>> apportion([1.0, 1.0, 2.0], 10)
    [3, 2, 5]
    """
    exact = [number * share / sum(shares) for share in shares]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for index in by_remainder[: number - sum(parts)]:
        parts[index] += 1
    return parts


def seed_of(*what: object) -> int:
    """Make a seed of names and numbers; different ones never meet but by chance.

    Parameters
    ----------
    *what : object
        Printed and hashed.

    Returns
    -------
    int
        From 0 to 2**63 − 1.

    Examples
    --------
    >>> seed_of("training", 0) == seed_of("training", 0) != seed_of("training", 1)
    True
    """
    text = "\x1f".join(map(str, what))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
