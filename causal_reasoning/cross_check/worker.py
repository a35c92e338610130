"""The process that runs dowhy's identification: problems on standard input, answers on standard output."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from causal_reasoning.cross_check.protocol import (
    CHECKS,
    DEFAULT,
    EXHAUSTIVE,
    FRONT_DOOR,
    GENERAL,
    INSTRUMENTS,
    MINIMAL,
    PATH,
)
from causal_reasoning.cross_check.serve import GRACE, Say, serve

MAXIMUM_CANDIDATES = 12
"""The exhaustive search tries every subset of so many nodes at most."""


class _TimeUpError(Exception):
    """The time for one question is over."""


class _NotAskedError(Exception):
    """The answer would take too long."""


class _GaveUp(logging.Handler):
    """Notices that dowhy reached its own limit, which it only logs."""

    noticed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a message of dowhy's."""
        self.noticed = self.noticed or "Max number of iterations" in record.getMessage()


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Interrupt what runs inside; where the system cannot, the process is ended in the end."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: object) -> None:
        raise _TimeUpError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _questions(problem: dict[str, Any]) -> dict[str, Callable[[], list[Any]]]:
    """The questions as calls of dowhy."""
    import networkx as nx
    from dowhy.causal_identifier import BackdoorAdjustment
    from dowhy.causal_identifier.auto_identifier import (
        identify_backdoor,
        identify_frontdoor,
        identify_generalized_adjustment_set,
    )
    from dowhy.graph import get_descendants, get_instruments, has_directed_path

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(problem["nodes"])
    graph.add_edges_from(map(tuple, problem["edges"]))
    do, on, observed = problem["do"], problem["on"], problem["observed"]

    def back_door(how: BackdoorAdjustment) -> list[Any]:
        return [list(one.get_adjustment_variables()) for one in identify_backdoor(graph, do, on, observed, how)]

    def exhaustive() -> list[Any]:
        candidates = set(observed) - set(do) - set(on) - get_descendants(graph, do)
        if len(candidates) > MAXIMUM_CANDIDATES:
            raise _NotAskedError(f"not asked: dowhy tries all subsets, and {len(candidates)} nodes have too many")
        return back_door(BackdoorAdjustment.BACKDOOR_EXHAUSTIVE)

    def front_door() -> list[Any]:
        found = identify_frontdoor(graph, do, on, observed)
        return [found] if found else []

    def general() -> list[Any]:
        sets = identify_generalized_adjustment_set(graph, do, on, observed)
        return [list(one.get_adjustment_variables()) for one in sets]

    return {
        PATH: lambda: [has_directed_path(graph, do, on)],
        GENERAL: general,
        INSTRUMENTS: lambda: list(get_instruments(graph, do, on)),
        MINIMAL: lambda: back_door(BackdoorAdjustment.BACKDOOR_MIN),
        DEFAULT: lambda: back_door(BackdoorAdjustment.BACKDOOR_DEFAULT),
        EXHAUSTIVE: exhaustive,
        FRONT_DOOR: front_door,
    }


def _ask(question: Callable[[], list[Any]], seconds: float) -> dict[str, Any]:
    """Ask one question; whatever dowhy raises is an answer too."""
    handler = _GaveUp()
    logging.getLogger("dowhy").addHandler(handler)
    found: list[Any] = []
    failure = ""
    try:
        with _at_most(seconds):
            found = sorted(sorted(one) if isinstance(one, list) else one for one in question())
    except _TimeUpError:
        failure = "time"
    except _NotAskedError as error:
        failure = str(error)
    except Exception as error:
        failure = " ".join(f"dowhy stopped with {type(error).__name__}: {error}".split())
    finally:
        logging.getLogger("dowhy").removeHandler(handler)
    return {"found": found, "failure": failure, "gave_up": handler.noticed}


def _answer(asked: dict[str, Any], say: Say) -> None:
    end = time.monotonic() + asked["seconds"]

    from importlib.metadata import version

    say(version=version("dowhy"))
    left = len(asked["problems"]) * len(CHECKS)
    for number, problem in enumerate(asked["problems"]):
        questions = _questions(problem)
        for check in CHECKS:
            share = max((end - time.monotonic()) / left, 0.01)
            say(problem=number, check=check, **_ask(questions[check], share))
            left -= 1


def main() -> None:
    """Answer the problems on standard input, within their time."""
    serve(_answer, GRACE)


if __name__ == "__main__":
    main()
