"""What a graph asks of the adapter's structure: its slots, who chooses among parts, how they make one answer.

A graph without slots has no layout: its adapter is of the kind that the experiment names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from causal_reasoning.errors import InputError, NoValidPlanError
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.slots import RouterSpec, SlotSpec
from causal_reasoning.objective.baselines import BASELINES
from causal_reasoning.objective.loss import Array, Equipped, Loss, Needs, Step
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan

Combine = Literal["sum", "mixture", "experts", "head"]


@dataclass(frozen=True)
class ChoicePlan:
    """Who chooses among the parts of slots.

    Parameters
    ----------
    node : str
        The node whose value chooses.
    router : RouterSpec or None
        The router that computes it; without one, training rows use the part of their own value and answers average
        over all values with their probabilities among the training rows.
    column : str
        The column with the true values of the training rows, where one is needed; else empty.
    """

    node: str
    router: RouterSpec | None
    column: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "node": self.node,
            "router": self.router.model_dump() if self.router else None,
            "column": self.column or None,
        }


@dataclass(frozen=True)
class AdapterLayout:
    """The adapter of a graph.

    Parameters
    ----------
    slots : tuple of (str, SlotSpec)
        Its parts by node, sorted.
    choices : tuple of ChoicePlan
        Who chooses among alternatives, sorted.
    combine : "sum", "mixture", "experts" or "head"
        How they make one answer; see `causal_reasoning.adapter.combine`.
    groups : tuple of tuple of str
        The slots that are on in each view, for ``"experts"`` and ``"head"``: the chosen ones and the others.
    """

    slots: tuple[tuple[str, SlotSpec], ...]
    choices: tuple[ChoicePlan, ...] = ()
    combine: Combine = "sum"
    groups: tuple[tuple[str, ...], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "slots": [{"node": name, **spec.model_dump()} for name, spec in self.slots],
            "choices": [choice.to_dict() for choice in self.choices],
            "combine": self.combine,
            "groups": [list(group) for group in self.groups],
        }

    def lines(self) -> list[tuple[str, str]]:
        """What a person wants to know: for each slot what it is, and who chooses; then how they are put together."""
        found = []
        for name, spec in self.slots:
            kind = "learned tokens with gates that start at zero" if spec.kind == "tokens" else "low-rank updates"
            used = f"one of several parts, chosen by {spec.choose}" if spec.choose else "always on"
            found.append((f"{name}: {spec.text()}", f"{kind}; {used}"))
        for choice in self.choices:
            if choice.router is None:
                how = f"each training row its own {choice.node}; in use all, weighed by P({choice.node})"
            else:
                soft = "in use all, weighed by" if choice.router.soft else "the most probable one by"
                how = f"a router ({choice.router.kind}, {choice.router.parts} parts); {soft} p({choice.node} | text)"
            found.append((f"{choice.node} chooses", how))
        if self.combine != "sum":
            found.append((self.combine, _COMBINED[self.combine]))
        return found


_COMBINED = {
    "mixture": "whole answers of the parts are averaged",
    "experts": "log p = log p(chosen slots) + log p(other slots) − log p(neither), normed",
    "head": "the last states of chosen and other slots side by side, under a layer of its own",
}


@dataclass(frozen=True)
class RoutedLoss:
    """A loss of an adapter whose rows choose parts: tells the adapter of columns, and adds what routers learn by.

    Parameters
    ----------
    base : Loss
        The objective.
    choices : tuple of ChoicePlan
        Who chooses.
    """

    base: Loss
    choices: tuple[ChoicePlan, ...]

    @property
    def needs_whole_batch(self) -> bool:
        """As the objective."""
        return bool(getattr(self.base, "needs_whole_batch", False))

    @property
    def penalties(self) -> tuple[Any, ...]:
        """The objective's."""
        return tuple(getattr(self.base, "penalties", ()))

    def needs(self) -> Needs:
        """What the objective needs."""
        return self.base.needs() if isinstance(self.base, Equipped) else Needs()

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """The parts of the objective, and ``router`` where routers have a loss of their own."""
        for choice in self.choices:
            if choice.column:
                step.choose(choice.node, step.label((choice.column,)), fixed=choice.router is None)
        parts = dict(self.base(step))
        router = step.router_loss()
        if router is not None:
            parts = {"unrouted": parts["loss"], **parts, "loss": parts["loss"] + router, "router": router}
        return parts


def with_layout(graph: AssumptionGraph, plan: ObjectivePlan) -> ObjectivePlan:
    """Add to a plan the adapter that its graph asks for.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    plan : ObjectivePlan
        The objective, with its penalties.

    Returns
    -------
    ObjectivePlan
        Unchanged if no node is a slot.

    Raises
    ------
    InputError
        If the file asks for a combination that its slots do not have.
    NoValidPlanError
        If a part is to be chosen by a column that nobody knows when the model is used.
    """
    where, wanted = graph.source or graph.name, graph.objective.combine
    if not graph.slots:
        if wanted != "auto":
            raise InputError.at(
                where, f"objective.combine: '{wanted}' puts slots together, and no node is one; leave it out"
            )
        return plan
    choices = tuple(_choice(graph, plan, node) for node in sorted({s.choose for s in graph.slots.values() if s.choose}))
    chosen = tuple(name for name, slot in graph.slots.items() if slot.choose)
    others = tuple(name for name, slot in graph.slots.items() if not slot.choose)
    mixed = [choice for choice in choices if choice.router is None or choice.router.soft]
    if len(mixed) > 1:
        raise NoValidPlanError(
            f"{where}: answers are averaged over the values of one node, not over those of {mixed[0].node} and "
            f"{mixed[1].node}; let one node choose the parts of all slots"
        )
    if wanted == "mixture" and not mixed:
        raise InputError.at(
            where, "objective.combine: 'mixture' needs a router with 'soft: true', or a node that is averaged over"
        )
    if wanted in ("experts", "head"):
        if mixed:
            raise InputError.at(
                where, f"objective.combine: '{wanted}' takes one part a row, and {mixed[0].node} asks for all of them"
            )
        if not (chosen and others):
            raise InputError.at(
                where, f"objective.combine: '{wanted}' joins slots with parts and slots without; the graph needs both"
            )
    combine: Combine = ("mixture" if mixed else "sum") if wanted == "auto" else wanted
    if wanted == "sum" and mixed and mixed[0].router is None:
        raise InputError.at(where, f"objective.combine: answers average over {mixed[0].node}: that is a 'mixture'")
    groups = (chosen, others) if combine in ("experts", "head") else ()
    layout = AdapterLayout(tuple(graph.slots.items()), choices, combine, groups)
    _refuse_states(graph, plan, layout, where)
    labels = tuple((choice.column,) for choice in choices if choice.column)
    return replace(
        plan,
        layout=layout,
        loss=RoutedLoss(plan.loss, choices) if choices else plan.loss,
        labels=plan.labels + tuple(columns for columns in labels if columns not in plan.labels),
        forward_passes=_cost(plan.forward_passes, layout),
    )


def _choice(graph: AssumptionGraph, plan: ObjectivePlan, node: str) -> ChoicePlan:
    if node in graph.routers:
        router = graph.routers[node]
        return ChoicePlan(node, router, router.label or "")
    if plan.strata is None or plan.strata.nodes != (node,) or not plan.strata.slots:
        slots = ", ".join(name for name, slot in graph.slots.items() if slot.choose == node)
        raise NoValidPlanError(
            f"{graph.source or graph.name}: '{node}' chooses the part of {slots}, and nobody knows it when the model "
            f"is used: the plan ({plan.estimator}) does not average over it; bind '{node}' to a router, or leave "
            "'choose' out"
        )
    return ChoicePlan(node, None, graph.column(node))


def _refuse_states(graph: AssumptionGraph, plan: ObjectivePlan, layout: AdapterLayout, where: str) -> None:
    """Refuse a loss that reads hidden states where a row has several, one for each view of the adapter."""
    routed = any(choice.router is not None for choice in layout.choices)
    if layout.combine == "sum" or (layout.combine == "mixture" and not routed):
        return  # one pass a row in training
    measured = [n for p in plan.penalties for n in p.representations if n not in graph.slots]
    if measured or (plan.baseline and BASELINES[plan.estimator].reads_states):
        what = f"penalties measure '{measured[0]}'" if measured else f"'{plan.estimator}' reads"
        raise InputError.at(
            where,
            f"objective.combine: {what}, a hidden state, of which '{layout.combine}' has several a row; it needs 'sum'",
        )


def _cost(passes: ForwardPasses, layout: AdapterLayout) -> ForwardPasses:
    """Passes of the frozen base: views run as one larger batch, and are counted one by one."""
    extra = sum(choice.router is not None and choice.router.reads == "hidden" for choice in layout.choices)
    # Where a column chooses, each training row uses its own part, and strata are counted already.
    soft = next((c.router.parts for c in layout.choices if c.router is not None), 1)
    views = {"sum": 1, "mixture": soft, "experts": 3, "head": 2}[layout.combine]
    return ForwardPasses(
        passes.train * views + extra,
        passes.inference * views + extra,
        passes.train_per_stratum * views,
        passes.inference_per_stratum * views,
    )
