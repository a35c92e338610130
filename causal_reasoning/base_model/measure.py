"""What the packaged model can do: exact match on fresh questions, at once and step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from causal_reasoning.base_model.examples import seed_of
from causal_reasoning.base_model.formats import direct_prompt, plain_answer, step_by_step_prompt
from causal_reasoning.base_model.network import LONGEST_ANSWER
from causal_reasoning.base_model.recipe import Drawn, Recipe, Source

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerBase


@dataclass(frozen=True)
class Score:
    """Figures of one world.

    Parameters
    ----------
    questions : int
        How many were asked.
    direct : float
        Share answered right at once, between 0 and 1; the text must be ``answer: X`` to the letter.
    step_by_step : float or None
        Share with the right last line after steps of the model's own; ``None`` where the recipe has no steps.
    chain : float or None
        Share with the right steps, all of them to the letter, and the right answer.
    format : float
        Share that ends with the line ``= X =``, the format of fine-tuning. It must be 0.
    """

    questions: int
    direct: float
    step_by_step: float | None
    chain: float | None
    format: float


def measure(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
    questions: int,
    seed: int = 0,
    watch: Callable[[str, Score], None] | None = None,
) -> dict[str, Score]:
    """Ask questions of every world of a recipe.

    Parameters
    ----------
    model, tokenizer : model and tokenizer
        What to measure; the tokenizer pads on the left.
    recipe : Recipe
        Its worlds, with the recipe's parameters and interventions.
    questions : int
        How many of each world; fresh draws, from other seeds than the training's.
    seed : int
        Of the draws.
    watch : callable, optional
        Called with each world's name and score.

    Returns
    -------
    dict of str to Score
        By world.
    """
    scores = {}
    for source in recipe.sources:
        scores[source.world.name] = score = _score(model, tokenizer, source, questions, seed)
        if watch is not None:
            watch(source.world.name, score)
    return scores


def unseen(source: Source, rows: int, seed: int) -> Drawn:
    """Draw questions from a seed that no training draw has."""
    return source.draw(rows, seed_of("test", seed, source.world.name))


def _score(model: Any, tokenizer: Any, source: Source, questions: int, seed: int) -> Score:
    rows = unseen(source, questions, seed)
    plain = [plain_answer(answer) for answer in rows.answers]
    direct = answer_all(model, tokenizer, [direct_prompt(question) for question in rows.questions])
    in_format = _share(_last_lines(direct), rows.answers)
    if rows.rationales is None:
        return Score(questions, _share(direct, plain), None, None, in_format)
    shown = answer_all(model, tokenizer, [step_by_step_prompt(question) for question in rows.questions])
    chains = [f"{steps}\n{answer}" for steps, answer in zip(rows.rationales, plain, strict=True)]
    return Score(
        questions,
        _share(direct, plain),
        _share(_last_lines(shown), plain),
        _share(shown, chains),
        max(in_format, _share(_last_lines(shown), rows.answers)),
    )


def _last_lines(texts: Sequence[str]) -> list[str]:
    return [text.rsplit("\n", 1)[-1] for text in texts]


def _share(found: Sequence[str], right: Sequence[str]) -> float:
    return sum(a == b for a, b in zip(found, right, strict=True)) / len(right)


@torch.no_grad()
def answer_all(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    longest: int = LONGEST_ANSWER,
    batch: int = 250,
) -> list[str]:
    """Continue prompts greedily.

    Parameters
    ----------
    model, tokenizer : model and tokenizer
        The tokenizer pads on the left.
    prompts : sequence of str
        What the model reads.
    longest : int
        Tokens at most.
    batch : int
        Prompts of a forward pass.

    Returns
    -------
    list of str
        One text a prompt, in the order of the prompts.
    """
    found = [""] * len(prompts)
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        inputs = tokenizer([prompts[index] for index in chosen], return_tensors="pt", padding=True).to(model.device)
        written = model.generate(**inputs, max_new_tokens=longest, do_sample=False)
        texts = tokenizer.batch_decode(written[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        for index, text in zip(chosen, texts, strict=True):
            found[index] = text
    return found
