"""Edits of graph files in random layouts: the text means what the edits mean, and no line moves."""

from __future__ import annotations

import random
from itertools import pairwise

from causal_reasoning.errors import InputError
from causal_reasoning.graph import AssumptionGraph, CausalGraph, parse_graph
from causal_reasoning.graph.edits import Edit, EditError, apply_edits, edit_text, neighbours, parse_edit


def random_file(rng: random.Random) -> str:
    """A graph in a random layout: chains, quotes, blocks, comments."""
    nodes = [f"n{i}" for i in range(6)]
    order = rng.sample(nodes, 6)
    pairs = [(a, b) for i, a in enumerate(order) for b in order[i + 1 :]]
    arrows = [pair for pair in pairs if rng.random() < 0.4]
    arcs = [pair for pair in pairs if rng.random() < 0.2]
    chains = []
    while arrows:
        walk = list(arrows.pop(rng.randrange(len(arrows))))
        while (going := [edge for edge in arrows if edge[0] == walk[-1]]) and rng.random() < 0.7:
            arrows.remove(going[0])
            walk.append(going[0][1])
        chains.append(rng.choice([" -> ", "->", "  ->  "]).join(walk))
    chains += [f"{a} <-> {b}" for a, b in arcs]
    rng.shuffle(chains)
    mark = rng.choice(["", "'", '"'])

    def quote(text: str) -> str:
        return mark + text + mark

    comment = rng.choice(["", "  # why"])

    def node(name: str) -> str:
        kind = "column" if name == order[0] else "text"
        if name not in (order[0], order[3], order[5]) and rng.random() < 0.4:
            return f"  {name}:{rng.choice(['', ' {}', ' ~', ' {role: domain}'])}{comment}\n"
        if rng.random() < 0.3:
            return f"  {name}:\n    # block\n    role: other\n\n    bind:\n      {kind}: {name}{comment}\n"
        return f"  {name}: {{role: other, bind: {{{kind}: {quote(name)}}}}}{comment}\n"

    if rng.random() < 0.3 or not chains:
        edges = f"edges: [{', '.join(quote(chain) for chain in chains)}]{comment}\n"
    else:
        indent = rng.choice(["", "  ", "    "])
        edges = "edges:\n" + "".join(f"{indent}- {quote(chain)}{comment}\n" for chain in chains)
    query = rng.choice(
        [
            f"query: {{do: {order[0]}, read: [{order[3]}], write: {order[5]}}}\n",
            f"query:\n  do:\n  - {order[0]}\n  read: {order[3]}\n  write:\n    - {quote(order[5])}\n",
        ]
    )
    parts = [f"nodes:{comment}\n" + "".join(node(name) for name in nodes), edges, query, "# end\n", "\n"]
    rng.shuffle(parts)
    return "version: 1\nname: random\n" + "".join(parts)


def random_edits(rng: random.Random, graph: AssumptionGraph) -> list[Edit | str]:
    names = list(graph.nodes)
    one, two, three = rng.sample(names, 3)
    near = [edit for edit, _ in neighbours(graph.causal)]
    made: list[Edit | str] = [
        rng.choice(near),
        f"drop {one}",
        f"merge {one} {two} into {rng.choice([one, two, 'new'])}",
        f"merge {one} {two} {three} into new as text:new",
        f"split {one} into {one} p as text:p",
        f"split {one} into q as text:q, r as text:r with r -> q, r <-> q",
        "add n",
    ]
    return rng.sample(made, 2)


def test_the_text_means_what_the_edits_mean_or_is_refused() -> None:
    rng = random.Random(5)
    written = 0
    for _ in range(120):
        text = random_file(rng)
        graph = parse_graph(text, "g.yaml")
        edits = random_edits(rng, graph)
        read = [parse_edit(edit) if isinstance(edit, str) else edit for edit in edits]
        expected: CausalGraph | None
        try:
            expected = apply_edits(graph.causal, read)
        except EditError:
            expected = None
        try:
            done = edit_text(text, edits, "g.yaml")
        except InputError as error:
            assert "cannot be edited in place" not in str(error)
            assert "is not YAML" not in str(error)
            assert expected is None or "query" in str(error) or "(edited)" in str(error)
            continue
        written += 1
        assert parse_graph(done).causal == expected
        assert done.count("# end\n") == 1
        old, new = text.splitlines(), done.splitlines()
        order = [line for line in old if old.count(line) == new.count(line) == 1]
        places = [new.index(line) for line in order]
        assert all(a < b for a, b in pairwise(places))
    assert written > 30
