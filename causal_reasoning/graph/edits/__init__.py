"""Edits of a causal graph as values: made to a graph, to assumptions, or to the text of a graph file."""

from causal_reasoning.graph.edits.base import Edit, EditError, Link, apply_edits, links
from causal_reasoning.graph.edits.changes import Change, changes
from causal_reasoning.graph.edits.clusters import Merge, Part, Split
from causal_reasoning.graph.edits.edges import AddEdge, DropEdge, Reverse
from causal_reasoning.graph.edits.neighbours import Neighbourhood, neighbours
from causal_reasoning.graph.edits.nodes import AddNode, DropNode, Hide, Observe
from causal_reasoning.graph.edits.parse import parse_edit
from causal_reasoning.graph.edits.text import edit_graph, edit_text, read_edits

__all__ = [
    "AddEdge",
    "AddNode",
    "Change",
    "DropEdge",
    "DropNode",
    "Edit",
    "EditError",
    "Hide",
    "Link",
    "Merge",
    "Neighbourhood",
    "Observe",
    "Part",
    "Reverse",
    "Split",
    "apply_edits",
    "changes",
    "edit_graph",
    "edit_text",
    "links",
    "neighbours",
    "parse_edit",
    "read_edits",
]
