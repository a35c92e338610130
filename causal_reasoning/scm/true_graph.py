"""The true graph of a world as a graph file, ready to be used or edited as an assumption."""

from __future__ import annotations

from causal_reasoning.scm.world import World


def true_graph_yaml(world: World) -> str:
    """Write a world's graph in the format of graph files.

    Every node is bound to the column of its name. The query is do(skill) (or do(question) where there is no
    skill), reading the question and writing the answer.

    Parameters
    ----------
    world : World
        The world.

    Returns
    -------
    str
        YAML text.
    """
    graph = world.graph()
    roles = {name: node.role for name, node in world.nodes.items()}
    lines = [
        f"# The true graph of the world {world.name}, digest {world.digest[:12]}.",
        "version: 1",
        f"name: {world.name}_truth",
        "nodes:",
    ]
    for name in world.nodes:
        kind = "column" if world.is_categorical(name) else "text"
        lines.append(f"  {name}: {{role: {roles[name]}, bind: {{{kind}: {name}}}}}")
    lines.append("edges:")
    lines += [f"  - {cause} -> {effect}" for cause, effect in graph.directed]

    def first(*wanted: str) -> str | None:
        return next((n for role in wanted for n in world.nodes if roles[n] == role), None)

    do, read, write = first("skill", "question"), first("question"), first("answer")
    if do and read and write:
        lines.append(f"query: {{do: {do}, read: {read}, write: {write}}}")
    else:
        lines.append("# query: {do: …, read: …, write: …}   # add one to compile it")
    return "\n".join(lines) + "\n"
