"""Mermaid flowcharts, for pages that draw them; written only."""

from __future__ import annotations

import re

from causal_reasoning.graph.interchange.diagram import Diagram, Format, refuse_names

#: Borders only, so that the drawing suits light and dark pages.
_CLASSES = (
    ("exposure", "do", "stroke-width:4px"),
    ("outcome", "on", "stroke-width:4px,stroke:#0969da"),
    ("adjusted", "adjusted", "fill:#8884"),
    ("selected", "selected", "stroke-width:4px,stroke:#cf222e"),
)
_LATENT = "stroke-dasharray:5 5"
_SPECIAL = re.compile(r"[^\w .,:()-]")


def write(diagram: Diagram) -> str:
    """Write a Mermaid flowchart.

    Parameters
    ----------
    diagram : Diagram
        The graph with its marks.

    Returns
    -------
    str
        Hidden common causes are dotted lines with two heads; latent nodes are round and dashed; marked nodes
        have thick borders or are filled. Nodes are numbered and carry their names as labels, as some words
        (``end``) break a flowchart.

    Raises
    ------
    GraphError
        For names with control characters.

    Examples
    --------
    >>> from causal_reasoning.graph.causal_graph import CausalGraph
    >>> print(write(Diagram(CausalGraph("xy", [("x", "y")], [("x", "y")]), ("x",))), end="")
    flowchart LR
      n0["x"]
      n1["y"]
      n0 --> n1
      n0 <-.-> n1
      classDef exposure stroke-width:4px
      class n0 exposure
    """
    refuse_names(diagram, "a Mermaid flowchart", lambda name: "")
    graph = diagram.graph
    number = {name: f"n{i}" for i, name in enumerate(graph.nodes)}
    lines = []
    for name in graph.nodes:
        left, right = ('(["', '"])') if name in graph.latent else ('["', '"]')
        lines.append(number[name] + left + _label(name) + right)
    lines += [f"{number[a]} --> {number[b]}" for a, b in graph.directed]
    lines += [f"{number[a]} <-.-> {number[b]}" for a, b in graph.bidirected]
    marked = [(word, getattr(diagram, mark), style) for word, mark, style in _CLASSES]
    for word, names, style in (*marked, ("latent", graph.latent, _LATENT)):
        if names:
            lines.append(f"classDef {word} {style}")
            lines.append(f"class {','.join(number[name] for name in names)} {word}")
    return "flowchart LR\n" + "".join(f"  {line}\n" for line in lines)


def _label(name: str) -> str:
    """Write what could be read as markup by its number."""
    return _SPECIAL.sub(lambda match: f"#{ord(match.group())};", name)


FORMAT = Format("mermaid", (".mmd", ".mermaid"), None, write)
