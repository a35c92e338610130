"""Graphs in the formats of other tools. A new format is a file with a `Format`, and a word in the list below."""

from __future__ import annotations

from pathlib import Path

from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.graph.interchange import dagitty, dot, gml, mermaid
from causal_reasoning.graph.interchange.diagram import Diagram, Format
from causal_reasoning.graph.interchange.for_dowhy import DowhyProblem, to_dowhy
from causal_reasoning.graph.interchange.graph_file import from_graph_file, to_graph_file
from causal_reasoning.graph.interchange.networkx_graphs import from_networkx, to_networkx

__all__ = [
    "FORMATS",
    "Diagram",
    "DowhyProblem",
    "Format",
    "format_of",
    "from_graph_file",
    "from_networkx",
    "parse_diagram",
    "read_diagram",
    "to_dowhy",
    "to_graph_file",
    "to_networkx",
    "write_diagram",
]

FORMATS: dict[str, Format] = {module.FORMAT.name: module.FORMAT for module in (dagitty, dot, gml, mermaid)}
"""The formats by name."""

MAXIMUM_BYTES = 1 << 20


def format_of(path: str | Path) -> Format | None:
    """Recognise a format by the end of a file's name.

    Examples
    --------
    >>> format_of("model.gv").name
    'dot'
    """
    suffix = Path(path).suffix.lower()
    return next((known for known in FORMATS.values() if suffix in known.suffixes), None)


def read_diagram(path: str | Path, format_name: str | None = None) -> Diagram:
    """Read a file in the format of another tool.

    Parameters
    ----------
    path : str or path
        The file.
    format_name : str, optional
        A name in `FORMATS`; by default the file's name tells.

    Returns
    -------
    Diagram
        The graph and its marks.

    Raises
    ------
    InputError
        With the place of the first fault; for a format that is unknown or only written; for a file that
        cannot be read or is larger than 1 MiB.
    """
    file = str(path)
    known = format_of(path) if format_name is None else FORMATS.get(format_name)
    if known is None and format_name is None:
        endings = ", ".join(suffix for one in FORMATS.values() if one.read for suffix in one.suffixes)
        raise InputError.at(file, f"the name does not tell the format (known: {endings}); say which it is")
    return parse_diagram(_text(file), known.name if known else str(format_name), file)


def parse_diagram(text: str, format_name: str, file: str = "<text>") -> Diagram:
    """Read text in the format of another tool; see `read_diagram`.

    Examples
    --------
    >>> parse_diagram("dag { x [exposure] x -> y }", "dagitty").do
    ('x',)
    """
    known = FORMATS.get(format_name)
    readable = [name for name, one in FORMATS.items() if one.read]
    if known is None:
        raise InputError.at(file, f"there is no format '{format_name}'; {did_you_mean(format_name, readable)}")
    if known.read is None:
        raise InputError.at(file, f"{known.name} is written only; {did_you_mean('', readable)}")
    return known.read(text.removeprefix("\ufeff"), file)


def write_diagram(diagram: Diagram, format_name: str) -> str:
    """Write a diagram in the format of another tool.

    Parameters
    ----------
    diagram : Diagram
        The graph and its marks.
    format_name : str
        A name in `FORMATS`.

    Returns
    -------
    str
        The same for the same graph, whatever the order of its making.

    Raises
    ------
    ValueError
        For an unknown format.
    GraphError
        For a node whose name the format cannot hold.
    """
    if format_name not in FORMATS:
        raise ValueError(f"there is no format '{format_name}'; {did_you_mean(format_name, FORMATS)}")
    return FORMATS[format_name].write(diagram)


def _text(file: str) -> str:
    try:
        raw = Path(file).read_bytes() if Path(file).stat().st_size <= MAXIMUM_BYTES else None
    except FileNotFoundError as error:
        raise InputError.at(file, "no such file") from error
    except OSError as error:
        raise InputError.at(file, f"cannot be read: {error.strerror or error}") from error
    if raw is None:
        raise InputError.at(file, "is larger than 1 MiB; no graph of that size is read")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError.at(file, f"is not UTF-8 text: {error.reason}", raw[: error.start].count(b"\n") + 1) from error
