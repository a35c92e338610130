"""How a hedge is made visible in the outcomes: which node reads what, as bit sets and pointers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from causal_reasoning.identification.bitsets import Tables, bits, closure
from causal_reasoning.identification.hedge_search import Obstacle

Pair = tuple[int, int]
Visit = tuple[int, bool]
"""A node of a path, and whether an arrow led into it."""
Kind = Literal["parent", "sibling", "child"]
"""How a path goes on: against an arrow, over a hidden cause, or along an arrow."""


@dataclass(frozen=True)
class Forest:
    """A hedge with the edges that it needs.

    Parameters
    ----------
    outer, inner : int
        The nodes of the two forests, as bit sets.
    child : dict of int to int
        The only child of each node; roots have none.
    tree : frozenset of (int, int)
        Bidirected edges that connect the outer nodes without a circle, and the inner nodes among themselves.
    """

    outer: int
    inner: int
    child: dict[int, int]
    tree: frozenset[Pair]

    @property
    def roots(self) -> int:
        """The nodes without child: they are the same for both forests."""
        return self.outer & ~sum(1 << i for i in self.child)


@dataclass(frozen=True)
class Wiring:
    """A hedge and the ways on which its parity travels.

    Parameters
    ----------
    forest : Forest
        The hedge.
    route : dict of int to int
        The next node on the way from each root to an outcome or condition.
    path : OpenPath or None
        Where all ways end in conditions: what connects one of them with an outcome.
    """

    forest: Forest
    route: dict[int, int]
    path: OpenPath | None = None


@dataclass(frozen=True)
class OpenPath:
    """A path that the conditions leave open, into one condition and from there to an outcome.

    Parameters
    ----------
    start : int
        The condition.
    parents : dict of int to int
        For every node of the path, those of its parents that are next to it there, as a bit set.
    hidden : frozenset of (int, int)
        The bidirected edges on the path.
    colliders : int
        The nodes, as a bit set, in which two arrows meet and that are no conditions.
    descent : dict of int to int
        The next node on the way from each of them to a condition.
    """

    start: int
    parents: dict[int, int]
    hidden: frozenset[Pair]
    colliders: int
    descent: dict[int, int]


def grow(edges: Tables, outer: int, inner: int) -> Forest:
    """Choose the edges of a hedge.

    Parameters
    ----------
    edges : Tables
        The graph.
    outer, inner : int
        Two sets, one in the other, each connected by bidirected edges; the outer nodes are ancestors of the inner
        ones, among themselves.

    Returns
    -------
    Forest
        Children in the inner forest first, then in the order of the nodes.

    References
    ----------
    I. Shpitser and J. Pearl (AAAI 2006), see `causal_reasoning.identification.hedge`: C-forests.
    """
    child = {}
    for i in bits(outer):
        near = edges.children[i] & inner
        far = 0 if inner >> i & 1 else edges.children[i] & outer
        if near or far:
            child[i] = next(bits(near or far))
    seen = inner & -inner
    tree = set()
    for within in (inner, outer):
        queue = list(bits(seen))
        for i in queue:  # grows while it is read
            for j in bits(edges.siblings[i] & within & ~seen):
                seen |= 1 << j
                tree.add(_pair(i, j))
                queue.append(j)
    return Forest(outer, inner, child, frozenset(tree))


def wire(edges: Tables, found: Obstacle) -> Wiring | None:
    """Lead the parity of the roots of a hedge to where the query looks.

    Parameters
    ----------
    edges : Tables
        The graph.
    found : Obstacle
        The hedge and the query.

    Returns
    -------
    Wiring or None
        ``None`` if a root leads to no outcome and no condition, or if no condition in which one arrives is connected
        with an outcome: then it is no hedge for the query. Linear searches, one for each root and outcome at most.

    Notes
    -----
    Each root goes down arrows that no treatment and no condition is on, to an outcome if there is one; each node
    has one next node, so every root is counted once. Roots that conditions cut off from all outcomes go to the
    nearest condition. If none gets to an outcome, a condition in which one arrives is connected with an outcome
    by an open path with an arrow into the condition: if there were none, rule 2 of the do-calculus would have
    made a treatment of it.

    References
    ----------
    I. Shpitser and J. Pearl, "Identification of conditional interventional distributions" (UAI 2006): why such
    a path makes the conditional effect unidentifiable with the joint one.
    """
    forest = grow(edges, found.outer, found.inner)
    upward = [row & ~(found.do | found.given) for row in edges.parents]
    outcomes = _cover(upward, forest.roots & ~found.given, found.on)
    following = _toward(upward, found.given) | _toward(upward, outcomes)
    stops = found.given | outcomes
    route: dict[int, int] = {}
    ends = 0
    for i in bits(forest.roots):
        while not stops >> i & 1:
            if i not in following:
                return None
            if i in route:  # from here on, another root has gone before
                break
            route[i] = following[i]
            i = following[i]
        else:
            ends |= 1 << i
    if ends & found.on:
        return Wiring(forest, route)
    paths = [path for i in bits(ends) if (path := _open_path(edges, found, i))]
    path = min(paths, key=lambda one: (len(one.parents), one.start), default=None)
    return None if path is None else Wiring(forest, route, path)


def _cover(upward: list[int], roots: int, outcomes: int) -> int:
    """Choose few outcomes to which as many roots as possible lead."""
    chosen = 0
    while roots and outcomes:
        best = max(bits(outcomes), key=lambda i: (closure(upward, 1 << i) & roots).bit_count())
        covered = closure(upward, 1 << best) & roots
        if not covered:
            break
        chosen |= 1 << best
        roots &= ~covered
    return chosen


def _toward(upward: list[int], stops: int) -> dict[int, int]:
    """For every node that leads to a stop, the next node on a shortest way to one."""
    following: dict[int, int] = {}
    reached = frontier = stops
    while frontier:
        new = 0
        for j in bits(frontier):
            for i in bits(upward[j] & ~reached):
                following[i] = j
                new |= 1 << i
            reached |= new
        frontier = new
    return following


def _open_path(edges: Tables, found: Obstacle, start: int) -> OpenPath | None:
    """Search a shortest open path into a condition, given all others, once no arrow goes into a treatment.

    A shortest one visits no node twice: whatever can be done at the second visit can be done at the first.
    """
    given = found.given & ~(1 << start)
    # Graph of the second rule: nothing goes into a treatment, no arrow goes out of the start.
    upward = [0 if found.do >> i & 1 else row & ~(1 << start) for i, row in enumerate(edges.parents)]
    beside = [0 if found.do >> i & 1 else row & ~found.do for i, row in enumerate(edges.siblings)]
    below = [0 if i == start else row & ~found.do for i, row in enumerate(edges.children)]
    opened = closure(upward, given)
    descent = _toward([row & ~given for row in upward], given)

    origin: dict[Visit, tuple[Visit, Kind]] = {}
    queue: list[Visit] = [(start, False)]
    seen = set(queue)
    for visit in queue:  # grows while it is read
        i, headed = visit
        if found.on >> i & 1:
            return _record(visit, origin, given, descent)
        through = i == start or not (found.given | found.do) >> i & 1
        back = opened >> i & 1 if headed else through
        steps: list[tuple[int, Kind]] = [(j, "parent") for j in bits(upward[i])] if back else []
        steps += [(j, "sibling") for j in bits(beside[i])] if back else []
        steps += [(j, "child") for j in bits(below[i])] if through else []
        for j, kind in steps:
            step = j, kind != "parent"
            if step not in seen:
                seen.add(step)
                origin[step] = visit, kind
                queue.append(step)
    return None


def _record(end: Visit, origin: dict[Visit, tuple[Visit, Kind]], given: int, descent: dict[int, int]) -> OpenPath:
    """Walk back to the start and note who reads whom."""
    parents: dict[int, int] = {end[0]: 0}
    hidden: set[Pair] = set()
    colliders = 0
    leaving: Kind | None = None  # how the path goes on from the node
    visit = end
    while visit in origin:
        before, kind = origin[visit]
        i, j = before[0], visit[0]
        parents.setdefault(i, 0)
        if kind == "parent":
            parents[i] |= 1 << j
        elif kind == "child":
            parents[j] |= 1 << i
        else:
            hidden.add(_pair(i, j))
        if visit[1] and leaving in ("parent", "sibling") and not given >> j & 1:
            colliders |= 1 << j
        visit, leaving = before, kind
    below: dict[int, int] = {}
    for i in bits(colliders):
        while not given >> i & 1:
            below[i] = descent[i]
            i = descent[i]
    return OpenPath(visit[0], parents, frozenset(hidden), colliders, below)


def _pair(i: int, j: int) -> Pair:
    return min(i, j), max(i, j)
