"""The true graph of a world as a graph file, ready to be used or edited as an assumption."""

from __future__ import annotations

from collections.abc import Sequence

from causal_reasoning.scm.world import World

#: Names that a YAML reader, of version 1.1 or 1.2, takes for something else than a text.
_QUOTED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def true_graph_yaml(world: World) -> str:
    """Write a world's graph in the format of graph files.

    Every node is bound to the column of its name: a category if it has a list of values, else a text; what a model
    reads and writes is a text in any case. The query is that of the world, `World.query`.

    Parameters
    ----------
    world : World
        The world.

    Returns
    -------
    str
        YAML text; without a query, a comment says what is missing.

    Examples
    --------
    >>> from causal_reasoning.scm import load_world
    >>> print(true_graph_yaml(load_world("letters")).splitlines()[-1])
    query: {do: skill, read: question, write: answer}
    """
    lines = [
        f"# The true graph of the world {world.name}, digest {world.digest[:12]}.",
        "version: 1",
        f"name: {world.name}_truth",
        "nodes:",
    ]
    query = world.query
    shown = {*query.read, *query.write} if query else set()
    for name, node in world.nodes.items():
        kind = "column" if world.is_categorical(name) and name not in shown else "text"
        lines.append(f"  {_written(name)}: {{role: {node.role}, bind: {{{kind}: {_written(name)}}}}}")
    arrows = world.graph().directed
    lines.append("edges:" if arrows else "edges: []")
    lines += [f"  - {cause} -> {effect}" for cause, effect in arrows]
    if query is None:
        lines.append("# query: {do: …, read: …, write: …}   # add one to compile it")
    else:
        policy = "" if query.policy == "marginal" else f", policy: {query.policy}"
        do, read, write = (_list(names) for names in (query.do, query.read, query.write))
        lines.append(f"query: {{do: {do}, read: {read}, write: {write}{policy}}}")
    return "\n".join(lines) + "\n"


def _list(names: Sequence[str]) -> str:
    written = ", ".join(_written(name) for name in names)
    return written if len(names) == 1 else f"[{written}]"


def _written(name: str) -> str:
    return f"'{name}'" if name.lower() in _QUOTED else name
