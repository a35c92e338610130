"""``convert``: a graph from one format to another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from causal_reasoning.cli.options import OutputOption, emit
from causal_reasoning.errors import Fault, InputError, did_you_mean

if TYPE_CHECKING:
    from causal_reasoning.graph.interchange import Diagram

NAME = "convert"
YAML = "yaml"
_SUFFIXES = (".yaml", ".yml")
Nodes = list[str] | None


def command(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A graph file, a shipped graph, or a file of dagitty, Graphviz or GML."),
    ],
    to: Annotated[
        str | None, typer.Option(help="dagitty, dot, gml, mermaid or yaml; by default the end of --output tells.")
    ] = None,
    output: OutputOption = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="The format of SOURCE; by default the end of its name tells.")
    ] = None,
    do: Annotated[Nodes, typer.Option(help="Mark as the treatment instead. Repeatable.")] = None,
    write: Annotated[Nodes, typer.Option(help="Mark as outcome, what the model writes, instead. Repeatable.")] = None,
    read: Annotated[Nodes, typer.Option(help="What the model reads, for --to yaml. Repeatable.")] = None,
    joint: Annotated[
        bool, typer.Option("--joint", help="Mark what the model reads as outcome too: identification asks for both.")
    ] = False,
    hidden_nodes: Annotated[
        bool, typer.Option("--hidden-nodes", help="Write hidden common causes as latent nodes of their own.")
    ] = False,
    rename: Annotated[
        list[str] | None, typer.Option(metavar="OLD=NEW", help="Give a node another name. Repeatable.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the graph, for --to yaml; by default the file's.")] = None,
) -> None:
    """Convert a graph to or from dagitty, Graphviz DOT, GML (networkx, dowhy) and Mermaid."""
    from causal_reasoning.graph import GraphError
    from causal_reasoning.graph.interchange import write_diagram

    target = _target(to, output)
    for option, given in (("--read", read), ("--name", name)):
        if given and target != YAML:
            raise InputError.at("convert", f"{option} is for --to yaml; {target} has no place for it")
    try:
        diagram, notes = _read(source, from_, joint, target)
        diagram = diagram.renamed(_renames(rename))
        # What the model is said to read may be marked as an outcome too, as --joint does; the rest is written.
        rest = [node for node in diagram.on if node not in (read or [])]
        diagram = replace(diagram, do=tuple(do or diagram.do), on=tuple(write or rest))
        if hidden_nodes:
            diagram = diagram.hidden_as_nodes()
        text = _graph_file(source, diagram, name, read or []) if target == YAML else write_diagram(diagram, target)
    except GraphError as error:
        raise InputError.at(source, str(error)) from error
    for note in (*notes, *_losses(diagram, target)):
        typer.echo(f"note: {note}", err=True)
    emit(text, output)


def _target(to: str | None, output: Path | None) -> str:
    from causal_reasoning.graph.interchange import FORMATS, format_of

    known = [*FORMATS, YAML]
    if to is not None:
        if to not in known:
            raise InputError.at("--to", f"there is no format '{to}'; {did_you_mean(to, known)}")
        return to
    if output is not None and output.suffix.lower() in _SUFFIXES:
        return YAML
    found = format_of(output) if output is not None else None
    if found is None:
        raise InputError.at("convert", f"nothing says which format to write; add --to with one of {', '.join(known)}")
    return found.name


def _read(source: str, format_name: str | None, joint: bool, target: str) -> tuple[Diagram, list[str]]:
    """Read the source; return it with what is to be said about it."""
    from causal_reasoning.graph import load_graph
    from causal_reasoning.graph.interchange import FORMATS, format_of, from_graph_file, read_diagram

    if format_name not in (None, YAML, *FORMATS):
        known = [YAML, *(name for name, one in FORMATS.items() if one.read)]
        raise InputError.at("--from", f"there is no format '{format_name}'; {did_you_mean(str(format_name), known)}")
    path = Path(source)
    ours = path.suffix.lower() in _SUFFIXES or not path.is_file()
    if format_name is None and format_of(source) is None and not ours:
        raise InputError.at(source, "the name does not tell the format; say it with --from")
    if format_name != YAML and (format_name is not None or format_of(source) is not None):
        if joint:
            raise InputError.at("--joint", f"only a graph file says what a model reads, and {source} is none")
        return read_diagram(source, format_name), []
    graph = load_graph(source)
    if target == YAML:
        raise InputError.at(source, "is a graph file already; 'causal-reasoning edit' changes one")
    diagram = from_graph_file(graph, joint=joint)
    unmarked = [node for node in graph.outcomes if node not in diagram.on]
    if not unmarked:
        return diagram, []
    others = ", ".join(unmarked)
    return diagram, [
        f"what the model writes is marked as outcome; identification asks for {others} too: --joint marks it"
    ]


def _renames(written: list[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in written or ():
        old, equals, new = text.rpartition("=")
        if not equals or not old or not new:
            raise InputError.at("--rename", f"'{text}' is not OLD=NEW")
        if old in found:
            raise InputError.at("--rename", f"'{old}' stands twice; keep one")
        found[old] = new
    return found


def _graph_file(source: str, diagram: Diagram, name: str | None, read: list[str]) -> str:
    from causal_reasoning.graph import parse_graph
    from causal_reasoning.graph.interchange import to_graph_file
    from causal_reasoning.graph.spec import NAME as ALLOWED

    faults = [
        Fault(source, None, None, f"'{node}' cannot be the name of a node in a graph file; add --rename '{node}=NEW'")
        for node in diagram.graph.nodes
        if not ALLOWED.match(node)
    ]
    title = Path(source).stem if name is None else name
    if not ALLOWED.match(title):
        faults.append(Fault(source, None, None, f"'{title}' cannot be the name of a graph; add --name"))
    for option, part, marked in (("--do", "is the treatment", diagram.do), ("--write", "the model writes", diagram.on)):
        if not marked:
            faults.append(Fault(source, None, None, f"nothing says what {part}; add {option} NODE"))
    if not read:
        faults.append(Fault(source, None, None, "nothing says what the model reads; add --read NODE"))
    if faults:
        raise InputError(faults)
    text = to_graph_file(diagram, title, read)
    parse_graph(text, source)
    return text


def _losses(diagram: Diagram, target: str) -> Iterator[str]:
    """Say what the target cannot hold, or what its readers may misunderstand."""
    if target == YAML and diagram.adjusted:
        yield f"the mark 'adjusted' of {', '.join(diagram.adjusted)} is left out: identification chooses the set"
    if target in ("dot", "gml") and diagram.graph.bidirected:
        how = "dir=both" if target == "dot" else "bidirected 1"
        yield f"a hidden common cause is an edge with {how}; for tools that take it for an arrow use --hidden-nodes"
