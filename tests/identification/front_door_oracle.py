"""Front doors by trying all sets, with the criterion as it is stated, on plain sets."""

from __future__ import annotations

from causal_reasoning.graph.causal_graph import CausalGraph
from tests.identification.fixing_oracle import d_separated, reach
from tests.identification.identification_oracle import minimal_only, subsets

Nodes = tuple[str, ...]


def is_front_door_by_definition(graph: CausalGraph, do: Nodes, on: Nodes, mediators: Nodes, covariates: Nodes) -> bool:
    """Decide whether the three conditions hold; outcomes among mediators and covariates are not outcomes then."""
    x, m, c = set(do), set(mediators), set(covariates)
    rest = set(on) - m - c
    arrows, hidden = set(graph.directed), set(graph.bidirected)
    if not rest or c & reach(x, arrows):
        return False
    past = {(a, b) for a, b in arrows if a not in m and b not in m}
    if reach(x, past) & rest:
        return False
    if not d_separated(x, m, c, {(a, b) for a, b in arrows if a not in x}, hidden):
        return False
    return d_separated(m, rest, x | c, {(a, b) for a, b in arrows if a not in m}, hidden)


def minimal_front_doors(graph: CausalGraph, do: Nodes, on: Nodes) -> list[Nodes]:
    """All minimal sets of mediators without covariates; with outcomes among them only if there is no other."""
    pool = set(graph.observed) - set(do)
    for names in (pool - set(on), pool):
        if found := [m for m in subsets(names) if is_front_door_by_definition(graph, do, on, m, ())]:
            return sorted(minimal_only(found))
    return []


def any_front_door(graph: CausalGraph, do: Nodes, on: Nodes) -> bool:
    """Decide whether mediators and covariates exist, by trying all disjoint pairs of sets without outcomes."""
    pool = set(graph.observed) - set(do) - set(on)
    return any(
        is_front_door_by_definition(graph, do, on, mediators, covariates)
        for covariates in subsets(pool - reach(do, set(graph.directed)))
        for mediators in subsets(pool - set(covariates))
    )
