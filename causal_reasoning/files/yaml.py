"""A strict YAML 1.2 reader that remembers where everything stands.

Refused before anything is built: files over 1 MiB, duplicate keys, aliases that expand to more than 20,000
values (the "billion laughs" attack) or to themselves, nesting deeper than 60 levels, more than one document,
and plain keys that YAML 1.1 readers take for booleans (``no``, ``on``, …) unless they are quoted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from causal_reasoning.errors import Fault, InputError

MAXIMUM_BYTES = 1 << 20
MAXIMUM_VALUES = 20_000
MAXIMUM_DEPTH = 60
_YAML_1_1_BOOLEANS = {"no", "yes", "on", "off"}

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A parsed YAML file.

    Parameters
    ----------
    file : str
        The name used in messages.
    text : str
        The file's text.
    data : object
        Plain Python values: dict, list, str, int, float, bool, None.
    keys, values : dict
        For each path (a tuple of keys and indices) the one-based line and column of its key and of its value.
    overrides : dict
        For each path that was changed from outside, where: faults there are not the file's.
    """

    file: str
    text: str
    data: Any
    keys: dict[Path_, tuple[int, int]]
    values: dict[Path_, tuple[int, int]]
    overrides: dict[Path_, str] = field(default_factory=dict)

    def fault(self, path: Path_, message: str, *, key: bool = False, offset: int = 0) -> Fault:
        """Make a fault at a path, or at the nearest enclosing one that has a place.

        Parameters
        ----------
        path : tuple
            Where in the data.
        message : str
            What is wrong.
        key : bool
            Point at the key instead of the value.
        offset : int
            Columns to the right of the value's start.
        """
        places = self.keys if key else self.values
        # What was changed from outside has no place in the file, even where the file has something at the same path.
        for length in range(len(path), -1, -1):
            if path[:length] in self.overrides:
                return Fault(self.overrides[path[:length]], None, None, message)
        for length in range(len(path), -1, -1):
            place = places.get(path[:length]) or self.values.get(path[:length])
            if place is not None:
                return Fault(self.file, place[0], place[1] + (offset if length == len(path) else 0), message)
        return Fault(self.file, 1, 1, message)

    def error(self, path: Path_, message: str, *, key: bool = False, offset: int = 0) -> InputError:
        """Make the error for one fault; see `fault`."""
        return InputError([self.fault(path, message, key=key, offset=offset)])


def read_yaml(path: Path | str) -> Document:
    """Read a YAML file strictly.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Document
        The data with the place of every key and value.

    Raises
    ------
    InputError
        With file, line and column.
    """
    file = Path(path)
    try:
        size = file.stat().st_size
        if size > MAXIMUM_BYTES:
            raise InputError.at(
                str(path),
                f"is {size / (1 << 20):.1f} MiB; files over 1 MiB are not read (keep data in JSON Lines)",
            )
        raw = file.read_bytes()
    except FileNotFoundError as error:
        raise InputError.at(str(path), "no such file") from error
    except OSError as error:
        raise InputError.at(str(path), f"cannot be read: {error.strerror or error}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError.at(str(path), f"is not UTF-8 text: {error.reason}", line) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, file: str = "<text>") -> Document:
    """Parse YAML text strictly; see `read_yaml`.

    Parameters
    ----------
    text : str
        The YAML text.
    file : str
        The name used in messages.

    Examples
    --------
    >>> parse_yaml("a: [1, 2]").data
    {'a': [1, 2]}
    >>> parse_yaml("a: [1, 2]").values["a", 1]
    (1, 8)
    """
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 2)
    try:
        documents = list(reader.compose_all(StringIO(text)))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        raise InputError.at(file, f"is not YAML: {_problem(error)}", line, column) from error
    except YAMLError as error:
        raise InputError.at(file, f"is not YAML: {str(error).splitlines()[0]}", 1, 1) from error
    except RecursionError as error:
        raise InputError.at(file, "is nested too deeply", 1, 1) from error
    except ValueError as error:  # ruamel raises it for a malformed %YAML directive
        raise InputError.at(file, f"is not YAML: {error}", 1, 1) from error
    if len(documents) > 1:
        mark = documents[1].start_mark
        raise InputError.at(file, "holds more than one document; keep one a file", mark.line + 1, 1)
    if not documents or documents[0] is None:
        raise InputError.at(file, "is empty", 1, 1)
    builder = _Builder(file, reader)
    data = builder.build(documents[0], (), ())
    return Document(file, text, data, builder.keys, builder.values)


def _problem(error: MarkedYAMLError) -> str:
    words = " ".join(part for part in (error.context, error.problem) if part)
    return words.splitlines()[0] if words else "it cannot be parsed"


class _Builder:
    """Turn ruamel's node tree into plain values, recording places."""

    def __init__(self, file: str, reader: YAML) -> None:
        self.file = file
        self.constructor = reader.constructor
        self.keys: dict[Path_, tuple[int, int]] = {}
        self.values: dict[Path_, tuple[int, int]] = {}
        self.count = 0

    def fail(self, node: Node, message: str) -> InputError:
        return InputError.at(self.file, message, node.start_mark.line + 1, node.start_mark.column + 1)

    def build(self, node: Node, path: Path_, open_nodes: tuple[int, ...]) -> Any:
        self.count += 1
        if self.count > MAXIMUM_VALUES:
            raise self.fail(node, f"expands to more than {MAXIMUM_VALUES:,} values; write fewer aliases or values")
        if id(node) in open_nodes:
            raise self.fail(node, "an alias contains itself; write the value out")
        if len(path) > MAXIMUM_DEPTH:
            raise self.fail(node, f"is nested deeper than {MAXIMUM_DEPTH} levels")
        self.values.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        inside = (*open_nodes, id(node))
        if not isinstance(node, ScalarNode) and tag_name(node) not in ("map", "seq"):
            raise self.tag(node)
        if isinstance(node, MappingNode):
            return self.mapping(node, path, inside)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, index), inside) for index, item in enumerate(node.value)]
        return self.scalar(node)

    def mapping(self, node: MappingNode, path: Path_, inside: tuple[int, ...]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self.key(key_node)
            here = (*path, key)
            if key in result:
                first = self.keys[here][0]
                raise self.fail(key_node, f"the key '{key}' stands twice (first on line {first}); keep one")
            self.keys[here] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if value_node.start_mark.index == value_node.end_mark.index:
                self.values[here] = self.keys[here]  # nothing is written: the parser's mark is on a later line
            result[key] = self.build(value_node, here, inside)
        return result

    def key(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            raise self.fail(node, "a key must be a single word or a quoted text")
        written: str = node.value
        plain = node.style is None
        if plain and written == "<<":
            raise self.fail(node, "merge keys (<<) are not part of YAML 1.2; write the keys out")
        value = self.scalar(node)
        if plain and written.lower() in _YAML_1_1_BOOLEANS:
            raise self.fail(
                node, f"the key {written} is a boolean to YAML 1.1 readers; write it in quotes: '{written}'"
            )
        if not isinstance(value, str):
            kind = tag_name(node)
            raise self.fail(node, f"the key {written} is read as {kind}; write it in quotes: '{written}'")
        return value

    def tag(self, node: Node) -> InputError:
        tag = tag_name(node)
        return self.fail(
            node, f"the tag {tag if tag.startswith('!') else f'!!{tag}'} is not allowed; write a plain value"
        )

    def scalar(self, node: Node) -> Any:
        tag = tag_name(node)
        if tag == "timestamp":
            return node.value
        if tag not in ("str", "int", "float", "bool", "null"):
            raise self.tag(node)
        try:
            value = self.constructor.construct_object(node, deep=True)
        except (ValueError, LookupError, TypeError, YAMLError) as error:
            shown = node.value if len(node.value) <= 40 else node.value[:39] + "…"
            raise self.fail(node, f"cannot be read as {tag}: {shown}") from error
        if isinstance(value, str) and any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value):
            raise self.fail(node, "holds an escape that is no character (\\0, or \\ud800 to \\udfff)")
        return value


def tag_name(node: Node) -> str:
    """The tag of a node as a person writes it after ``!!``."""
    return str(node.tag or "").removeprefix("tag:yaml.org,2002:")
