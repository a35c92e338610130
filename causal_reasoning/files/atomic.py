"""Writes that happen completely or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from causal_reasoning.errors import InputError


def write_atomic(path: Path | str, content: str | bytes) -> Path:
    """Write a file by renaming a finished temporary file over it.

    A reader, or a process that starts after a crash, sees the old content or the new one, never a part.

    Parameters
    ----------
    path : path
        Where to write; missing parent folders are made.
    content : str or bytes
        Text is written as UTF-8.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    InputError
        If the place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomic(Path(folder) / "a" / "b.txt", "done").read_text()
    'done'
    """
    target = Path(path)
    if target.is_dir():
        raise InputError.at(str(path), "cannot be written: it is a folder; name a file")
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise InputError.at(str(path), f"cannot be written: {error.strerror or error}") from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError.at(str(path), f"cannot be written: {error.strerror or error}") from error
        raise
    return target
