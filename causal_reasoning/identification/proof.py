"""Why an adjustment set works, or why none does, in terms of paths."""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.adjustment import Problem, pose
from causal_reasoning.identification.bitsets import bits, closure, tables
from causal_reasoning.identification.paths import ANY, Kind, Path, Wanted, shortest_paths
from causal_reasoning.identification.query import Names, QueryError, observed_nodes


@dataclass(frozen=True)
class BlockedPath:
    """A non-causal path and what blocks it.

    Parameters
    ----------
    path : Path
        The path.
    by : str
        The node that blocks it.
    kind : str
        ``fork`` or ``chain``: the node is adjusted for; ``collider``: neither it nor a descendant is.
    """

    path: Path
    by: str
    kind: Kind

    def text(self) -> str:
        """Print as one sentence without a full stop."""
        if self.kind == "collider":
            why = f"the collider {self.by}, as neither it nor a descendant of it is adjusted for"
        else:
            why = f"adjusting for the {self.kind} {self.by}"
        return f"{self.path.text()}: blocked by {why}"

    def to_dict(self) -> dict[str, str]:
        """Plain data: ``path``, ``by``, ``kind``."""
        return {"path": self.path.text(), "by": self.by, "kind": self.kind}


@dataclass(frozen=True)
class AdjustmentProof:
    """The paths between treatments and outcomes under an adjustment set, shortest first.

    Parameters
    ----------
    closed : tuple of BlockedPath
        Non-causal paths that are open unless something is adjusted for.
    colliders : tuple of BlockedPath
        Some non-causal paths with a collider.
    causal : tuple of Path
        Causal paths, which stay open.
    complete : bool
        Whether all paths of the first and the last kind are listed.
    """

    closed: tuple[BlockedPath, ...]
    colliders: tuple[BlockedPath, ...]
    causal: tuple[Path, ...]
    complete: bool

    def lines(self) -> list[str]:
        """One line a path, for people."""
        return [
            *(path.text() for path in self.closed),
            *(path.text() for path in self.colliders),
            *(f"{path.text()}: causal, left open" for path in self.causal),
            *([] if self.complete else ["(there are more paths)"]),
        ]

    def to_dict(self) -> dict[str, object]:
        """Plain data under the names of the fields."""
        return {
            "closed": [path.to_dict() for path in self.closed],
            "colliders": [path.to_dict() for path in self.colliders],
            "causal": [path.text() for path in self.causal],
            "complete": self.complete,
        }


def prove_adjustment(
    graph: CausalGraph, do: Names, on: Names, adjust: Names, *, limit: int = 5, colliders: int = 2
) -> AdjustmentProof:
    r"""Show how an adjustment set blocks what it must and leaves open what it must.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on, adjust : str or iterable of str
        Treatments, outcomes and the adjustment set.
    limit : int
        How many open non-causal and how many causal paths to list.
    colliders : int
        How many paths with a collider to list.

    Returns
    -------
    AdjustmentProof
        The shortest paths. Each search is cut off after `causal_reasoning.identification.paths.BUDGET` steps, which
        ``complete`` then says.

    Raises
    ------
    QueryError
        If the set is no adjustment set, or as `pose` does.

    Examples
    --------
    >>> graph = CausalGraph("cxy", [("c", "x"), ("c", "y"), ("x", "y")])
    >>> print(*prove_adjustment(graph, "x", "y", "c").lines(), sep="\n")
    x <- c -> y: blocked by adjusting for the fork c
    x -> y: causal, left open
    """
    problem = pose(graph, do, on)
    chosen = observed_nodes(graph, adjust, "the adjusted node")
    if not problem.valid(graph.mask(chosen)):
        raise QueryError(f"{{{', '.join(chosen)}}} is no adjustment set")
    return adjustment_proof(problem, graph.mask(chosen), limit, colliders)


def adjustment_proof(problem: Problem, adjust: int, limit: int = 5, colliders: int = 2) -> AdjustmentProof:
    """Prove that a bit set is an adjustment set; see `prove_adjustment`."""
    graph, edges = problem.graph, tables(problem.graph)
    goals = problem.on & ~adjust

    def search(wanted: Wanted, most: int) -> tuple[list[Path], bool]:
        return shortest_paths(graph, edges, problem.do, goals, wanted, most)

    # Without colliders, a path that does not begin with an arrow out of the treatment is not causal, and open.
    treks, all_treks = search(Wanted(frozenset(("<-", "<->")), lambda _, kind: kind != "collider"), limit)
    causal, all_causal = search(Wanted(frozenset(("->",)), lambda _, kind: kind == "chain"), limit)
    others, _ = search(Wanted(ANY, lambda _node, _kind: True, collider=True), colliders)
    return AdjustmentProof(
        tuple(_blocked(problem, edges.parents, path, adjust) for path in treks),
        tuple(_blocked(problem, edges.parents, path, adjust) for path in others),
        tuple(causal),
        all_treks and all_causal,
    )


def _blocked(problem: Problem, parents: list[int], path: Path, adjust: int) -> BlockedPath:
    chosen = set(problem.graph.names(adjust))
    opened = set(problem.graph.names(closure(parents, adjust)))
    for node, kind in path.inner():
        if kind == "collider" and node not in opened:
            return BlockedPath(path, node, kind)
    for node, kind in path.inner():
        if kind != "collider" and node in chosen:
            return BlockedPath(path, node, kind)
    raise AssertionError(f"{path.text()} is open given {sorted(chosen)}")


def open_path(problem: Problem) -> Path | None:
    """Find a short path that no adjustment set can block.

    Parameters
    ----------
    problem : Problem
        A problem without solution.

    Returns
    -------
    Path or None
        A path without colliders and without usable nodes where there is one; otherwise one that is open given
        all usable ancestors, colliders included. ``None`` if there is none or the search was cut off.
    """
    edges = problem.backdoor
    usable = problem.allowed & closure(edges.parents, problem.do | problem.on | problem.required)
    opened = closure(edges.parents, usable)
    plain = Wanted(ANY, lambda node, kind: kind != "collider" and not usable >> node & 1)
    other = Wanted(ANY, lambda node, kind: bool(opened >> node & 1) if kind == "collider" else not usable >> node & 1)
    for wanted in (plain, other):
        found, _ = shortest_paths(problem.graph, edges, problem.do, problem.on & ~usable, wanted, 1)
        if found:
            return found[0]
    return None


def failure_reason(problem: Problem) -> str:
    """Say in one sentence why there is no adjustment set.

    Parameters
    ----------
    problem : Problem
        A problem without solution.

    Returns
    -------
    str
        With the path that stays open and what keeps its nodes from being adjusted for.
    """
    graph = problem.graph
    if beyond := problem.required & ~problem.allowed:
        return f"{graph.names(beyond)[0]} is required for adjustment, but {_why_not(problem, beyond)}"
    path = open_path(problem)
    if path is None:
        return "no set of observed nodes blocks all non-causal paths"
    inner = [node for node, kind in path.inner() if kind != "collider"]
    why = [f"{graph.nodes[i]} {_why_not(problem, 1 << i)}" for i in bits(graph.mask(inner) & ~problem.allowed)]
    bad = [node for node, kind in path.inner() if kind == "collider"]
    if bad:
        why.append(f"what blocks other paths opens the collider {', '.join(bad)}")
    if "<->" in path.marks:
        at = path.marks.index("<->")
        why.append(f"the common cause of {path.nodes[at]} and {path.nodes[at + 1]} is hidden")
    if not why:
        why.append("nothing lies on it that could be adjusted for")
    return f"no set of observed nodes blocks {path.text()}: {'; '.join(why)}"


def _why_not(problem: Problem, mask: int) -> str:
    low = mask & -mask
    if low & problem.do:
        return "is a treatment"
    if low & problem.forbidden:
        return "is on a causal path or a descendant of one"
    if low & ~problem.observed:
        return "is latent"
    return "is excluded" if low & problem.excluded else "cannot be used"
