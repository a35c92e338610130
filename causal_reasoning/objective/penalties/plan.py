"""Penalties of a graph as a plan: what is measured, how strongly it counts, and the statement that is the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from causal_reasoning.errors import Fault, InputError
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.penalties import penalty_problems
from causal_reasoning.graph.representations import State
from causal_reasoning.graph.spec import PenaltyKind, PenaltySpec
from causal_reasoning.identification import m_separated
from causal_reasoning.identification.implications import Independence
from causal_reasoning.objective.notation import latex_names, listed
from causal_reasoning.objective.penalties.base import Names, Penalty
from causal_reasoning.objective.penalties.implied import ImpliedIndependence, drawn_anew, implied_independences
from causal_reasoning.objective.penalties.measures import PENALTIES
from causal_reasoning.objective.plan import Refusal, Term

COUNTERFACTUAL = "counterfactual"
"""The view that paired penalties compare with: each row with some nodes drawn anew, and its text rendered again."""


@dataclass(frozen=True)
class PenaltyPlan:
    """One independence penalty.

    Parameters
    ----------
    name : str
        The key in the training log, unique in a plan.
    kind : str
        A key of `PENALTIES`.
    representations : tuple of str
        One or two nodes bound to hidden states.
    against : tuple of str
        Nodes of the data that the one must not depend on; empty for two.
    given : tuple of str
        Nodes of the data in whose groups the independence is meant.
    strength : float
        Factor of the penalty in the loss.
    formula, latex : str
        The measure as plain text and as LaTeX.
    because : str
        The reason, from the graph.
    implied : bool
        Whether the graph implies the statement.
    penalty : Penalty
        What computes it.
    states : tuple of HiddenState or SlotSpec
        What the representations are in the model, in their order.
    against_columns, given_columns : tuple of str
        The columns that a step must know as labels; ``against_columns`` is empty unless `against` is a label.
    view : str
        The second view for a paired penalty, else empty.
    drawn : tuple of str
        The nodes that this view draws anew: columns that act on `against` and not on what is `given`.
    floor : float
        Share of its activity in the first batch below which a representation counts as collapsing.
    """

    name: str
    kind: str
    representations: tuple[str, ...]
    against: tuple[str, ...]
    given: tuple[str, ...]
    strength: float
    formula: str
    latex: str
    because: str
    implied: bool
    penalty: Penalty
    states: tuple[State, ...]
    against_columns: tuple[str, ...] = ()
    given_columns: tuple[str, ...] = ()
    view: str = ""
    drawn: tuple[str, ...] = ()
    floor: float = 0.5

    @property
    def statement(self) -> Independence:
        """What it makes true."""
        return Independence(self.representations[:1], self.representations[1:] + self.against, self.given)

    def term(self) -> Term:
        """As one part of the loss."""
        return Term(self.name, "penalty", self.formula, self.latex, self.because, self.strength)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "statement": self.statement.text(),
            "representations": list(self.representations),
            "against": list(self.against),
            "given": list(self.given),
            "strength": self.strength,
            "formula": self.formula,
            "latex": self.latex,
            "because": self.because,
            "implied": self.implied,
            "drawn": list(self.drawn),
            "floor": self.floor,
        }


def plan_penalties(graph: AssumptionGraph) -> tuple[PenaltyPlan, ...]:
    """Plan the penalties that a graph file asks for.

    Parameters
    ----------
    graph : AssumptionGraph
        With ``objective.penalties``: ``"auto"`` takes one penalty for each statement of `implied_independences`,
        ``"none"`` none, and a mapping of names those that it names.

    Returns
    -------
    tuple of PenaltyPlan
        In the order of the statements, or of the file.

    Raises
    ------
    InputError
        If a penalty that is asked for by name makes no sense, or does not say of which representations it is and
        the graph does not say it either.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> [plan.formula for plan in plan_penalties(load_graph("skill_state"))]
    ['E tr Cov(state | skill) / E‖state‖²']
    """
    asked, where = graph.objective.penalties, graph.source or graph.name
    # Checked by the reader too, with the place; but an objective can also come from elsewhere.
    problems = list(penalty_problems(graph.objective, graph.nodes, graph.query))
    if problems:
        raise InputError(
            Fault(where, None, None, ".".join(("objective.penalties", *problem.path)) + f": {problem.message}")
            for problem in problems
        )
    if asked == "none" or not graph.representations:
        return ()
    if asked == "auto":
        found = [one for one in implied_independences(graph) if one.kinds and not _pairless(graph, one)]
        kinds = (cast(PenaltyKind, one.kinds[0]) for one in found)
        return tuple(
            _plan(graph, one.statement, kind, PenaltySpec(), one.because)
            for one, kind in zip(found, kinds, strict=True)
        )
    plans: list[PenaltyPlan] = []
    for name, spec in graph.objective.named_penalties.items():
        if (spec.kind or name) in PENALTIES:
            plans += _named(graph, name, spec)
    return tuple(plans)


def penalties_left_out(graph: AssumptionGraph) -> tuple[Refusal, ...]:
    """The implied statements that nothing can measure, each with the reason; none unless penalties are ``auto``."""
    if graph.objective.penalties != "auto" or not graph.representations:
        return ()
    return tuple(
        Refusal(one.statement.text(), f"implied by the graph, but {_pairless(graph, one) or one.because}")
        for one in implied_independences(graph)
        if not one.kinds or _pairless(graph, one)
    )


def _pairless(graph: AssumptionGraph, one: ImpliedIndependence) -> str:
    """Why there are no pairs of rows to measure a statement by, if pairs are what it needs; else empty."""
    if not one.kinds or not PENALTIES[cast(PenaltyKind, one.kinds[0])].paired or drawn_anew(graph, one.statement):
        return ""
    against, given = listed(one.statement.b), listed(one.statement.given)
    return f"no column acts on {against} and not on {given}, so there are no pairs of rows"


def _named(graph: AssumptionGraph, name: str, spec: PenaltySpec) -> list[PenaltyPlan]:
    kind = cast(PenaltyKind, spec.kind or name)
    fitting = [one for one in implied_independences(graph) if kind in one.kinds]
    if spec.of is not None:
        fitting = [one for one in fitting if _is_named(spec, kind, one.statement)]
    found: list[tuple[Independence, str | None]] = [(one.statement, one.because) for one in fitting]
    if not found:
        found = [(_asked(graph, name, kind, spec), None)]
    return [
        _plan(graph, statement, kind, spec, because, name=_label(name, kind, statement) if len(found) > 1 else name)
        for statement, because in found
    ]


def _is_named(spec: PenaltySpec, kind: PenaltyKind, statement: Independence) -> bool:
    """Whether a statement of the graph is the one that a penalty names; what it leaves open is the graph's."""
    named = (spec.of or ()) + (spec.against or ())
    against = () if PENALTIES[kind].alone and not spec.against else statement.b
    return named == statement.a + against and spec.given in (None, statement.given)


def _asked(graph: AssumptionGraph, name: str, kind: PenaltyKind, spec: PenaltySpec) -> Independence:
    """The statement that a penalty names, whether the graph implies it or not."""
    alone, states = PENALTIES[kind].alone, tuple(graph.representations)
    of = spec.of or states
    if spec.of is None and len(states) != (1 if alone else 2):
        raise InputError.at(
            graph.source or graph.name,
            f"objective.penalties.{name}: the graph implies no statement that '{kind}' measures, and there are "
            f"{len(states)} representations ({listed(states)}): say which it is about with 'of'",
        )
    given = spec.given or ()
    if len(of) == 2:
        return Independence(of[:1], of[1:], given)
    return Independence(of, spec.against or tuple(n for n in graph.inputs(of[0]) if n not in given), given)


def _plan(
    graph: AssumptionGraph,
    statement: Independence,
    kind: PenaltyKind,
    spec: PenaltySpec,
    because: str | None,
    name: str = "",
) -> PenaltyPlan:
    penalty = PENALTIES[kind].build(spec)
    states = tuple(n for n in statement.a + statement.b if n in graph.representations)
    against = tuple(n for n in statement.b if n not in graph.representations)
    implied = because is not None or m_separated(graph.causal, statement.a, statement.b, statement.given)
    if because is None:
        because = "implied by the graph" if implied else "not implied by the graph; asked for by name"
    formula = penalty.formula(
        Names(statement.a[0], listed(statement.b), listed(statement.given)),
        Names(latex_names(statement.a), latex_names(statement.b), latex_names(statement.given)),
    )
    return PenaltyPlan(
        name=name or _label(kind, kind, statement),
        kind=kind,
        representations=states,
        against=against,
        given=statement.given,
        strength=spec.strength,
        formula=formula.text,
        latex=formula.latex,
        because=f"{statement.text()}: {because}",
        implied=implied,
        penalty=penalty,
        states=tuple(graph.representations[n] for n in states),
        against_columns=() if penalty.alone else tuple(graph.column(n) for n in against),
        given_columns=() if penalty.paired else tuple(graph.column(n) for n in statement.given),
        view=COUNTERFACTUAL if penalty.paired else "",
        drawn=drawn_anew(graph, statement) if penalty.paired else (),
        # As released, nothing keeps what is measured from being switched off.
        floor=0.0 if penalty.each and "floor" not in spec.model_fields_set else spec.floor,
    )


def _label(name: str, kind: PenaltyKind, statement: Independence) -> str:
    """A key for the log such as ``hsic(a, b)``."""
    return f"{name}({listed(statement.a + (() if PENALTIES[kind].alone else statement.b))})"
