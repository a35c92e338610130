"""Edits of a graph file that leave the rest of its text as it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from causal_reasoning.errors import Fault, InputError
from causal_reasoning.graph.assumptions import AssumptionGraph
from causal_reasoning.graph.edits.base import Edit, EditError
from causal_reasoning.graph.edits.nodes import Hide
from causal_reasoning.graph.edits.parse import parse_edit
from causal_reasoning.graph.edits.scribe import write_edit, write_name
from causal_reasoning.graph.edits.stand import Stand, revise, with_stand
from causal_reasoning.graph.edits.surgery import LayoutError
from causal_reasoning.graph.reader import parse_graph


def edit_graph(graph: AssumptionGraph, edits: Iterable[Edit | str], *, name: str | None = None) -> AssumptionGraph:
    """Make edits to checked assumptions.

    Parameters
    ----------
    graph : AssumptionGraph
        What `load_graph` returned.
    edits : iterable of Edit or str
        The edits, made one after the other; texts are read by `parse_edit`.
    name : str, optional
        A new name for the graph.

    Returns
    -------
    AssumptionGraph
        The edited assumptions; their ``text`` is the edited file.

    Raises
    ------
    InputError
        For an edit that does not fit, and for whatever the reader of graph files says about the result.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> edited = edit_graph(load_graph("reasoning"), ["reverse confounder -> skill"])
    >>> edited.causal.parents("confounder")
    ('skill',)
    """
    made = read_edits(edits)
    stand = Stand(graph.causal, graph.nodes, graph.query, graph.objective)
    text = graph.text
    for edit in made:
        try:
            after = revise(stand, edit)
        except EditError as error:
            raise InputError.at(edit.text(), str(error)) from error
        try:
            text = write_edit(text, edit, after)
        except LayoutError as error:
            raise InputError.at(graph.source or graph.name, f"cannot be edited in place: {error}") from error
        stand = after
    _refuse_hidden(made, stand)
    file = graph.source or graph.name
    if name is not None:
        text = write_name(text, name)
    try:
        result = parse_graph(text, file)
    except InputError as error:
        raise InputError(
            Fault(f"{fault.file} (edited)", fault.line, fault.column, fault.message) for fault in error.faults
        ) from error
    if result.digest != replace(with_stand(graph, stand), name=name or graph.name).digest:
        raise InputError.at(
            file, "cannot be edited in place: its layout is unusual; write one node and one edge a line"
        )
    return result


def edit_text(text: str, edits: Iterable[Edit | str], file: str = "<text>", *, name: str | None = None) -> str:
    """Make edits to the text of a graph file.

    Lines that no edit touches stay as they are, byte for byte: comments, order, quoting and spacing included. A
    chain such as ``a -> b -> c`` is cut only where an edge goes. A comment behind an edge or a node goes with it.

    Parameters
    ----------
    text : str
        A graph file.
    edits : iterable of Edit or str
        The edits, in order.
    file : str
        The name used in messages.
    name : str, optional
        A new name for the graph.

    Returns
    -------
    str
        The edited file; it has been read and checked.

    Raises
    ------
    InputError
        If the file is not sound, an edit does not fit, or the result is not sound.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> before = load_graph("reasoning").text
    >>> after = edit_text(before, ["drop skill -> question"])
    >>> sorted(set(after.splitlines()) - set(before.splitlines()))
    ['  - confounder -> skill', '  - question -> answer']
    """
    return edit_graph(parse_graph(text, file), edits, name=name).text


def read_edits(edits: Iterable[Edit | str]) -> list[Edit]:
    """Read the edits that are given as texts; see `parse_edit`.

    Raises
    ------
    InputError
        For the first text that is no edit.
    """
    made = []
    for edit in edits:
        try:
            made.append(parse_edit(edit) if isinstance(edit, str) else edit)
        except EditError as error:
            raise InputError.at(" ".join(str(edit).split()) or "edit", str(error)) from error
    return made


_NEEDS = {"do": "a treatment must be observed", "read": "what a model reads is text", "write": "what it writes is text"}


def _refuse_hidden(edits: list[Edit], stand: Stand) -> None:
    """Say better than the reader that a node of the query cannot be hidden, as it knows only the result."""
    for edit in edits:
        if isinstance(edit, Hide) and edit.node in stand.nodes and stand.nodes[edit.node].bind is None:
            for part in stand.asked(edit.node):
                raise InputError.at(edit.text(), f"'{edit.node}' is in the query ({part}); {_NEEDS[part]}")
