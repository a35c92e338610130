"""JSON Lines: one object a line, read with the line number in every error."""

from __future__ import annotations

import gzip
import json
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
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
        A UTF-8 file with one JSON object a line, perhaps packed by gzip (``.gz``); blank lines are passed over.

    Returns
    -------
    list of (int, dict)
        One-based line and row, in file order.

    Raises
    ------
    InputError
        If the file is missing, a line is not a JSON object, a key stands twice in a row, or there is no row.
    """
    rows = list(numbered_rows(path))
    if not rows:
        raise InputError.at(str(path), "holds no row; write one JSON object a line")
    return rows


def numbered_rows(path: Path | str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a JSON Lines file row by row, so that nothing is kept that is not asked for; see `read_numbered_jsonl`."""
    file = Path(path)
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, _row(_text(line, number, str(path)), number, str(path))
    except FileNotFoundError as error:
        raise InputError.at(str(path), "no such file") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError.at(str(path), f"cannot be read: {reason}") from error


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


def _text(line: bytes, number: int, file: str) -> str:
    try:
        # Some editors put a byte order mark before the first line.
        return line.removeprefix(BOM_UTF8 if number == 1 else b"").decode("utf-8").rstrip()
    except UnicodeDecodeError as error:
        raise InputError.at(file, f"is not UTF-8 text: {error.reason}", number, error.start + 1) from error


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
        problem = error.msg[0].lower() + error.msg[1:]
        raise InputError.at(file, f"is not JSON: {problem}", number, error.colno) from error
    except ValueError as error:
        raise InputError.at(file, "holds a number with too many digits", number) from error
    except RecursionError as error:
        raise InputError.at(file, "is nested too deeply", number) from error
    if not isinstance(row, dict):
        raise InputError.at(file, f"a row must be a JSON object, this is {_kind(row)}", number, 1)
    if "\\u" in line and not _encodable(row):
        raise InputError.at(file, "holds half of a surrogate pair (\\ud800 to \\udfff), which is no character", number)
    return row


def _encodable(row: dict[str, Any]) -> bool:
    try:
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
