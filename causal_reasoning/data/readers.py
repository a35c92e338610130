"""Read rows from JSON Lines, JSON, CSV, TSV and Parquet files, with the place of every row."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.files.jsonl import numbered_rows

Wanted = Callable[[str], bool]
"""Whether a column is read, by its name."""

FORMATS = (".jsonl", ".json", ".csv", ".tsv", ".parquet")
_TEXTS = (*FORMATS[:4], ".ndjson")
LONGEST_FIELD = 1 << 24  # characters of a CSV field


@dataclass(frozen=True)
class Missing:
    """The cell of a row that lacks a column which other rows have.

    Parameters
    ----------
    keys : tuple of str
        The columns that the row has.
    """

    keys: tuple[str, ...]


@dataclass(frozen=True)
class Raw:
    """Rows as a file holds them: plain Python values, ``None`` for empty cells, `Missing` for absent ones.

    Parameters
    ----------
    columns : dict of str to list
        The columns that were read, of one length N.
    source : str
        The file or set, for messages.
    places : tuple of int
        The line of each row, or its number where the format has no lines.
    unit : str
        ``"line"`` or ``"row"``.
    others : tuple of str
        Columns that are there and were not read.
    """

    columns: dict[str, list[Any]]
    source: str
    places: tuple[int, ...]
    unit: str = "line"
    others: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.places)

    @property
    def names(self) -> tuple[str, ...]:
        """All columns of the file, sorted."""
        return tuple(sorted({*self.columns, *self.others}))

    def rows(self, chosen: list[int]) -> Raw:
        """Some rows, in the given order."""
        columns = {name: [column[i] for i in chosen] for name, column in self.columns.items()}
        return Raw(columns, self.source, tuple(self.places[i] for i in chosen), self.unit, self.others)

    def fault(self, row: int, message: str) -> Fault:
        """A fault in a row, at its line, or with its number where the format has no lines."""
        if self.unit == "line":
            return Fault(self.source, self.places[row], None, message)
        return Fault(self.source, None, None, f"row {self.places[row]:,}: {message}")

    def no_column(self, name: str, message: str = "") -> Fault:
        """The fault that there is no column of a name."""
        text = message or f"there is no column '{name}'; {did_you_mean(name, self.names)}"
        return Fault(self.source, 1, 1, text) if self.unit == "line" else Fault(self.source, None, None, text)


def read_raw(path: Path, wanted: Wanted | None = None) -> Raw:
    """Read a file by its suffix.

    Parameters
    ----------
    path : Path
        ``.jsonl`` (one object a line), ``.json`` (the same, or one list of objects), ``.csv`` and ``.tsv`` (the first
        line names the columns), each perhaps with ``.gz``, or ``.parquet``. A file without a suffix is read as JSON
        Lines.
    wanted : callable, optional
        Which columns of a Parquet file are read; of the other formats all are, as they must be read anyhow.

    Returns
    -------
    Raw
        The rows, in the order of the file.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another kind, with the line where there is one.
    """
    suffix = (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower()
    if suffix in (".csv", ".tsv"):
        return _csv(path, "," if suffix == ".csv" else "\t")
    if suffix == ".parquet":
        return _parquet(path, wanted)
    if suffix in ("", *_TEXTS):
        return _json(path, suffix)
    known = ", ".join(FORMATS)
    raise InputError.at(str(path), f"'{suffix}' is no format that can be read; known are {known}, text also as .gz")


def _json(path: Path, suffix: str) -> Raw:
    if suffix == ".json" and _starts_a_list(path):
        rows = list(enumerate(_objects(path), start=1))
        return _of_objects(rows, str(path), "row")
    return _of_objects(list(numbered_rows(path)), str(path), "line")


def _of_objects(rows: list[tuple[int, dict[str, Any]]], source: str, unit: str) -> Raw:
    if not rows:
        raise InputError.at(source, "holds no row; write one JSON object a line")
    names = sorted({name for _, row in rows for name in row})
    columns = {name: [row[name] if name in row else Missing(tuple(row)) for _, row in rows] for name in names}
    return Raw(columns, source, tuple(place for place, _ in rows), unit)


def _objects(path: Path) -> list[dict[str, Any]]:
    with _opened(path) as stream:
        try:
            rows = json.load(stream)
        except json.JSONDecodeError as error:
            problem = error.msg[0].lower() + error.msg[1:]
            raise InputError.at(str(path), f"is not JSON: {problem}", error.lineno, error.colno) from error
        except (ValueError, RecursionError) as error:
            raise InputError.at(str(path), f"is not JSON that can be read: {error}") from error
    wrong = next((i for i, row in enumerate(rows) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise InputError.at(str(path), f"entry {wrong + 1} of the list is no JSON object")
    return list(rows)


def _starts_a_list(path: Path) -> bool:
    with _opened(path) as stream:
        return next((line.lstrip()[:1] for line in stream if line.strip()), "") == "["


def _csv(path: Path, delimiter: str) -> Raw:
    """Read with Python's own reader, which knows the line that it is at; an empty field is an empty cell."""
    csv.field_size_limit(LONGEST_FIELD)
    line = 0
    with _opened(path) as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        try:
            header = next(reader, [])
            _check_header(header, path)
            cells: list[list[str | None]] = [[] for _ in header]
            lines: list[int] = []
            line = reader.line_num
            for record in reader:
                start, line = line + 1, reader.line_num
                if not record:
                    continue
                if len(record) != len(header):
                    message = f"this row has {len(record)} fields, the first line names {len(header)} columns"
                    raise InputError.at(str(path), message, start)
                lines.append(start)
                for column, value in zip(cells, record, strict=True):
                    column.append(value if value.strip() else None)
        except csv.Error as error:
            raise InputError.at(str(path), f"is not {path.suffix[1:].upper()}: {error}", line + 1) from error
    if not lines:
        raise InputError.at(str(path), "holds no row below the line that names the columns")
    return Raw(dict(zip(header, cells, strict=True)), str(path), tuple(lines))


def _check_header(header: list[str], path: Path) -> None:
    if not header:
        raise InputError.at(str(path), "is empty; the first line names the columns")
    twice = next((name for i, name in enumerate(header) if name in header[:i]), None)
    if twice is not None:
        raise InputError.at(str(path), f"the column '{twice}' stands twice in the first line; keep one", 1)
    if not all(name.strip() for name in header):
        raise InputError.at(str(path), "a column has no name in the first line", 1)


def _parquet(path: Path, wanted: Wanted | None) -> Raw:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            names = list(file.schema_arrow.names)
            chosen = [name for name in names if wanted is None or wanted(name)]
            table = file.read(columns=chosen)
            count = file.metadata.num_rows
    except FileNotFoundError as error:
        raise InputError.at(str(path), "no such file") from error
    except (OSError, pa.ArrowException) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise InputError.at(str(path), f"cannot be read as Parquet: {reason}") from error
    if not count:
        raise InputError.at(str(path), "holds no row")
    columns = {name: table.column(name).to_pylist() for name in chosen}
    others = tuple(name for name in names if name not in columns)
    return Raw(columns, str(path), tuple(range(1, count + 1)), "row", others)


@contextmanager
def _opened(path: Path) -> Iterator[io.TextIOBase]:
    """A text file, perhaps packed; what is wrong with it is told in one sentence."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as packed:
            yield io.TextIOWrapper(packed, encoding="utf-8-sig", newline="")
    except FileNotFoundError as error:
        raise InputError.at(str(path), "no such file") from error
    except UnicodeDecodeError as error:
        raise InputError.at(str(path), f"is not UTF-8 text: {error.reason}") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError.at(str(path), f"cannot be read: {reason}") from error
