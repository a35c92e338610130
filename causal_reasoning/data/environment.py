"""Policies and rows: one that is the distribution in a split of the experiment, and whether the rows carry it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from causal_reasoning.data.rows import Split
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError, NoValidPlanError, did_you_mean
from causal_reasoning.experiment import Experiment
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.assumptions import Environment
from causal_reasoning.graph.environment import count
from causal_reasoning.graph.spec import EnvironmentPolicy
from causal_reasoning.objective.notation import policy_of
from causal_reasoning.objective.weights import check_support


def with_split(graph: AssumptionGraph, experiment: Experiment, splits: Sequence[Split]) -> AssumptionGraph:
    """Count the treatments in the split that a graph's policy names.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions of an arm.
    experiment : Experiment
        The settings, for messages.
    splits : sequence of Split
        What the experiment measures on.

    Returns
    -------
    AssumptionGraph
        With the distribution there; the graph itself if its policy names no split.

    Raises
    ------
    InputError
        If there is no such split of the user's own, or its rows lack a column or a value.
    """
    policy = graph.query.policy
    if not isinstance(policy, EnvironmentPolicy) or policy.split is None:
        return graph
    columns = [graph.column(node) for node in graph.treatments]
    return replace(graph, environment=split_environment(policy, columns, experiment, splits))


def split_environment(
    policy: EnvironmentPolicy, columns: Sequence[str], experiment: Experiment, splits: Sequence[Split]
) -> Environment:
    """How often some columns have which values in the rows of a split, jointly; see `with_split`."""
    own = {split.name: split.table for split in splits if split.name in experiment.spec.evaluation.splits}
    if policy.split not in own:
        near = did_you_mean(str(policy.split), own) if own else "it has none: name one under evaluation.splits"
        raise experiment.document.error(
            ("arms",), f"a policy is that of the split '{policy.split}', which the experiment does not have; {near}"
        )
    table = own[str(policy.split)]
    lines = [table.lines[i] if table.lines else None for i in range(len(table))]
    rows = [(line, {name: column[i] for name, column in table.columns.items()}) for i, line in enumerate(lines)]
    try:
        return count(columns, policy.where, rows, table.source)
    except InputError as error:
        raise InputError(
            replace(fault, message=f"the policy is that of the split '{policy.split}', but {fault.message}")
            for fault in error.faults
        ) from error


def check_policy(graph: AssumptionGraph, table: Table) -> None:
    """Refuse a policy that sets what no training row has, whatever the objective.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions, with all rows counted that their policy is taken from.
    table : Table
        The training rows.

    Raises
    ------
    NoValidPlanError
        Naming the value.
    """
    policy = policy_of(graph)
    if isinstance(policy, str):
        return
    treatment = graph.treatments
    columns = [table.columns[graph.column(node)] for node in treatment]
    try:
        check_support(treatment, dict(policy), set(zip(*columns, strict=True)))
    except NoValidPlanError as error:
        raise NoValidPlanError(f"{table.source}: {error}") from error
