"""The adjustment criterion, sound and complete for graphs with latent nodes and hidden common causes.

A set Z of observed nodes is an *adjustment set* for the effect of ``do`` on ``on`` if

    P(on | do) = Σ_{Z without on} P(on without Z | do, Z) P(Z)

for every distribution of the graph. Usually Z and ``on`` are disjoint, and this is the textbook formula. An
outcome that no treatment can reach may be in Z as well: that is how a question that confounds skill and
answer is served when the joint distribution of question and answer is asked for. Such sets are offered only
if there is no other.

References
----------
I. Shpitser, T. VanderWeele and J. Robins, "On the validity of covariate adjustment for estimating causal
effects" (UAI 2010): the criterion. B. van der Zander, M. Liśkiewicz and J. Textor, "Separators and
adjustment sets in causal graphs" (Artificial Intelligence 270, 2019): the proper back-door graph,
joint treatments and outcomes. S. LaPlante and E. Perković, "Conditional adjustment in a Markov equivalence
class" (AISTATS 2024): outcomes inside Z.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from causal_reasoning.estimand import Expression, Probability, product, summed
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, bits, closure, tables
from causal_reasoning.identification.query import Names, disjoint, make_query, observed_nodes
from causal_reasoning.identification.separation import connected, moral_torso
from causal_reasoning.identification.separators import Torso, all_minimal, near_target, smallest


@dataclass(frozen=True, eq=False)
class Problem:
    """The search for adjustment sets as bit sets; see `pose`.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on, required, excluded : int
        Treatments, outcomes, nodes that must be adjusted for, nodes that must not.
    causal : int
        Nodes other than treatments on proper causal paths, which meet a treatment at their start only.
    forbidden : int
        The causal nodes and their descendants.
    backdoor : Tables
        The proper back-door graph: without the first arrows of proper causal paths.
    """

    graph: CausalGraph
    do: int
    on: int
    required: int
    excluded: int
    causal: int
    forbidden: int
    backdoor: Tables

    @cached_property
    def observed(self) -> int:
        """The nodes that are not latent."""
        return self.graph.mask(self.graph.observed)

    @cached_property
    def allowed(self) -> int:
        """The nodes that may be adjusted for."""
        return self.observed & ~(self.do | self.forbidden | self.excluded)

    def valid(self, adjust: int) -> bool:
        """Decide whether a bit set is an adjustment set that respects what is required and excluded."""
        if adjust & ~self.allowed or self.required & ~adjust:
            return False
        return not connected(self.backdoor, self.do, adjust) & self.on

    @cached_property
    def torso(self) -> Torso:
        """The undirected graph whose separators are the adjustment sets, without outcomes if possible."""
        if self.required & ~self.allowed:
            return Torso([2, 1], 0, 1)
        plain = self._torso(self.allowed & ~self.on)
        return plain if plain.separable or not self.allowed & self.on else self._torso(self.allowed)

    def _torso(self, allowed: int) -> Torso:
        return moral_torso(self.backdoor, self.do, self.on, self.required, allowed)


def pose(graph: CausalGraph, do: Names, on: Names, *, required: Names = (), excluded: Names = ()) -> Problem:
    """Check the question and find out which nodes may be used.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        Treatments and outcomes.
    required, excluded : str or iterable of str
        Nodes that must and must not be adjusted for.

    Returns
    -------
    Problem
        In linear time.

    Raises
    ------
    QueryError
        For an unknown or latent node, a missing treatment or outcome, or a node that is named twice.
    """
    query = make_query(graph, do, on)
    must = observed_nodes(graph, required, "the required node")
    never = observed_nodes(graph, excluded, "the excluded node")
    disjoint(must, "required for adjustment", query.do, "the treatment")
    disjoint(must, "required for adjustment", never, "excluded from it")
    edges = tables(graph)
    x, y = graph.mask(query.do), graph.mask(query.on)
    causal = closure(edges.children, x, ~x) & closure(edges.parents, y, ~x) & ~x
    backdoor = Tables(edges.size, list(edges.parents), list(edges.children), edges.siblings)
    for i in bits(causal):
        backdoor.parents[i] &= ~x
    for i in bits(x):
        backdoor.children[i] &= ~causal
    return Problem(graph, x, y, graph.mask(must), graph.mask(never), causal, closure(edges.children, causal), backdoor)


def causal_nodes(graph: CausalGraph, do: Names, on: Names) -> tuple[str, ...]:
    """List the nodes on proper causal paths from the treatments to the outcomes, treatments left out.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        Treatments and outcomes.

    Returns
    -------
    tuple of str
        Empty exactly if there is no directed path: the effect is zero.

    Examples
    --------
    >>> causal_nodes(CausalGraph("xmyc", [("x", "m"), ("m", "y"), ("c", "y")]), "x", "y")
    ('m', 'y')
    """
    return graph.names(pose(graph, do, on).causal)


def forbidden_nodes(graph: CausalGraph, do: Names, on: Names) -> tuple[str, ...]:
    """List what no adjustment set contains: causal nodes and their descendants, treatments left out.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        Treatments and outcomes.

    Returns
    -------
    tuple of str
        Sorted. Adjusting for any of them would block part of the effect or bias it.

    Examples
    --------
    >>> forbidden_nodes(CausalGraph("xmyd", [("x", "m"), ("m", "y"), ("m", "d")]), "x", "y")
    ('d', 'm', 'y')
    """
    problem = pose(graph, do, on)
    return graph.names(problem.forbidden & ~problem.do)


def is_adjustment_set(graph: CausalGraph, do: Names, on: Names, adjust: Names) -> bool:
    """Decide whether the adjustment formula of this module holds with a set, in linear time.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on, adjust : str or iterable of str
        Treatments, outcomes and the set.

    Returns
    -------
    bool
        For every distribution of the graph, or not for all.

    Raises
    ------
    QueryError
        As `pose` does, and for a latent node in the set.

    Examples
    --------
    >>> graph = CausalGraph("xyzm", [("z", "x"), ("z", "y"), ("x", "m"), ("m", "y")])
    >>> is_adjustment_set(graph, "x", "y", "z"), is_adjustment_set(graph, "x", "y", ["z", "m"])
    (True, False)
    """
    problem = pose(graph, do, on)
    chosen = observed_nodes(graph, adjust, "the adjusted node")
    disjoint(chosen, "adjusted for", graph.names(problem.do), "the treatment")
    return problem.valid(graph.mask(chosen))


def find_adjustment_set(
    graph: CausalGraph, do: Names, on: Names, *, required: Names = (), excluded: Names = ()
) -> tuple[str, ...] | None:
    """Find one minimal adjustment set.

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
    tuple of str or None
        The minimal set that is closest to the outcomes; ``()`` if there is nothing to adjust for, ``None`` if
        no set will do. Two searches in the moral graph.

    Raises
    ------
    QueryError
        As `pose` does.
    """
    problem = pose(graph, do, on, required=required, excluded=excluded)
    found = near_target(problem.torso)
    return None if found is None else graph.names(found | problem.required)


def smallest_adjustment_set(
    graph: CausalGraph, do: Names, on: Names, *, required: Names = (), excluded: Names = ()
) -> tuple[str, ...] | None:
    """Find the adjustment set with the fewest nodes; of several, the one closest to the outcomes.

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
    tuple of str or None
        It does not depend on the names of the nodes. One linear search for each node of the answer.

    Raises
    ------
    QueryError
        As `pose` does.

    Examples
    --------
    >>> graph = CausalGraph("abcxy", [("c", "x"), ("c", "a"), ("c", "b"), ("a", "y"), ("b", "y"), ("x", "y")])
    >>> find_adjustment_set(graph, "x", "y"), smallest_adjustment_set(graph, "x", "y")
    (('a', 'b'), ('c',))
    """
    problem = pose(graph, do, on, required=required, excluded=excluded)
    found = smallest(problem.torso)
    return None if found is None else graph.names(found | problem.required)


def minimal_adjustment_sets(
    graph: CausalGraph, do: Names, on: Names, *, required: Names = (), excluded: Names = ()
) -> Iterator[tuple[str, ...]]:
    """Yield every minimal adjustment set once, with polynomial delay.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        Treatments and outcomes.
    required, excluded : str or iterable of str
        Nodes that must and must not be in the sets.

    Yields
    ------
    tuple of str
        There may be exponentially many: take as many as needed.

    Raises
    ------
    QueryError
        As `pose` does.

    Examples
    --------
    >>> graph = CausalGraph("abxy", [("a", "x"), ("a", "b"), ("b", "y"), ("x", "y")])
    >>> sorted(minimal_adjustment_sets(graph, "x", "y"))
    [('a',), ('b',)]
    """
    problem = pose(graph, do, on, required=required, excluded=excluded)
    for found in all_minimal(problem.torso):
        yield graph.names(found | problem.required)


@dataclass(frozen=True)
class MinimalSets:
    """Minimal adjustment sets and the one that is recommended.

    Parameters
    ----------
    chosen : tuple of str
        The smallest; of several the one closest to the outcomes.
    minimal : tuple of tuple of str
        Small ones first; always with the chosen one.
    capped : bool
        Whether there are more.
    """

    chosen: tuple[str, ...]
    minimal: tuple[tuple[str, ...], ...]
    capped: bool


def minimal_sets(problem: Problem, cap: int = 100) -> MinimalSets | None:
    """Choose a set and list the minimal ones, up to a cap.

    Parameters
    ----------
    problem : Problem
        From `pose`.
    cap : int
        The largest number of sets to list, at least one.

    Returns
    -------
    MinimalSets or None
        ``None`` if there is no adjustment set.
    """
    if cap < 1:
        raise ValueError(f"the cap must be at least 1, not {cap}")
    best = smallest(problem.torso)
    if best is None:
        return None
    found = list(islice(all_minimal(problem.torso), cap + 1))
    capped = len(found) > cap
    kept = {best, *([mask for mask in found if mask != best][: cap - 1] if capped else found)}
    named = [problem.graph.names(mask | problem.required) for mask in kept]
    chosen = problem.graph.names(best | problem.required)
    return MinimalSets(chosen, tuple(sorted(named, key=lambda names: (len(names), names))), capped)


def adjustment_formula(do: tuple[str, ...], on: tuple[str, ...], adjust: tuple[str, ...]) -> Expression:
    """Write the adjustment formula.

    Parameters
    ----------
    do, on, adjust : tuple of str
        Treatments, outcomes and an adjustment set; outcomes in the set are not summed over.

    Returns
    -------
    Expression
        Over treatments and outcomes.

    Examples
    --------
    >>> adjustment_formula(("x",), ("y",), ("z",)).text()
    'Σ_{z} P(y | x, z) P(z)'
    >>> adjustment_formula(("x",), ("q", "y"), ("q", "z")).text()
    'Σ_{z} P(y | x, q, z) P(q, z)'
    """
    left = tuple(name for name in on if name not in adjust)
    likelihood = Probability(left, do + adjust) if left else None
    weight = Probability(adjust) if adjust else None
    inner = product(*(part for part in (likelihood, weight) if part is not None))
    return summed((name for name in adjust if name not in on), inner)
