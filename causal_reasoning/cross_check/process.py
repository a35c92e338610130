"""Ask dowhy for identification, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence

from causal_reasoning.cross_check.protocol import Answers, answers, request
from causal_reasoning.cross_check.talk import talk, worker
from causal_reasoning.graph.interchange import DowhyProblem

COMMAND = worker("causal_reasoning.cross_check.worker")


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
    heard = talk(COMMAND if command is None else command, request(problems, seconds), seconds, "dowhy")
    return answers(heard.lines, len(problems), heard.failure)
