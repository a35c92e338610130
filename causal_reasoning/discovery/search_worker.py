"""The process that runs causal-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.cross_check.serve import Say, hush, serve

TAIL, ARROW, CIRCLE = -1, 1, 2
_KINDS = {
    (TAIL, ARROW): "->",
    (ARROW, TAIL): "<-",
    (TAIL, TAIL): "--",
    (ARROW, ARROW): "<->",
    (CIRCLE, ARROW): "o->",
    (ARROW, CIRCLE): "<-o",
}


def edges_of(matrix: NDArray[np.int64]) -> list[tuple[int, int, str]]:
    """Edges with their marks; entry (i, j) of the matrix is the mark at i of the edge between i and j.

    A circle with a tail at the other end comes from selection, which nobody modelled: it is told as two circles.
    """
    size = range(len(matrix))
    pairs = ((i, j, (int(matrix[i, j]), int(matrix[j, i]))) for i in size for j in size if i < j)
    return [(i, j, _KINDS.get(marks, "o-o")) for i, j, marks in pairs if any(marks)]


def _knowledge(known: dict[str, Any]) -> Any:
    from causallearn.graph.GraphNode import GraphNode
    from causallearn.utils.PCUtils.BackgroundKnowledge import BackgroundKnowledge

    found = BackgroundKnowledge()
    for number, names in enumerate(known["tiers"]):
        for name in names:
            found.add_node_to_tier(GraphNode(name), number)
    for cause, effect in known["forbidden"]:
        found.add_forbidden_by_node(GraphNode(cause), GraphNode(effect))
    for cause, effect in known["required"]:
        found.add_required_by_node(GraphNode(cause), GraphNode(effect))
    return found


def _search(asked: dict[str, Any], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    names = list(asked["names"])
    # A half can miss a value, and causal-learn wants numbers without gaps; a constant column has no edges.
    numbered = np.stack([np.unique(column, return_inverse=True)[1] for column in rows.T], axis=1)
    vary = [i for i in range(len(names)) if numbered[:, i].max() > 0]
    whole = np.zeros((len(names), len(names)), dtype=np.int64)
    if len(vary) < 2:
        return whole
    data, kept = numbered[:, vary], [names[i] for i in vary]
    if asked["method"] == "pc":
        from causallearn.search.ConstraintBased.PC import pc

        known = asked["knowledge"]
        # Its orientation by knowledge looks at every edge; without knowledge it is left out.
        given = _knowledge(known) if any(known.values()) else None
        graph = pc(data, asked["level"], "chisq", show_progress=False, node_names=kept, background_knowledge=given).G
    elif asked["method"] == "fci":
        from causallearn.search.ConstraintBased.FCI import fci

        # Its own use of tiers takes a <-> b for impossible; ours comes afterwards.
        graph = fci(data, "chisq", asked["level"], show_progress=False, node_names=kept)[0]
    else:
        from causallearn.search.ScoreBased.GES import ges

        graph = ges(data, "local_score_BDeu", node_names=kept)["G"]
    order = [kept.index(node.get_name()) for node in graph.get_nodes()]
    matrix = np.asarray(graph.graph, dtype=np.int64)
    places = np.array([vary[i] for i in order])
    whole[np.ix_(places, places)] = matrix
    return whole


def _answer(asked: dict[str, Any], say: Say) -> None:
    hush()
    rows = np.array(asked["columns"], dtype=np.int64).T
    for number in range(asked["halves"] + 1):
        chosen = rows
        if number:
            order = np.random.default_rng([asked["seed"], number]).permutation(len(rows))
            chosen = rows[np.sort(order[: (len(rows) + 1) // 2])]
        say(edges=edges_of(_search(asked, chosen)))


def main() -> None:
    """Answer the request on standard input, within its time."""
    serve(_answer)


if __name__ == "__main__":
    main()
