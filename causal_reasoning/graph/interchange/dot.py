"""Graphviz DOT: ``digraph { u [latent="yes"] u -> x x -> y [dir=both] }``.

The reader is our own: Graphviz itself draws and does not parse for others, and pydot (which would bring
pyparsing along) reads ``a <-> b`` as an arrow to a node called ``<->``, which silently turns a hidden common
cause into something else. The language shares its statements with dagitty's anyway.
"""

from __future__ import annotations

import re

from causal_reasoning.errors import InputError
from causal_reasoning.graph.interchange.diagram import Diagram, Format, quoted, refuse_names, unquotable
from causal_reasoning.graph.interchange.draft import Draft
from causal_reasoning.graph.interchange.marks import attributes_of
from causal_reasoning.graph.interchange.scanner import GRAPHVIZ
from causal_reasoning.graph.interchange.statements import Edge, Language, parse

_RESERVED = ("node", "edge", "graph", "digraph", "subgraph", "strict")
_LANGUAGE = Language("Graphviz DOT", GRAPHVIZ, ("digraph", "graph"), _RESERVED, True)
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*\Z")
_DIRECTIONS = ("forward", "back", "both", "none")


def read(text: str, file: str) -> Diagram:
    """Read Graphviz DOT.

    Parameters
    ----------
    text : str
        A ``digraph``. Labels, ports and everything about the drawing are passed over: nodes are called by
        their identifiers.
    file : str
        Its name, for messages.

    Returns
    -------
    Diagram
        ``dir=both`` and ``a <-> b`` (which is not Graphviz) are hidden common causes; ``dir=back`` turns an
        arrow round. Nodes with ``latent="yes"`` or ``observed="no"`` are latent; ``exposure``, ``outcome``,
        ``adjusted`` and ``selected`` are marks.

    Raises
    ------
    InputError
        With line and column: for anything that is no DOT, for edges without a direction, for circles.

    Examples
    --------
    >>> read("digraph { edge [dir=both] x -> y }", "<text>").graph
    CausalGraph(x <-> y)
    """
    found = parse(text, file, _LANGUAGE)
    if found.kind == "graph":
        raise InputError.at(file, "'graph' is undirected; a causal graph is a 'digraph' with '->'", *found.kind_place)
    draft = Draft(file)
    draft.nodes(found)
    for edge in found.edges:
        tail, head = _ends(edge, draft)
        if tail and head:
            draft.hidden_cause(edge.left, edge.right, edge.place)
        elif head:
            draft.arrow(edge.left, edge.right, edge.place)
        elif tail:
            draft.arrow(edge.right, edge.left, edge.place)
        else:
            raise draft.fault(edge.place, "this edge has no direction; write 'a -> b', or dir=both for a hidden cause")
    return draft.diagram()


def _ends(edge: Edge, draft: Draft) -> tuple[bool, bool]:
    """Decide whether there is an arrowhead at the left end, and at the right end."""
    if edge.arrow not in ("->", "<->"):
        raise draft.fault(edge.place, f"'{edge.arrow}' does not stand in a digraph; write '->' (or '<->', dir=both)")
    direction = "both" if edge.arrow == "<->" else edge.attributes.get("dir", "forward").lower()
    if direction not in _DIRECTIONS:
        raise draft.fault(edge.place, f"the attribute dir is '{direction}'; it must be one of {', '.join(_DIRECTIONS)}")
    # Some programs write every edge with dir=both and say at each end whether there is an arrowhead.
    ends = []
    for key, drawn in (("arrowtail", ("back", "both")), ("arrowhead", ("forward", "both"))):
        shape = edge.attributes.get(key, "normal").lower() if direction in drawn else "none"
        if shape in ("odot", "dot"):
            raise draft.fault(
                edge.place, f"{key}={shape} leaves the direction open; a causal graph needs an arrow here"
            )
        ends.append(shape != "none")
    return ends[0], ends[1]


def write(diagram: Diagram) -> str:
    """Write Graphviz DOT, one node or edge a line, sorted.

    Parameters
    ----------
    diagram : Diagram
        The graph with its marks.

    Returns
    -------
    str
        Hidden common causes and latent nodes are dashed.

    Raises
    ------
    GraphError
        For some names with backslashes.

    Examples
    --------
    >>> from causal_reasoning.graph.causal_graph import CausalGraph
    >>> print(write(Diagram(CausalGraph("xyu", [("u", "x")], [("x", "y")], "u"), do=("x",))), end="")
    digraph {
      u [latent="yes", style=dashed]
      x [exposure="yes"]
      y
      u -> x
      x -> y [dir=both, style=dashed]
    }
    """
    refuse_names(diagram, "Graphviz DOT", unquotable)
    graph = diagram.graph
    lines = []
    for name in graph.nodes:
        said = [f'{word}="yes"' for word in attributes_of(diagram, name)] + ["style=dashed"] * (name in graph.latent)
        lines.append(_name(name) + (f" [{', '.join(said)}]" if said else ""))
    lines += [f"{_name(a)} -> {_name(b)}" for a, b in graph.directed]
    lines += [f"{_name(a)} -> {_name(b)} [dir=both, style=dashed]" for a, b in graph.bidirected]
    return "digraph {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _name(name: str) -> str:
    return name if _WORD.match(name) and name.lower() not in _RESERVED else quoted(name)


FORMAT = Format("dot", (".dot", ".gv"), read, write)
