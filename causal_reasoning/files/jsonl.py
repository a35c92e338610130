"""JSON Lines: one object a line, read with the line number in every error."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from causal_reasoning.errors import InputError
from causal_reasoning.files.atomic import write_atomic


def read_jsonl(path: Path | str) -> list[dict[str, Any]]:
    """Read a JSON Lines file; see `read_numbered_jsonl`.

    Parameters
    ----------
    path : path
        A UTF-8 file with one JSON object a line.

    Returns
    -------
    list of dict
        One entry a row, in file order.
    """
    return [row for _, row in read_numbered_jsonl(path)]


def read_numbered_jsonl(path: Path | str) -> list[tuple[int, dict[str, Any]]]:
    """Read a JSON Lines file with the line number of every row.

    Parameters
    ----------
    path : path
        A UTF-8 file with one JSON object a line; blank lines are passed over.

    Returns
    -------
    list of (int, dict)
        One-based line and row, in file order.

    Raises
    ------
    InputError
        If the file is missing, a line is not a JSON object, a key stands twice in a row, or there is no row.
    """
    file = Path(path)
    rows: list[tuple[int, dict[str, Any]]] = []
    number = 0
    try:
        with file.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    rows.append((number, _row(line, number, str(path))))
    except UnicodeDecodeError as error:
        raise InputError.at(str(path), f"is not UTF-8 text after line {number}: {error.reason}") from error
    except FileNotFoundError as error:
        raise InputError.at(str(path), "no such file") from error
    except OSError as error:
        raise InputError.at(str(path), f"cannot be read: {error.strerror or error}") from error
    if not rows:
        raise InputError.at(str(path), "holds no row; write one JSON object a line")
    return rows


def write_jsonl(path: Path | str, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write rows as JSON Lines, atomically.

    Parameters
    ----------
    path : path
        Where to write.
    rows : iterable of mapping
        One JSON-serialisable mapping a row.

    Returns
    -------
    Path
        The path written.
    """
    return write_atomic(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _row(line: str, number: int, file: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for key, value in pairs:
            if key in row:
                raise InputError.at(file, f"the key '{key}' stands twice in this row; keep one", number)
            row[key] = value
        return row

    try:
        row = json.loads(line, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise InputError.at(file, f"is not JSON: {error.msg}", number, error.colno) from error
    except RecursionError as error:
        raise InputError.at(file, "is nested too deeply", number) from error
    if not isinstance(row, dict):
        raise InputError.at(file, f"a row must be a JSON object, this is {_kind(row)}", number, 1)
    return row


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
