"""From the name of a baseline to an objective plan."""

from __future__ import annotations

from collections.abc import Mapping

from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification, IdentifiedByAdjustment
from causal_reasoning.objective.baselines.base import Baseline, ComparesGroups, Value
from causal_reasoning.objective.baselines.cat import CAT
from causal_reasoning.objective.baselines.cft import CFT
from causal_reasoning.objective.baselines.coral import CORAL
from causal_reasoning.objective.baselines.counterfactual import CounterfactualAugmentation
from causal_reasoning.objective.baselines.erm import ERM
from causal_reasoning.objective.baselines.groupdro import GroupDRO
from causal_reasoning.objective.baselines.irm import IRM
from causal_reasoning.objective.baselines.mixup import Mixup
from causal_reasoning.objective.baselines.swa import SWA
from causal_reasoning.objective.baselines.vrex import VREx
from causal_reasoning.objective.notation import nll
from causal_reasoning.objective.plan import ObjectivePlan, Term
from causal_reasoning.objective.rendering import RenderingModel, drawable, rendering_model

BASELINES: dict[str, type[Baseline]] = {
    baseline.name: baseline
    for baseline in (ERM, SWA, Mixup, GroupDRO, VREx, IRM, CORAL, CounterfactualAugmentation, CFT, CAT)
}


def plan_baseline(
    name: str,
    graph: AssumptionGraph,
    verdict: Identification,
    *,
    groups: tuple[str, ...] = (),
    drawn: tuple[str, ...] = (),
    settings: Mapping[str, Value] | None = None,
) -> ObjectivePlan:
    """Plan a known training objective, whether or not the graph licenses it.

    Parameters
    ----------
    name : str
        A key of `BASELINES`.
    graph : AssumptionGraph
        The assumptions.
    verdict : Identification
        The verdict on their query; any one will do.
    groups : tuple of str
        Columns whose combinations of values are the groups, for a baseline that compares groups.
    drawn : tuple of str
        Nodes that the counterfactual view of each row draws anew; by default the adjustment set.
    settings : mapping of str to float or str, optional
        Values other than the defaults.

    Returns
    -------
    ObjectivePlan
        With ``baseline`` set, and ``licensed`` and ``license_reason`` as the graph has it.

    Raises
    ------
    InputError
        For an unknown name, setting or node, a value out of range, and groups that are missing, text or not used.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> from causal_reasoning.identification import identify
    >>> graph = load_graph("reasoning")
    >>> plan = plan_baseline("vrex", graph, identify(graph), groups=("style",), settings={"weight": 1.0})
    >>> plan.licensed, plan.license_reason.partition(":")[0]
    (False, 'question <- confounder is open')
    """
    where = graph.source or graph.name
    if name not in BASELINES:
        raise InputError.at(where, f"there is no baseline '{name}'; {did_you_mean(name, BASELINES)}")
    kind = BASELINES[name]
    _check_groups(kind, graph, groups, where)
    _check_drawn(kind, graph, drawn, where)
    if kind.needs == "pairs" and not drawn and not isinstance(declared := drawable(graph), str):
        drawn = declared  # what a template says that it can write anew
    given = dict(settings or {})
    for key, value in given.items():
        if key not in kind.defaults():
            known = kind.defaults()
            hint = did_you_mean(key, known) if known else "it has no settings"
            raise InputError.at(where, f"the baseline '{name}' has no setting '{key}'; {hint}")
        if problem := kind.problem(key, value):
            raise InputError.at(where, f"{key} of the baseline '{name}' {problem}")
    values = {key: value if isinstance(value, str) else float(value) for key, value in given.items()}
    baseline = kind(groups=tuple(sorted(groups)), drawn=tuple(sorted(drawn)), **values)
    license_ = baseline.license(graph, verdict)
    text, latex = nll(graph)
    return ObjectivePlan(
        estimator=name,
        formula=f"{kind.formula},  ℓ = {text}",
        latex=rf"{kind.latex}, \quad \ell = {latex}",
        terms=(Term("nll", "likelihood", text, latex, license_.because), *baseline.penalties()),
        forward_passes=baseline.forward_passes,
        loss=baseline.loss(),
        groups=baseline.groups,
        balanced=isinstance(baseline, ComparesGroups) and bool(baseline.balanced),
        baseline=True,
        licensed=license_.licensed,
        license_reason=license_.because,
        renderings=_renderings(baseline, graph, verdict),
    )


def _renderings(baseline: Baseline, graph: AssumptionGraph, verdict: Identification) -> tuple[RenderingModel, ...]:
    """The counterfactual view of a baseline that needs pairs; none if there is nothing that could be drawn anew."""
    drawn = baseline.drawn or (verdict.adjustment if isinstance(verdict, IdentifiedByAdjustment) else ())
    if baseline.needs != "pairs" or not drawn:
        return ()
    if any(node not in graph.causal.observed or graph.is_text(node) for node in drawn):
        return ()
    return (rendering_model(graph, drawn, baseline.views),)


def _check_groups(kind: type[Baseline], graph: AssumptionGraph, groups: tuple[str, ...], where: str) -> None:
    columns = {graph.column(node): node for node in graph.causal.observed}
    categorical = sorted(column for column, node in columns.items() if not graph.is_text(node))
    if kind.needs == "groups" and not groups:
        example = f", for instance {categorical[0]}" if categorical else ""
        raise InputError.at(
            where, f"the baseline '{kind.name}' compares groups: name the columns that tell them apart{example}"
        )
    if groups and kind.needs != "groups" and not kind.groups_optional:
        raise InputError.at(where, f"the baseline '{kind.name}' does not compare groups; leave 'groups' out")
    for column in groups:
        if column in columns and graph.is_text(columns[column]):
            raise InputError.at(
                where,
                f"the column '{column}' is text and cannot tell groups apart; {did_you_mean(column, categorical)}",
            )


def _check_drawn(kind: type[Baseline], graph: AssumptionGraph, drawn: tuple[str, ...], where: str) -> None:
    if drawn and kind.needs != "pairs":
        raise InputError.at(where, f"the baseline '{kind.name}' has no counterfactual view; leave 'drawn' out")
    for node in drawn:
        if node not in graph.causal:
            raise InputError.at(
                where, f"there is no node '{node}' to draw anew; {did_you_mean(node, graph.causal.nodes)}"
            )
