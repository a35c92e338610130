"""Ask dowhy for estimates and refutations, in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from causal_reasoning.cross_check.talk import TIME, talk, worker
from causal_reasoning.effects.result import Refutation
from causal_reasoning.effects.strata import Interval, Numbers, Right

COMMAND = worker("causal_reasoning.effects.dowhy_worker")


@dataclass(frozen=True)
class Problem:
    """A binary treatment, a binary outcome, and strata to adjust for.

    Parameters
    ----------
    treated : array of shape (N,)
        0 or 1.
    right : array of shape (N,)
        0 or 1.
    strata : array of shape (N,) or None
        Numbers of the strata; ``None`` if nothing is adjusted for.
    """

    treated: Numbers
    right: Right
    strata: Numbers | None


@dataclass(frozen=True)
class Reply:
    """What dowhy said to one problem.

    Parameters
    ----------
    estimates : dict of str to Interval
        By method.
    refutations : list of Refutation
        Of the estimate by regression.
    failures : list of str
        What did not work.
    """

    estimates: dict[str, Interval] = field(default_factory=dict)
    refutations: list[Refutation] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Replies:
    """What dowhy said to all problems.

    Parameters
    ----------
    version : str
        Of dowhy; empty if it did not start.
    replies : tuple of Reply
        One for each problem.
    failure : str
        Why something is missing; empty if nothing is.
    """

    version: str
    replies: tuple[Reply, ...]
    failure: str = ""


def ask(
    problems: Sequence[Problem],
    *,
    simulations: int,
    seed: int,
    seconds: float,
    on_answer: Callable[[int, int], None] | None = None,
) -> Replies:
    """Estimate by regression, by propensity weighting and strata, and refute the first.

    Parameters
    ----------
    problems : sequence of Problem
        The contrasts; the import of dowhy is paid once for all.
    simulations : int
        Of each refuter; 0 leaves them out.
    seed : int
        Seed of the refuters.
    seconds : float
        Time for everything; what was answered by then counts.
    on_answer : callable, optional
        Called with the number of answers and of all, from another thread.

    Returns
    -------
    Replies
        Estimates of all problems come before the first refutation.
    """
    if not problems:
        return Replies("", ())
    request = {
        "seconds": seconds,
        "simulations": simulations,
        "seed": seed,
        "problems": [
            {
                "t": one.treated.tolist(),
                "y": one.right.astype(int).tolist(),
                "z": None if one.strata is None else one.strata.tolist(),
            }
            for one in problems
        ],
    }
    total = sum((1 if one.strata is None else 3) + (3 if simulations else 0) for one in problems)
    count = 0

    def hear(line: str) -> None:
        nonlocal count
        if '"problem"' in line and on_answer is not None:
            count += 1
            on_answer(min(count, total), total)

    heard = talk(COMMAND, json.dumps(request), seconds, "dowhy", hear)
    version = ""
    replies = [Reply() for _ in problems]
    for line in heard.lines:
        try:
            said = json.loads(line)
            version = str(said.get("version", version))
            if "problem" in said:
                _note(replies[said["problem"]], said, simulations)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            continue
    failure = heard.failure
    if failure == TIME:
        failure = f"dowhy's time of {seconds:g} seconds was over before it had answered everything; raise --budget"
    return Replies(version, tuple(replies), failure)


def _note(reply: Reply, said: dict[str, Any], simulations: int) -> None:
    if "method" in said:
        low, high = said["low"], said["high"]
        ends = (float("nan"), float("nan")) if low is None else (float(low), float(high))
        reply.estimates[said["method"]] = Interval(float(said["value"]), *ends)
    elif "refuter" in said:
        reply.refutations.append(Refutation(said["refuter"], said["mean"], said["p_value"], simulations))
    else:
        reply.failures.append(" ".join(str(said["failure"]).split())[:200])
