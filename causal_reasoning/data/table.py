"""Rows as columns of text, read from JSON Lines and checked against what a graph binds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.files.jsonl import read_numbered_jsonl
from causal_reasoning.graph import AssumptionGraph

# A categorical column with more distinct values than this share of its rows is taken for text.
MOST_DISTINCT_SHARE = 0.2
FEW_ROWS = 20
LONGEST_CATEGORY = 200
MOST_FAULTS = 20


@dataclass(frozen=True)
class Table:
    """Rows of text values.

    Parameters
    ----------
    columns : dict of str to list of str
        Columns of one length N.
    source : str
        File or world, for messages.
    lines : tuple of int
        The line of each row in its file; empty for rows that come from no file.
    """

    columns: dict[str, list[str]]
    source: str
    lines: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def rows(self, indices: Iterable[int]) -> Table:
        """Some rows, in the given order."""
        chosen = list(indices)
        return Table(
            {name: [column[i] for i in chosen] for name, column in self.columns.items()},
            self.source,
            tuple(self.lines[i] for i in chosen) if self.lines else (),
        )

    def with_columns(self, **columns: list[str]) -> Table:
        """The same rows with columns added or replaced."""
        return Table({**self.columns, **columns}, self.source, self.lines)

    def fault(self, row: int, message: str) -> Fault:
        """A fault in a row, with its line where there is one."""
        return Fault(self.source, self.lines[row] if self.lines else None, None, message)


def read_table(path: Path, needed: Iterable[str]) -> Table:
    """Read some columns of a JSON Lines file.

    Parameters
    ----------
    path : Path
        The file.
    needed : iterable of str
        Columns that every row must have; other columns whose values are all plain are kept too.

    Returns
    -------
    Table
        Numbers and booleans are turned into text.

    Raises
    ------
    InputError
        For a missing column, an empty value, or a list or object where a value should be; with the line.
    """
    numbered = read_numbered_jsonl(path)
    rows = [row for _, row in numbered]
    lines = tuple(line for line, _ in numbered)
    names = sorted({name for row in rows for name in row})
    faults: list[Fault] = []
    for name in sorted(set(needed)):
        if name not in names:
            faults.append(Fault(str(path), 1, 1, f"there is no column '{name}'; {did_you_mean(name, names)}"))
            continue
        for line, row in numbered:
            problem = _problem(name, row)
            if problem:
                faults.append(Fault(str(path), line, None, problem))
    if faults:
        more = len(faults) - MOST_FAULTS
        shown = faults[:MOST_FAULTS]
        if more > 0:
            shown.append(Fault(str(path), None, None, f"and {more:,} more faults of this kind"))
        raise InputError(shown)
    plain = [n for n in names if all(isinstance(r.get(n), str | int | float) for r in rows)]
    return Table({name: [_text(row[name]) for row in rows] for name in plain}, str(path), lines)


def _problem(name: str, row: dict[str, object]) -> str | None:
    if name not in row:
        return f"this row lacks the column '{name}'; {did_you_mean(name, row)}"
    value = row[name]
    if value is None or (isinstance(value, str) and not value.strip()):
        return f"the column '{name}' is empty in this row; fill it in or leave the row out"
    if not isinstance(value, str | int | float):
        kind = "a list" if isinstance(value, list) else "an object"
        return f"the column '{name}' holds {kind} in this row; it must be a text, a number or true/false"
    if isinstance(value, float) and not math.isfinite(value):
        return f"the column '{name}' holds {value} in this row; fill it in or leave the row out"
    return None


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def check_bindings(table: Table, graph: AssumptionGraph) -> None:
    """Check that a table has every column that a graph binds, and that categorical ones are categorical.

    Raises
    ------
    InputError
        With the file and the nearest column.
    """
    faults: list[Fault] = []
    for name in graph.causal.observed:
        column = graph.column(name)
        if column not in table.columns:
            faults.append(
                Fault(
                    table.source,
                    1 if table.lines else None,
                    1 if table.lines else None,
                    f"there is no column '{column}', to which the graph {graph.name} binds the node '{name}'; "
                    f"{did_you_mean(column, table.columns)}",
                )
            )
        elif not graph.is_text(name):
            found = not_categorical(table, column)
            if found:
                row, because = found
                message = f"the column '{column}' is bound as categorical but {because}"
                faults.append(
                    table.fault(row, f"{message}; bind it with {{text: {column}}}, or bind a column of categories")
                )
    if faults:
        raise InputError(faults)


def not_categorical(table: Table, column: str) -> tuple[int, str] | None:
    """The row that shows that a column is not categorical, and why not; ``None`` if it is."""
    values = table.columns[column]
    long = next((i for i, v in enumerate(values) if len(v) > LONGEST_CATEGORY or "\n" in v), None)
    if long is not None:
        return long, f"holds text ({len(values[long])} characters)"
    distinct = len(set(values))
    if len(values) >= FEW_ROWS and distinct > MOST_DISTINCT_SHARE * len(values):
        return 0, f"has {distinct:,} different values in {len(values):,} rows"
    return None
