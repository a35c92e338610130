"""Graphs with representations for tests, from a few lines."""

from __future__ import annotations

import re

from causal_reasoning.graph import AssumptionGraph, parse_graph

BINDINGS = {
    "q": "bind: {text: q}",
    "q2": "bind: {text: q2}",
    "y": "bind: {text: y}",
    "content": "bind: {text: content}",
    "k": "bind: {column: k}",
    "d": "bind: {column: d}",
    "t": "bind: {column: t}",
    "s": "bind: {hidden: {layer: 1}}",
    "a": "bind: {hidden: {layer: 1, pool: prompt}}",
    "b": "bind: {hidden: {layer: 1, pool: mean}}",
    "late": "bind: {hidden: {layer: 2, pool: answer}}",
    "u": "",
    "v": "",
}


def text_of(edges: str, objective: str = "", query: str = "do: q, read: q, write: y", **nodes: str) -> str:
    """A graph file with the nodes that occur in ``a -> b; b -> c``."""
    named = {**BINDINGS, **nodes}
    ends = {end.strip() for chain in edges.split(";") for end in re.split("<?->", chain)}
    used = [name for name in named if name in ends]
    lines = "".join(f"  {name}: {{{named[name]}}}\n" for name in used)
    chains = "".join(f"  - {chain.strip()}\n" for chain in edges.split(";"))
    tail = f"objective: {{penalties: {objective}}}\n" if objective else ""
    return f"version: 1\nname: g\nnodes:\n{lines}edges:\n{chains}query: {{{query}}}\n{tail}"


def graph(edges: str, objective: str = "", query: str = "do: q, read: q, write: y", **nodes: str) -> AssumptionGraph:
    """That graph, read and checked."""
    return parse_graph(text_of(edges, objective, query, **nodes), "g.yaml")
