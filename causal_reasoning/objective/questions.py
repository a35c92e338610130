"""Answers averaged over questions: which questions, and how many, free of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causal_reasoning.errors import InputError

Values = tuple[str, ...]

_STREAM = 14


@dataclass(frozen=True)
class QuestionAverage:
    """An answer in two passes: a rationale to the row's own question, then the answer under drawn questions.

    Parameters
    ----------
    nodes, columns : tuple of str
        The texts that are drawn from the training rows, sorted, and their columns.
    draws : int
        How many rows they are drawn from.
    """

    nodes: tuple[str, ...]
    columns: tuple[str, ...]
    draws: int

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"nodes": list(self.nodes), "columns": list(self.columns), "draws": self.draws}


@dataclass(frozen=True)
class DrawnQuestions:
    """The questions that answers are averaged over.

    Parameters
    ----------
    model : QuestionAverage
        What was drawn.
    values : tuple of tuple of str
        The texts of each draw, in the order of the model's columns.
    """

    model: QuestionAverage
    values: tuple[Values, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: what `from_dict` reads back."""
        return {**self.model.to_dict(), "values": [list(value) for value in self.values]}

    @classmethod
    def from_dict(cls, data: Any, source: str) -> DrawnQuestions:
        """Read what `to_dict` wrote.

        Raises
        ------
        InputError
            If it is something else; ``source`` says where it comes from.
        """
        try:
            nodes, columns = (tuple(str(n) for n in data[key]) for key in ("nodes", "columns"))
            values = tuple(tuple(str(v) for v in value) for value in data["values"])
            if not values or any(len(value) != len(columns) for value in values):
                raise ValueError("columns and values differ in number")
            return cls(QuestionAverage(nodes, columns, int(data["draws"])), values)
        except (KeyError, TypeError, ValueError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise InputError.at(source, f"the record of the questions cannot be read: {reason}; train again") from error


def draw_questions(model: QuestionAverage, columns: Mapping[str, Sequence[str]], seed: int) -> DrawnQuestions:
    """Draw questions from the training rows, each row equally likely.

    Parameters
    ----------
    model : QuestionAverage
        What to draw.
    columns : mapping of str to sequence of str
        The training columns, each with N values.
    seed : int
        Seed of the draws.

    Examples
    --------
    >>> draw_questions(QuestionAverage(("q",), ("q",), 2), {"q": ["a"] * 5}, 0).values
    (('a',), ('a',))
    """
    rows = len(columns[model.columns[0]])
    chosen = np.random.default_rng([seed, _STREAM]).integers(rows, size=model.draws)
    return DrawnQuestions(model, tuple(tuple(columns[c][i] for c in model.columns) for i in chosen.tolist()))
