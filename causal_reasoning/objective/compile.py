"""Compile a graph: from its query to a verdict, and from the verdict to a training objective."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from causal_reasoning.errors import InputError, NotIdentifiedError, NoValidPlanError, did_you_mean
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import (
    Identification,
    IdentifiedByAdjustment,
    IdentifiedInGeneral,
    SetByTheAdapter,
    identify,
)
from causal_reasoning.objective.baselines import BASELINES, plan_baseline
from causal_reasoning.objective.estimators import ESTIMATORS, Estimator
from causal_reasoning.objective.layout import with_layout
from causal_reasoning.objective.penalties import (
    label_columns,
    penalties_left_out,
    plan_penalties,
    with_mediation,
    with_penalties,
)
from causal_reasoning.objective.plan import ObjectivePlan, Refusal
from causal_reasoning.objective.rendering import counterfactual_rendering
from causal_reasoning.objective.surrogates import with_surrogates


@dataclass(frozen=True)
class Derivation:
    """A graph, the verdict on its query, and the objective compiled from it.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict.
    plan : ObjectivePlan
        The objective.
    valid : tuple of ObjectivePlan
        All that the graph licenses, cheapest first; the objective is one of them, unless it is a baseline.
    """

    graph: AssumptionGraph
    identification: Identification
    plan: ObjectivePlan
    valid: tuple[ObjectivePlan, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """What ``derive --json`` prints."""
        return {
            **self.identification.to_dict(),
            "proof": _proof(self.identification),
            "plan": self.plan.to_dict(),
            "valid": [
                {
                    "estimator": plan.estimator,
                    "forward_passes": plan.forward_passes.to_dict(),
                    "approximate": plan.approximate,
                }
                for plan in self.valid
            ],
        }


def compile_objective(graph: AssumptionGraph) -> ObjectivePlan:
    """Compile the training objective of a graph; see `derive`."""
    return derive(graph).plan


def derive(graph: AssumptionGraph) -> Derivation:
    """Identify a graph's query and compile it into a training objective.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions; ``graph.objective.estimator`` asks for an estimator by name, ``"auto"`` takes the first
        valid one, cheapest first.

    Returns
    -------
    Derivation
        The verdict, its proof and the plan, with the refusals of the estimators that do not apply.

    Raises
    ------
    NotIdentifiedError
        If the query is not identified; the message names a reason and the cheapest repairs.
    NoValidPlanError
        If it is identified but no estimator (or not the one asked for) applies; the message says why.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> derive(load_graph("reasoning")).plan.formula
    'L(θ) = E[ w · (−log p_θ(answer | question)) ],  w = P(skill) / P(skill | confounder)'
    """
    verdict = identify(graph)
    asked = graph.asked_of_the_data
    if graph.objective.baseline is not None:
        plan = _baseline(asked, verdict, graph.objective.baseline)
        return Derivation(graph, verdict, with_layout(graph, _penalised(graph, plan)))
    if not verdict.identified:
        raise NotIdentifiedError(f"{graph.source or graph.name}: {_refusal(verdict)}")
    if isinstance(verdict, IdentifiedInGeneral) and verdict.selected:
        raise NoValidPlanError(
            f"{graph.source or graph.name}: the rows were selected on {', '.join(verdict.selected)}, and no objective "
            f"is compiled for selected rows yet; the query is identified as {verdict.estimand.text()}"
        )
    plans: dict[str, ObjectivePlan] = {}
    refused: list[Refusal] = []
    for name, estimator in ESTIMATORS.items():
        outcome = _outcome(asked, verdict, name, estimator)
        if isinstance(outcome, Refusal):
            refused.append(outcome)
        else:
            plans[name] = outcome
    wanted = graph.objective.estimator
    _check_settings(graph)
    chosen = next(iter(plans.values()), None) if wanted == "auto" else plans.get(wanted)
    if chosen is not None:
        penalised = with_layout(graph, _penalised(graph, replace(chosen, refused=tuple(refused))))
        return Derivation(graph, verdict, penalised, tuple(plans.values()))
    grouped: dict[str, list[str]] = {}
    for refusal in refused:
        if wanted in ("auto", refusal.estimator):
            grouped.setdefault(refusal.because, []).append(refusal.estimator)
    reasons = "; ".join(f"{', '.join(names)}: {because}" for because, names in grouped.items())
    hint = f"; valid here: {', '.join(plans)}" if plans else ""
    what = "no objective can be compiled" if wanted == "auto" else f"the estimator '{wanted}' is not valid here"
    raise NoValidPlanError(f"{graph.source or graph.name}: {what} ({reasons}){hint}")


def _outcome(
    graph: AssumptionGraph, verdict: Identification, name: str, estimator: Estimator
) -> ObjectivePlan | Refusal:
    """What an estimator makes of a graph, which may have slots."""
    if isinstance(verdict, SetByTheAdapter) and name != "likelihood":
        t = ", ".join(verdict.query.do)
        return Refusal(name, f"the adapter sets {t}: no row has a value of it to be weighed or averaged over")
    outcome = with_surrogates(graph, estimator.plan(graph, verdict))
    by_column = {n: slot.choose for n, slot in graph.slots.items() if slot.choose and slot.choose not in graph.routers}
    if isinstance(outcome, Refusal) or not by_column:
        return outcome
    z, slots = ", ".join(sorted(set(by_column.values()))), ", ".join(by_column)
    if outcome.strata is None or not outcome.strata.slots:
        unknown = f"{z} chooses a part of {slots}, and nobody knows it when the model is used"
        return Refusal(name, f"{unknown}: answers must be averaged over it alone, which this plan does not do")
    if name == "standardization":
        return outcome
    return Refusal(name, f"{z} chooses a part of {slots}, whose answers are summed; this estimator shows it as a text")


def _check_settings(graph: AssumptionGraph) -> None:
    """Refuse settings that no estimator reads, or not the one asked for."""
    wanted = graph.objective.estimator
    readers = [e for name, e in ESTIMATORS.items() if wanted in ("auto", name)]
    known = sorted({setting for estimator in readers for setting in estimator.settings})
    for name in graph.objective.settings:
        if name not in known:
            whose = "no estimator has" if wanted == "auto" else f"the estimator '{wanted}' does not have"
            hint = f"; {did_you_mean(name, known)}" if known else ""
            raise InputError.at(graph.source or graph.name, f"objective.settings: {whose} the setting '{name}'{hint}")


def _baseline(graph: AssumptionGraph, verdict: Identification, name: str) -> ObjectivePlan:
    """A known objective that the graph need not license: the plan says whether it does."""
    nodes = graph.objective.groups
    if nodes is None and BASELINES[name].needs == "groups":
        roles = ("confounder", "domain")
        nodes = tuple(n for n, s in graph.nodes.items() if s.role in roles and s.bind and n not in graph.computed)
    for node in nodes or ():
        if node not in graph.nodes:
            raise InputError.at(
                graph.source or graph.name,
                f"objective.groups: there is no node '{node}'; {did_you_mean(node, graph.nodes)}",
            )
        if graph.nodes[node].bind is None or graph.is_text(node) or node in graph.computed:
            raise InputError.at(
                graph.source or graph.name, f"objective.groups: '{node}' is not bound to a categorical column"
            )
    columns = tuple(graph.column(node) for node in nodes or ())
    return plan_baseline(name, graph, verdict, groups=columns, settings=graph.objective.settings)


def _penalised(graph: AssumptionGraph, plan: ObjectivePlan) -> ObjectivePlan:
    """Add the independence penalties that the graph implies, or that the file asks for."""
    penalties = plan_penalties(graph)  # checks all that are named, those on what is written too
    plan = with_mediation(graph, plan)
    left_out = penalties_left_out(graph)
    if not penalties:
        return replace(plan, refused=plan.refused + left_out)
    labels = label_columns(penalties)
    groups = plan.groups or (labels[0] if labels else ())
    added = tuple(penalty.term() for penalty in penalties)
    shown = "".join(f" + {p.strength:g} · {p.name}" for p in penalties)
    shown_latex = "".join(rf" + {p.strength:g}\,\mathrm{{{p.name}}}".replace("_", r"\_") for p in penalties)
    loss, comma, rest = plan.formula.partition(",  ")
    head, quad, tail = plan.latex.partition(r",\quad ")
    renderings = counterfactual_rendering(graph, [p.drawn for p in penalties if p.view], plan.renderings)
    passes = plan.forward_passes
    return replace(
        plan,
        loss=with_penalties(plan.loss, penalties, groups),
        groups=groups,
        labels=tuple(columns for columns in labels if columns != groups),
        formula=f"{loss}{shown}{comma}{rest}",
        latex=f"{head}{shown_latex}{quad}{tail}",
        terms=plan.terms + added,
        penalties=penalties,
        renderings=renderings,
        # A second rendering that the objective does not read costs a pass.
        forward_passes=replace(passes, train=passes.train + len(renderings) - len(plan.renderings)),
        refused=plan.refused + left_out,
    )


def _refusal(verdict: Identification) -> str:
    data = verdict.to_dict()
    reason = str(data.get("reason") or "the query is not identified")
    repairs = data["repairs"]
    return reason + (f"; what would help: {' or '.join(repairs[:3])}" if repairs else "")


def _proof(verdict: Identification) -> list[dict[str, str | None]]:
    if not isinstance(verdict, IdentifiedByAdjustment):
        return [
            {
                "path": step.statement,
                "status": step.rule,
                "by": None,
                "because": f"{step.rule}: {step.because}" if step.because else step.rule,
            }
            for step in verdict.steps
        ]
    steps: list[dict[str, str | None]] = []
    for path in (*verdict.proof.closed, *verdict.proof.colliders):
        steps.append({"path": path.path.text(), "status": "blocked", "by": path.by, "because": path.text()})
    for causal in verdict.proof.causal:
        steps.append({"path": causal.text(), "status": "causal", "by": None, "because": "a causal path, left open"})
    return steps
