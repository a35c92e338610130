r"""The two formats that the packaged model is pretrained on, and how a world's answer is rewritten for them.

============  ======================  =============================
format        the model reads         it writes
============  ======================  =============================
direct        ``question\n``          ``answer: X``
step by step  ``question\nsteps:\n``  the steps, then ``answer: X``
============  ======================  =============================

where a world's answer reads ``= X =``. The model never sees that: a benchmark that the base model solves untrained
measures nothing.
"""

from __future__ import annotations

import random
import re

#: What an answer begins with in the pretraining formats.
ANSWER = "answer: "
_MARKS = "!#$%&()*+,-./:;<=>?@[]^_{|}~"
_BETWEEN = re.compile(r" [!-/:-@\[-`{-~] ")


def direct_prompt(question: str) -> str:
    r"""Write what the model reads before it answers at once.

    Parameters
    ----------
    question : str
        A question.

    Examples
    --------
    >>> direct_prompt("2 plus 3?")
    '2 plus 3?\n'
    """
    return f"{question}\n"


def step_by_step_prompt(question: str) -> str:
    r"""Write what the model reads before it writes the steps and then the answer.

    Parameters
    ----------
    question : str
        A question.

    Examples
    --------
    >>> step_by_step_prompt("2 plus 3?")
    '2 plus 3?\nsteps:\n'
    """
    return f"{question}\nsteps:\n"


def plain_answer(answer: str) -> str:
    """Rewrite a world's answer in the pretraining format.

    Parameters
    ----------
    answer : str
        For example ``= a | b =``.

    Returns
    -------
    str
        For example ``answer: a | b``.

    Raises
    ------
    ValueError
        If the answer does not read ``= … =`` on one line.

    Examples
    --------
    >>> plain_answer("= a | b =")
    'answer: a | b'
    """
    inside = answer[2:-2].strip()
    if not (answer.startswith("= ") and answer.endswith(" =")) or not inside or "\n" in answer:
        raise ValueError(f"reads {answer!r}; answers must read '= … =' on one line")
    return ANSWER + inside


def marked_answer(answer: str, marks: random.Random) -> str:
    """Put a plain answer between random marks, and another mark wherever one stands alone inside.

    A model that never wrote a mark has learnt that there are none, and an adapter would spend most of its training
    on unlearning that. The format of the worlds is left out: no answer gets ``=`` on both sides.

    Parameters
    ----------
    answer : str
        In the pretraining format.
    marks : random.Random
        Source of the marks.

    Returns
    -------
    str
        For example ``( a ; b !``.

    Examples
    --------
    >>> marked_answer("answer: a | b", random.Random(1))
    '% a _ b ]'
    """
    before, between, after = marks.choices(_MARKS, k=3)
    if before == "=" and after == "=":
        after = "/"
    inside = _BETWEEN.sub(f" {between} ", answer.removeprefix(ANSWER))
    return f"{before} {inside} {after}"
