"""Hold a graph against data: every independence that it implies, and dowhy's permutation of nodes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from causal_reasoning.cross_check.talk import TIME, talk, worker
from causal_reasoning.discovery.columns import CategoricalPart
from causal_reasoning.discovery.falsification import Falsification, NodePermutations, Tested
from causal_reasoning.discovery.independence import DRAWS, codes, holm, independence_test
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification.equivalence import equivalence_class
from causal_reasoning.identification.implications import Independence
from causal_reasoning.identification.testable import testable_implications

COMMAND = worker("causal_reasoning.discovery.falsify_worker")
CAP = 100
SHOWN_EQUIVALENT = 3


def falsify(
    graph: AssumptionGraph,
    part: CategoricalPart,
    *,
    level: float = 0.05,
    permutations: int = 100,
    seconds: float = 60.0,
    seed: int = 0,
    on_test: Callable[[int, int], None] | None = None,
) -> Falsification:
    """Look for what the data contradict in a graph.

    Parameters
    ----------
    graph : AssumptionGraph
        The graph.
    part : CategoricalPart
        Its categorical nodes with their columns.
    level : float
        Probability that a true graph has any statement contradicted (Holm's correction over all statements).
    permutations : int
        Graphs with permuted nodes that dowhy compares with; 0 leaves dowhy out.
    seconds : float
        Most time for dowhy; its import alone takes about five.
    seed : int
        Seed of all permutations.
    on_test : callable, optional
        Called after every statement with the number done and the number of all.

    Returns
    -------
    Falsification
        Statements with their tests; dowhy's verdict, or why there is none.

    Notes
    -----
    From every statement of the basis, that one node is independent of a set given others, the statements about pairs
    are tested. They follow from it, but it does not follow from them: a node can depend on two together and on neither
    alone.

    A statement that fits is not proven, and a graph none of whose statements is contradicted shares that with all
    graphs that imply the same or less. Rows must be drawn independently from the regime that the graph describes:
    rows drawn under an intervention belong to another graph.
    """
    implied = testable_implications(part.graph, CAP)
    rows = len(part)
    statements = [pair for one in implied.independences for pair in _pairs(one)]
    # With more statements a p-value must be able to get smaller.
    draws = max(DRAWS, round(2 * len(statements) / level))
    outcomes = []
    for done, statement in enumerate(statements, start=1):
        sides = [codes([part.columns[n] for n in names], rows) for names in (statement.a, statement.b, statement.given)]
        outcomes.append(independence_test(*sides, draws=draws, seed=seed, level=level / len(statements)))
        if on_test is not None:
            on_test(done, len(statements))
    # What cannot be tested does not make the others stricter.
    real = [i for i, outcome in enumerate(outcomes) if outcome.degrees]
    adjusted = dict(zip(real, holm([outcomes[i].p_value for i in real]), strict=True))
    tested = tuple(
        Tested(statement, outcomes[i], adjusted.get(i, 1.0), adjusted.get(i, 1.0) <= level)
        for i, statement in enumerate(statements)
    )
    alike = equivalence_class(part.graph, cap=SHOWN_EQUIVALENT + 1, effort=20_000)
    others = [_edges(member) for member in alike if member != part.graph]
    return Falsification(
        graph=graph.name,
        digest=graph.digest,
        source=part.source,
        rows=rows,
        nodes=part.graph.nodes,
        left_out=part.left_out,
        tested=tested,
        verma=len(implied.verma),
        capped=implied.capped,
        equivalent=tuple(others[:SHOWN_EQUIVALENT]),
        more_equivalent=alike.capped or len(others) > SHOWN_EQUIVALENT,
        permuted=_permuted(part, bool(tested), permutations, seconds, seed),
        level=level,
    )


def _pairs(statement: Independence) -> list[Independence]:
    """The statements about pairs that follow: a test of many columns at once has cells of one row each."""
    return [Independence((a,), (b,), statement.given) for a in statement.a for b in statement.b]


def _permuted(part: CategoricalPart, testable: bool, permutations: int, seconds: float, seed: int) -> NodePermutations:
    if not permutations:
        return NodePermutations("not asked", "no permutations were wanted")
    if part.graph.bidirected:
        pairs = ", ".join(f"{a} <-> {b}" for a, b in part.graph.bidirected)
        return NodePermutations("not asked", f"it knows no hidden common causes, and among the tested nodes is {pairs}")
    if not testable:
        return NodePermutations("not asked", "the graph has no local Markov condition among the tested nodes")
    rows = len(part)
    request = {
        "seconds": seconds,
        "nodes": list(part.graph.nodes),
        "edges": [list(edge) for edge in part.graph.directed],
        "columns": {node: codes([column], rows).tolist() for node, column in part.columns.items()},
        "permutations": permutations,
        "seed": seed,
    }
    heard = talk(COMMAND, json.dumps(request), seconds, "dowhy")
    found: dict[str, Any] | None = None
    for line in heard.lines:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict) and "falsified" in said:
            found = said
    if found is None:
        if heard.failure == TIME:
            return NodePermutations("timed out", f"dowhy had no answer after {seconds:g} seconds; raise --budget")
        return NodePermutations("failed", heard.failure or "dowhy gave no answer")
    cut = heard.failure == TIME and found["permutations"] < permutations
    return NodePermutations(
        "done",
        _verdict(found) + (f" (cut short: {permutations} permutations were wanted)" if cut else ""),
        found["permutations"],
        found["violations"],
        found["tests"],
        found["p_better"],
        found["p_equivalent"],
        found["falsifiable"],
        found["falsified"],
        found["version"],
    )


def _verdict(found: dict[str, Any]) -> str:
    if found["falsified"]:
        return "rejects the graph"
    if found["falsifiable"]:
        return "does not reject the graph"
    return "cannot tell, too many graphs with permuted nodes imply the same"


def _edges(graph: Any) -> str:
    edges = [f"{a} -> {b}" for a, b in graph.directed] + [f"{a} <-> {b}" for a, b in graph.bidirected]
    return "; ".join(edges)
