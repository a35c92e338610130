"""``template``: a text with fields for other nodes, perhaps worded by the value of one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from causal_reasoning.errors import did_you_mean
from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.quantities import MechanismError, Step

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\[-[1-9][0-9]?\])?")  # in worlds with time steps {state[-1]} looks back
Wording = Annotated[str, Field(min_length=1, max_length=4000)]


@dataclass(frozen=True)
class Parsed:
    """A template taken apart.

    Parameters
    ----------
    pattern : str
        The text with ``%s`` for every field.
    fields : tuple of str
        Names of the fields, in order, with repeats.
    offsets : tuple of int
        Where each field's name starts in the written text.
    path : tuple
        Where the template stands in its mechanism.
    """

    pattern: str
    fields: tuple[str, ...]
    offsets: tuple[int, ...]
    path: tuple[Step, ...]

    def check_fields(self, known: Iterable[str]) -> None:
        """Refuse fields that are not among the known ones."""
        names = tuple(known)
        for field, offset in zip(self.fields, self.offsets, strict=True):
            if field not in names:
                raise MechanismError(self.path, f"unknown field '{{{field}}}'; {did_you_mean(field, names)}", offset)


def parse_template(text: str, path: tuple[Step, ...]) -> Parsed:
    """Take a template apart; nothing in it is ever evaluated.

    Parameters
    ----------
    text : str
        Plain text with ``{node}`` fields; ``{{`` and ``}}`` stand for braces.
    path : tuple
        Where the text stands in its mechanism.

    Returns
    -------
    Parsed
        Pattern and fields.

    Raises
    ------
    MechanismError
        For a single brace, attribute or item access, a conversion or a format specification.

    Examples
    --------
    >>> parse_template("the {cue} letter of {words}", ()).fields
    ('cue', 'words')
    """
    pieces: list[str] = []
    fields: list[str] = []
    offsets: list[int] = []
    done = 0
    for match in _PIECE.finditer(text):
        pieces.append(text[done : match.start()].replace("%", "%%"))
        done = match.end()
        written, name = match.group(0), match.group(1)
        if written in ("{{", "}}"):
            pieces.append(written[0])
        elif name is None:
            raise MechanismError(path, f"a single '{written}'; write '{written * 2}' for a brace", match.start())
        elif not _NAME.fullmatch(name):
            raise MechanismError(
                path, f"'{written}' is not a plain field; write {{node}} and nothing more", match.start()
            )
        else:
            pieces.append("%s")
            fields.append(name)
            offsets.append(match.start() + 1)
    pieces.append(text[done:].replace("%", "%%"))
    return Parsed("".join(pieces), tuple(fields), tuple(offsets), path)


class Template(TextMechanism):
    """A text with fields.

    Parameters
    ----------
    kind : "template"
        Names the mechanism.
    text : str or list of str, optional
        The wording; of several, one is drawn uniformly for every row.
    by : str, optional
        A node with a list of values that chooses the wording.
    texts : mapping of str to str or list of str, optional
        With ``by``: the wording, or several, for every value of that node.
    """

    kind: Literal["template"]
    text: Wording | Annotated[tuple[Wording, ...], Field(min_length=1, max_length=200)] | None = None
    by: str | None = None
    texts: dict[str, Wording | Annotated[tuple[Wording, ...], Field(min_length=1, max_length=200)]] | None = None

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the node that chooses the wording, and the fields, each at its first place."""
        found: dict[str, tuple[Step, ...]] = {} if self.by is None else {self.by: ("by",)}
        for wordings in self._wordings().values():
            for template in wordings:
                for field in template.fields:
                    found.setdefault(field, template.path)
        return tuple(found.items())

    def check_fields(self, known: Iterable[str]) -> None:
        """Refuse fields that name no node."""
        names = tuple(known)
        for wordings in self._wordings().values():
            for template in wordings:
                template.check_fields(names)

    def renamed(self, names: Mapping[str, str]) -> Template:
        """Return the same template with other names for some of the nodes."""

        def field(match: re.Match[str]) -> str:
            name = match.group(1)
            return match.group(0) if name is None else "{" + names.get(name, name) + "}"

        def each(written: str | tuple[str, ...]) -> str | tuple[str, ...]:
            return (
                _PIECE.sub(field, written) if isinstance(written, str) else tuple(_PIECE.sub(field, t) for t in written)
            )

        return self.model_copy(
            update={
                "text": None if self.text is None else each(self.text),
                "by": None if self.by is None else names.get(self.by, self.by),
                "texts": None if self.texts is None else {value: each(text) for value, text in self.texts.items()},
            }
        )

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the draw of the wording, where there is a choice."""
        if (self.text is None) == (self.by is None) or (self.by is None) != (self.texts is None):
            raise MechanismError((), "a template has either 'text', or 'by' and 'texts'")
        wordings = self._wordings()
        if self.by is None:
            size = len(wordings[""])
            return {} if size == 1 else {"wording": Site((), np.full(size, 1.0 / size))}
        values = scope.values_of(self.by, ("by",))
        for value in wordings:
            if value not in values:
                raise MechanismError(
                    ("texts", value), f"'{self.by}' has no value '{value}'; {did_you_mean(value, values)}"
                )
        missing = [value for value in values if value not in wordings]
        if missing:
            raise MechanismError(("texts",), f"there is no text for {self.by} '{missing[0]}'; add one")
        size = max(len(group) for group in wordings.values())
        if size == 1:
            return {}
        table = np.zeros((len(values), size))
        for row, value in enumerate(values):
            table[row, : len(wordings[value])] = 1.0 / len(wordings[value])
        return {"wording": Site((self.by,), table)}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Fill in the fields."""
        writers = {value: [_writer(template) for template in group] for value, group in self._wordings().items()}
        chosen = draws["wording"].tolist() if "wording" in draws else [0] * rows
        keys = columns[self.by] if self.by is not None else [""] * rows
        names = sorted({name for name, _ in self.parents()})
        values = zip(*(columns[name] for name in names), strict=True) if names else [()] * rows
        return [
            writers[key][wording](dict(zip(names, row, strict=True)))
            for key, wording, row in zip(keys, chosen, values, strict=True)
        ]

    def _wordings(self) -> dict[str, list[Parsed]]:
        """The parsed wordings for every value of ``by``, or under the key "" without it."""
        written: dict[str, tuple[str | tuple[str, ...], tuple[Step, ...]]]
        if self.texts is not None:
            written = {value: (text, ("texts", value)) for value, text in self.texts.items()}
        else:
            written = {"": (self.text if self.text is not None else (), ("text",))}
        result: dict[str, list[Parsed]] = {}
        for value, (text, path) in written.items():
            if isinstance(text, str):
                result[value] = [parse_template(text, path)]
            else:
                result[value] = [parse_template(one, (*path, index)) for index, one in enumerate(text)]
        return result


def _writer(template: Parsed) -> Callable[[Mapping[str, str]], str]:
    """Make the function that fills in one template."""
    pattern, fields = template.pattern, template.fields
    if not fields:
        fixed = pattern % ()
        return lambda row: fixed
    if len(fields) == 1:
        only = fields[0]
        return lambda row: pattern % (row[only],)
    pick = itemgetter(*fields)
    return lambda row: pattern % pick(row)
