"""Formulas of objectives, as text and as LaTeX, with the names of the graph's nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.spec import EnvironmentPolicy

if TYPE_CHECKING:
    from causal_reasoning.objective.plan import Policy

_MOST_SHOWN = 12


def listed(names: tuple[str, ...]) -> str:
    """Node names as text: ``a, b``."""
    return ", ".join(names)


def latex_names(names: tuple[str, ...]) -> str:
    r"""Node names as LaTeX: ``\mathrm{a}, \mathrm{b}``."""
    return ", ".join(r"\mathrm{" + name.replace("_", r"\_") + "}" for name in names)


def nll(graph: AssumptionGraph) -> tuple[str, str]:
    """−log p_θ(write | read) as text and as LaTeX."""
    write, read = graph.query.write, graph.query.read
    return (
        f"−log p_θ({listed(write)} | {listed(read)})",
        rf"-\log p_\theta({latex_names(write)} \mid {latex_names(read)})",
    )


def policy_of(graph: AssumptionGraph) -> Policy:
    """The policy of a graph's query, as a hashable value."""
    policy = graph.query.policy
    if isinstance(policy, EnvironmentPolicy):
        return graph.environment or "environment"
    return policy if isinstance(policy, str) else tuple(((value,), p) for value, p in sorted(policy.items()))


def shown_policy(graph: AssumptionGraph) -> str:
    """The policy in words, with its probabilities where they are known and few."""
    policy = policy_of(graph)
    source = graph.query.policy.text() if isinstance(graph.query.policy, EnvironmentPolicy) else ""
    if isinstance(policy, str):
        return source or policy
    parts = [f"{' with '.join(values)}: {p:.3g}" for values, p in policy[:_MOST_SHOWN]]
    table = ", ".join(parts) + (", …" if len(policy) > _MOST_SHOWN else "")
    return f"{source} ({table})" if source else table


def risk(graph: AssumptionGraph) -> str:
    """The distribution that the minimiser serves, as text."""
    return f"P_π({listed(graph.query.write)} | {listed(graph.query.read)}) under do({listed(graph.query.do)})"
