"""What goes from one tool to another: a causal graph, and the marks that other tools keep beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.causal_graph import CausalGraph, Edge, GraphError

MARKS = ("do", "on", "adjusted", "selected")
#: The words for the marks in files: the ones that dagitty uses.
WORDS = {"do": "exposure", "on": "outcome", "adjusted": "adjusted", "selected": "selected"}


@dataclass(frozen=True)
class Diagram:
    """A causal graph as other tools exchange it.

    Parameters
    ----------
    graph : CausalGraph
        Nodes, arrows, hidden common causes, latent nodes.
    do, on : tuple of str
        Exposures (treatments) and outcomes; often none are marked.
    adjusted : tuple of str
        Nodes that are marked as adjusted for.
    selected : tuple of str
        Nodes on which the sample was selected.

    Raises
    ------
    GraphError
        For a mark on an unknown node, or a node that is exposure and outcome.

    Examples
    --------
    >>> graph = CausalGraph("xy", [("x", "y")], [("x", "y")])
    >>> Diagram(graph, do=("x",), on=("y",)).on
    ('y',)
    """

    graph: CausalGraph
    do: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    adjusted: tuple[str, ...] = ()
    selected: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for mark in MARKS:
            names = tuple(sorted(set(getattr(self, mark))))
            for name in names:
                if name not in self.graph:
                    raise GraphError(
                        f"'{name}' is marked as {WORDS[mark]} and is no node; {did_you_mean(name, self.graph.nodes)}"
                    )
            object.__setattr__(self, mark, names)
        if both := sorted(set(self.do) & set(self.on)):
            raise GraphError(f"'{both[0]}' is marked as exposure and as outcome; keep one of the marks")

    def renamed(self, names: Mapping[str, str]) -> Diagram:
        """Give some nodes other names.

        Parameters
        ----------
        names : mapping of str to str
            The new name of each node that gets one.

        Returns
        -------
        Diagram
            The same graph.

        Raises
        ------
        GraphError
            For an unknown node, or a name that two nodes would have.

        Examples
        --------
        >>> Diagram(CausalGraph("xy", [("x", "y")])).renamed({"x": "skill"}).graph
        CausalGraph(skill -> y)
        """
        for name in names:
            if name not in self.graph:
                raise GraphError(f"there is no node '{name}' to rename; {did_you_mean(name, self.graph.nodes)}")
        new = {name: names.get(name, name) for name in self.graph.nodes}
        taken: dict[str, str] = {}
        for name, other in new.items():
            if other in taken:
                raise GraphError(f"'{taken[other]}' and '{name}' would both be called '{other}'")
            taken[other] = name
        graph = CausalGraph(
            new.values(),
            [(new[a], new[b]) for a, b in self.graph.directed],
            [(new[a], new[b]) for a, b in self.graph.bidirected],
            [new[name] for name in self.graph.latent],
        )
        return Diagram(graph, *(tuple(new[name] for name in getattr(self, mark)) for mark in MARKS))

    def hidden_as_nodes(self) -> Diagram:
        """Replace every hidden common cause by a latent node with arrows into both.

        Returns
        -------
        Diagram
            A plain DAG with the same independences and effects, for tools that know nothing else.

        Examples
        --------
        >>> Diagram(CausalGraph("xy", [], [("x", "y")])).hidden_as_nodes().graph
        CausalGraph(hidden_x_y -> x; hidden_x_y -> y, latent: hidden_x_y)
        """
        fresh = hidden_cause_names(self.graph)
        graph = CausalGraph(
            (*self.graph.nodes, *fresh.values()),
            [*self.graph.directed, *((name, end) for ends, name in fresh.items() for end in ends)],
            (),
            (*self.graph.latent, *fresh.values()),
        )
        return replace(self, graph=graph)


def hidden_cause_names(graph: CausalGraph) -> dict[Edge, str]:
    """Name the hidden common causes with letters, digits and ``_``, unlike any node.

    Parameters
    ----------
    graph : CausalGraph
        The graph.

    Returns
    -------
    dict of (str, str) to str
        For each hidden common cause the name of a node that could stand for it.

    Examples
    --------
    >>> hidden_cause_names(CausalGraph(["a b", "c"], [], [("a b", "c")]))
    {('a b', 'c'): 'hidden_a_b_c'}
    """
    taken = set(graph.nodes)
    found: dict[Edge, str] = {}
    for a, b in graph.bidirected:
        name = base = "hidden_" + re.sub(r"[^0-9A-Za-z_]", "_", f"{a}_{b}")
        number = 2
        while name in taken:
            name = f"{base}_{number}"
            number += 1
        taken.add(name)
        found[a, b] = name
    return found


@dataclass(frozen=True)
class Format:
    """A file format: how it is called, recognised, read and written.

    Parameters
    ----------
    name : str
        The word for the command line.
    suffixes : tuple of str
        Ends of file names, with the dot.
    read : callable or None
        From the text and the file's name, which is for messages, to a diagram; raises `InputError`.
    write : callable
        From a diagram to text; raises `GraphError` for a name that the format cannot hold.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[str, str], Diagram] | None
    write: Callable[[Diagram], str]


def refuse_names(diagram: Diagram, format_name: str, why: Callable[[str], str]) -> None:
    """Refuse names that a format cannot hold.

    Parameters
    ----------
    diagram : Diagram
        What is to be written.
    format_name : str
        The format, for the message.
    why : callable
        From a name to the reason against it; empty if there is none. Empty names and control characters are
        refused in any case.

    Raises
    ------
    GraphError
        For the first such name.
    """
    for name in diagram.graph.nodes:
        if not name:
            raise GraphError(f"a node without a name cannot be written as {format_name}; name it")
        reason = "it has a control character in it" if not is_plain(name) else why(name)
        if reason:
            raise GraphError(f"the node {name!r} cannot be written as {format_name}: {reason}; rename it")


def is_plain(name: str) -> bool:
    """Whether a name is on one line and has no control characters in it."""
    return not any(c < " " or "\x7f" <= c <= "\x9f" or c in "\u2028\u2029" or "\ud800" <= c <= "\udfff" for c in name)


def quoted(name: str) -> str:
    """Write a name between double quotes, as dagitty and Graphviz read it."""
    return '"' + name.replace('"', '\\"') + '"'


def unquotable(name: str) -> str:
    r"""Say why a name cannot stand between quotes: in both languages ``\"`` is a quote and ``\`` is not escaped."""
    return "it has a backslash before a quote or at its end" if "\\" in name and '\\"' in name + '"' else ""
