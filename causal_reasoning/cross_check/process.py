"""Start dowhy, wait, and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from causal_reasoning.cross_check.protocol import Answers, answers, request
from causal_reasoning.graph.interchange import DowhyProblem

COMMAND = (sys.executable, "-m", "causal_reasoning.cross_check.worker")
# The same answers every time: dowhy's depend on the order of hashes.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "MPLBACKEND": "Agg"}


def ask_dowhy(problems: Sequence[DowhyProblem], seconds: float, command: Sequence[str] | None = None) -> list[Answers]:
    """Have dowhy answer some problems in a process of its own.

    Parameters
    ----------
    problems : sequence of DowhyProblem
        What to ask; the import of dowhy is paid once for all.
    seconds : float
        The time for everything. The process is ended after it, and when this one is interrupted.
    command : sequence of str, optional
        What to run in the place of the worker.

    Returns
    -------
    list of Answers
        One for each problem, with what was answered in time.
    """
    try:
        done = subprocess.run(  # noqa: S603
            list(COMMAND if command is None else command),
            input=request(problems, seconds).encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
            env={**os.environ, **_ENVIRONMENT},
        )
    except subprocess.TimeoutExpired as error:
        return answers(_lines(error.stdout), len(problems), "time")
    except OSError as error:
        return answers((), len(problems), f"dowhy could not be started: {error.strerror or error}")
    failure = ""
    if done.returncode != 0:
        last = _lines(done.stderr)[-1:] or ["it said nothing"]
        failure = f"the process with dowhy ended with {done.returncode}: {last[0].strip()[:200]}"
    return answers(_lines(done.stdout), len(problems), failure)


def _lines(output: bytes | str | None) -> list[str]:
    text = output.decode("utf-8", "replace") if isinstance(output, bytes) else output or ""
    return text.splitlines()
