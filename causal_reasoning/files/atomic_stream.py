"""Files that are written little by little and still appear completely or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from causal_reasoning.errors import InputError


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Give a temporary path, and rename it to the wanted one when all has gone well.

    Parameters
    ----------
    path : path
        Where the file is to be; missing parent folders are made.

    Yields
    ------
    Path
        An empty file in the same folder, to be written.

    Raises
    ------
    InputError
        If the place cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder) / "a.txt") as part:
    ...         written = part.write_text("done")
    ...     (Path(folder) / "a.txt").read_text()
    'done'
    """
    target = Path(path)
    if target.is_dir():
        raise InputError.at(str(path), "cannot be written: it is a folder; name a file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
        os.close(handle)
    except OSError as error:
        raise InputError.at(str(path), f"cannot be written: {error.strerror or error}") from error
    part = Path(name)
    try:
        yield part
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        part.chmod(0o644)
        part.replace(target)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError.at(str(path), f"cannot be written: {error.strerror or error}") from error
        raise
