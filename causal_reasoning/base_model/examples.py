"""What the packaged model is pretrained on: clean questions of the letters world, answered in other formats."""

from __future__ import annotations

import random
from dataclasses import dataclass

from causal_reasoning.scm import load_world

#: Share of pretraining answers between random marks. A model that never wrote a mark has learnt that there are none,
#: and an adapter then spends most of its training on unlearning that.
MARKED_SHARE = 0.2
_MARKS = "!#$%&()*+,-./:;<=>?@[]^_{|}~"


@dataclass(frozen=True)
class CleanQuestions:
    """Questions with answers.

    Parameters
    ----------
    questions : list of str
        What the model reads.
    answers : list of str
        What it must write, in the pretraining format.
    """

    questions: list[str]
    answers: list[str]


def clean_examples(rows: int, seed: int) -> CleanQuestions:
    """Draw questions whose cue is always right and whose skill does not listen to the style.

    Parameters
    ----------
    rows : int
        How many.
    seed : int
        Of the world's draws; another seed gives other made-up words.

    Returns
    -------
    CleanQuestions
        Answers read ``answer: a b``, which is not the format that the letters world asks for.

    Examples
    --------
    >>> clean_examples(1, 0).answers[0].startswith("answer: ")
    True
    """
    world = load_world("letters", {"eta": 0.0})
    columns = world.sample(rows, seed, do={"skill": "uniform"})
    return CleanQuestions(columns["question"], [plain_answer(answer) for answer in columns["answer"]])


def mixed_examples(rows: int, seed: int) -> CleanQuestions:
    """Draw clean questions of which a fifth is answered between random marks, such as ``( a ; b !``.

    The format of the letters world, ``= a | b =``, is left out.

    Parameters
    ----------
    rows : int
        How many.
    seed : int
        Of the world's draws and of the marks.

    Returns
    -------
    CleanQuestions
        What the model is pretrained on.
    """
    clean = clean_examples(rows, seed)
    marks = random.Random(seed)  # noqa: S311 - no secret
    answers = [_marked(answer, marks) if marks.random() < MARKED_SHARE else answer for answer in clean.answers]
    return CleanQuestions(clean.questions, answers)


def _marked(answer: str, marks: random.Random) -> str:
    """Put the letters of a plain answer between random marks; never ``=`` first with ``|`` between."""
    before, between, after = marks.choices(_MARKS, k=3)
    if before == "=" and between == "|":
        between = "/"
    first, second = answer.split()[1:]
    return f"{before} {first} {between} {second} {after}"


def plain_answer(answer: str) -> str:
    """Rewrite an answer of the letters world in the pretraining format.

    Parameters
    ----------
    answer : str
        For example ``= a | b =``.

    Examples
    --------
    >>> plain_answer("= a | b =")
    'answer: a b'
    """
    return "answer: " + " ".join(answer.strip("= ").split(" | "))
