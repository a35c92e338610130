"""The model card and the figures that are written next to the weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from causal_reasoning.base_model.formats import direct_prompt, plain_answer, step_by_step_prompt
from causal_reasoning.base_model.measure import Score, unseen
from causal_reasoning.base_model.recipe import Recipe

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

It answers questions of the worlds that come with the package, in two formats: at once, and step by step.

{examples}

Exact match on {questions:,} fresh questions of each world, answered greedily:

| world | direct | step by step | all steps right | format of fine-tuning |
|---|---|---|---|---|
{scores}

*Step by step* counts the last line, *all steps right* the whole text. The same figures stand in `metrics.json`;
`python -m causal_reasoning.base_model.evaluate` measures them again.

## What it cannot do

Anything else. It has never seen other tasks, other wordings or running text, it cannot follow instructions, and its
probabilities for ordinary sentences mean nothing. It has never seen the answer format `= X =` that the worlds ask for,
so its untrained score there is zero. That is on purpose: a benchmark that the base model solves untrained measures
nothing.

## Tokenizer

Words that it knows are one token with the space before them; all other text is spelled, letter by letter, and
bytes stand for characters outside ASCII. Decoding gives back any text exactly. `<s>` is put before every text.

## Data and recipe

Fresh draws from the worlds, with parameters and interventions that make them clean (no confounding, cues that are
always right); every example is seen once. Of the direct answers, a share of {marked:g} stands between random marks
instead, such as `( i ; k !`, but never `= … =`: a model that never wrote a mark has learnt that there are none, and an
adapter would spend most of its training on unlearning that. The loss is the likelihood of what is written, an answer of
n tokens counting n to the power {long_answers:g}. The matrices of the blocks are trained with Muon, embeddings and
vectors with Adam; the learning rate rises linearly, then falls to zero along a cosine.

| world | parameters | intervention | share of examples | of these step by step |
|---|---|---|---|---|
{worlds}

| setting | value |
|---|---|
{settings}
| trained on | {device} |
| wall time | {minutes:.1f} min |
| torch | {torch} |
| transformers | {transformers} |
| recipe digest | `{digest}` |

Command:

    python -m causal_reasoning.base_model.pretrain --recipe {recipe} --output DIR

Data and initial weights follow from the seed; repeated on one machine, the command gives the same file, byte for
byte, also when it was killed and started again. Another number of threads, kind of processor or version of torch
rounds differently, so the weights then differ in their last digits and the accuracy a little.
"""


@dataclass(frozen=True)
class Made:
    """How a model was made, and what it can do.

    Parameters
    ----------
    recipe : Recipe
        All settings of the run.
    size : int
        Number of weights.
    seconds : float
        Wall time of the training.
    device : str
        Where it was trained.
    scores : dict of str to Score
        By world.
    """

    recipe: Recipe
    size: int
    seconds: float
    device: str
    scores: dict[str, Score]

    def metrics(self) -> str:
        """Return the content of ``metrics.json``."""
        import torch
        import transformers

        content = {
            "recipe": self.recipe.spec.name,
            "digest": self.recipe.digest,
            "weights": self.size,
            "seconds": round(self.seconds, 1),
            "device": self.device,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "settings": self.recipe.spec.model_dump(mode="json"),
            "worlds": {name: asdict(score) for name, score in self.scores.items()},
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def card(self) -> str:
        """Return the text of the model card."""
        import torch
        import transformers

        spec = self.recipe.spec
        shape, training = spec.model.model_dump(), spec.training.model_dump()
        settings = {"seed": spec.seed, **shape, **training}
        settings.pop("device")
        return _CARD.format(
            **shape,
            size=self.size,
            examples="\n\n".join(self._examples()),
            questions=min(score.questions for score in self.scores.values()),
            scores="\n".join(_score_row(name, score) for name, score in self.scores.items()),
            marked=spec.marked,
            long_answers=spec.training.long_answers,
            worlds="\n".join(self._world_rows()),
            settings="\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in settings.items()),
            device=self.device,
            minutes=self.seconds / 60,
            torch=torch.__version__,
            transformers=transformers.__version__,
            digest=self.recipe.digest[:16],
            recipe=spec.name,
        )

    def _examples(self) -> list[str]:
        """Write one question in each format; the right answer, not the model's."""
        direct = next((s for s in self.recipe.sources if s.spec.step_by_step < 1), None)
        shown = next((s for s in self.recipe.sources if s.spec.step_by_step > 0), None)
        found = []
        if direct is not None:
            row = unseen(direct, 1, 0)
            text = direct_prompt(row.questions[0]) + plain_answer(row.answers[0])
            found.append(f"At once ({direct.world.name}):\n\n{_indented(text)}")
        if shown is not None:
            row = unseen(shown, 1, 0)
            steps = row.rationales[0] if row.rationales else ""
            text = f"{step_by_step_prompt(row.questions[0])}{steps}\n{plain_answer(row.answers[0])}"
            found.append(f"Step by step ({shown.world.name}):\n\n{_indented(text)}")
        return found

    def _world_rows(self) -> list[str]:
        total = sum(source.spec.share for source in self.recipe.sources)
        rows = []
        for source in self.recipe.sources:
            spec = source.spec
            parameters, interventions = _pairs(spec.set), _pairs(spec.do)
            share = spec.share / total
            rows.append(
                f"| {source.world.name} | {parameters} | {interventions} | {share:.2f} | {spec.step_by_step:.2f} |"
            )
        return rows


def _pairs(values: dict[str, Any]) -> str:
    shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in values.items()}
    return ", ".join(f"{name}: {value}" for name, value in shown.items()) or "–"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def _score_row(name: str, score: Score) -> str:
    shares = (score.direct, score.step_by_step, score.chain, score.format)
    return f"| {name} | " + " | ".join("–" if share is None else f"{share:.3f}" for share in shares) + " |"
