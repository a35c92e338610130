"""Encode views of the same rows in which a text is hidden, or a rationale is another row's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from causal_reasoning.data.encode import Encoded
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from causal_reasoning.objective.text_views import COUNTERFACTUAL_SUFFIX, HiddenTexts, SwappedText, TextView

_STREAM = 13


def encode_text_views(
    views: Sequence[TextView], table: Table, encode: Callable[[Table], list[Encoded]], seed: int
) -> dict[str, list[Encoded]]:
    """Encode rows once more for each view with another text.

    Parameters
    ----------
    views : sequence of HiddenTexts or SwappedText
        What the plan asks for.
    table : Table
        N rows, as the main view shows them.
    encode : callable
        How rows become tokens.
    seed : int
        Seed of the rows that texts are taken from.

    Returns
    -------
    dict of str to list of Encoded
        N entries a view. Where a text is hidden, the target has the tokens that it has in the main view; where a
        written text is swapped, its last column has.

    Raises
    ------
    InputError
        If the tokens of an answer depend on the text that is changed, or all rows have one answer.
    """
    if not views:
        return {}
    own, found = encode(table), {}
    for view in views:
        changed = hidden(table, view) if isinstance(view, HiddenTexts) else swapped(table, view, seed)
        found[view.name] = encode(changed)
        for i, (one, other) in enumerate(zip(own, found[view.name], strict=True)):
            if isinstance(view, HiddenTexts) and (one.target, one.cuts) == (other.target, other.cuts):
                continue
            if isinstance(view, SwappedText) and one.target[one.cuts[-1] :] == other.target[other.cuts[-1] :]:
                continue
            message = (
                f"the tokens of what is written in row {i + 1} depend on the text before it; let the prompt end in a "
                "line break, so that no token spans prompt and answer"
            )
            raise InputError([table.fault(i, message)])
    return found


def hidden(table: Table, view: HiddenTexts) -> Table:
    """Rows with some texts replaced by the mask."""
    return table.with_columns(**{column: [view.mask] * len(table) for column in view.columns})


def swapped(table: Table, view: SwappedText, seed: int) -> Table:
    """Rows with a written text of their own counterfactual, or of another row with another answer.

    Parameters
    ----------
    table : Table
        N rows.
    view : SwappedText
        Which column.
    seed : int
        Seed of the donors.

    Raises
    ------
    InputError
        If the text must come from another row, and all rows have the same answer.
    """
    counterfactual = f"{view.column}{COUNTERFACTUAL_SUFFIX}"
    if counterfactual in table.columns:
        return table.with_columns(**{view.column: table.columns[counterfactual]})
    donors = other_answers(table.columns[view.answer_column], seed)
    if donors is None:
        raise InputError.at(
            table.source,
            f"all rows have the same '{view.answer_column}', so no row can lend another one a '{view.column}' that "
            f"leads elsewhere; give a column '{counterfactual}', or drop the penalty",
        )
    return table.with_columns(**{view.column: [table.columns[view.column][i] for i in donors]})


def other_answers(answers: Sequence[str], seed: int) -> list[int] | None:
    """Draw for each row another row with a different answer.

    Parameters
    ----------
    answers : sequence of str
        N answers.
    seed : int
        Seed of the draws.

    Returns
    -------
    list of int or None
        N numbers of rows; ``None`` if there is only one answer.

    Examples
    --------
    >>> answers = list("aabb")
    >>> [answers[i] for i in other_answers(answers, 0)]
    ['b', 'b', 'a', 'a']
    """
    if len(set(answers)) < 2:
        return None
    rng = np.random.default_rng([seed, _STREAM, len(answers)])
    order = rng.permutation(len(answers)).tolist()
    place = {row: k for k, row in enumerate(order)}
    found = []
    for i, answer in enumerate(answers):
        # The next row in a random circle whose answer differs: every row lends about equally often.
        k = (place[i] + 1) % len(order)
        while answers[order[k]] == answer:
            k = (k + 1) % len(order)
        found.append(order[k])
    return found
