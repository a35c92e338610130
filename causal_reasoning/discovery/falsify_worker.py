"""The process that runs dowhy's ``falsify_graph``."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

from causal_reasoning.cross_check.serve import Say, hush, serve
from causal_reasoning.discovery.independence import codes, independence_test

FIRST = 20
"""Permutations of the first round, after which a verdict at level .05 is possible."""


def _p_value(x: Any, y: Any, z: Any = None) -> float:
    """Our test in the form in which dowhy calls it: arrays of shape (N,) or (N, K)."""
    sides = [np.asarray(one).reshape(len(x), -1) for one in (x, y)]
    given = np.zeros((len(x), 0)) if z is None else np.asarray(z).reshape(len(x), -1)
    numbered = [codes([column.tolist() for column in side.T], len(x)) for side in (*sides, given)]
    return independence_test(*numbered).p_value


def _answer(asked: dict[str, Any], say: Say) -> None:
    hush()
    import networkx as nx
    import pandas as pd
    from dowhy.gcm.falsify import FalsifyConst, falsify_graph

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(asked["nodes"])
    graph.add_edges_from(map(tuple, asked["edges"]))
    data = pd.DataFrame({node: asked["columns"][node] for node in asked["nodes"]})
    for count in sorted({min(FIRST, asked["permutations"]), asked["permutations"]}):
        np.random.seed(asked["seed"])  # dowhy draws from the global generator
        found = falsify_graph(
            graph,
            data,
            independence_test=_p_value,
            conditional_independence_test=_p_value,
            n_permutations=count,
            show_progress_bar=False,
            n_jobs=1,
        )
        conditions, classes = found.summary[FalsifyConst.VALIDATE_LMC], found.summary[FalsifyConst.VALIDATE_TPA]
        say(
            version=version("dowhy"),
            permutations=len(conditions[FalsifyConst.PERM_VIOLATIONS]),
            violations=int(conditions[FalsifyConst.GIVEN_VIOLATIONS]),
            tests=int(conditions[FalsifyConst.N_TESTS]),
            p_better=float(conditions[FalsifyConst.P_VALUE]),
            p_equivalent=float(classes[FalsifyConst.P_VALUE]),
            falsifiable=bool(found.falsifiable),
            falsified=bool(found.falsified),
        )


def main() -> None:
    """Answer the request on standard input, within its time."""
    serve(_answer)


if __name__ == "__main__":
    main()
