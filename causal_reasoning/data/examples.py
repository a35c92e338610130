"""A few rows as the model sees them in training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from causal_reasoning.data.encode import Encoded
from causal_reasoning.data.table import Table


@dataclass(frozen=True)
class Example:
    """One row of the training part.

    Parameters
    ----------
    place : str
        Where the row stands.
    values : dict of str to str
        The values of the nodes that are columns and are not shown as text.
    read : str
        What the model is shown, decoded from its tokens: no loss is taken on it.
    written : str
        What it must write, with the end of the text: the loss is taken on these tokens.
    read_tokens, written_tokens : int
        Their lengths.
    weight : float or None
        The row's weight, its mean over the rows being one; ``None`` where all are one.
    """

    place: str
    values: dict[str, str]
    read: str
    written: str
    read_tokens: int
    written_tokens: int
    weight: float | None


def examples(
    table: Table,
    encoded: Sequence[Encoded],
    tokenizer: Any,
    names: Sequence[str],
    weights: Sequence[float] | None,
) -> tuple[Example, ...]:
    """Show rows.

    Parameters
    ----------
    table : Table
        N rows.
    encoded : sequence of Encoded
        Their tokens.
    tokenizer : PreTrainedTokenizerBase
        Turns tokens back into text.
    names : sequence of str
        Columns whose values are told.
    weights : sequence of float, optional
        Their weights.
    """
    return tuple(
        Example(
            place=table.place(i),
            values={name: table.columns[name][i] for name in names},
            read=tokenizer.decode(row.prompt),
            written=tokenizer.decode(row.target),
            read_tokens=len(row.prompt),
            written_tokens=len(row.target),
            weight=None if weights is None else float(weights[i]),
        )
        for i, row in enumerate(encoded)
    )
