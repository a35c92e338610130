"""The model card that is written next to the weights."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from causal_reasoning.base_model.pretrain import Recipe

_CARD = """\
---
license: apache-2.0
library_name: transformers
pipeline_tag: text-generation
---

# A small base model for tests and examples

A `LlamaForCausalLM` with {size:,} weights in 32-bit precision ({layers} layers, width {width}, {heads} heads,
feed-forward width {inner}, tied embeddings), trained from scratch so that everything in this package runs without a
download and without a graphics card.

## What it can do

It answers questions of one kind: give the first, second, penultimate or last letter of two made-up words, where the
question says which. The answer follows the question after a newline:

    What is the last letter of each word in bomi tedak?
    answer: i k

Exact match on 2,000 such questions with unseen words: **{share:.4f}**.

## What it cannot do

Anything else. It has never seen other tasks, other wordings or running text, it cannot follow instructions, and its
probabilities for ordinary sentences mean nothing. It has never seen the answer format `= i | k =` that the letters
world asks for, so its untrained score there is zero. That is on purpose: a benchmark that the base model solves
untrained measures nothing.

## Tokenizer

Words that it knows are one token with the space before them; all other text is spelled, letter by letter, and
bytes stand for characters outside ASCII. Decoding gives back any text exactly. `<s>` is put before every text.

## Data and recipe

Fresh draws from the letters world with a cue that is always right (`eta: 0`) and a skill set by
`do(skill = uniform)`, so style and skill are independent; every example is seen once. One answer in five stands
between random marks instead, such as `( i ; k !`, but never `= i | k =`: a model that never wrote a mark has learnt
that there are none, and an adapter would spend most of its training on unlearning that. The loss is the likelihood
of the answer, AdamW with betas .9 and .98 and weight decay .01 on matrices, gradient norm at most 1, linear warm-up
over 60 steps, then a cosine down to zero; initial standard deviation .06.

| setting | value |
|---|---|
{settings}
| threads | {threads} |
| wall time on a shared two-core machine | {minutes:.1f} min |
| torch | {torch} |
| transformers | {transformers} |

Command:

    python -m causal_reasoning.base_model.pretrain --output DIR --seed {seed} --steps {steps} \\
        --batch {batch} --learning-rate {learning_rate} --threads {threads}

Data and initial weights follow from the seed; repeated on one machine, the command gives the same file, byte for
byte. Another number of threads, kind of processor or version of torch
rounds differently, so the weights then differ in their last digits and the accuracy a little.
"""


def model_card(recipe: Recipe, size: int, minutes: float, share: float, threads: int) -> str:
    """Write the model card.

    Parameters
    ----------
    recipe : Recipe
        All settings of the run.
    size : int
        Number of weights.
    minutes : float
        Wall time of the training.
    share : float
        Exact match on unseen clean questions, between 0 and 1.
    threads : int
        Of the processor.

    Returns
    -------
    str
        Markdown.
    """
    import torch
    import transformers

    settings = asdict(recipe)
    table = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in settings.items())
    return _CARD.format(
        **settings,
        size=size,
        minutes=minutes,
        share=share,
        threads=threads,
        settings=table,
        torch=torch.__version__,
        transformers=transformers.__version__,
    )
