"""From a question and the rows to comparisons of two values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.discovery.independence import codes
from causal_reasoning.effects.items import Items
from causal_reasoning.effects.questions import Question, questions
from causal_reasoning.effects.strata import Numbers, overlapping
from causal_reasoning.graph import AssumptionGraph

AGREES, DIFFERS = "agreeing", "another"


@dataclass(frozen=True, eq=False)
class Cut:
    """Rows of two values, ready to be compared.

    Parameters
    ----------
    question : Question
        What is asked.
    value, reference : str
        The values.
    chosen : array of shape (M,)
        Numbers of the rows; with adjustment, only those of strata that hold both values.
    treated : array of shape (M,)
        1 for the value, 0 for the reference.
    strata : array of shape (M,)
        Numbers of the values of what is adjusted for.
    left_out : int
        Rows of the two values in other strata.
    """

    question: Question
    value: str
    reference: str
    chosen: NDArray[np.int64]
    treated: Numbers
    strata: Numbers
    left_out: int

    @property
    def comparable(self) -> bool:
        """Whether there are rows of both values."""
        return len(np.unique(self.treated)) == 2


def cuts_of(
    one: Items, graph: AssumptionGraph, split: str, usual: Mapping[str, str] | None
) -> tuple[tuple[Question, ...], list[Cut]]:
    """Ask all questions of some rows.

    Parameters
    ----------
    one : Items
        Rows of one split.
    graph : AssumptionGraph
        The assumptions.
    split : str
        Their split.
    usual : mapping of str to str or None
        See `causal_reasoning.effects.questions.questions`.

    Returns
    -------
    (tuple of Question, list of Cut)
        The questions, and for each that is identified one comparison with the most frequent value for each other
        value; for the agreement, one.
    """
    asked = questions(graph, one, split, usual)
    found = []
    for question in asked:
        if question.refused:
            continue
        values = np.array(_values(one, question))
        names, counts = np.unique(values, return_counts=True)
        reference = DIFFERS if question.agreeing is not None else str(names[np.argmax(counts)])
        strata = codes([one.columns[question.columns[node]] for node in question.adjust], len(one))
        found += [_cut(question, str(name), reference, values, strata) for name in names if str(name) != reference]
    return asked, found


def _values(one: Items, question: Question) -> list[str]:
    column = one.columns[question.column]
    if question.agreeing is None:
        return column
    usual = question.agreeing
    pairs = zip(column, one.columns[question.partner], strict=True)
    return [AGREES if usual.get(value) == other else DIFFERS for value, other in pairs]


def _cut(question: Question, value: str, reference: str, values: NDArray[np.str_], strata: Numbers) -> Cut:
    chosen = np.flatnonzero((values == value) | (values == reference)).astype(np.int64)
    treated = (values[chosen] == value).astype(np.int64)
    left_out = 0
    if question.by_adjustment and len(chosen):
        compared = overlapping(treated, strata[chosen])
        left_out = int(np.sum(~compared))
        chosen, treated = chosen[compared], treated[compared]
    numbers = np.unique(strata[chosen], return_inverse=True)[1].astype(np.int64)
    return Cut(question, value, reference, chosen, treated, numbers, left_out)
