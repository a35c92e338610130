"""The evaluation tables of runs, put together: one row an answer, the same items for all arms of a seed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.evaluation.items import CORRECT, ITEM, NLL, OWN, SPLIT
from causal_reasoning.files import write_jsonl
from causal_reasoning.files.jsonl import read_numbered_jsonl
from causal_reasoning.graph import AssumptionGraph, parse_graph
from causal_reasoning.sweeps.answers import read_answers
from causal_reasoning.sweeps.store import RESULT, find_results, read_result

ARM, SEED, BASE_CORRECT = "arm", "seed", "base_correct"
# 1 and 1.0 are the same key as True.
_RIGHT: dict[object, float] = {True: 1.0, False: 0.0, "true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}
Key = tuple[int, str, int]


@dataclass(frozen=True)
class Items:
    """The evaluated items of one arm.

    Parameters
    ----------
    arm, kind : str
        Name of the arm, and ``graph``, ``base`` or ``ceiling``; ``table`` for rows of a file.
    source : str
        Where they come from.
    columns : dict of str to list of str
        Columns of N values that all rows have.
    correct : array of shape (N,)
        1 for a right answer, 0 for a wrong one.
    keys : tuple of (int, str, int)
        Seed, split and number in the split of each row; the same key is the same item for all arms.
    graph : AssumptionGraph or None
        The arm's graph.
    intervened : str or None
        The column that is set in the split ``do``.
    base : array of shape (N,) or None
        The same for the untrained model, where it was run.
    """

    arm: str
    kind: str
    source: str
    columns: dict[str, list[str]]
    correct: NDArray[np.float64]
    keys: tuple[Key, ...]
    graph: AssumptionGraph | None = None
    intervened: str | None = None
    base: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.correct)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits, in the order of the rows."""
        return tuple(dict.fromkeys(split for _, split, _ in self.keys))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, sorted."""
        return tuple(sorted({seed for seed, _, _ in self.keys}))

    def of_split(self, name: str) -> Items:
        """The rows of one split."""
        chosen = [i for i, (_, split, _) in enumerate(self.keys) if split == name]
        return replace(
            self,
            columns={column: [values[i] for i in chosen] for column, values in self.columns.items()},
            correct=self.correct[chosen],
            keys=tuple(self.keys[i] for i in chosen),
            base=None if self.base is None else self.base[chosen],
        )


def read_items(source: Path, outcome: str | None = None) -> tuple[Items, ...]:
    """Read the evaluation table of a run, of all runs of an experiment, or of a file.

    Parameters
    ----------
    source : Path
        A run's folder, a folder of runs, or a JSON Lines file with a column of right and wrong.
    outcome : str, optional
        That column, for a file; by default ``exact_match`` or ``correct``.

    Returns
    -------
    tuple of Items
        One for each arm, in the order of their names; seeds are put together.

    Raises
    ------
    InputError
        For missing or damaged files, runs of several experiments, or a column that is neither right nor wrong.
    """
    if source.is_file():
        return _from_file(source, outcome)
    if outcome is not None:
        raise InputError.at("--outcome", "is for a file of rows; runs keep their own")
    if (source / RESULT).is_file():
        folders = [source]
    else:
        find_results(source)  # which says what is missing
        folders = [path.parent for path in sorted(source.rglob(RESULT))]
    runs = [(folder, record) for folder in folders if (record := read_result(folder)) is not None]
    names = sorted({str(record["experiment"]) for _, record in runs})
    if len(names) > 1:
        raise InputError.at(
            str(source), f"holds runs of several experiments ({', '.join(names)}); name the folder of one"
        )
    by_arm: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for folder, record in runs:
        by_arm.setdefault(str(record["arm"]), []).append((folder, record))
    found = [_arm(name, members, source) for name, members in sorted(by_arm.items())]
    base = next((one for one in found if one.kind == "base"), None)
    return tuple(_with_base(one, base) for one in found)


def write_items(path: Path, items: Iterable[Items]) -> Path:
    """Write evaluation tables as one JSON Lines file, which `read_items` reads again.

    Parameters
    ----------
    path : Path
        Where to write.
    items : iterable of Items
        What to write.

    Returns
    -------
    Path
        The path.
    """

    def rows() -> Iterable[Mapping[str, Any]]:
        for one in items:
            for i, (seed, split, number) in enumerate(one.keys):
                own = {ARM: one.arm, SEED: seed, SPLIT: split, ITEM: number}
                right: dict[str, Any] = {CORRECT: bool(one.correct[i])}
                if one.base is not None and not np.isnan(one.base[i]):
                    right[BASE_CORRECT] = bool(one.base[i])
                yield {**own, **{name: values[i] for name, values in one.columns.items()}, **right}

    return write_jsonl(path, rows())


def _arm(name: str, members: list[tuple[Path, dict[str, Any]]], source: Path) -> Items:
    rows: list[dict[str, Any]] = []
    keys: list[Key] = []
    seeds: dict[int, Path] = {}
    for folder, record in sorted(members, key=lambda member: int(member[1]["seed"])):
        seed = int(record["seed"])
        if seed in seeds:
            raise InputError.at(
                str(source),
                f"holds two runs of the arm '{name}' with seed {seed} ({seeds[seed].name}, {folder.name}); their "
                "settings differ, so keep one",
            )
        seeds[seed] = folder
        counts: dict[str, int] = {}
        for row in read_answers(folder, record):
            split = str(row.get(SPLIT, ""))
            number = counts.get(split, 0)
            counts[split] = number + 1
            rows.append(row)
            keys.append((seed, split, int(row.get(ITEM, number))))
    first = members[0][1]
    written = first.get("graph")
    return Items(
        arm=name,
        kind=str(first["kind"]),
        source=str(source),
        columns=_columns(rows, {*OWN}),
        correct=np.array([float(bool(row[CORRECT])) for row in rows]),
        keys=tuple(keys),
        graph=parse_graph(written["text"], f"{name}: graph.yaml") if written else None,
        intervened=_intervened(members[0][0]),
    )


def _intervened(folder: Path) -> str | None:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError.at(str(folder / "config.json"), f"cannot be read: {error}") from error
    found = config.get("treatment")
    return str(found) if found else None


def _from_file(source: Path, outcome: str | None) -> tuple[Items, ...]:
    numbered = read_numbered_jsonl(source)
    names = sorted({name for _, row in numbered for name in row})
    column = outcome or next((name for name in (CORRECT, "correct") if name in names), None)
    if column is None or column not in names:
        wanted = f"there is no column '{column}'; {did_you_mean(column, names)}" if column else (
            "no column says which answers are right; name it with --outcome"
        )  # fmt: skip
        raise InputError.at(str(source), wanted)
    faults = [
        Fault(str(source), line, None, f"'{column}' must be true or false, or 1 or 0, in every row")
        for line, row in numbered
        if not isinstance(row.get(column), str | int | float) or row[column] not in _RIGHT
    ]
    if faults:
        raise InputError(faults[:20])
    by_arm: dict[str, list[dict[str, Any]]] = {}
    for _, row in numbered:
        by_arm.setdefault(str(row.get(ARM, source.stem)), []).append(row)
    found = []
    for name, rows in sorted(by_arm.items()):
        base = [_RIGHT.get(row.get(BASE_CORRECT), np.nan) for row in rows]
        keys = [(_whole(row.get(SEED), 0), str(row.get(SPLIT, "all")), _whole(row.get(ITEM), i)) for i, row in
                enumerate(rows)]  # fmt: skip
        found.append(
            Items(
                arm=name,
                kind="table",
                source=str(source),
                columns=_columns(rows, {*OWN, ARM, SEED, BASE_CORRECT, column}),
                correct=np.array([_RIGHT[row[column]] for row in rows]),
                keys=tuple(keys),
                base=np.array(base) if not np.isnan(base).all() else None,
            )
        )
    return tuple(found)


def _whole(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) else otherwise


def _columns(rows: list[dict[str, Any]], own: set[str]) -> dict[str, list[str]]:
    """The columns that every row has with a plain value."""
    names = sorted({name for row in rows for name in row} - own - {NLL})
    plain = [name for name in names if all(isinstance(row.get(name), str | int | float) for row in rows)]
    return {name: [str(row[name]) for row in rows] for name in plain}


def _with_base(one: Items, base: Items | None) -> Items:
    if base is None:
        return one
    known = dict(zip(base.keys, base.correct, strict=True))
    return replace(one, base=np.array([known.get(key, np.nan) for key in one.keys]))
