"""Random graphs with representations that obey the rules of the reader."""

from __future__ import annotations

import itertools
import random

from causal_reasoning.graph import AssumptionGraph, CausalGraph
from causal_reasoning.graph.representations import contradictions
from causal_reasoning.graph.spec import NodeSpec, ObjectiveSpec, QuerySpec


def random_assumptions(seed: int, size: int = 4) -> AssumptionGraph:
    """A question or two, an answer, columns, texts, hidden causes, and one to three representations."""
    rng = random.Random(seed)
    pools = ["prompt", "mean", "answer"]
    texts = ["q", "r"] if rng.random() < 0.25 else ["q"]
    data = [*texts, "y", *[f"c{i}" for i in range(rng.randint(1, size - len(texts)))]]
    states = [f"s{i}" for i in range(rng.randint(1, 3))]
    hidden = [f"u{i}" for i in range(rng.randint(0, 2))]
    nodes = {n: NodeSpec.model_validate({"bind": {"text": n}}) for n in [*texts, "y"]}
    for n in data:
        if n not in nodes:
            kind = "text" if rng.random() < 0.2 else "column"
            nodes[n] = NodeSpec.model_validate({"bind": {kind: n}})
    for i, n in enumerate(states):
        nodes[n] = NodeSpec.model_validate({"bind": {"hidden": {"layer": i + 1, "pool": rng.choice(pools)}}})
    nodes |= {n: NodeSpec() for n in hidden}
    query = QuerySpec.model_validate({"do": "c0", "read": texts, "write": "y"})
    order = rng.sample([*data, *hidden], len(data) + len(hidden))
    density = rng.choice([0.25, 0.4, 0.6])
    directed = [pair for pair in itertools.combinations(order, 2) if rng.random() < density]
    bidirected = [pair for pair in itertools.combinations(data, 2) if rng.random() < 0.1]
    directed += [(n, s) for s in states for n in order if rng.random() < 0.3]
    directed += [pair for pair in itertools.combinations(states, 2) if rng.random() < 0.2]
    directed += [(s, "y") for s in states if rng.random() < 0.7]
    circles = {(n, s) for n, s in directed if n == "y" and (s, "y") in directed}
    directed = [edge for edge in directed if edge not in circles]
    # What the reader would refuse is left out.
    for fault in list(contradictions(nodes, query, directed, bidirected)):
        if fault.edge in directed:
            directed.remove(fault.edge)
    while _circle(nodes, directed):
        directed.pop()
    causal = CausalGraph(nodes, directed, bidirected, [*hidden, *states])
    return AssumptionGraph("random", causal, nodes, query, ObjectiveSpec())


def _circle(nodes: dict[str, NodeSpec], directed: list[tuple[str, str]]) -> bool:
    try:
        CausalGraph(nodes, directed)
    except ValueError:
        return True
    return False
