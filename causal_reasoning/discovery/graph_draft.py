"""From what a search found to a graph file for a person to edit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from causal_reasoning.discovery.found import Discovery, FoundEdge
from causal_reasoning.graph.causal_graph import CausalGraph, Edge, GraphError
from causal_reasoning.graph.spec import NAME, Role
from causal_reasoning.identification.cpdag import Pattern

_OPEN = {"--": 2, "o->": 1, "<-o": 1, "o-o": 2}
_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


@dataclass(frozen=True)
class DraftedEdge:
    """An edge of the file.

    Parameters
    ----------
    found : FoundEdge or None
        What the search found; ``None`` for an arrow that was required and not found.
    edge : tuple of str
        Its ends; for an arrow, cause and effect.
    arrow : str
        ``->`` or ``<->``; empty if it is left out because it would close a circle.
    required : bool
        Whether it is there because it was required.
    """

    found: FoundEdge | None
    edge: Edge
    arrow: str
    required: bool = False

    @property
    def readings(self) -> tuple[str, ...]:
        """What the edge can be, where the search cannot tell."""
        if self.found is None or self.required or self.found.kind not in _OPEN:
            return ()
        a, b, kind = self.found.a, self.found.b, self.found.kind
        arrows = [f"{a} -> {b}", f"{b} -> {a}"] if _OPEN[kind] == 2 else [self.found.text().replace("o->", "->")]
        return (*arrows, f"{a} <-> {b}") if "o" in kind else tuple(arrows)


def draft_edges(found: Discovery) -> tuple[DraftedEdge, ...]:
    """Choose a direction for every edge, without closing a circle.

    Parameters
    ----------
    found : Discovery
        What the search found.

    Returns
    -------
    tuple of DraftedEdge
        In the order of what was found, then what was required and not found. Directions that the search leaves open
        follow the random halves, and Meek's rules, so that no collider appears that the search did not find; only where
        that would close a circle they follow an order of the columns instead.
    """
    required = set(found.knowledge.required)
    by_pair = {(edge.a, edge.b): edge for edge in found.edges}
    arrows: list[Edge] = sorted(required)
    sure = sorted((edge for edge in found.edges if edge.kind in ("->", "<-")), key=lambda e: (-e.same, e.a, e.b))
    dropped: set[Edge] = set()
    for edge in sure:
        arrow = (edge.a, edge.b) if edge.kind == "->" else (edge.b, edge.a)
        if arrow in required or arrow[::-1] in required:
            continue
        if not _acyclic(found.nodes, [*arrows, arrow]):
            dropped.add((edge.a, edge.b))
        else:
            arrows.append(arrow)
    settled = {tuple(sorted(arrow)) for arrow in arrows}
    still = [edge for edge in found.edges if edge.kind in _OPEN and (edge.a, edge.b) not in settled]
    directed = _directed(found, arrows, still)
    chosen = []
    for pair, edge in by_pair.items():
        if pair in dropped:
            chosen.append(DraftedEdge(edge, pair, ""))
        elif wanted := required & {pair, pair[::-1]}:
            chosen.append(DraftedEdge(edge, next(iter(wanted)), "->", required=True))
        elif edge.kind == "<->":
            chosen.append(DraftedEdge(edge, pair, "<->"))
        else:
            forward = pair in directed
            chosen.append(DraftedEdge(edge, pair if forward else (edge.b, edge.a), "->"))
    missing = [arrow for arrow in sorted(required) if tuple(sorted(arrow)) not in by_pair]
    return (*chosen, *(DraftedEdge(None, arrow, "->", required=True) for arrow in missing))


def graph_draft(found: Discovery, name: str = "draft") -> str:
    """Write a graph file with what is known of every edge in a comment.

    Parameters
    ----------
    found : Discovery
        What the search found.
    name : str
        The name of the graph.

    Returns
    -------
    str
        YAML. Every column is a node, with a role where its name is one; the query is a comment, as no search can know
        it: the file is complete when it is filled in.
    """
    nodes = _node_names(found.nodes)
    width = max((len(node) for node in nodes.values()), default=0) + 1
    lines = [
        f"# Drafted by {_comment(found.title())}.",
        "# To be edited: an edge is what these rows suggest if all that matters is among the columns. Directions that",
        "# the rows leave open are marked; what you know of the process decides them.",
        *(f"# Note: {_comment(note)}." for note in found.notes),
        "version: 1",
        f"name: {_word(name)}",
        "nodes:",
    ]
    for column, node in nodes.items():
        role = f"role: {node}, " if node in get_args(Role) else ""
        lines.append(f"  {_word(node) + ':':<{width}} {{{role}bind: {{column: {_word(column)}}}}}")
    drafted = draft_edges(found)
    if any(one.arrow for one in drafted):
        lines.append("edges:")
    for one in drafted:
        lines += _edge_lines(one, nodes)
    if found.doubtful:
        lines.append("# Not in the graph of all rows, but in random halves:")
        lines += [f"#   {nodes[e.a]}, {nodes[e.b]}: {_confidence(e, nodes)}" for e in found.doubtful]
    lines.append(
        "# What the model should serve; its texts are nodes too: question: {role: question, bind: {text: question}}"
    )
    guess = "skill" if "skill" in nodes.values() else "NODE"
    lines.append(f"# query: {{do: {guess}, read: question, write: answer}}")
    return "\n".join(lines) + "\n"


def _edge_lines(one: DraftedEdge, nodes: dict[str, str]) -> Iterator[str]:
    a, b = nodes[one.edge[0]], nodes[one.edge[1]]
    if one.found is None:
        yield f"  - {a} -> {b}  # required; the search on the data alone left it out"
        return
    told = _confidence(one.found, nodes)
    if not one.arrow:
        a, b = (nodes[end] for end in (one.found.a, one.found.b))
        yield f"  # left out, as it would close a circle: {a} {one.found.kind} {b} ({told})"
        return
    if one.readings:
        renamed = " or ".join(
            f"{nodes[left]} {arrow} {nodes[right]}" for left, arrow, right in (_split(text) for text in one.readings)
        )
        yield f"  # open: {renamed}; this one was chosen for no better reason than that it closes no circle"
    yield f"  - {a} {one.arrow} {b}  # {'required; ' if one.required else ''}{told}"


def _split(reading: str) -> tuple[str, str, str]:
    arrow = "<->" if " <-> " in reading else "->"
    left, right = reading.split(f" {arrow} ", 1)
    return left, arrow, right


def _confidence(edge: FoundEdge, nodes: dict[str, str]) -> str:
    return FoundEdge(nodes[edge.a], nodes[edge.b], edge.kind, edge.shares).confidence()


def _directed(found: Discovery, arrows: list[Edge], still: list[FoundEdge]) -> set[Edge]:
    """All arrows, with one direction for each of the open edges."""
    index = {name: i for i, name in enumerate(found.nodes)}
    size = len(index)
    parents, children, undirected = [0] * size, [0] * size, [0] * size
    for cause, effect in arrows:
        parents[index[effect]] |= 1 << index[cause]
        children[index[cause]] |= 1 << index[effect]
    pattern = Pattern(parents, children, undirected)
    for edge in still:
        if "o" not in (edge.kind or ""):
            undirected[index[edge.a]] |= 1 << index[edge.b]
            undirected[index[edge.b]] |= 1 << index[edge.a]
    pattern = Pattern(parents, children, undirected)
    for edge in sorted(still, key=lambda e: (-max(_leaning(e)), e.a, e.b)):
        forward, backward = _leaning(edge)
        arrow = (edge.a, edge.b) if forward >= backward else (edge.b, edge.a)
        if found.knowledge.forbids(*arrow):
            arrow = arrow[::-1]
        pattern.orient([(index[arrow[0]], index[arrow[1]])])
    result = {(a, b) for a in found.nodes for b in found.nodes if pattern.children[index[a]] >> index[b] & 1}
    for edge in still:  # circles at the ends: an arrowhead that is there stays one
        if edge.kind in ("o->", "<-o", "o-o"):
            result.add((edge.b, edge.a) if edge.kind == "<-o" else (edge.a, edge.b))
    if _acyclic(found.nodes, result):
        return result
    order = CausalGraph(found.nodes, arrows).topological_order
    return {*arrows, *((e.a, e.b) if order.index(e.a) < order.index(e.b) else (e.b, e.a) for e in still)}


def _leaning(edge: FoundEdge) -> tuple[float, float]:
    return edge.shares.get("->", 0.0), edge.shares.get("<-", 0.0)


def _acyclic(nodes: tuple[str, ...], arrows: list[Edge] | set[Edge]) -> bool:
    try:
        CausalGraph(nodes, arrows)
    except GraphError:
        return False
    return True


def _node_names(columns: tuple[str, ...]) -> dict[str, str]:
    """A name that a graph file takes for each column, all different."""
    found: dict[str, str] = {}
    for column in columns:
        name = re.sub(r"[^A-Za-z0-9_.]", "_", column)
        name = name if NAME.match(name) else f"_{name}"
        while name in found.values() or (name != column and name in columns):
            name += "_"
        found[column] = name
    return found


def _word(text: str) -> str:
    plain = NAME.match(text) and text.lower() not in _YAML_WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _comment(text: str) -> str:
    return " ".join(text.split())
