"""Repairs: what would have to be observed or assumed; and those after which an adjustment set exists."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from causal_reasoning.graph.causal_graph import CausalGraph, Edge
from causal_reasoning.identification.adjustment import Problem, find_adjustment_set
from causal_reasoning.identification.bitsets import bits, closure
from causal_reasoning.identification.separation import hidden_pairs, moral_rows
from causal_reasoning.identification.separators import all_minimal, smallest, torso


@dataclass(frozen=True)
class Repair:
    """A change of the assumptions or the data after which a query is identified.

    Parameters
    ----------
    observe : tuple of str
        Latent nodes to observe.
    exclude : tuple of (str, str)
        Pairs of nodes of which it must be known that they have no hidden common cause.
    mediate : tuple of (str, str)
        Arrows for which a node is to be measured through which all of their effect runs.
    """

    observe: tuple[str, ...]
    exclude: tuple[Edge, ...]
    mediate: tuple[Edge, ...] = ()

    @property
    def cost(self) -> int:
        """The number of changes; a mediator counts twice, as it must exist and be measured."""
        return len(self.observe) + len(self.exclude) + 2 * len(self.mediate)

    @property
    def rank(self) -> tuple[int, tuple[Edge, ...], tuple[Edge, ...], tuple[str, ...]]:
        """What repairs are sorted by: cheap ones first, then those that only need data."""
        return self.cost, self.mediate, self.exclude, self.observe

    def text(self) -> str:
        """Print as ``observe U and no hidden cause between A and B``."""
        parts = [f"observe {name}" for name in self.observe]
        parts += [f"no hidden cause between {a} and {b}" for a, b in self.exclude]
        parts += [
            f"measure a mediator of all of {a} -> {b} that shares no hidden cause with either" for a, b in self.mediate
        ]
        return " and ".join(parts)

    def includes(self, other: Repair) -> bool:
        """Whether this makes all the changes of another."""
        return (
            set(other.observe) <= set(self.observe)
            and set(other.exclude) <= set(self.exclude)
            and set(other.mediate) <= set(self.mediate)
        )

    def extended(self, other: Repair) -> Repair:
        """Both changes together."""
        return Repair(
            tuple(sorted({*self.observe, *other.observe})),
            tuple(sorted({*self.exclude, *other.exclude})),
            tuple(sorted({*self.mediate, *other.mediate})),
        )

    def apply(self, graph: CausalGraph) -> CausalGraph:
        """Make the change; a mediator is called ``"mediator of a -> b"``."""
        between = {(a, b): f"mediator of {a} -> {b}" for a, b in self.mediate}
        directed = [edge for edge in graph.directed if edge not in between]
        for (a, b), mediator in between.items():
            directed += [(a, mediator), (mediator, b)]
        return CausalGraph(
            [*graph.nodes, *between.values()],
            directed,
            [edge for edge in graph.bidirected if edge not in self.exclude],
            [name for name in graph.latent if name not in self.observe],
        )


def repairs(problem: Problem, most: int = 5) -> tuple[Repair, ...]:
    """Find the cheapest repairs of a problem without adjustment set.

    Parameters
    ----------
    problem : Problem
        The problem.
    most : int
        How many repairs to return at most.

    Returns
    -------
    tuple of Repair
        Minimal ones, those with the fewest changes first. Each has been checked by searching for an
        adjustment set in the changed graph. Empty if no such change helps, as when a treatment is next to an
        outcome that it must not be adjusted for.

    Notes
    -----
    With every usable node adjusted for, hidden causes are what is left to remove from the moral graph; its
    minimal separators among them are the minimal repairs.
    """
    graph, edges = problem.graph, problem.backdoor
    if problem.required & ~problem.allowed:
        return ()
    relevant = closure(edges.parents, problem.do | problem.on | problem.required)
    rows = moral_rows(edges, relevant)
    pairs = hidden_pairs(edges, relevant)
    used = problem.allowed & relevant
    source, target = len(rows), len(rows) + 1
    rows += [problem.do, problem.on & ~used]
    for end, nodes in ((source, problem.do), (target, problem.on & ~used)):
        for i in bits(nodes):
            rows[i] |= 1 << end
    rows = [0 if used >> i & 1 else row & ~used for i, row in enumerate(rows)]
    hidden = relevant & ~problem.observed & ~problem.forbidden | ((1 << len(pairs)) - 1) << edges.size
    core = torso(rows, source, target, hidden)
    first = smallest(core)
    if first is None:
        return ()
    masks = {first, *islice(all_minimal(core), 20 * most)}
    size = edges.size
    candidates = [
        Repair(
            graph.names(mask & ((1 << size) - 1)),
            tuple((graph.nodes[a], graph.nodes[b]) for a, b in (pairs[i] for i in bits(mask >> size))),
        )
        for mask in masks
    ]
    candidates.sort(key=lambda repair: repair.rank)
    return tuple(repair for repair in candidates[:most] if _works(problem, repair))


def _works(problem: Problem, repair: Repair) -> bool:
    graph = problem.graph
    found = find_adjustment_set(
        repair.apply(graph),
        graph.names(problem.do),
        graph.names(problem.on),
        required=graph.names(problem.required),
        excluded=graph.names(problem.excluded),
    )
    return found is not None
