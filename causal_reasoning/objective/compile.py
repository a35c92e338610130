"""Compile a graph: from its query to a verdict, and from the verdict to a training objective."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from causal_reasoning.errors import NotIdentifiedError, NoValidPlanError
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification, IdentifiedByAdjustment, identify
from causal_reasoning.objective.estimators import ESTIMATORS
from causal_reasoning.objective.plan import ObjectivePlan, Refusal


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
    """

    graph: AssumptionGraph
    identification: Identification
    plan: ObjectivePlan

    def to_dict(self) -> dict[str, Any]:
        """What ``derive --json`` prints."""
        return {
            **self.identification.to_dict(),
            "proof": _proof(self.identification),
            "plan": self.plan.to_dict(),
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
    if not verdict.identified:
        raise NotIdentifiedError(f"{graph.source or graph.name}: {_refusal(verdict)}")
    plans: dict[str, ObjectivePlan] = {}
    refused: list[Refusal] = []
    for name, estimator in ESTIMATORS.items():
        outcome = estimator(graph, verdict)
        if isinstance(outcome, Refusal):
            refused.append(outcome)
        else:
            plans[name] = outcome
    wanted = graph.objective.estimator
    if wanted == "auto" and plans:
        return Derivation(graph, verdict, replace(next(iter(plans.values())), refused=tuple(refused)))
    if wanted in plans:
        return Derivation(graph, verdict, replace(plans[wanted], refused=tuple(refused)))
    reasons = "; ".join(f"{r.estimator}: {r.because}" for r in refused if wanted in ("auto", r.estimator))
    hint = f"; valid here: {', '.join(plans)}" if plans else ""
    what = "no objective can be compiled" if wanted == "auto" else f"the estimator '{wanted}' is not valid here"
    raise NoValidPlanError(f"{graph.source or graph.name}: {what} ({reasons}){hint}")


def _refusal(verdict: Identification) -> str:
    data = verdict.to_dict()
    reason = str(data.get("reason") or "the query is not identified")
    repairs = data["repairs"]
    return reason + (f"; what would help: {' or '.join(repairs[:3])}" if repairs else "")


def _proof(verdict: Identification) -> list[dict[str, str | None]]:
    if not isinstance(verdict, IdentifiedByAdjustment):
        return []
    steps: list[dict[str, str | None]] = []
    for path in (*verdict.proof.closed, *verdict.proof.colliders):
        steps.append({"path": path.path.text(), "status": "blocked", "by": path.by, "because": path.text()})
    for causal in verdict.proof.causal:
        steps.append({"path": causal.text(), "status": "causal", "by": None, "because": "a causal path, left open"})
    return steps
