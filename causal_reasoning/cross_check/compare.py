"""Hold dowhy's answers against our verifiers and our searches, question by question."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from causal_reasoning.cross_check.agreement import Comparison, Status
from causal_reasoning.cross_check.protocol import (
    CHECKS,
    DEFAULT,
    EXHAUSTIVE,
    FRONT_DOOR,
    GENERAL,
    INSTRUMENTS,
    MINIMAL,
    PATH,
    Answer,
    Answers,
)
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.adjustment import (
    causal_nodes,
    is_adjustment_set,
    minimal_adjustment_sets,
    smallest_adjustment_set,
)
from causal_reasoning.identification.front_door import find_front_door, is_front_door
from causal_reasoning.identification.instruments import find_instruments, is_instrument
from causal_reasoning.identification.query import QueryError
from causal_reasoning.identification.result import Identification, NotIdentified

MAXIMUM_LISTED = 1000
Nodes = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Case:
    """A verdict and its graph; what our searches find is looked up when it is needed.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : tuple of str
        Treatments, and outcomes together with conditions: dowhy knows no conditional queries.
    verdict : Identification
        Ours.
    """

    graph: CausalGraph
    do: Nodes
    on: Nodes
    verdict: Identification

    @cached_property
    def late(self) -> Nodes:
        """Observed descendants of the treatments, which the back-door criterion does not use."""
        return tuple(name for name in self.graph.descendants(*self.do) if self.usable(name) and name not in self.on)

    def usable(self, name: str) -> bool:
        """Whether a name is that of an observed node which is no treatment."""
        return name in self.graph and name not in self.graph.latent and name not in self.do

    @cached_property
    def any_set(self) -> Nodes | None:
        """The smallest adjustment set."""
        return smallest_adjustment_set(self.graph, self.do, self.on)

    @cached_property
    def set_without_outcomes(self) -> Nodes | None:
        """The smallest of those without outcomes in them."""
        return smallest_adjustment_set(self.graph, self.do, self.on, excluded=self.on)

    @cached_property
    def back_door_set(self) -> Nodes | None:
        """The smallest of those that meet the back-door criterion as well."""
        return smallest_adjustment_set(self.graph, self.do, self.on, excluded=(*self.on, *self.late))


def compare(case: Case, answers: Answers) -> tuple[Comparison, ...]:
    """Compare question by question.

    Parameters
    ----------
    case : Case
        Our side.
    answers : Answers
        dowhy's side.

    Returns
    -------
    tuple of Comparison
        One for each question; only the first if there is no effect, as all others are about one.
    """
    found = []
    for check in CHECKS:
        answer = answers.of(check)
        found.append(_unanswered(check, answer.failure) if answer.failure else _answered(check, case, answer))
        if check == PATH and not causal_nodes(case.graph, case.do, case.on):
            break
    return tuple(found)


def _answered(check: str, case: Case, answer: Answer) -> Comparison:
    try:
        return Comparison(check, *_RULES[check](case, answer))
    except QueryError as error:
        return Comparison(check, "disagree", f"dowhy names something that cannot be used: {error}")


def _unanswered(check: str, failure: str) -> Comparison:
    if failure == "time":
        return Comparison(check, "timed out", "dowhy had no answer when its time was over")
    return Comparison(check, "not comparable", failure)


Outcome = tuple[Status, str]


def _path(case: Case, answer: Answer) -> Outcome:
    ours, theirs = bool(causal_nodes(case.graph, case.do, case.on)), bool(answer.found[0])
    if ours == theirs:
        return "agree", "a directed path leads to the outcome" if ours else "no directed path: there is no effect"
    if not theirs and len(case.do) + len(case.on) > 2:
        return "not comparable", (
            "dowhy says that there is no effect where one of several treatments or outcomes has no directed path"
        )
    return "disagree", f"dowhy finds {'a' if theirs else 'no'} directed path, we find {'one' if ours else 'none'}"


def _general(case: Case, answer: Answer) -> Outcome:
    return _adjustment(case, answer, case.set_without_outcomes)


def _back_door(case: Case, answer: Answer) -> Outcome:
    return _adjustment(case, answer, case.back_door_set)


def _minimal(case: Case, answer: Answer) -> Outcome:
    status, because = _back_door(case, answer)
    ours, sizes = case.back_door_set, [len(one) for one in answer.found]
    if status == "agree" and ours is not None and sizes and min(sizes) < len(ours):
        return "disagree", f"dowhy's {_sets(answer.found)} is smaller than our smallest, {_set(ours)}"
    return status, because


def _adjustment(case: Case, answer: Answer, ours: Nodes | None) -> Outcome:
    """Compare sets of which dowhy names some; ``ours`` is a set of the same kind."""
    wrong = [one for one in answer.found if not is_adjustment_set(case.graph, case.do, case.on, one)]
    if wrong:
        return "disagree", f"dowhy names {_sets(wrong)}, which our verifier refuses"
    if answer.found:
        return _confirmed(case, f"{_sets(answer.found)}: accepted by our verifier", ours is not None)
    if ours is None and case.any_set is None:
        return "agree", "neither finds an adjustment set"
    if ours is None:
        return "only ours", f"{_set(case.any_set or ())}: {_why_not(case)}"
    if answer.gave_up:
        return "only ours", f"{_set(ours)}: dowhy gave up after its largest number of sets"
    if len(case.do) > 1:
        return "only ours", f"{_set(ours)}: dowhy misses sets for several treatments"
    return "disagree", f"our set is {_set(ours)}, and dowhy finds none"


def _why_not(case: Case) -> str:
    if case.set_without_outcomes is None:
        return "an outcome must be adjusted for as well, and dowhy does not consider outcomes"
    return "a node that the treatment influences must be adjusted for, which the back-door criterion excludes"


def _exhaustive(case: Case, answer: Answer) -> Outcome:
    status, because = _back_door(case, answer)
    if status != "agree" or answer.gave_up or case.back_door_set is None:
        return status, because
    excluded = (*case.on, *case.late)
    listed = minimal_adjustment_sets(case.graph, case.do, case.on, excluded=excluded)
    ours = set(islice(listed, MAXIMUM_LISTED + 1))
    if len(ours) > MAXIMUM_LISTED:
        return "agree", f"{len(answer.found)} sets, all accepted by our verifier"
    theirs = {one for one in answer.found if not any(set(other) < set(one) for other in answer.found)}
    if ours == theirs:
        return "agree", f"{_sets(ours)}: the same minimal sets as ours"
    if missing := sorted(ours - theirs):
        return "disagree", f"our minimal set {_set(missing[0])} is not a minimal one of dowhy's"
    return "disagree", f"dowhy's minimal set {_set(min(theirs - ours))} is not a minimal one of ours"


def _front_door(case: Case, answer: Answer) -> Outcome:
    ours = find_front_door(case.graph, case.do, case.on)
    for one in answer.found:
        if not is_front_door(case.graph, case.do, case.on, one):
            return "disagree", f"dowhy names {_set(one)}, which our verifier refuses"
        return _confirmed(case, f"{_set(one)}: accepted by our verifier", ours is not None)
    if ours is None:
        return "agree", "neither finds a front door"
    told = _set(ours.mediators) + (f" given {_set(ours.covariates)}" if ours.covariates else "")
    # dowhy looks among nodes that the treatments influence and the outcomes do not, and for no covariates.
    between = set(case.late) - set(case.graph.descendants(*case.on))
    others = [name for name in case.graph.observed if case.usable(name) and name not in between]
    alike = find_front_door(case.graph, case.do, case.on, excluded=others)
    if alike is not None and not alike.covariates:
        return "disagree", f"our front door is {_set(alike.mediators)}, and dowhy finds none"
    return "only ours", f"{told}: dowhy uses no covariates for it, no outcomes, and no nodes before the treatment"


def _instruments(case: Case, answer: Answer) -> Outcome:
    if len(case.do) > 1:
        return "not comparable", "an instrument is for one treatment"
    theirs = [name for name in answer.found if case.usable(name) and name not in case.on]
    dropped = len(answer.found) - len(theirs)
    aside = f" ({_count(dropped, 'latent node')} left out that dowhy names)" if dropped else ""
    ours = find_instruments(case.graph, case.do, case.on)
    plain = {one.node for one in ours if not one.given}
    wrong = [name for name in theirs if not is_instrument(case.graph, case.do, case.on, name)]
    if wrong:
        return "disagree", f"dowhy names {', '.join(wrong)}, which our verifier refuses{aside}"
    if missing := sorted({one.node for one in ours} - set(theirs)):
        near = [name for name in missing if name in plain and name in case.graph.parents(*case.do)]
        if near:
            return "disagree", f"{', '.join(near)}: an instrument for us, and dowhy leaves it out{aside}"
        limits = "dowhy looks among direct causes of the treatment, and for none given other nodes"
        return "only ours", f"{', '.join(missing)}: {limits}{aside}"
    if more := sorted(set(theirs) - plain):
        return "only dowhy", f"{', '.join(more)}: accepted by our verifier, and not found by our search{aside}"
    if theirs:
        return "agree", f"{', '.join(theirs)}: accepted by our verifier{aside}"
    return "agree", f"neither finds one{aside}"


def _confirmed(case: Case, told: str, found: bool) -> Outcome:
    """Rate something of dowhy's that identifies the effect; ``found`` says that our search finds the like."""
    if isinstance(case.verdict, NotIdentified):
        return "disagree", f"{told}, but the verdict is that the effect is not identified"
    if not case.verdict.identified:
        return "not comparable", f"{told}; the verdict also minds selection, of which dowhy knows nothing"
    return ("agree", told) if found else ("only dowhy", f"{told}, and our search finds none of the kind")


_RULES: dict[str, Callable[[Case, Answer], Outcome]] = {
    PATH: _path,
    GENERAL: _general,
    INSTRUMENTS: _instruments,
    MINIMAL: _minimal,
    DEFAULT: _back_door,
    EXHAUSTIVE: _exhaustive,
    FRONT_DOOR: _front_door,
}


def _set(names: Iterable[str]) -> str:
    return "{" + ", ".join(names) + "}"


def _sets(found: Iterable[Nodes], most: int = 3) -> str:
    listed = sorted(found, key=lambda names: (len(names), names))
    return ", ".join(map(_set, listed[:most])) + (f" and {len(listed) - most} more" if len(listed) > most else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
