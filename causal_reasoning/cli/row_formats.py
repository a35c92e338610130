"""Rows as JSON Lines, CSV or Parquet, written part by part."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring
from pathlib import Path

from causal_reasoning.files.atomic_stream import atomic_path

Columns = Mapping[str, Sequence[str]]


def json_lines(part: Columns) -> str:
    r"""Write a part of the rows as JSON objects, one a line.

    Examples
    --------
    >>> json_lines({"a": ["1", "2"], "b": ["x", "é"]})
    '{"a": "1", "b": "x"}\n{"a": "2", "b": "é"}\n'
    """
    # Building the line from encoded texts is three times as fast as dumping a mapping for each row.
    pattern = "{" + ", ".join(encode_basestring(name).replace("%", "%%") + ": %s" for name in part) + "}\n"
    cells = [[encode_basestring(text) for text in column] for column in part.values()]
    return "".join([pattern % row for row in zip(*cells, strict=True)])


def write_rows(path: Path, parts: Iterable[Columns], *, seen: Callable[[int], None] = lambda rows: None) -> int:
    """Write rows to a file, atomically, in the format that its suffix names.

    Parameters
    ----------
    path : Path
        ``.csv`` (with a header line), ``.parquet``, anything else: JSON Lines.
    parts : iterable of columns
        Rows, part by part; memory holds one.
    seen : callable
        Told the number of rows so far after each part.

    Returns
    -------
    int
        Number of rows.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    rows = 0

    def counted() -> Iterator[Columns]:
        nonlocal rows
        for part in parts:
            yield part
            rows += len(next(iter(part.values())))
            seen(rows)

    write = {".csv": _write_csv, ".parquet": _write_parquet}.get(path.suffix.lower(), _write_json_lines)
    with atomic_path(path) as unfinished:
        write(unfinished, counted())
    return rows


def _write_json_lines(path: Path, parts: Iterable[Columns]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        for part in parts:
            stream.write(json_lines(part))


def _write_csv(path: Path, parts: Iterable[Columns]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        for number, part in enumerate(parts):
            if number == 0:
                writer.writerow(part)
            writer.writerows(zip(*part.values(), strict=True))


def _write_parquet(path: Path, parts: Iterable[Columns]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    try:
        for part in parts:
            schema = pa.schema([(name, pa.string()) for name in part])
            writer = writer or pq.ParquetWriter(path, schema)
            writer.write_table(pa.table([pa.array(column, pa.string()) for column in part.values()], schema=schema))
    finally:
        if writer is not None:
            writer.close()
