"""Estimate effects on right answers from evaluation tables."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.discovery.independence import codes
from causal_reasoning.effects.cuts import Cut, cuts_of
from causal_reasoning.effects.items import Items
from causal_reasoning.effects.paired import arm_differences, reference_arm
from causal_reasoning.effects.questions import Question, confounders, usual_partner
from causal_reasoning.effects.result import Answered, ArmDifference, ArmEffects, Contrast, Effects
from causal_reasoning.effects.strata import Interval, Numbers, by_strata, plug_in, resampled
from causal_reasoning.effects.with_dowhy import Problem, Reply, ask
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.estimand import Expression
from causal_reasoning.graph import AssumptionGraph

SAME, DO = "same", "do"
MOST_CELLS = 1_000_000


def effects(
    items: Sequence[Items],
    graph: AssumptionGraph,
    *,
    split: str | None = None,
    against: str | None = None,
    simulations: int = 20,
    seed: int = 0,
    seconds: float = 120.0,
    on_answer: Callable[[int, int], None] | None = None,
) -> Effects:
    """Estimate what the graph's confounders and treatments do to right answers.

    Parameters
    ----------
    items : sequence of Items
        The evaluation tables of some arms.
    graph : AssumptionGraph
        By which effects are identified; the same for all arms, as their items are the same.
    split : str, optional
        Which rows; by default those drawn under do(treatment), else all that there are of the first split.
    against : str, optional
        The arm from which others are told apart; by default ``erm``, else the first graph.
    simulations : int
        Of each of dowhy's refuters; 0 leaves them out.
    seed : int
        Seed of refuters and intervals.
    seconds : float
        Time for dowhy; its import alone takes about five.
    on_answer : callable, optional
        Called with the number of dowhy's answers and of all, from another thread.

    Returns
    -------
    Effects
        For each arm, and between arms.

    Raises
    ------
    InputError
        For an unknown split or arm, or a graph none of whose confounders and treatments is a column.

    Notes
    -----
    A contrast compares rows of two values, and is an average over these rows. Intervals resample items: they say
    nothing about how another training run would differ.
    """
    name = _split(items, split)
    rows = [one.of_split(name) for one in items]
    partner = _usual(items, graph)
    prepared = [(one, cuts_of(one, graph, name, partner)) for one in rows]
    if not any(asked for _, (asked, _) in prepared):
        raise InputError.at(
            graph.source or graph.name,
            "neither a confounder nor a treatment of this graph is a column of the evaluation table; name another "
            f"graph with --graph (columns: {', '.join(sorted(rows[0].columns))})",
        )
    problems, places = [], []
    for i, (one, (_, cuts)) in enumerate(prepared):
        for j, cut in enumerate(cuts):
            right = one.correct[cut.chosen]
            if cut.question.by_adjustment and cut.comparable and _varies(right):
                problems.append(Problem(cut.treated, right, cut.strata if cut.question.adjust else None))
                places.append((i, j))
    replies = ask(problems, simulations=simulations, seed=seed, seconds=seconds, on_answer=on_answer)
    answers = dict(zip(places, replies.replies, strict=True))
    arms = []
    for i, (one, (asked, cuts)) in enumerate(prepared):
        told = [_contrast(one, cut, answers.get((i, j)), seed) for j, cut in enumerate(cuts)]
        answered = tuple(
            _answered(question, [t for t, cut in zip(told, cuts, strict=True) if cut.question is question])
            for question in asked
        )
        answered = answered if _varies(one.correct) else ()
        arms.append(ArmEffects(one.arm, len(one), float(one.correct.mean()), one.seeds, answered))
    differences: list[ArmDifference] = []
    second = reference_arm(rows, against)
    if second is not None:
        cuts = next(cuts for one, (_, cuts) in prepared if one is second)
        wanted = [cut for cut in cuts if cut.question.node in confounders(graph, second) and cut.question.by_adjustment]
        for one in rows:
            if one is not second and one.kind != "base":
                differences += arm_differences(one, second, wanted, seed)
    notes = [replies.failure] if replies.failure else []
    notes += sorted({text for reply in replies.replies for text in reply.failures})
    if any(len(one.seeds) > 1 for one in rows):
        notes.append("runs of several seeds are put together; intervals are over items, not over training runs")
    return Effects(
        source=items[0].source,
        split=name,
        graph=graph.name,
        arms=tuple(arms),
        differences=tuple(differences),
        simulations=simulations,
        version=replies.version,
        notes=tuple(notes),
    )


def _split(items: Sequence[Items], wanted: str | None) -> str:
    known = list(dict.fromkeys(split for one in items for split in one.splits))
    if wanted is None:
        return DO if DO in known else known[0]
    if wanted not in known:
        raise InputError.at("--split", f"there is no split '{wanted}'; {did_you_mean(wanted, known)}")
    return wanted


def _usual(items: Sequence[Items], graph: AssumptionGraph) -> dict[str, str] | None:
    """What the confounder's values go with in the rows of the training distribution; ``None`` without such rows."""
    for one in items:
        if SAME in one.splits:
            rows = one.of_split(SAME)
            named = confounders(graph, rows)
            do = [n for n in sorted(graph.query.do) if n in graph.causal.observed and not graph.is_text(n)]
            if len(named) == 1 and len(do) == 1 and graph.column(do[0]) in rows.columns:
                return usual_partner(rows.columns[graph.column(named[0])], rows.columns[graph.column(do[0])])
    return None


def _contrast(one: Items, cut: Cut, reply: Reply | None, seed: int) -> Contrast:
    right = one.correct[cut.chosen]
    because = ""
    if not cut.comparable:
        return Contrast(cut.value, cut.reference, Interval(float("nan")), {}, (), 0, cut.left_out,
                        "no stratum holds both values")  # fmt: skip
    if cut.question.by_adjustment:
        value = by_strata(cut.treated, right, cut.strata)
        interval = resampled(lambda i: by_strata(cut.treated[i], right[i], cut.strata[i]), len(right), value, seed)
    else:
        interval, right = _general(one, cut, seed), one.correct
        because = "dowhy was not asked, as this is not identified by adjustment"
        if np.isnan(interval.value):
            because = "the rows lack combinations of values that the formula needs, or there are too many of them"
    found = reply or Reply()
    if not _varies(right):
        because = "all these answers are right" if right[0] else "all these answers are wrong"
    return Contrast(
        cut.value,
        cut.reference,
        interval,
        found.estimates,
        tuple(found.refutations),
        len(right),
        cut.left_out,
        because,
    )


def _general(one: Items, cut: Cut, seed: int) -> Interval:
    """By a formula other than adjustment: on all rows, as it needs the whole distribution of the treatment."""
    question = cut.question
    estimand = getattr(question.identification, "estimand", None)
    columns = {node: codes([one.columns[name]], len(one)) for node, name in question.columns.items()}
    cells = 2 * math.prod(int(numbers.max()) + 1 for numbers in columns.values())
    if not isinstance(estimand, Expression) or cells > MOST_CELLS:
        return Interval(float("nan"))
    names = sorted(set(one.columns[question.column]))
    ends = names.index(cut.value), names.index(cut.reference)
    columns[question.outcome] = one.correct.astype(np.int64)
    sizes = {name: int(numbers.max()) + 1 for name, numbers in columns.items()}

    def value(rows: Numbers) -> float:
        # A resample can miss a value; the formula then has no value either.
        if any(int(c[rows].max()) + 1 < sizes[n] for n, c in columns.items()):
            return float("nan")
        return plug_in(estimand, {n: c[rows] for n, c in columns.items()}, question.node, question.outcome, *ends)

    return resampled(value, len(one), value(np.arange(len(one))), seed)


def _answered(question: Question, contrasts: list[Contrast]) -> Answered:
    refused = question.refused
    if not refused and not contrasts:
        refused = "it has one value in these rows" if question.agreeing is None else "no such rows"
    return Answered(
        question.title,
        question.node,
        question.column,
        question.adjust,
        question.identification.method,
        tuple(contrasts),
        refused,
    )


def _varies(right: NDArray[np.float64]) -> bool:
    return bool(len(right)) and bool(right.min() != right.max())
