"""From a diagram to a graph file of this package, which says more than other formats do."""

from __future__ import annotations

from collections.abc import Collection

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.assumptions import AssumptionGraph
from causal_reasoning.graph.causal_graph import GraphError
from causal_reasoning.graph.interchange.diagram import Diagram
from causal_reasoning.graph.spec import NAME

# Words that a YAML reader of some version takes for something else than text.
_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def from_graph_file(graph: AssumptionGraph, *, joint: bool = False) -> Diagram:
    """Take from a checked graph file what other formats can hold.

    Parameters
    ----------
    graph : AssumptionGraph
        The graph with its query.
    joint : bool
        Mark as outcomes everything that identification asks for, which is all that the model reads or writes;
        otherwise what it writes.

    Returns
    -------
    Diagram
        Roles, bindings and the objective are not in it; nodes of the role ``selection`` are marked.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> reasoning = load_graph("reasoning")
    >>> from_graph_file(reasoning).on, from_graph_file(reasoning, joint=True).on
    (('answer',), ('answer', 'question'))
    """
    return Diagram(
        graph.causal,
        do=tuple(graph.query.do),
        on=graph.outcomes if joint else tuple(graph.query.write),
        selected=tuple(name for name, node in graph.nodes.items() if node.role == "selection"),
    )


def to_graph_file(diagram: Diagram, name: str, read: Collection[str]) -> str:
    """Write a graph file that `load_graph` accepts.

    Parameters
    ----------
    diagram : Diagram
        The graph; its exposures become the treatment, its outcomes what the model writes.
    name : str
        The name of the graph.
    read : collection of str
        What the model is shown.

    Returns
    -------
    str
        YAML. What is read and written is bound to the text column of its name, other observed nodes to the
        column of theirs; latent nodes are not bound. Selected nodes get the role ``selection``; which nodes
        are adjusted for is left to identification.

    Raises
    ------
    GraphError
        If exposures, outcomes or what is read are missing, unknown or latent; if a name does not fit; in one
        sentence.

    Examples
    --------
    >>> from causal_reasoning.graph.causal_graph import CausalGraph
    >>> graph = CausalGraph("sqa", [("s", "q"), ("q", "a")], [("s", "a")])
    >>> print(to_graph_file(Diagram(graph, do=("s",), on=("a",)), "small", ["q"]), end="")
    version: 1
    name: small
    nodes:
      a: {bind: {text: a}}
      q: {bind: {text: q}}
      s: {bind: {column: s}}
    edges:
      - q -> a
      - s -> q
      - a <-> s
    query: {do: s, read: q, write: a}
    """
    graph = diagram.graph
    for word in (name, *graph.nodes):
        if not NAME.match(word):
            what = "name of a graph" if word == name else "name in a graph file"
            raise GraphError(f"'{word}' is no {what}: letters, digits, '_' and '.' make one, starting with a letter")
    parts = {"do": diagram.do, "read": tuple(sorted(set(read))), "write": diagram.on}
    for part, names in parts.items():
        if not names:
            raise GraphError(f"nothing says which node the query shall {_WORDS[part]}")
        for node in names:
            if node not in graph:
                raise GraphError(f"there is no node '{node}' to {_WORDS[part]}; {did_you_mean(node, graph.nodes)}")
            if node in graph.latent:
                raise GraphError(f"'{node}' is latent, and a graph file cannot {_WORDS[part]} a latent node")
    for node in parts["write"]:
        if node in parts["read"]:
            raise GraphError(f"'{node}' cannot be both read and written")
    texts = {*parts["read"], *parts["write"]}
    lines = ["version: 1", f"name: {_word(name)}", "nodes:"]
    for node in graph.nodes:
        said = ["role: selection"] if node in diagram.selected else []
        if node not in graph.latent:
            said.append(f"bind: {{{'text' if node in texts else 'column'}: {_word(node)}}}")
        lines.append(f"  {_word(node)}:" + (f" {{{', '.join(said)}}}" if said else ""))
    edges = [f"{a} -> {b}" for a, b in graph.directed] + [f"{a} <-> {b}" for a, b in graph.bidirected]
    lines += ["edges:", *(f"  - {edge}" for edge in edges)] if edges else []
    lines.append(f"query: {{{', '.join(f'{part}: {_words(names)}' for part, names in parts.items())}}}")
    return "\n".join(lines) + "\n"


_WORDS = {"do": "set (do)", "read": "read", "write": "write"}


def _words(names: tuple[str, ...]) -> str:
    return _word(names[0]) if len(names) == 1 else f"[{', '.join(map(_word, names))}]"


def _word(name: str) -> str:
    return f"'{name}'" if name.lower() in _YAML_WORDS else name
