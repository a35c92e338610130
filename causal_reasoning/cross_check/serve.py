"""The other end of `causal_reasoning.cross_check.talk`: a process that does one job for another one.

It is a process of its own because what it imports takes seconds and brings in much that the rest of the package never
needs, and because what it computes can take hours: the process can be ended. It ends itself a little after its time,
should nobody be left to do it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, Protocol

GRACE = 2.0
"""Seconds after which a process that should have been ended ends itself."""


class Say(Protocol):
    """Send one answer home."""

    def __call__(self, **answer: Any) -> None:
        """Write the answer as one line of JSON."""


def serve(handle: Callable[[dict[str, Any], Say], None], grace: float = GRACE) -> None:
    """Read a request from standard input, and write answers to standard output, one line each.

    Parameters
    ----------
    handle : callable
        Called with the request, which has its time under ``seconds``, and with what sends an answer.
    grace : float
        Seconds after its time until the process ends itself.
    """
    asked = json.load(sys.stdin)
    last_resort = threading.Timer(asked["seconds"] + grace, os._exit, [1])
    last_resort.daemon = True
    last_resort.start()
    # Answers go where standard output went; what libraries print goes to standard error.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)

        def say(**answer: Any) -> None:
            out.write(json.dumps(answer) + "\n")
            out.flush()

        handle(asked, say)


def hush() -> None:
    """Silence the warnings and log messages of libraries: nobody here can act on them."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
