"""The adjustment set with the smallest asymptotic variance."""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.adjustment import Problem, pose
from causal_reasoning.identification.bitsets import closure, tables
from causal_reasoning.identification.query import Names


@dataclass(frozen=True)
class OptimalSet:
    """The optimal set, or why none is returned.

    Parameters
    ----------
    nodes : tuple of str or None
        The set.
    because : str
        What makes it optimal, or what stands in the way.
    """

    nodes: tuple[str, ...] | None
    because: str


def optimal_adjustment_set(
    graph: CausalGraph, do: Names, on: Names, *, required: Names = (), excluded: Names = ()
) -> OptimalSet:
    """Find the parents of causal nodes that are not forbidden (the O-set), where it is proven to be optimal.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        Treatments and outcomes.
    required, excluded : str or iterable of str
        Nodes that must and must not be in the set.

    Returns
    -------
    OptimalSet
        Of all adjustment sets it has the smallest asymptotic variance for linear models and for regular
        nonparametric estimators. There is none if an outcome cannot be reached by any treatment or if there
        is no adjustment set. If a hidden node would belong to it, there is one for a single treatment and
        outcome whose ancestors include all nodes that can be adjusted for; otherwise no set need be best. In
        linear time, apart from the latent projection.

    Raises
    ------
    QueryError
        As `causal_reasoning.identification.adjustment.pose` does.

    Examples
    --------
    >>> graph = CausalGraph("cxyr", [("c", "x"), ("c", "y"), ("x", "y"), ("r", "y")])
    >>> optimal_adjustment_set(graph, "x", "y").nodes
    ('c', 'r')

    References
    ----------
    L. Henckel, E. Perković and M. Maathuis, "Graphical criteria for efficient total effect estimation via
    adjustment in causal linear models" (JRSS B 84, 2022), definition 3.12 and theorem 3.13; A. Rotnitzky and
    E. Smucler, "Efficient adjustment sets for population average causal treatment effect estimation in
    graphical models" (JMLR 21, 2020); E. Smucler, F. Sapienza and A. Rotnitzky, "Efficient
    adjustment sets in causal graphical models with hidden variables" (Biometrika 109, 2022): if the O-set is
    observed it remains optimal; without it there is a best set if all observed nodes are ancestors, and
    there need not be one otherwise.
    """
    return optimal_set(pose(graph, do, on, required=required, excluded=excluded))


def optimal_set(problem: Problem) -> OptimalSet:
    """Find the optimal set of a problem; see `optimal_adjustment_set`."""
    graph = problem.graph
    unmoved = graph.names(problem.on & ~problem.forbidden)
    if unmoved:
        return OptimalSet(None, f"no treatment has an effect on {', '.join(unmoved)}: the theorem is silent")
    nodes, obstacle = _parents_of_causal_nodes(problem)
    because = "the parents of the causal nodes, all observed (O-set)"
    if nodes is None:
        nodes, obstacle = _fence(problem, obstacle)
        because = "the nodes next to the outcome; all candidates are ancestors of treatment or outcome"
    if nodes is None:
        return OptimalSet(None, obstacle)
    if problem.required & ~nodes:
        name = graph.names(problem.required & ~nodes)[0]
        return OptimalSet(None, f"it does not contain {name}, which is required")
    if not problem.valid(nodes):
        return OptimalSet(None, "there is no adjustment set")
    return OptimalSet(graph.names(nodes), because)


def _parents_of_causal_nodes(problem: Problem) -> tuple[int | None, str]:
    """Compute the O-set, or say which hidden or excluded node belongs to it."""
    graph = problem.graph
    do, on = graph.names(problem.do), graph.names(problem.on)
    # Hidden nodes with a single observed effect are noise and projected away. Those with another are not, even
    # if it is no ancestor of anything: what they also cause predicts the outcome.
    relevant = graph.latent_projection()
    local = pose(relevant, do, on)
    causal = relevant.names(local.causal)
    for name in causal:
        if beside := relevant.siblings(name):
            hidden = f"a hidden cause of {beside[0]} and {name}"
            return None, f"{hidden} would belong to it, as {name} is on a causal path"
    nodes = relevant.names(relevant.mask(relevant.parents(*causal)) & ~(local.forbidden | local.do))
    if bad := graph.mask(nodes) & problem.excluded:
        return None, f"it would contain {graph.names(bad)[0]}, which is excluded"
    return graph.mask(nodes), ""


def _fence(problem: Problem, obstacle: str) -> tuple[int | None, str]:
    """Compute the set next to the outcome where every adjustment set consists of ancestors.

    Then it is best: a node of it that another set leaves out is independent of the treatment given that set,
    and what that set has besides is independent of the outcome given this one and the treatment.
    """
    if problem.do.bit_count() > 1 or problem.on.bit_count() > 1:
        return None, obstacle
    beyond = problem.allowed & ~closure(tables(problem.graph).parents, problem.do | problem.on)
    if beyond:
        return (
            None,
            f"{obstacle}, and {problem.graph.names(beyond)[0]} is no ancestor, so no set need be best",
        )
    if not problem.torso.separable:
        return None, "there is no adjustment set"
    return problem.torso.neighbours[problem.torso.target] | problem.required, ""
