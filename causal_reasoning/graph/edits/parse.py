"""From the text of an edit to the edit."""

from __future__ import annotations

import re
from collections.abc import Callable

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.edits.base import Edit, EditError, Link
from causal_reasoning.graph.edits.bindings import DataBinding, parse_binding
from causal_reasoning.graph.edits.clusters import Merge, Part, Split
from causal_reasoning.graph.edits.edges import AddEdge, DropEdge, Reverse
from causal_reasoning.graph.edits.nodes import AddNode, DropNode, Hide, Observe
from causal_reasoning.graph.spec import NAME

_ARROWS = r"<->|<=>|->|=>|<-|--|→|←|↔"
_ARROW = re.compile(_ARROWS)
_TOKEN = re.compile(rf'\w+:"(?:[^"\\]|\\.)*"|{_ARROWS}|,|(?:(?!{_ARROWS})[^\s,])+')

FORMS = {
    "add": "'add a -> b', 'add a <-> b', 'add n' or 'add n as column:NAME'",
    "drop": "'drop a -> b', 'drop a <-> b' or 'drop n'",
    "hide": "'hide n'",
    "merge": "'merge a b into c'",
    "observe": "'observe n' or 'observe n as column:NAME'",
    "reverse": "'reverse a -> b'",
    "split": "'split n into a b' or 'split n into a b with a -> b'",
}
"""The kinds of edits and how each is written."""


def parse_edit(text: str) -> Edit:
    """Read an edit.

    Parameters
    ----------
    text : str
        For instance ``reverse a -> b``; nodes are named as in graph files.

    Returns
    -------
    Edit
        ``parse_edit(edit.text()) == edit`` for every edit whose nodes have names that a graph file allows.

    Raises
    ------
    EditError
        If it is no edit; the message says how it is written.

    Examples
    --------
    >>> parse_edit("drop a <-> b")
    DropEdge(link=Link(a='a', b='b', hidden=True))
    >>> parse_edit("observe style as text:style_of_question").text()
    'observe style as text:style_of_question'
    """
    kind, *tokens = _TOKEN.findall(text) or [""]
    if kind not in FORMS:
        raise EditError(f"there is no edit '{kind}'; {did_you_mean(kind, FORMS)}")
    return _READERS[kind](_Tokens(kind, tokens))


class _Tokens:
    """What stands behind the kind of an edit, read from left to right."""

    def __init__(self, kind: str, tokens: list[str]) -> None:
        self.kind = kind
        self.tokens = tokens

    def refuse(self, what: str) -> EditError:
        return EditError(f"{what}; write {FORMS[self.kind]}")

    def name(self) -> str:
        if not self.tokens:
            raise self.refuse("a node is missing")
        name = self.tokens.pop(0)
        if not NAME.match(name):
            raise self.refuse(f"'{name}' is not the name of a node")
        return name

    def word(self, *words: str) -> bool:
        """Take one of some words, if it comes next."""
        if self.tokens and self.tokens[0] in words:
            self.tokens.pop(0)
            return True
        return False

    def arrow_next(self) -> bool:
        return bool(self.tokens and _ARROW.fullmatch(self.tokens[0]))

    def link(self, a: str) -> Link:
        """Read the rest of an edge that begins with a node."""
        arrow = self.tokens.pop(0)
        if arrow not in ("->", "<->"):
            raise EditError(f"'{arrow}' is not an arrow; write 'a -> b' or, for a hidden common cause, 'a <-> b'")
        b = self.name()
        if self.arrow_next():
            raise EditError(
                f"one edge at a time: '{self.kind} {a} {arrow} {b}' and '{self.kind} {b} {self.tokens[0]} …'"
            )
        return Link(a, b, arrow == "<->")

    def binding(self) -> DataBinding | None:
        """Read ``as KIND:NAME``, if it comes next."""
        if not self.word("as"):
            return None
        if not self.tokens:
            raise self.refuse("a binding is missing behind 'as'")
        return parse_binding(self.tokens.pop(0))

    def end(self) -> None:
        if self.tokens:
            raise self.refuse(f"'{self.tokens[0]}' is too much")


def _add(tokens: _Tokens) -> Edit:
    name = tokens.name()
    edit = AddEdge(tokens.link(name)) if tokens.arrow_next() else AddNode(name, tokens.binding())
    tokens.end()
    return edit


def _drop(tokens: _Tokens) -> Edit:
    name = tokens.name()
    edit = DropEdge(tokens.link(name)) if tokens.arrow_next() else DropNode(name)
    tokens.end()
    return edit


def _reverse(tokens: _Tokens) -> Edit:
    name = tokens.name()
    if not tokens.arrow_next():
        raise tokens.refuse("an arrow is missing")
    link = tokens.link(name)
    if link.hidden:
        raise EditError(f"{link.text()} has no direction: it cannot be turned round, only dropped")
    tokens.end()
    return Reverse(*link.ends)


def _hide(tokens: _Tokens) -> Edit:
    edit = Hide(tokens.name())
    tokens.end()
    return edit


def _observe(tokens: _Tokens) -> Edit:
    edit = Observe(tokens.name(), tokens.binding())
    tokens.end()
    return edit


def _merge(tokens: _Tokens) -> Edit:
    if "into" not in tokens.tokens:
        raise tokens.refuse("'into' is missing")
    at = len(tokens.tokens) - 1 - tokens.tokens[::-1].index("into")  # the last one: a node may be called so
    front = _Tokens(tokens.kind, [word for word in tokens.tokens[:at] if word != ","])
    members = []
    while front.tokens:
        members.append(front.name())
    tokens.tokens = tokens.tokens[at + 1 :]
    edit = Merge(tuple(members), tokens.name(), tokens.binding())
    tokens.end()
    return edit


def _split(tokens: _Tokens) -> Edit:
    node = tokens.name()
    if not tokens.word("into"):
        raise tokens.refuse("'into' is missing")
    parts = []
    while tokens.tokens and tokens.tokens[0] != "with":
        parts.append(Part(tokens.name(), tokens.binding()))
        tokens.word(",")
    inner = []
    if tokens.word("with") and not tokens.tokens:
        raise tokens.refuse("an edge is missing behind 'with'")
    while tokens.tokens:
        name = tokens.name()
        if not tokens.arrow_next():
            raise tokens.refuse(f"an arrow is missing behind '{name}'")
        inner.append(tokens.link(name))
        tokens.word(",")
    return Split(node, tuple(parts), tuple(inner))


_READERS: dict[str, Callable[[_Tokens], Edit]] = {
    "add": _add,
    "drop": _drop,
    "hide": _hide,
    "merge": _merge,
    "observe": _observe,
    "reverse": _reverse,
    "split": _split,
}
