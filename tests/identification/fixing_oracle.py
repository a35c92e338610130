"""Whether an effect is identifiable, decided by fixing: plain sets, nothing shared with the package's algorithms.

A node can be *fixed* in a mixed graph if none of its descendants is in its district; fixing it removes every edge
into it and puts it out of the districts. P(on | do(do)) is identifiable exactly if for every district D of the
subgraph over the ancestors of the outcomes in the graph without the treatments, all nodes outside D can be fixed one
after the other. What can be fixed stays so, whatever is fixed besides, so any order will do. A condition is turned
into a treatment as long as rule 2 of the do-calculus allows it; then the joint effect decides.

References
----------
T. Richardson, R. Evans, J. Robins and I. Shpitser, "Nested Markov properties for acyclic directed mixed graphs"
(Annals of Statistics 51, 2023): fixing, and identification by it. I. Shpitser and J. Pearl, "Identification of
conditional interventional distributions" (UAI 2006): conditions.
"""

from __future__ import annotations

from collections.abc import Iterable

from causal_reasoning.graph.causal_graph import CausalGraph

Pairs = set[tuple[str, str]]


def reach(start: Iterable[str], step: Pairs, through: set[str] | None = None) -> set[str]:
    """What can be reached along pairs; only the start and the nodes of ``through`` lead on."""
    seen, frontier = set(start), set(start)
    first = set(start)
    while frontier:
        onward = {a for a in frontier if through is None or a in through or a in first}
        frontier = {b for a, b in step if a in onward} - seen
        seen |= frontier
    return seen


def both_ways(pairs: Pairs) -> Pairs:
    return pairs | {(b, a) for a, b in pairs}


def without_latents(graph: CausalGraph) -> tuple[set[str], Pairs, Pairs]:
    """Observed nodes, arrows and hidden causes: every hidden cause of two nodes is first made a latent node."""
    hidden = set(graph.latent) | {f"{a} <-> {b}" for a, b in graph.bidirected}
    arrows = set(graph.directed) | {(f"{a} <-> {b}", end) for a, b in graph.bidirected for end in (a, b)}
    seen = set(graph.nodes) - hidden
    directed = {(a, b) for a in seen for b in reach([a], arrows, hidden) & seen if a != b}
    bidirected: Pairs = set()
    for cause in hidden:
        effects = reach([cause], arrows, hidden) & seen
        bidirected |= {(a, b) for a in effects for b in effects if a < b}
    return seen, directed, bidirected


def fixable_to(keep: set[str], nodes: set[str], directed: Pairs, bidirected: Pairs) -> bool:
    """Decide whether all nodes but ``keep`` can be fixed."""
    free, arrows, hidden = set(nodes), set(directed), both_ways(bidirected)
    while free - keep:
        for node in sorted(free - keep):
            if reach([node], hidden) & reach([node], arrows) == {node}:
                break
        else:
            return False
        free.remove(node)
        arrows = {(a, b) for a, b in arrows if b != node}
        hidden = {(a, b) for a, b in hidden if node not in (a, b)}
    return True


def d_separated(first: set[str], second: set[str], given: set[str], directed: Pairs, bidirected: Pairs) -> bool:
    """Decide by the moral graph over ancestors, with a node for every hidden cause."""
    arrows = directed | {(f"{a} <-> {b}", end) for a, b in bidirected for end in (a, b)}
    kept = reach(first | second | given, {(b, a) for a, b in arrows})
    arrows = {(a, b) for a, b in arrows if b in kept}
    moral = both_ways(arrows) | {(a, b) for a, c in arrows for b, d in arrows if c == d and a != b}
    return not reach(first, {(a, b) for a, b in moral if a not in given and b not in given}) & second


def exchange(
    nodes: tuple[set[str], Pairs, Pairs], do: Iterable[str], on: Iterable[str], given: Iterable[str]
) -> tuple[set[str], set[str]]:
    """Turn conditions into treatments as long as rule 2 of the do-calculus allows it; what is left of both."""
    _, directed, bidirected = nodes
    treated, waiting = set(do), set(given)
    for _ in range(len(waiting)):
        for node in sorted(waiting):
            arrows = {(a, b) for a, b in directed if b not in treated and a != node}
            hidden = {(a, b) for a, b in bidirected if not {a, b} & treated}
            if d_separated(set(on), {node}, treated | waiting - {node}, arrows, hidden):
                treated, waiting = treated | {node}, waiting - {node}
                break
    return treated, waiting


def identifiable(graph: CausalGraph, do: Iterable[str], on: Iterable[str], given: Iterable[str] = ()) -> bool:
    """Decide whether P(on | do(do), given) can be computed from the observed distribution."""
    nodes, directed, bidirected = projected = without_latents(graph)
    treated, waiting = exchange(projected, do, on, given)
    relevant = reach({*on, *waiting}, {(b, a) for a, b in directed if not {a, b} & treated})
    inside = both_ways({(a, b) for a, b in bidirected if {a, b} <= relevant})
    districts = {frozenset(reach([node], inside)) for node in relevant}
    return all(fixable_to(set(district), nodes, directed, bidirected) for district in districts)


def is_hedge(
    graph: CausalGraph,
    outer: Iterable[str],
    inner: Iterable[str],
    do: Iterable[str],
    on: Iterable[str],
    given: Iterable[str] = (),
) -> bool:
    """Check a witness by the definition: two forests with the same roots, one with and one without treatments.

    Each is connected by hidden causes; the nodes of the larger one lead to the smaller one inside it, and the smaller
    one to the outcomes past the treatments.
    """
    _, directed, bidirected = projected = without_latents(graph)
    treated, waiting = exchange(projected, do, on, given)
    large, small = set(outer), set(inner)
    upward = {(b, a) for a, b in directed}
    connected = all(
        forest and reach([min(forest)], both_ways({(a, b) for a, b in bidirected if {a, b} <= forest})) == forest
        for forest in (large, small)
    )
    leads = large <= reach(small, {(a, b) for a, b in upward if {a, b} <= large})
    relevant = reach({*on, *waiting}, {(a, b) for a, b in upward if a not in treated})
    return connected and leads and small < large and bool(treated & large) and small <= relevant - treated
