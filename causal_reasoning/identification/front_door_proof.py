"""What a front door gives, and why it works, in terms of paths."""

from __future__ import annotations

from causal_reasoning.estimand import Expression, Probability, product, summed
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, closure
from causal_reasoning.identification.common_separator import without_arrows_out
from causal_reasoning.identification.derivation import Step, some
from causal_reasoning.identification.front_door_search import Setting, named
from causal_reasoning.identification.paths import Mark, Path, Wanted, shortest_paths
from causal_reasoning.identification.query import Names, Query, QueryError
from causal_reasoning.identification.result import FrontDoor

BACK_DOOR: frozenset[Mark] = frozenset(("<-", "<->"))


def front_door_formula(
    do: tuple[str, ...], on: tuple[str, ...], mediators: tuple[str, ...], covariates: tuple[str, ...] = ()
) -> Expression:
    """Write the front-door formula.

    Parameters
    ----------
    do, on, mediators, covariates : tuple of str
        Treatments, outcomes, and a set that meets the criterion; outcomes among mediators or covariates are not
        summed over.

    Returns
    -------
    Expression
        Over treatments and outcomes; over outcomes only if there is no mediator.

    Examples
    --------
    >>> front_door_formula(("x",), ("y",), ("m",)).text()
    "Σ_{m} P(m | x) [Σ_{x'} P(y | x', m) P(x')]"
    >>> front_door_formula(("x",), ("q", "y"), ("m",), ("q",)).text()
    "Σ_{m} P(q) P(m | x, q) [Σ_{x'} P(y | x', m, q) P(x' | q)]"
    """
    rest = tuple(name for name in on if name not in mediators and name not in covariates)
    if not mediators:
        return Probability(on)
    if not rest:
        raise ValueError("every outcome is a mediator or a covariate: there is nothing left for the front door")
    behind = summed(do, product(Probability(rest, do + mediators + covariates), Probability(do, covariates)))
    parts = [Probability(mediators, do + covariates), behind]
    if covariates:
        parts.insert(0, Probability(covariates))
    return summed((name for name in mediators + covariates if name not in on), product(*parts))


def front_door_steps(graph: CausalGraph, do: Names, on: Names, door: FrontDoor, *, limit: int = 3) -> tuple[Step, ...]:
    r"""Show that a set meets the conditions of the front-door criterion, and what follows.

    Parameters
    ----------
    graph : CausalGraph
        The graph.
    do, on : str or iterable of str
        Treatments and outcomes.
    door : FrontDoor
        Mediators and covariates that meet the criterion.
    limit : int
        How many paths to show for each condition, shortest first. Each search is cut off after
        `causal_reasoning.identification.paths.BUDGET` steps.

    Returns
    -------
    tuple of Step
        The conditions, each with paths and what meets or blocks them, and the formula.

    Raises
    ------
    QueryError
        If the set is no front door, or as `front_door.is_front_door` does.

    Examples
    --------
    >>> graph = CausalGraph("xmy", [("x", "m"), ("m", "y")], [("x", "y")])
    >>> print(*(step.text() for step in front_door_steps(graph, "x", "y", FrontDoor(("m",)))), sep="\n")
    every causal path from x to y meets m  [front-door criterion (i): x -> m -> y]
    no back-door path from x to m is open  [front-door criterion (ii): x <-> y <- m: blocked by the collider y]
    every back-door path from m to y is blocked by x  [front-door criterion (iii): m <- x <-> y: blocked by the chain x]
    P(y | do(x)) = Σ_{m} P(m | x) [Σ_{x'} P(y | x', m) P(x')]  [front-door formula: conditions (i) to (iii)]
    """
    asked, through, beside = named(graph, do, on, door.mediators, door.covariates)
    names = graph.names
    if not asked.accepts(through, beside):
        given = f" given {', '.join(names(beside))}" if beside else ""
        raise QueryError(f"{{{', '.join(names(through))}}} is no front door{given}")
    query = Query(names(asked.do), names(asked.on))
    left = asked.on & ~through & ~beside
    start, end, middle, given = (some(names(mask)) for mask in (asked.do, left, through, beside))
    steps = []
    if beside:
        steps.append(Step("front-door criterion", f"{start} has no effect on {given}", "no directed path leads there"))
    met = f"every causal path from {start} to {end} meets {middle}" if through else f"{start} has no effect on {end}"
    steps.append(Step("front-door criterion (i)", met, _causal(asked, left, limit)))
    if through:
        steps += [
            Step(
                "front-door criterion (ii)",
                f"no back-door path from {start} to {middle} is open{f' given {given}' if beside else ''}",
                _blocked(asked, asked.without_effects, (asked.do, through), beside, limit),
            ),
            Step(
                "front-door criterion (iii)",
                f"every back-door path from {middle} to {end} is blocked by {start}{f', {given}' if beside else ''}",
                _blocked(asked, without_arrows_out(asked.edges, through), (through, left), asked.do | beside, limit),
            ),
        ]
    formula = front_door_formula(query.do, query.on, names(through), names(beside))
    because = "conditions (i) to (iii)" if through else "condition (i)"
    return (*steps, Step("front-door formula", f"{query.text()} = {formula.text()}", because))


def _causal(asked: Setting, outcomes: int, limit: int) -> str:
    wanted = Wanted(frozenset(("->",)), lambda _, kind: kind == "chain")
    found, every = shortest_paths(asked.graph, asked.edges, asked.do, outcomes, wanted, limit)
    return _listed([path.text() for path in found], every, "there is no causal path")


def _blocked(asked: Setting, edges: Tables, ends: tuple[int, int], given: int, limit: int) -> str:
    """List back-door paths between two sets of nodes, those without colliders first, and what blocks each."""
    without = Wanted(BACK_DOOR, lambda _, kind: kind != "collider")
    within = Wanted(BACK_DOOR, lambda _node, _kind: True, collider=True)
    searches = [shortest_paths(asked.graph, edges, *ends, wanted, limit) for wanted in (without, within)]
    found = [path for paths, _ in searches for path in paths]
    reasons = [f"{path.text()}: blocked by {_blocker(asked, edges, path, given)}" for path in found[:limit]]
    return _listed(reasons, len(found) <= limit and all(every for _, every in searches), "there is no such path")


def _blocker(asked: Setting, edges: Tables, path: Path, given: int) -> str:
    chosen = set(asked.graph.names(given))
    opened = set(asked.graph.names(closure(edges.parents, given)))
    for node, kind in path.inner():
        if node not in opened if kind == "collider" else node in chosen:
            return f"the {kind} {node}"
    raise AssertionError(f"{path.text()} is open given {sorted(chosen)}")


def _listed(lines: list[str], complete: bool, nothing: str) -> str:
    return "; ".join([*lines, *([] if complete else ["and more"])]) if lines else nothing
