"""GML, the text format of networkx and dowhy; networkx knows the syntax."""

from __future__ import annotations

import re

import networkx as nx

from causal_reasoning.errors import InputError
from causal_reasoning.graph.causal_graph import GraphError
from causal_reasoning.graph.interchange.diagram import Diagram, Format, refuse_names
from causal_reasoning.graph.interchange.networkx_graphs import from_networkx, to_networkx
from causal_reasoning.graph.interchange.scanner import shortened
from causal_reasoning.graph.interchange.statements import MAXIMUM_NODES

_PLACE = re.compile(r" at \((\d+), (\d+)\)$")
# What networkx raises for text that is no GML: its own error, and those of code that did not expect the text.
_UNREADABLE = (nx.NetworkXError, AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)


def read(text: str, file: str) -> Diagram:
    """Read GML.

    Parameters
    ----------
    text : str
        A directed graph. Nodes are called by their labels, or by their numbers if none has a label.
    file : str
        Its name, for messages.

    Returns
    -------
    Diagram
        Edges with ``bidirected 1`` are hidden common causes; nodes with ``observed "no"`` or ``latent 1`` are
        latent; ``exposure 1``, ``outcome 1``, ``adjusted 1`` and ``selected 1`` are marks.

    Raises
    ------
    InputError
        With line and column where networkx tells them.

    Examples
    --------
    >>> text = 'graph [ directed 1 node [ id 0 label "x" ] node [ id 1 label "y" ] edge [ source 0 target 1 ] ]'
    >>> read(text, "<text>").graph
    CausalGraph(x -> y)
    """
    try:
        found = nx.parse_gml(text, label="label" if re.search(r"\blabel\b", text) else "id")
        # networkx gives numbers and two odd texts back as what they look like; all are names here.
        found = nx.relabel_nodes(found, {name: _label(name) for name in found.nodes})
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) if isinstance(error, nx.NetworkXError) else "it cannot be parsed"
        place = _PLACE.search(reason)
        where = (int(place.group(1)), int(place.group(2))) if place else (None, None)
        raise InputError.at(file, f"this is not GML: {shortened(_PLACE.sub('', reason), 100)}", *where) from error
    if len(found) > MAXIMUM_NODES:
        raise InputError.at(file, f"there are more than {MAXIMUM_NODES:,} nodes; no such graph is read")
    try:
        return from_networkx(found)
    except GraphError as error:
        raise InputError.at(file, str(error)) from error


def _label(name: object) -> str:
    return "()" if name == () else str(name)


def write(diagram: Diagram) -> str:
    """Write GML.

    Parameters
    ----------
    diagram : Diagram
        The graph with its marks.

    Returns
    -------
    str
        Hidden common causes are edges with ``bidirected 1``. Tools that do not know the attribute take them
        for arrows: for dowhy use `to_dowhy`.

    Raises
    ------
    GraphError
        For the name ``[]``, which networkx takes for an empty list.
    """
    refuse_names(diagram, "GML", lambda name: "networkx takes it for an empty list" if name == "[]" else "")
    found = to_networkx(diagram)
    # Without parallel edges a plain digraph is understood by more readers.
    return "\n".join(nx.generate_gml(found if diagram.graph.bidirected else nx.DiGraph(found))) + "\n"


FORMAT = Format("gml", (".gml",), read, write)
