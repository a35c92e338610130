"""The statements that dagitty and Graphviz have in common: nodes, chains of edges, groups, attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from causal_reasoning.graph.interchange.diagram import is_plain
from causal_reasoning.graph.interchange.scanner import Place, Quotes, Scanner, Token, shown

MAXIMUM_NAME = 200
MAXIMUM_NODES = 5_000
MAXIMUM_EDGES = 100_000
MAXIMUM_MEMBERS = 1_000_000
MAXIMUM_DEPTH = 60

Attributes = dict[str, str]
"""Values by key; an attribute without a value has the value ``""``."""


@dataclass(frozen=True)
class Language:
    """What differs between the languages.

    Parameters
    ----------
    title : str
        Its name, for messages.
    quotes : Quotes
        How quoted texts are read.
    kinds : tuple of str
        The words that a file may begin with, ``strict`` aside; the usual one first.
    reserved : tuple of str
        Words that are no names of nodes.
    graphviz : bool
        Whether it is Graphviz: ``node [...]`` and ``edge [...]`` set attributes of what follows, groups may be
        announced by ``subgraph``, nodes have ports, and a reserved word in quotes is a name.
    """

    title: str
    quotes: Quotes
    kinds: tuple[str, ...]
    reserved: tuple[str, ...]
    graphviz: bool


@dataclass(frozen=True)
class Edge:
    """One edge as it is written.

    Parameters
    ----------
    left, arrow, right : str
        Two nodes and what stands between them.
    attributes : dict of str to str
        Of the edge.
    place : (int, int)
        Line and column of the arrow.
    """

    left: str
    arrow: str
    right: str
    attributes: Attributes
    place: Place


@dataclass
class Statements:
    """A file, taken apart.

    Parameters
    ----------
    kind : str
        The word that it begins with, in lower case.
    kind_place : (int, int)
        Line and column of that word.
    nodes : dict of str to dict of str to str
        Attributes of each node.
    places : dict of str to (int, int)
        Where each node is mentioned first.
    edges : list of Edge
        In the order of the file.
    """

    kind: str
    kind_place: Place
    nodes: dict[str, Attributes] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


@dataclass(frozen=True)
class _Scope:
    """What is said of all nodes and all edges from here on, in this group."""

    node: Attributes
    edge: Attributes
    depth: int


_Names = dict[str, None]  # a set that keeps its order


@dataclass(frozen=True)
class _Operand:
    """One side of an edge: a node, or the nodes of a group."""

    name: str | None
    members: _Names


def parse(text: str, file: str, language: Language) -> Statements:
    """Take a file apart.

    Parameters
    ----------
    text : str
        The text.
    file : str
        Its name, for messages.
    language : Language
        The language.

    Returns
    -------
    Statements
        Nodes and edges; the meaning of arrows and attributes is left to the reader of the language.

    Raises
    ------
    InputError
        With line and column of the first fault.
    """
    return _Parser(Scanner(text, file, language.quotes), language).parse()


class _Parser:
    def __init__(self, scanner: Scanner, language: Language) -> None:
        self.scanner = scanner
        self.language = language
        self.subgraphs: dict[str, _Names] = {}
        self.members = 0

    def parse(self) -> Statements:
        scanner = self.scanner
        first = scanner.next()
        if first.kind == "word" and first.text.lower() == "strict":
            first = scanner.next()
        kind = first.text.lower()
        if first.kind != "word" or kind not in self.language.kinds or not (scanner.ahead.is_name or self.at("{")):
            begin = f"{self.language.kinds[0]} {{"
            raise scanner.fault(first, f"this is not {self.language.title}: it must begin with '{begin}'")
        self.found = Statements(kind, scanner.place(first))
        if scanner.ahead.is_name:
            scanner.name()
        scanner.expect("{", "'{'")
        self.group(_Scope({}, {}, 0))
        if not self.at("end"):
            raise scanner.fault(scanner.ahead, "the graph ends with the '}' before; remove what follows")
        return self.found

    def at(self, kind: str) -> bool:
        return self.scanner.ahead.kind == kind

    def group(self, outer: _Scope) -> _Names:
        """Read statements up to the closing brace; return the nodes that are mentioned in them."""
        if outer.depth > MAXIMUM_DEPTH:
            raise self.scanner.fault(self.scanner.ahead, f"groups are nested deeper than {MAXIMUM_DEPTH} levels")
        scope = _Scope(dict(outer.node), dict(outer.edge), outer.depth + 1)
        members: _Names = {}
        while not self.scanner.take("}"):
            if self.at("end"):
                raise self.scanner.fault(self.scanner.ahead, "the text ends inside a graph; close it with '}'")
            if not self.scanner.take(";"):
                members.update(self.statement(scope))
        return members

    def statement(self, scope: _Scope) -> _Names:
        first = self.head(scope)
        if first is None:
            return {}
        operands, arrows = [first], []
        while self.at("arrow"):
            arrows.append(self.scanner.next())
            operands.append(self.operand(scope))
        opening = self.scanner.ahead
        self.members += sum(len(operand.members) for operand in operands)
        if self.members > MAXIMUM_MEMBERS:
            raise self.scanner.fault(opening, f"the groups up to here hold more than {MAXIMUM_MEMBERS:,} nodes in all")
        attributes = self.attributes() if self.at("[") else {}
        if arrows:
            for (left, right), arrow in zip(pairwise(operands), arrows, strict=True):
                self.edges(left, arrow, right, {**scope.edge, **attributes})
        elif first.name is not None:
            self.found.nodes[first.name].update(attributes)
        elif attributes:
            raise self.scanner.fault(opening, "a group has no attributes; give them to its nodes")
        return {name: None for operand in operands for name in operand.members}

    def head(self, scope: _Scope) -> _Operand | None:
        """Read the first operand, or else a statement about the graph as a whole."""
        if not self.scanner.ahead.is_name or self.at_subgraph():
            return self.operand(scope)
        name = self.scanner.name()
        if self.scanner.take("="):
            self.scanner.value()
            return None
        if self.at("[") and self.is_word(name, "graph", *(("node", "edge") if self.language.graphviz else ())):
            attributes = self.attributes()
            table = {"node": scope.node, "edge": scope.edge}.get(name.text.lower())
            if table is not None:
                table.update(attributes)
            return None
        return self.named(name, scope)

    def is_word(self, token: Token, *words: str) -> bool:
        """Whether a token is one of the language's own words; Graphviz knows them in any case, and by the quotes."""
        if self.language.graphviz:
            return token.kind == "word" and token.text.lower() in words
        return token.text in words

    def at_subgraph(self) -> bool:
        return self.language.graphviz and self.is_word(self.scanner.ahead, "subgraph")

    def operand(self, scope: _Scope) -> _Operand:
        """Read a node or a group."""
        if self.at_subgraph():
            self.scanner.next()
            return self.subgraph(scope)
        if self.scanner.take("{"):
            return _Operand(None, self.group(scope))
        if not self.scanner.ahead.is_name:
            raise self.scanner.fault(self.scanner.ahead, f"a node is expected here, not {shown(self.scanner.ahead)}")
        return self.named(self.scanner.name(), scope)

    def subgraph(self, scope: _Scope) -> _Operand:
        """Read what follows ``subgraph``; a name stands for all nodes that are ever put under it."""
        name = self.scanner.name().text if self.scanner.ahead.is_name else None
        again = name in self.subgraphs
        members = {} if name is None else self.subgraphs.setdefault(name, {})
        if not again or self.at("{"):
            self.scanner.expect("{", "'{'")
            members.update(self.group(scope))
        return _Operand(None, members)

    def named(self, token: Token, scope: _Scope) -> _Operand:
        """Add a node, if it is new."""
        if self.is_word(token, *self.language.reserved):
            advice = f'write it in quotes: "{token.text}"' if self.language.graphviz else "rename the node"
            raise self.scanner.fault(token, f"'{token.text}' is a word of {self.language.title}, not a name; {advice}")
        if not token.text or not is_plain(token.text) or len(token.text) > MAXIMUM_NAME:
            raise self.scanner.fault(
                token,
                f"a node needs a name of 1 to {MAXIMUM_NAME} characters on one line, without control codes",
            )
        while self.language.graphviz and self.scanner.take(":"):
            self.scanner.expect_name("the port of a node")
        if token.text not in self.found.nodes:
            if len(self.found.nodes) == MAXIMUM_NODES:
                raise self.scanner.fault(token, f"there are more than {MAXIMUM_NODES:,} nodes; no such graph is read")
            self.found.nodes[token.text] = dict(scope.node)
            self.found.places[token.text] = self.scanner.place(token)
        return _Operand(token.text, {token.text: None})

    def edges(self, left: _Operand, arrow: Token, right: _Operand, attributes: Attributes) -> None:
        if len(self.found.edges) + len(left.members) * len(right.members) > MAXIMUM_EDGES:
            raise self.scanner.fault(arrow, f"there are more than {MAXIMUM_EDGES:,} edges; no such graph is read")
        place = self.scanner.place(arrow)
        self.found.edges += [Edge(a, arrow.text, b, attributes, place) for a in left.members for b in right.members]

    def attributes(self) -> Attributes:
        """Read attributes between brackets, once or more often."""
        found: Attributes = {}
        while self.scanner.take("["):
            while not self.scanner.take("]"):
                if self.scanner.take(",") or self.scanner.take(";"):
                    continue
                key = self.scanner.expect_name("an attribute or ']'")
                found[key.text] = self.scanner.value().text if self.scanner.take("=") else ""
        return found
