"""A policy that is taken from other rows: how often the treatments have which values there, jointly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.files import Document
from causal_reasoning.files.jsonl import numbered_rows
from causal_reasoning.graph.assumptions import AssumptionGraph, Environment
from causal_reasoning.graph.spec import EnvironmentPolicy


def with_environment(graph: AssumptionGraph, document: Document, folder: Path) -> AssumptionGraph:
    """Read the rows that a graph takes its policy from, if it takes it from a file.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    document : Document
        Their file, for messages.
    folder : Path
        Where a relative path starts.

    Returns
    -------
    AssumptionGraph
        With the distribution of the treatments there; the graph itself if its policy is another one.

    Raises
    ------
    InputError
        If the file cannot be read, or has no row with these columns and values.
    """
    policy = graph.query.policy
    if not isinstance(policy, EnvironmentPolicy) or policy.like is None:
        return graph
    path = folder / policy.like
    columns = tuple(graph.column(node) for node in graph.treatments)
    try:
        rows = [(number, row) for number, row in numbered_rows(path)]
        return replace(graph, environment=count(columns, policy.where, rows, str(path)))
    except InputError as error:
        # What is wrong in the file has a line there; what is wrong with the file has its place here.
        here = [document.fault(("query", "policy", "like"), f"{f.file}: {f.message}") for f in error.faults]
        faults = [own if own.line is not None else at for own, at in zip(error.faults, here, strict=True)]
        raise InputError(faults) from error


def count(
    columns: Sequence[str],
    where: Mapping[str, Sequence[str]],
    rows: Iterable[tuple[int | None, Mapping[str, object]]],
    source: str,
) -> Environment:
    """Count the combinations of values of some columns.

    Parameters
    ----------
    columns : sequence of str
        The treatments' columns.
    where : mapping of str to sequence of str
        Columns and the values that a row must have there to count.
    rows : iterable of (int, mapping)
        Line and row.
    source : str
        Where they come from, for messages.

    Returns
    -------
    tuple of ((str, ...), float)
        Each combination that occurs with its relative frequency, sorted.

    Raises
    ------
    InputError
        For a row without one of the columns, a value that is no plain one, and if no row counts.

    Examples
    --------
    >>> rows = [(1, {"skill": "a", "source": "x"}), (2, {"skill": "b", "source": "y"})]
    >>> count(["skill"], {"source": ["x"]}, rows, "rows.jsonl")
    ((('a',), 1.0),)
    """
    found: Counter[tuple[str, ...]] = Counter()
    seen: dict[str, set[str]] = {column: set() for column in where}
    for line, row in rows:
        for column in where:
            seen[column].add(_value(row, column, line, source))
        if all(_value(row, column, line, source) in values for column, values in where.items()):
            found[tuple(_value(row, column, line, source) for column in columns)] += 1
    for column, values in sorted(where.items()):
        for value in values:
            if seen[column] and value not in seen[column]:
                raise InputError.at(source, f"no row has {column} = '{value}'; {did_you_mean(value, seen[column])}")
    total = sum(found.values())
    if not total:
        raise InputError.at(source, "holds no row that counts for the policy")
    return tuple((values, found[values] / total) for values in sorted(found))


def _value(row: Mapping[str, object], column: str, line: int | None, source: str) -> str:
    if column not in row:
        raise InputError(
            [Fault(source, line, None, f"this row lacks the column '{column}'; {did_you_mean(column, row)}")]
        )
    value = row[column]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (str, int, float)) and value != "":
        return str(value)
    message = f"the column '{column}' holds no text, number or true/false in this row"
    raise InputError([Fault(source, line, None, message)])
