"""dagitty's text: ``dag { x [exposure] y [outcome] u [latent] u -> {x y} x -> y }``."""

from __future__ import annotations

import re

from causal_reasoning.errors import InputError
from causal_reasoning.graph.interchange.diagram import Diagram, Format, quoted, refuse_names, unquotable
from causal_reasoning.graph.interchange.draft import Draft
from causal_reasoning.graph.interchange.marks import attributes_of
from causal_reasoning.graph.interchange.scanner import DAGITTY
from causal_reasoning.graph.interchange.statements import Language, parse

_LANGUAGE = Language(
    "dagitty text", DAGITTY, ("dag", "digraph", "graph", "pdag", "mag", "pag"), ("graph", "node"), False
)
_OTHER_KINDS = {
    "graph": "an undirected graph",
    "pdag": "a class of graphs, some of whose edges have no direction",
    "mag": "an ancestral graph, in which an arrow is not a direct cause",
    "pag": "a class of ancestral graphs",
}
#: dagitty's own abbreviations.
_SHORT = {
    "e": "exposure",
    "source": "exposure",
    "o": "outcome",
    "target": "outcome",
    "a": "adjusted",
    "s": "selected",
    "l": "latent",
    "u": "latent",
}
#: What every JavaScript object has already: dagitty stops at a node of such a name, or drops it without a word.
_LOST = {
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
}
_BAREWORD = re.compile(r"[0-9A-Za-z_.]+\Z")


def read(text: str, file: str) -> Diagram:
    """Read dagitty's text.

    Parameters
    ----------
    text : str
        The text. Positions, labels and other attributes are passed over; so are comments (``//``, ``#``,
        ``/* */``), which dagitty itself does not know.
    file : str
        Its name, for messages.

    Returns
    -------
    Diagram
        With exposures, outcomes, adjusted and selected nodes. ``a <-> b`` is a hidden common cause.

    Raises
    ------
    InputError
        With line and column: for anything that is no dagitty text, for edges that are not ``->``, ``<-`` or
        ``<->``, for graphs that are no ``dag``, for circles.

    Examples
    --------
    >>> read("dag { x -> m -> y; x <-> y }", "<text>").graph
    CausalGraph(x -> m; m -> y; x <-> y)
    """
    found = parse(text, file, _LANGUAGE)
    if found.kind in _OTHER_KINDS:
        raise InputError.at(
            file,
            f"'{found.kind}' is {_OTHER_KINDS[found.kind]}; only a 'dag' states what causes what",
            *found.kind_place,
        )
    draft = Draft(file)
    draft.nodes(found, _SHORT)
    for edge in found.edges:
        if edge.arrow == "->":
            draft.arrow(edge.left, edge.right, edge.place)
        elif edge.arrow == "<-":
            draft.arrow(edge.right, edge.left, edge.place)
        elif edge.arrow == "<->":
            draft.hidden_cause(edge.left, edge.right, edge.place)
        else:
            raise draft.fault(
                edge.place, f"'{edge.arrow}' does not say which is the cause; write '->', '<-' or '<->' in a dag"
            )
    return draft.diagram()


def write(diagram: Diagram) -> str:
    """Write dagitty's text, one node or edge a line, sorted.

    Parameters
    ----------
    diagram : Diagram
        The graph with its marks.

    Returns
    -------
    str
        What dagitty and `read` accept.

    Raises
    ------
    GraphError
        For a name that dagitty does not accept: ``graph``, ``node``, ``constructor`` and other words of
        JavaScript, and some with backslashes.

    Examples
    --------
    >>> from causal_reasoning.graph.causal_graph import CausalGraph
    >>> print(write(Diagram(CausalGraph("xyu", [("x", "y"), ("u", "x")], [], "u"), ("x",), ("y",))), end="")
    dag {
      u [latent]
      x [exposure]
      y [outcome]
      u -> x
      x -> y
    }
    """
    refuse_names(diagram, "dagitty text", _unwritable)
    graph = diagram.graph
    lines = []
    for name in graph.nodes:
        said = attributes_of(diagram, name)
        lines.append(_name(name) + (f" [{','.join(said)}]" if said else ""))
    lines += [f"{_name(a)} -> {_name(b)}" for a, b in graph.directed]
    lines += [f"{_name(a)} <-> {_name(b)}" for a, b in graph.bidirected]
    return "dag {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _unwritable(name: str) -> str:
    if name in _LANGUAGE.reserved:
        return "dagitty keeps this word for itself"
    return "dagitty loses nodes of this name" if name in _LOST else unquotable(name)


def _name(name: str) -> str:
    return name if _BAREWORD.match(name) else quoted(name)


FORMAT = Format("dagitty", (".dagitty", ".txt"), read, write)
