"""What is sent to the process that runs dowhy, and what comes back: JSON, one answer a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from causal_reasoning.graph.interchange import DowhyProblem

PATH = "directed path"
GENERAL = "general adjustment"
INSTRUMENTS = "instruments"
MINIMAL = "back door, minimal"
DEFAULT = "back door, default"
EXHAUSTIVE = "back door, exhaustive"
FRONT_DOOR = "front door"
CHECKS = (PATH, GENERAL, INSTRUMENTS, MINIMAL, DEFAULT, EXHAUSTIVE, FRONT_DOOR)
"""The questions, cheap ones first. Left out: dowhy's ID algorithm, which conditions on latent nodes, and its
searches for efficient sets, which fail on some graphs (see `causal_reasoning.cross_check`)."""


@dataclass(frozen=True)
class Answer:
    """What dowhy said to one question.

    Parameters
    ----------
    found : list
        Node sets, or single nodes for instruments, or one truth value for the directed path.
    failure : str
        Why there is no answer: ``time`` if the time ran out, otherwise a sentence; empty if there is one.
    gave_up : bool
        Whether dowhy stopped its search early, at its own limit.
    """

    found: tuple[Any, ...] = ()
    failure: str = ""
    gave_up: bool = False


@dataclass(frozen=True)
class Answers:
    """What dowhy said about one problem.

    Parameters
    ----------
    version : str
        The version of dowhy; empty if it did not start.
    answers : dict of str to Answer
        By question.
    failure : str
        For all questions without an answer: why there is none, as in `Answer`.
    """

    version: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    failure: str = ""

    def of(self, check: str) -> Answer:
        """The answer to one question."""
        return self.answers.get(check, Answer(failure=self.failure or "dowhy gave no answer"))


def request(problems: Sequence[DowhyProblem], seconds: float) -> str:
    """Write the problems down, and the time that there is for all of them."""
    return json.dumps(
        {
            "seconds": seconds,
            "problems": [
                {
                    "nodes": list(problem.graph.nodes),
                    "edges": [list(edge) for edge in problem.graph.edges],
                    "do": list(problem.action_nodes),
                    "on": list(problem.outcome_nodes),
                    "observed": list(problem.observed_nodes),
                }
                for problem in problems
            ],
        }
    )


def answers(lines: Iterable[str], count: int, failure: str) -> list[Answers]:
    """Read what came back.

    Parameters
    ----------
    lines : iterable of str
        The output; a line that is cut off or is not ours is passed over.
    count : int
        How many problems there were.
    failure : str
        Why answers may be missing; empty if none should.

    Returns
    -------
    list of Answers
        One for each problem.
    """
    version = ""
    found: list[dict[str, Answer]] = [{} for _ in range(count)]
    for line in lines:
        try:
            said = json.loads(line)
            if "version" in said:
                version = str(said["version"])
            elif said["check"] in CHECKS:
                found[said["problem"]][said["check"]] = Answer(
                    # dowhy may name a set twice.
                    tuple(dict.fromkeys(tuple(one) if isinstance(one, list) else one for one in said["found"])),
                    str(said["failure"]),
                    bool(said["gave_up"]),
                )
        except (ValueError, TypeError, KeyError, IndexError):
            continue
    return [Answers(version, one, failure) for one in found]
