"""Cut text in the manner of Graphviz and dagitty into words, arrows and punctuation, with the place of each."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from causal_reasoning.errors import InputError

Place = tuple[int, int]
"""Line and column, both from one."""

_BLANK = re.compile(r"(?:\s|//[^\n]*|\#[^\n]*|/\*.*?\*/)+", re.DOTALL)
_ARROW = re.compile(r"<->|->|<-@|<-|@->|@-@|@--|--@|--")
_WORD = re.compile(r"-?[\w.]+")
_ANGLE = re.compile("[<>]")


@dataclass(frozen=True)
class Quotes:
    """How a language reads a quoted text.

    Parameters
    ----------
    text : pattern
        The whole of it, with the inside as first group.
    escape : pattern
        A backslash and what it protects, as first group.
    """

    text: re.Pattern[str]
    escape: re.Pattern[str]

    def read(self, inside: str) -> str:
        """Resolve the escapes: a quote stays, the end of a line goes, and any other backslash is itself."""
        resolved = {'"': '"', "\n": ""}
        return self.escape.sub(lambda found: resolved.get(found.group(1), found.group()), inside)


#: In Graphviz a backslash protects what follows, another backslash too; in dagitty only a quote or a line's end.
GRAPHVIZ = Quotes(re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL), re.compile(r"\\(.)", re.DOTALL))
DAGITTY = Quotes(re.compile(r'"((?:[^"\\]|\\"|\\(?!"))*)"', re.DOTALL), re.compile(r'\\("|\n)'))


@dataclass(frozen=True)
class Token:
    """A piece of the text.

    Parameters
    ----------
    kind : str
        ``word`` (a name or value, unquoted), ``quoted``, ``arrow``, ``end``, or the punctuation itself.
    text : str
        What it says, without quotes.
    offset : int
        Where it begins.
    """

    kind: str
    text: str
    offset: int

    @property
    def is_name(self) -> bool:
        """Whether a name or a value stands here."""
        return self.kind in ("word", "quoted")


class Scanner:
    """Read one token after the other.

    Parameters
    ----------
    text : str
        The text.
    file : str
        Its name, for messages.
    quotes : Quotes
        How quoted texts are read.
    """

    def __init__(self, text: str, file: str, quotes: Quotes) -> None:
        self.text = text
        self.file = file
        self.quotes = quotes
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.position = 0
        self.ahead = self._scan()

    def place(self, token: Token) -> Place:
        """Line and column of a token."""
        line = bisect_right(self.lines, token.offset)
        return line, token.offset - self.lines[line - 1] + 1

    def fault(self, token: Token, message: str) -> InputError:
        """Make the error for a fault at a token."""
        return InputError.at(self.file, message, *self.place(token))

    def next(self) -> Token:
        """Take the next token."""
        token = self.ahead
        self.ahead = self._scan()
        return token

    def take(self, kind: str) -> Token | None:
        """Take the next token if it is of a kind."""
        return self.next() if self.ahead.kind == kind else None

    def expect(self, kind: str, what: str) -> Token:
        """Take the next token, which must be of a kind."""
        if self.ahead.kind != kind:
            raise self.fault(self.ahead, f"{what} is expected here, not {shown(self.ahead)}")
        return self.next()

    def expect_name(self, what: str) -> Token:
        """Take a word or a quoted text, which must stand here."""
        if not self.ahead.is_name:
            raise self.fault(self.ahead, f"{what} is expected here, not {shown(self.ahead)}")
        return self.name()

    def value(self) -> Token:
        """Take a value, which in Graphviz may be markup between ``<`` and ``>``."""
        if self.ahead.kind == "<" or (self.ahead.kind == "arrow" and self.ahead.text.startswith("<")):
            return self._markup()
        return self.expect_name("a value")

    def name(self) -> Token:
        """Take a word or a quoted text, with what is joined to it by ``+``."""
        token = self.next()
        if token.kind != "quoted" or self.ahead.kind != "+":
            return token
        parts = [token.text]
        while self.take("+"):
            parts.append(self.expect("quoted", "a quoted text").text)
        return Token("quoted", "".join(parts), token.offset)

    def _markup(self) -> Token:
        start, depth = self.ahead.offset, 0
        for match in _ANGLE.finditer(self.text, start):
            depth += 1 if match.group() == "<" else -1
            if depth == 0:
                self.position = match.end()
                self.ahead = self._scan()
                return Token("markup", self.text[start : match.end()], start)
        raise self.fault(self.ahead, "the markup that begins here has no end; close it with '>'")

    def _scan(self) -> Token:
        if blank := _BLANK.match(self.text, self.position):
            self.position = blank.end()
        start = self.position
        if start >= len(self.text):
            return Token("end", "", start)
        if self.text.startswith("/*", start):
            raise self.fault(Token("/*", "/*", start), "the comment that begins here has no end; close it with '*/'")
        if self.text[start] == '"':
            return self._quoted(start)
        if arrow := _ARROW.match(self.text, start):
            self.position = arrow.end()
            return Token("arrow", arrow.group(), start)
        if word := _WORD.match(self.text, start):
            self.position = word.end()
            if word.group().startswith("-") and start and re.match(r"[\w.]", self.text[start - 1]):
                before = re.search(r"[\w.-]*$", self.text[:start])
                name = Token("word", (before.group() if before else "") + word.group(), start)
                raise self.fault(name, f"a name with a dash needs quotes, and {shown(name)} has none")
            return Token("word", word.group(), start)
        self.position = start + 1
        return Token(self.text[start], self.text[start], start)

    def _quoted(self, start: int) -> Token:
        found = self.quotes.text.match(self.text, start)
        if found is None:
            begin = Token("quoted", "", start)
            raise self.fault(begin, "the quoted text that begins here has no end; close it with a quote")
        self.position = found.end()
        return Token("quoted", self.quotes.read(found.group(1)), start)


def shown(token: Token) -> str:
    """Name a token in a message."""
    if token.kind == "end":
        return "the end of the text"
    return f"'{shortened(token.text, 30)}'"


def shortened(text: str, length: int) -> str:
    """Cut a text for a message, and leave out what cannot be printed."""
    printable = "".join(c if c.isprintable() else "?" for c in text[: length + 1])
    return printable if len(printable) <= length else printable[: length - 1] + "…"
