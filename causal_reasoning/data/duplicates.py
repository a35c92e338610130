"""Texts that stand in two parts: what is measured on them is memory."""

from __future__ import annotations

from collections.abc import Sequence

from causal_reasoning.data.rows import Duplicates
from causal_reasoning.data.table import Table


def duplicates(train: Table, part: str, held_out: Table, read: Sequence[str]) -> Duplicates | None:
    """Look for the texts of a held-out part in the training part.

    Parameters
    ----------
    train : Table
        N rows.
    part : str
        Name of the held-out part.
    held_out : Table
        M rows.
    read : sequence of str
        The text columns that the model reads.

    Returns
    -------
    Duplicates or None
        ``None`` if there is none.

    Notes
    -----
    Time and memory are linear in the length of all texts.
    """
    exact = dict(zip(reversed(_texts(train, read)), reversed(range(len(train))), strict=True))
    loose = dict(zip(reversed(_loose(train, read)), reversed(range(len(train))), strict=True))
    held = list(zip(_texts(held_out, read), _loose(held_out, read), strict=True))
    same = [i for i, (text, _) in enumerate(held) if text in exact]
    found = [i for i, (_, text) in enumerate(held) if text in loose]
    if not found:
        return None
    first = same[0] if same else found[0]
    place = exact[held[first][0]] if same else loose[held[first][1]]
    return Duplicates(part, len(same), len(found), (train.place(place), held_out.place(first)))


def without(train: Table, held_out: Sequence[Table], read: Sequence[str]) -> Table:
    """The training rows whose text stands in no held-out part, capitals and white space aside."""
    held = {text for table in held_out for text in _loose(table, read)}
    return train.rows(i for i, text in enumerate(_loose(train, read)) if text not in held)


def _texts(table: Table, read: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(*(table.columns[name] for name in read), strict=True))


def _loose(table: Table, read: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(" ".join(text.casefold().split()) for text in texts) for texts in _texts(table, read)]
