"""Start another program, listen until its time is over, and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

TIME = "time"
"""The failure of a program that was ended because its time was over."""

# The same answers every time: those of dowhy depend on the order of hashes.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}


@dataclass(frozen=True)
class Heard:
    """What a program said.

    Parameters
    ----------
    lines : tuple of str
        Its standard output, as far as it came.
    failure : str
        ``time`` if it was ended, otherwise a sentence; empty if it ended well.
    """

    lines: tuple[str, ...]
    failure: str = ""


def worker(module: str) -> tuple[str, ...]:
    """The command that runs a module of this package in a process of its own."""
    return (sys.executable, "-m", module)


def talk(
    command: Sequence[str], request: str, seconds: float, name: str, on_line: Callable[[str], None] | None = None
) -> Heard:
    """Give a program something to do and listen.

    Parameters
    ----------
    command : sequence of str
        The program and its arguments.
    request : str
        Its standard input.
    seconds : float
        Its time. It is ended after that, and when this process is interrupted.
    name : str
        What it is called in messages.
    on_line : callable, optional
        Called with every line as it comes, in another thread.

    Returns
    -------
    Heard
        What it said by then; the last line may be cut off.

    Examples
    --------
    >>> echo = (sys.executable, "-c", "print(input().upper())")
    >>> talk(echo, "hello", 60.0, "the echo")
    Heard(lines=('HELLO',), failure='')
    """
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(  # noqa: S603
            list(command), stdin=pipe, stdout=pipe, stderr=pipe, env={**os.environ, **_ENVIRONMENT}
        )
    except OSError as error:
        return Heard((), f"{name} could not be started: {error.strerror or error}")
    assert process.stdin is not None  # noqa: S101
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    said: list[str] = []
    complaints: list[str] = []
    threads = [
        threading.Thread(target=_write, args=(process.stdin, request.encode()), daemon=True),
        threading.Thread(target=_listen, args=(process.stdout, said, on_line), daemon=True),
        threading.Thread(target=_listen, args=(process.stderr, complaints, None), daemon=True),
    ]
    for thread in threads:
        thread.start()
    failure = ""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        failure = TIME
    finally:
        process.kill()
        process.wait()
    for thread in threads:
        # A child of the program that lives on can keep the pipes open; nobody waits for that one.
        thread.join(_PATIENCE)
    if not failure and process.returncode != 0:
        last = [line for line in complaints if line.strip()][-1:] or ["it said nothing"]
        failure = f"the process with {name} ended with {process.returncode}: {last[0].strip()[:200]}"
    return Heard(tuple(said), failure)


_PATIENCE = 5.0


def _write(stream: IO[bytes], content: bytes) -> None:
    try:
        with stream:
            stream.write(content)
    except OSError:  # it ended, or closed its input, before it had read everything
        return


def _listen(stream: IO[bytes], lines: list[str], on_line: Callable[[str], None] | None) -> None:
    with stream:
        for raw in stream:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            lines.append(line)
            if on_line is not None:
                on_line(line)
