"""Rendering done row by row in a fully known model, hidden causes included: no identification is involved."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification.structural_model import Model

Array = NDArray[np.float64]


def random_graph_file(rng: random.Random) -> str:
    """A random graph file in which the text x can be written anew for another z, and often for another a as well."""
    names = ["z", "t", "x", "y", "a", "b"][: rng.randint(4, 6)]
    order = rng.choice([names, rng.sample(names, len(names))])
    arrows, hidden = rng.choice([0.25, 0.4, 0.6]), rng.choice([0.0, 0.1, 0.25])
    pairs = [(p, q) for i, p in enumerate(order) for q in order[i + 1 :]]
    edges = [(p, q) for p, q in pairs if rng.random() < arrows and (p, q) != ("x", "z")]
    forced = [e for e in (("z", "x"), ("z", "t"), ("t", "x"), ("t", "y")) if e in pairs and rng.random() < 0.8]
    edges = sorted({*edges, *forced})
    lines = [f"{p} -> {q}" for p, q in edges] + [f"{p} <-> {q}" for p, q in pairs if rng.random() < hidden]
    declared = [p for p in ("z", "a") if (p, "x") in edges and (p == "z" or rng.random() < 0.6)]
    binding = {name: f"{{bind: {{column: {name}}}}}" for name in names}
    binding["y"] = "{bind: {text: y}}"
    binding["x"] = "{bind: {text: x" + (f", rendered_by: [{', '.join(declared)}]" if declared else "") + "}}"
    if "b" in names:
        binding["b"] = rng.choice([binding["b"], "{}", "{bind: {text: b}}"])
    nodes = "".join(f"  {name}: {binding[name]}\n" for name in names)
    read = rng.choice(["x", "x", "[x, b]"]) if "b" in names and "text: b" in binding["b"] else "x"
    return (
        f"version: 1\nname: random\nnodes:\n{nodes}edges: [{', '.join(lines)}]\n"
        f"query: {{do: t, read: {read}, write: y}}\n"
    )


def rendered_rows(graph: AssumptionGraph, model: Model, drawn: tuple[str, ...], text: str) -> Factor:
    """P(read, write, treatments) of rows in which one text is written anew, by enumerating every hidden cause."""
    letters: dict[str, int] = {}

    def axis(name: str) -> int:
        return letters.setdefault(name, len(letters))

    prior = model.observed(drawn)
    operands: list[object] = [prior.values, [axis(f"{n}*") for n in prior.axes]]
    for cause in model.hidden:
        operands += [np.array(cause.probabilities), [axis(cause.name)]]
    names = {one.nodes: one.name for one in model.hidden}
    for one in model.mechanisms:
        causes = [axis(names[edge]) for edge in one.hidden]
        operands += [one.table, [*(axis(p) for p in one.parents), *causes, axis(one.node)]]
        if one.node == text:
            parents = [axis(f"{p}*") if p in drawn else axis(p) for p in one.parents]
            operands += [one.table, [*parents, *causes, axis(f"{text}*")]]
    kept = sorted({*graph.query.read, *graph.query.write, *graph.query.do})
    out = [axis(f"{n}*") if n == text else axis(n) for n in kept]
    values: Array = np.einsum(*operands, out, optimize="greedy")  # type: ignore[call-overload]
    return Factor(kept, values)
