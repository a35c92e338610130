"""Columns that are computed from text: surrogates, fitted on training rows and applied to all others.

What is learnt from data (quantiles, clusters, components) is learnt on the training rows of the observational
regime only, so that no split that is measured has a say in its own strata, and a category means the same in all.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.clusters import Clusters, Components, fit_kmeans, fit_mixture
from causal_reasoning.data.table import Table, check_bindings, read_table
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.surrogates import (
    AnySurrogate,
    KMeansSurrogate,
    LengthSurrogate,
    MixtureSurrogate,
    RegexSurrogate,
    describe,
)

Embed = Callable[[Sequence[str]], NDArray[np.float64]]
"""From N texts to an array of shape (N, D); the same text must give the same row."""

QUANTILE_BINS = 4


@dataclass
class _Memo:
    """An embedding that reads every text once."""

    embed: Embed
    known: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        new = sorted({text for text in texts if text not in self.known})
        if new:
            rows = np.asarray(self.embed(new), dtype=np.float64)
            if rows.ndim != 2 or len(rows) != len(new):
                raise ValueError(f"an embedding of {len(new)} texts has the shape {rows.shape}")
            if not np.isfinite(rows).all():
                raise InputError.at("the base model", "gives embeddings that are not finite numbers; take another")
            self.known.update(zip(new, rows, strict=True))
        return np.stack([self.known[text] for text in texts])


@dataclass(frozen=True)
class FittedSurrogate:
    """A surrogate that knows what to call every text.

    Parameters
    ----------
    how : Surrogate
        What was asked for.
    edges : tuple of int
        Where the bins of a length begin; empty for other kinds.
    groups : Clusters or Components or None
        What was learnt from embeddings; ``None`` for other kinds.
    """

    how: AnySurrogate
    edges: tuple[int, ...] = ()
    groups: Clusters | Components | None = None

    @property
    def doubt(self) -> float | None:
        """A mixture's own estimate of the share of misclassified training rows; ``None`` for other kinds."""
        return self.groups.doubt if isinstance(self.groups, Components) else None

    def labels(self, texts: Sequence[str], embed: Embed | None = None) -> list[str]:
        """The category of each text.

        Parameters
        ----------
        texts : sequence of str
            N texts.
        embed : callable, optional
            The embedding that it was fitted with, for a cluster or a component.
        """
        if isinstance(self.how, LengthSurrogate):
            return [_bin(length, self.edges) for length in _lengths(self.how, texts)]
        if isinstance(self.how, RegexSurrogate):
            found = [(label, re.compile(pattern)) for label, pattern in self.how.patterns]
            default = self.how.default
            return [next((label for label, pattern in found if pattern.search(text)), default) for text in texts]
        if self.groups is None or embed is None:
            raise ValueError(f"{describe(self.how)} needs the embedding that it was fitted with")
        name = "cluster" if isinstance(self.how, KMeansSurrogate) else "component"
        return [f"{name} {number + 1}" for number in self.groups.assign(embed(texts))] if texts else []


def fit_surrogate(how: AnySurrogate, texts: Sequence[str], embed: Embed | None = None) -> FittedSurrogate:
    """Learn a surrogate from training texts.

    Parameters
    ----------
    how : Surrogate
        What to compute.
    texts : sequence of str
        The text column of the training rows.
    embed : callable, optional
        Needed for ``kmeans`` and ``mixture``.

    Returns
    -------
    FittedSurrogate
        It gives the training texts at least two different labels.

    Raises
    ------
    ValueError
        With a part of a sentence: it would put all texts into one category, or has too few texts.

    Examples
    --------
    >>> how = LengthSurrogate(kind="length", of="prompt", edges=[2, 4])
    >>> fit_surrogate(how, ["a", "a b", "a b c d e"]).labels(["x", "x y z", "x y z w"])
    ['0-1', '2-3', '4+']
    """
    if isinstance(how, LengthSurrogate):
        fitted = FittedSurrogate(how, edges=how.edges or _quantiles(_lengths(how, texts), how.bins or QUANTILE_BINS))
    elif isinstance(how, RegexSurrogate):
        fitted = FittedSurrogate(how)
    else:
        if embed is None:
            raise ValueError("needs the embeddings of a base model, and none was given")
        rows = embed(texts)
        if isinstance(how, MixtureSurrogate):
            fitted = FittedSurrogate(how, groups=fit_mixture(rows, how.components, how.dimensions, how.seed))
        else:
            fitted = FittedSurrogate(how, groups=fit_kmeans(rows, how.clusters, how.seed))
    found = set(fitted.labels(texts, embed))
    if len(found) < 2:
        raise ValueError(
            f"puts all {len(texts):,} training rows into one category ({', '.join(found)}), so there is nothing to "
            "adjust for; change its settings or compute it from another column"
        )
    return fitted


def _lengths(how: LengthSurrogate, texts: Sequence[str]) -> list[int]:
    return [len(text.split()) if how.unit == "words" else len(text) for text in texts]


def _quantiles(lengths: Sequence[int], bins: int) -> tuple[int, ...]:
    """Edges at the quantiles; bins that would be empty are left out."""
    least = min(lengths)
    shares = np.arange(1, bins) / bins
    edges = {int(edge) for edge in np.quantile(lengths, shares, method="higher")} - {least}
    others = [length for length in lengths if length > least]
    return tuple(sorted(edges)) or ((min(others),) if others else ())


def _bin(length: int, edges: tuple[int, ...]) -> str:
    i = bisect_right(edges, length)
    start = edges[i - 1] if i else 0
    if i == len(edges):
        return f"{start}+"
    end = edges[i] - 1
    return f"{start}-{end}" if end > start else str(start)


@dataclass(frozen=True)
class Surrogates:
    """The fitted surrogates of some graphs.

    Parameters
    ----------
    fitted : mapping of str to FittedSurrogate
        By node, which is the name of the computed column.
    embed : callable or None
        What they were fitted with.
    """

    fitted: Mapping[str, FittedSurrogate]
    embed: Embed | None = None

    def add(self, table: Table, *, all_of_them: bool = True) -> Table:
        """Compute the columns of a table.

        Parameters
        ----------
        table : Table
            Rows.
        all_of_them : bool
            Whether a surrogate whose text column is missing is a fault, or is left out.

        Raises
        ------
        InputError
            If a text column is missing, or a column of a surrogate's name is in the data already.
        """
        found: dict[str, list[str]] = {}
        for name, surrogate in self.fitted.items():
            if surrogate.how.of in table.columns or all_of_them:
                found[name] = surrogate.labels(_texts(name, surrogate.how, table), self.embed)
        return table.with_columns(**found)


def fit_surrogates(graphs: Iterable[AssumptionGraph], table: Table, embed: Embed | None = None) -> Surrogates:
    """Learn the surrogates of some graphs from training rows.

    Parameters
    ----------
    graphs : iterable of AssumptionGraph
        The graphs; a node of the same name must be computed in the same way in all.
    table : Table
        Training rows of the observational regime.
    embed : callable, optional
        The base model's embedding; needed for ``kmeans`` and ``mixture`` only.

    Returns
    -------
    Surrogates
        Ready to compute the columns of any table.

    Raises
    ------
    InputError
        For a missing text column, a name that is taken, or a surrogate of one value.
    """
    wanted: dict[str, tuple[AnySurrogate, AssumptionGraph]] = {}
    for graph in graphs:
        for name, how in graph.surrogates.items():
            other, first = wanted.setdefault(name, (how, graph))
            if other != how:
                raise InputError.at(
                    graph.source or graph.name,
                    f"the surrogate '{name}' is computed otherwise in the graph {first.name}; give one of the two "
                    "nodes another name",
                )
    memo = _Memo(embed) if embed else None
    fitted = {}
    for name, (how, graph) in sorted(wanted.items(), key=lambda item: item[0]):
        try:
            fitted[name] = fit_surrogate(how, _texts(name, how, table), memo)
        except ValueError as error:
            raise InputError.at(
                table.source, f"the surrogate '{name}' ({describe(how)}) of the graph {graph.name} {error}"
            ) from error
    return Surrogates(fitted, memo)


def _texts(name: str, how: AnySurrogate, table: Table) -> list[str]:
    if name in table.columns:
        raise InputError.at(
            table.source,
            f"the data have a column '{name}' already, and a surrogate is a column called like its node; bind the node "
            f"with {{column: {name}}} or give it another name",
        )
    if how.of not in table.columns:
        raise InputError.at(
            table.source,
            f"there is no column '{how.of}', from which the surrogate '{name}' is computed; "
            f"{did_you_mean(how.of, table.columns)}",
        )
    return table.columns[how.of]


def data_columns(graph: AssumptionGraph) -> set[str]:
    """The columns that the data must have: what nodes are bound to, surrogates are computed of, routers learn from."""
    bound = {graph.column(node) for node in graph.causal.observed if node not in graph.surrogates}
    labels = {router.label for router in graph.routers.values() if router.label}
    return bound | labels | {how.of for how in graph.surrogates.values()}


def read_bound(path: Path, graph: AssumptionGraph, embed: Embed | None = None) -> Table:
    """Read a file with everything that a graph binds, computed columns included, and check it.

    Parameters
    ----------
    path : Path
        A JSON Lines file.
    graph : AssumptionGraph
        The graph.
    embed : callable, optional
        The base model's embedding; needed for ``kmeans`` and ``mixture`` only.

    Returns
    -------
    Table
        The surrogates are fitted on all of its rows.

    Raises
    ------
    InputError
        For faults of the file, with their place.
    """
    table = read_table(path, data_columns(graph))
    if graph.surrogates:
        table = fit_surrogates([graph], table, embed).add(table)
    check_bindings(table, graph)
    return table
