"""Take a training, a validation and a test part from the rows of files: by share, by a column or by its digest."""

from __future__ import annotations

import hashlib

import numpy as np

from causal_reasoning.data.table import Table, text_of
from causal_reasoning.errors import InputError
from causal_reasoning.experiment.data_spec import FileData, SplitByColumn, SplitByHash
from causal_reasoning.files import Document

HELD_OUT = ("test", "validation")


def parts_of(data: FileData, table: Table, files: dict[str, Table], seed: int, document: Document) -> dict[str, Table]:
    """Divide rows into parts.

    Parameters
    ----------
    data : FileData
        How; shares stand under ``validation`` and ``test``.
    table : Table
        N rows.
    files : dict of str to Table
        Parts that have files of their own.
    seed : int
        Parts by share are drawn anew for every seed; those by a column or its digest are the same for all.
    document : Document
        The experiment file.

    Returns
    -------
    dict of str to Table
        The parts ``train``, ``validation`` and ``test``; rows keep their order.

    Raises
    ------
    InputError
        If the shares leave no rows to train on, a named value does not occur, or a part is empty.
    """
    shares = {name: value for name in HELD_OUT if isinstance(value := getattr(data, name), float)}
    by = data.split
    if sum(shares.values()) >= 1:
        raise document.error(
            ("data",),
            f"the shares of test and validation sum to {sum(shares.values()):g}; leave rows to train on",
        )
    if isinstance(by, SplitByHash):
        places = [_fraction(value) for value in table.columns[by.hash]]
        parts = _by_fraction(table, places, shares)
    elif isinstance(by, SplitByColumn):
        parts = _by_column(by, table, document)
        left = {name: share for name, share in shares.items() if name not in parts}
        parts.update(_by_share(parts["train"], None, left, seed))
        if "test" in parts and "test" in files:
            raise document.error(("data", "split", "test"), "'test' names a file already; keep one of the two")
        if "validation" in parts and "validation" in files:
            raise document.error(
                ("data", "split", "validation"), "'validation' names a file already; keep one of the two"
            )
    else:
        parts = _by_share(table, data.group, shares, seed)
    parts.update(files)
    for name in (*HELD_OUT, "train"):
        if not len(parts[name]):
            raise InputError.at(
                table.source,
                f"too few rows for a {name} part ({len(table)} in all); give more rows or another share",
            )
    return parts


def _by_share(table: Table, group: str | None, shares: dict[str, float], seed: int) -> dict[str, Table]:
    groups = table.columns[group] if group else [str(i) for i in range(len(table))]
    names = sorted(set(groups))
    order = [names[i] for i in np.random.default_rng([seed, 8]).permutation(len(names))]
    parts: dict[str, Table] = {}
    start = 0
    for name, share in shares.items():
        count = round(share * len(order))
        chosen = set(order[start : start + count])
        start += count
        parts[name] = table.rows(i for i, g in enumerate(groups) if g in chosen)
    rest = set(order[start:])
    parts["train"] = table.rows(i for i, g in enumerate(groups) if g in rest)
    return parts


def _fraction(value: str) -> float:
    """A number in [0, 1) that depends on nothing but a text.

    Examples
    --------
    >>> round(_fraction("a"), 3), _fraction("a") == _fraction("a")
    (0.791, True)
    """
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:8], "big") / 2**64


def _by_fraction(table: Table, places: list[float], shares: dict[str, float]) -> dict[str, Table]:
    parts: dict[str, Table] = {}
    start = 0.0
    for name in HELD_OUT:
        if name in shares:
            end = start + shares[name]
            parts[name] = table.rows(i for i, place in enumerate(places) if start <= place < end)
            start = end
    parts["train"] = table.rows(i for i, place in enumerate(places) if place >= start)
    return parts


def _by_column(by: SplitByColumn, table: Table, document: Document) -> dict[str, Table]:
    values = table.columns[by.column]
    named: dict[str, str] = {}
    parts: dict[str, Table] = {}
    for name in ("train", *HELD_OUT):
        wanted = getattr(by, name)
        if wanted is None:
            continue
        for index, value in enumerate(wanted):
            text = text_of(value)
            path = ("data", "split", name, index)
            if text not in values:
                known = ", ".join(f"'{one}'" for one in sorted(set(values))[:12])
                raise document.error(path, f"no row has {by.column} = '{text}'; its values are {known}")
            if text in named:
                raise document.error(path, f"'{text}' is named for the {named[text]} part already; keep one")
            named[text] = name
        parts[name] = table.rows(i for i, value in enumerate(values) if named.get(value) == name)
    return parts
