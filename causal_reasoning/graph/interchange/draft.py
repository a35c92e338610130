"""A graph while it is read: what stands in the file, where, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from causal_reasoning.errors import InputError
from causal_reasoning.graph.causal_graph import CausalGraph, Edge, GraphError
from causal_reasoning.graph.interchange.circle import circle_message, find_circle
from causal_reasoning.graph.interchange.diagram import MARKS, WORDS, Diagram
from causal_reasoning.graph.interchange.marks import said_of
from causal_reasoning.graph.interchange.scanner import Place
from causal_reasoning.graph.interchange.statements import Statements

_NOTHING: dict[str, str] = {}


@dataclass
class Draft:
    """Nodes and edges with their places.

    Parameters
    ----------
    file : str
        The file's name, for messages.
    marks : dict of str to set of str
        For each node the words that are said of it: ``exposure``, ``outcome``, ``adjusted``, ``selected``,
        ``latent``.
    arrows, hidden : dict of (str, str) to (int, int)
        Arrows and hidden common causes, each with the place of its last mention.
    """

    file: str
    marks: dict[str, set[str]] = field(default_factory=dict)
    arrows: dict[Edge, Place] = field(default_factory=dict)
    hidden: dict[Edge, Place] = field(default_factory=dict)

    def fault(self, place: Place, message: str) -> InputError:
        """Make the error for one fault."""
        return InputError.at(self.file, message, *place)

    def nodes(self, found: Statements, short: Mapping[str, str] = _NOTHING) -> None:
        """Add the nodes of a file with what is said of them; see `said_of`."""
        for name, attributes in found.nodes.items():
            try:
                self.marks[name] = said_of(name, attributes, short)
            except GraphError as error:
                raise self.fault(found.places[name], str(error)) from error

    def arrow(self, cause: str, effect: str, place: Place) -> None:
        """Add an arrow; one that is there already is the same arrow."""
        if cause == effect:
            raise self.fault(place, f"{cause} -> {effect}: a node cannot be its own cause")
        self.arrows[cause, effect] = place

    def hidden_cause(self, a: str, b: str, place: Place) -> None:
        """Add a hidden common cause; one that is there already is the same one."""
        if a == b:
            raise self.fault(place, f"{a} <-> {b}: a node cannot share a hidden cause with itself")
        self.hidden[min(a, b), max(a, b)] = place

    def diagram(self) -> Diagram:
        """Check and freeze.

        Returns
        -------
        Diagram
            With the marks.

        Raises
        ------
        InputError
            For a circle of arrows, at the arrow that closes it, and for a node that is exposure and outcome.
        """
        if circle := find_circle(self.arrows):
            place = max(self.arrows[edge] for edge in circle)
            raise self.fault(place, circle_message(circle))
        latent = [name for name, words in self.marks.items() if "latent" in words]
        graph = CausalGraph(self.marks, self.arrows, self.hidden, latent)
        marks = ([name for name, words in self.marks.items() if WORDS[mark] in words] for mark in MARKS)
        try:
            return Diagram(graph, *map(tuple, marks))
        except GraphError as error:
            raise InputError.at(self.file, str(error)) from error
