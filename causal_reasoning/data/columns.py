"""Which columns an experiment names, and under which name of a file they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from causal_reasoning.data.readers import Raw
from causal_reasoning.data.surrogates import data_columns
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment import Experiment
from causal_reasoning.experiment.data_spec import FileData

_WORD = re.compile(r"[^\s,{}]+")


def named(experiment: Experiment) -> frozenset[str]:
    """Everything that might be the name of a column in an experiment file and its graphs.

    A column of a Parquet file or a hub set is read if it is called one of these, so that what nobody names is not read.

    Parameters
    ----------
    experiment : Experiment
        The settings.

    Returns
    -------
    frozenset of str
        All texts in it, whole and word by word, the fields of templates among them.
    """
    found: set[str] = {*experiment.read, *experiment.write}
    settings = [experiment.spec.model_dump(by_alias=True)]
    settings += [arm.graph.canonical() for arm in experiment.arms if arm.graph is not None]
    for text in _texts(settings):
        found.add(text)
        found.update(_WORD.findall(text))
    return frozenset(found)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inside in value.items():
            yield str(key)
            yield from _texts(inside)
    elif isinstance(value, list | tuple):
        for inside in value:
            yield from _texts(inside)


def column_mapping(experiment: Experiment, data: FileData) -> dict[str, str]:
    """For each column of the experiment the column of the file that holds it.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    data : FileData
        Its data; the keys of ``columns`` are columns that the graphs bind or the settings use, or else nodes of graphs,
        which stand for the column that they are bound to.

    Returns
    -------
    dict of str to str
        Columns that are called the same in the file are left out.

    Raises
    ------
    InputError
        For a key that nothing uses, or two keys for one column, at its place.
    """
    graphs = [arm.graph for arm in experiment.arms if arm.graph is not None]
    columns = {*experiment.read, *experiment.write} | {name for graph in graphs for name in data_columns(graph)}
    nodes: dict[str, set[str]] = {}
    for graph in graphs:
        for node in graph.causal.observed:
            if node not in graph.surrogates:
                nodes.setdefault(node, set()).add(graph.column(node))
    spec = experiment.spec.model_dump(by_alias=True)
    del spec["data"]["columns"]
    used = {word for text in _texts(spec) for word in (text, *_WORD.findall(text))}
    found: dict[str, str] = {}
    for key, source in data.columns.items():
        path = ("data", "columns", key)
        if key in columns:
            targets = {key}
        elif key in nodes:
            targets = nodes[key]
        elif key in used:
            targets = {key}
        else:
            hint = did_you_mean(key, {*columns, *nodes})
            raise experiment.document.error(path, f"no graph or setting uses a column '{key}'; {hint}", key=True)
        for target in sorted(targets):
            if target in found:
                raise experiment.document.error(path, f"the column '{target}' is mapped already", key=True)
            found[target] = source
    return found


def mapped(raw: Raw, mapping: Mapping[str, str], *, required: bool, experiment: Experiment) -> Raw:
    """Give columns the names that the experiment uses.

    Parameters
    ----------
    raw : Raw
        Rows as read.
    mapping : mapping of str to str
        From `column_mapping`. Columns of the file that it does not name keep their names, unless a name is taken.
    required : bool
        Whether each column must be there; a file of its own for a split may lack what is not used.
    experiment : Experiment
        For the place of faults.

    Raises
    ------
    InputError
        If the file has no such column.
    """
    columns = dict(raw.columns)
    for target, source in mapping.items():
        if source in raw.columns:
            columns[target] = raw.columns[source]
        elif required:
            path = next(
                (("data", "columns", key) for key, value in _written(experiment).items() if value == source), ("data",)
            )
            hint = did_you_mean(source, raw.names)
            raise InputError([experiment.document.fault(path, f"{raw.source} has no column '{source}'; {hint}")])
    return Raw(columns, raw.source, raw.places, raw.unit, raw.others)


def _written(experiment: Experiment) -> dict[str, str]:
    data = experiment.spec.data
    return data.columns if isinstance(data, FileData) else {}
