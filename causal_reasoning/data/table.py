"""Rows as columns of text, read from files and checked against what a graph binds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path

from causal_reasoning.data.readers import Missing, Raw, read_raw
from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.graph import AssumptionGraph

# A categorical column with more distinct values than this share of its rows is taken for text.
MOST_DISTINCT_SHARE = 0.2
FEW_ROWS = 20
LONGEST_CATEGORY = 200
MOST_FAULTS = 20

PLAIN = (str, int, float, Decimal, date, time)


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
    unit : str
        ``"line"``, or ``"row"`` for formats without lines: ``lines`` are the numbers of the rows then.
    others : tuple of str
        Columns that the file has beside these.
    """

    columns: dict[str, list[str]]
    source: str
    lines: tuple[int, ...] = ()
    unit: str = "line"
    others: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def rows(self, indices: Iterable[int]) -> Table:
        """Some rows, in the given order."""
        chosen = list(indices)
        return replace(
            self,
            columns={name: [column[i] for i in chosen] for name, column in self.columns.items()},
            lines=tuple(self.lines[i] for i in chosen) if self.lines else (),
        )

    def with_columns(self, **columns: list[str]) -> Table:
        """The same rows with columns added or replaced."""
        return replace(self, columns={**self.columns, **columns})

    def fault(self, row: int, message: str) -> Fault:
        """A fault in a row, at its line, or with its number where the format has no lines."""
        if self.lines and self.unit == "row":
            return Fault(self.source, None, None, f"row {self.lines[row]:,}: {message}")
        return Fault(self.source, self.lines[row] if self.lines else None, None, message)

    def place(self, row: int) -> str:
        """Where a row stands, for people, such as ``rows.jsonl:12``."""
        if not self.lines:
            return f"{self.source}, row {row + 1:,}"
        return f"{self.source}:{self.lines[row]}" if self.unit == "line" else f"{self.source}, row {self.lines[row]:,}"


def read_table(path: Path, needed: Iterable[str]) -> Table:
    """Read a file of rows; see `causal_reasoning.data.readers.read_raw` for the formats.

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
    return table_of(read_raw(path), needed)


def table_of(raw: Raw, needed: Iterable[str], keep: Iterable[str] = ()) -> Table:
    """Turn rows as they were read into text; see `read_table`.

    Parameters
    ----------
    raw : Raw
        The rows.
    needed : iterable of str
        Columns that every row must have.
    keep : iterable of str
        Columns that are kept with their empty cells, as empty texts.
    """
    faults: list[Fault] = []
    for name in sorted(set(needed)):
        if name not in raw.columns:
            faults.append(raw.no_column(name))
            continue
        for row, value in enumerate(raw.columns[name]):
            problem = _problem(name, value)
            if problem:
                faults.append(raw.fault(row, problem))
    if faults:
        more = len(faults) - MOST_FAULTS
        shown = faults[:MOST_FAULTS]
        if more > 0:
            shown.append(Fault(raw.source, None, None, f"and {more:,} more faults of this kind"))
        raise InputError(shown)
    kept = set(keep)
    plain = {
        name: ["" if is_empty(value) else text_of(value) for value in values]
        for name, values in raw.columns.items()
        if all(isinstance(value, PLAIN) or (name in kept and is_empty(value)) for value in values)
    }
    others = tuple(name for name in raw.names if name not in plain)
    return Table(plain, raw.source, raw.places, raw.unit, others)


def _problem(name: str, value: object) -> str | None:
    if isinstance(value, Missing):
        return f"this row lacks the column '{name}'; {did_you_mean(name, value.keys)}"
    if is_empty(value):
        return f"the column '{name}' is empty in this row; fill it in or leave the row out"
    if not isinstance(value, PLAIN):
        kind = "a list" if isinstance(value, list) else "an object"
        return f"the column '{name}' holds {kind} in this row; it must be a text, a number or true/false"
    if isinstance(value, float) and not math.isfinite(value):
        return f"the column '{name}' holds {value} in this row; fill it in or leave the row out"
    return None


def is_empty(value: object) -> bool:
    """Whether a cell holds nothing."""
    return value is None or isinstance(value, Missing) or (isinstance(value, str) and not value.strip())


def text_of(value: object) -> str:
    """A plain value as a person writes it.

    Examples
    --------
    >>> text_of(True), text_of(3.0), text_of(0.5)
    ('true', '3', '0.5')
    """
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
            first = 1 if table.lines and table.unit == "line" else None
            faults.append(
                Fault(
                    table.source,
                    first,
                    first,
                    f"there is no column '{column}', to which the graph {graph.name} binds the node '{name}'; "
                    f"{did_you_mean(column, [*table.columns, *table.others])}",
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
    faults += _label_faults(table, graph)
    if faults:
        raise InputError(faults)


def _label_faults(table: Table, graph: AssumptionGraph) -> Iterator[Fault]:
    """What routers learn from must be there, and have a value for each part."""
    for name, router in graph.routers.items():
        column = router.label
        if column is None:
            continue
        if column not in table.columns:
            hint = did_you_mean(column, [*table.columns, *table.others])
            first = 1 if table.lines and table.unit == "line" else None
            message = f"there is no column '{column}', from which the router '{name}' learns; {hint}"
            yield Fault(table.source, first, first, message)
        elif (values := len(set(table.columns[column]))) != router.parts:
            message = (
                f"the column '{column}' has {values:,} different values, and the router '{name}' that learns from it "
                f"has {router.parts} parts; it needs one for each value: parts: {values}"
            )
            yield table.fault(0, message)


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
