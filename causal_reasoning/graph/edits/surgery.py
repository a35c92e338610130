"""Changes of YAML text that leave every line alone which they do not touch.

A round trip through a YAML library keeps comments but lays lines out anew. Here values are found by their marks
and replaced in the text itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*(?:\s*<?->\s*[A-Za-z_][A-Za-z0-9_.]*)*\Z")
_SPECIAL = {"true", "false", "null", "yes", "no", "on", "off"}
_COLON = re.compile(r"\s*:")


class LayoutError(Exception):
    """The text is laid out in a way in which it cannot be changed safely; the message says what to write out."""


class Surgery:
    """A YAML text, its tree, and the changes that are to be made.

    Parameters
    ----------
    text : str
        A text that `parse_yaml` has accepted.

    Raises
    ------
    LayoutError
        If it has anchors or aliases: one place in the text can then be several in the data.
    """

    def __init__(self, text: str) -> None:
        reader = YAML(typ="safe", pure=True)
        reader.version = (1, 2)
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.root: Any = reader.compose(StringIO(text))
        self.changes: list[tuple[int, int, str]] = []
        _refuse_anchors(self.root)

    def result(self) -> str:
        """The text with all changes."""
        parts, at = [], 0
        for start, end, new in sorted(self.changes, key=lambda change: change[:2]):
            parts += [self.text[at:start], new]
            at = end
        return "".join([*parts, self.text[at:]])

    # -- finding -----------------------------------------------------------------------------------------------

    def entry(self, mapping: Node, key: str) -> tuple[ScalarNode, Any] | None:
        """The key and the value of an entry of a mapping."""
        return next(((k, v) for k, v in mapping.value if k.value == key), None)

    def must(self, mapping: Node, key: str) -> tuple[ScalarNode, Any]:
        """As `entry`, for a key that a checked file has."""
        found = self.entry(mapping, key)
        if found is None:
            raise LayoutError(f"'{key}' is not found where it should be")
        return found

    def empty(self, node: Node) -> bool:
        """Whether nothing is written for a value."""
        return bool(node.start_mark.index == node.end_mark.index)

    def end(self, node: Node, key: Node | None = None) -> int:
        """Where a value ends, without the comments and blank lines behind it."""
        if key is not None and self.empty(node):
            return self.behind_colon(key)
        if isinstance(node, CollectionNode) and not node.flow_style:
            last = node.value[-1]
            return self.end(last[1], last[0]) if isinstance(node, MappingNode) else self.end(last)
        written = self.text[node.start_mark.index : node.end_mark.index]
        # The mark of a block scalar is behind the blank lines that follow it.
        return int(node.start_mark.index) + len(written.rstrip())

    def behind_colon(self, key: Node) -> int:
        """The position behind the colon of a key."""
        colon = _COLON.match(self.text, key.end_mark.index)
        return colon.end() if colon else int(key.end_mark.index)

    def line_start(self, at: int) -> int:
        """Where the line of a position starts."""
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Where the line of a position ends, its line break included."""
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found + 1

    def pieces(self, collection: CollectionNode) -> Iterator[tuple[int, int]]:
        """Start and end of each item or entry."""
        for item in collection.value:
            if isinstance(collection, MappingNode):
                yield int(item[0].start_mark.index), self.end(item[1], item[0])
            else:
                yield int(item.start_mark.index), self.end(item)

    # -- changing ----------------------------------------------------------------------------------------------

    def replace(self, start: int, end: int, new: str) -> None:
        """Put something else in the place of a part of the text."""
        self.changes.append((start, end, new))

    def put(self, key: Node, value: Node, new: str) -> None:
        """Give an entry another value."""
        if self.empty(value):
            at = self.behind_colon(key)
            self.replace(at, at, " " + new)
        else:
            self.replace(value.start_mark.index, self.end(value), new)

    def insert_lines(self, behind: int, lines: Sequence[str]) -> None:
        """Put whole lines behind the line of a position."""
        at = self.line_end(behind)
        text = "".join(line + self.newline for line in lines)
        if at and self.text[at - 1 : at] != "\n":
            text = self.newline + text.removesuffix(self.newline)
        self.replace(at, at, text)

    def rewrite(
        self, collection: CollectionNode, new: Sequence[Sequence[str] | None], more: Sequence[str] = ()
    ) -> None:
        """Put other items in the place of the items of a list, or entries in the place of those of a mapping.

        Parameters
        ----------
        collection : Node
            The list or mapping; not an empty one in block style, which cannot be written.
        new : sequence
            For each item, as YAML, what stands in its place: nothing, one item or several; ``None`` leaves it
            as it is. In block style, where an empty collection cannot be written, one must be left.
        more : sequence of str
            What is added at the end.
        """
        if collection.flow_style:
            start, end = int(collection.start_mark.index), int(collection.end_mark.index)
            self.replace(start, end, self._flow(start, end, list(self.pieces(collection)), new, more))
            return
        last = start = 0
        for (start, end), items in zip(self.pieces(collection), new, strict=True):
            last = end
            if items is None:
                continue
            lead = self.lead(start)
            if not items:
                self.replace(self.line_start(start), self.line_end(end), "")
                continue
            self.replace(start, end, items[0])
            self.insert_lines(end, [lead + item for item in items[1:]])
        if more:
            self.insert_lines(last, [self.lead(start) + item for item in more])

    def lead(self, start: int) -> str:
        """What stands before an item or entry of a block on its line."""
        lead = self.text[self.line_start(start) : start]
        if lead.strip() not in ("", "-"):
            line = self.text.count("\n", 0, start) + 1
            raise LayoutError(f"more than one thing on line {line}; write one a line first")
        return lead

    def insert(self, collection: CollectionNode, behind: int, lines: Sequence[str]) -> None:
        """Put entries of a mapping, or items of a list, behind one of them; -1 is the last."""
        new: list[Sequence[str] | None] = [None] * len(collection.value)
        if behind in (-1, len(new) - 1):
            self.rewrite(collection, new, lines)
            return
        start, end = list(self.pieces(collection))[behind]
        new[behind] = [self.text[start:end], *lines]
        self.rewrite(collection, new)

    def _flow(
        self,
        start: int,
        end: int,
        pieces: list[tuple[int, int]],
        new: Sequence[Sequence[str] | None],
        more: Sequence[str],
    ) -> str:
        """A collection in brackets: what stands between two items belongs to the first of them."""
        opening, closing = self.text[start], self.text[end - 1]
        if not pieces:
            return opening + ", ".join(more) + closing
        lead = self.text[start + 1 : pieces[0][0]]
        stops = [*(at for at, _ in pieces[1:]), end - 1]
        gaps = [self.text[at:stop] for (_, at), stop in zip(pieces, stops, strict=True)]
        kept = [
            (", ".join([self.text[a:b]] if items is None else items), gap)
            for (a, b), items, gap in zip(pieces, new, gaps, strict=True)
            if items is None or items
        ]
        if not kept:
            return opening + ", ".join(more) + closing
        if new[-1] is not None and not new[-1]:
            kept[-1] = (kept[-1][0], _last_gap(kept[-1][1], gaps[-1]))
        if more:
            kept[-1:] = _appended(kept[-1], more, lead if len(pieces) == 1 else gaps[0], self.newline)
        return opening + lead + "".join(item + gap for item, gap in kept) + closing


def _refuse_anchors(node: Any) -> None:
    if node.anchor is not None:
        raise LayoutError(
            f"there is an anchor (&{node.anchor}) on line {node.start_mark.line + 1}; write its value out"
        )
    if isinstance(node, CollectionNode):
        for item in node.value:
            for inner in item if isinstance(node, MappingNode) else (item,):
                _refuse_anchors(inner)


def _last_gap(gap: str, final: str) -> str:
    """What stands between an item and the closing bracket when the items between them have gone."""
    if "\n" not in gap or ("\n" not in final and "#" not in gap):
        return final
    # The item has lines of its own: its comma and comment stay, the bracket keeps its place.
    return gap[: gap.rindex("\n") + 1] + final[final.rfind("\n") + 1 :]


def _appended(last: tuple[str, str], more: Sequence[str], between: str, newline: str) -> list[tuple[str, str]]:
    """Put items behind the last one: on its line or, where items have lines of their own, on new ones."""
    item, gap = last
    if "\n" not in gap or "\n" not in between:
        if "," in gap.partition("#")[0]:
            return [(item, gap.rstrip() + " " if "\n" not in gap else gap), (", ".join(more), "")]
        return [(item, ", "), (", ".join(more), gap)]
    rest, _, closing = gap.partition("\n")
    indent = between[between.rindex("\n") + 1 :]
    comma = "," if "," in rest.partition("#")[0] else ""
    first = (item, ("" if comma else ",") + rest + "\n" + indent)
    others = [(text, "," + newline + indent) for text in more[:-1]]
    return [first, *others, (more[-1], comma + newline + closing)]


def scalar(value: str, like: Node | None = None) -> str:
    """Write a text as YAML, quoted as another scalar is or where it must be.

    Examples
    --------
    >>> scalar("a -> b"), scalar("no"), scalar("my style")
    ('a -> b', '"no"', '"my style"')
    """
    style = like.style if isinstance(like, ScalarNode) else None
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if style == '"' or not _PLAIN.match(value) or value.lower() in _SPECIAL:
        return json.dumps(value, ensure_ascii=False)
    return value
