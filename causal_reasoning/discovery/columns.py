"""Which nodes of a graph a table shows as categories, and what the graph says about those alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from causal_reasoning.data.surrogates import Embed, fit_surrogates
from causal_reasoning.data.table import Table, not_categorical, read_table
from causal_reasoning.errors import InputError
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.causal_graph import CausalGraph


@dataclass(frozen=True)
class CategoricalPart:
    """The part of a graph that a table of categories can speak about.

    Parameters
    ----------
    graph : CausalGraph
        The latent projection on the nodes that are bound to categorical columns.
    columns : dict of str to list of str
        For each of these nodes the N values of its column.
    left_out : dict of str to str
        For every other node, why it is left out: text, latent, or a column of too many values.
    source : str
        The file, for messages.
    """

    graph: CausalGraph
    columns: dict[str, list[str]]
    left_out: dict[str, str]
    source: str

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))


def read_categorical_part(path: Path, graph: AssumptionGraph, embed: Embed | None = None) -> CategoricalPart:
    """Read the categorical columns that a graph binds; text columns need not be in the file.

    Parameters
    ----------
    path : Path
        A JSON Lines file.
    graph : AssumptionGraph
        The graph.
    embed : callable, optional
        The base model's embedding; needed for surrogates of the kinds ``kmeans`` and ``mixture`` only.

    Raises
    ------
    InputError
        For a missing column, and for a graph with fewer than two columns of categories.
    """
    nodes = categorical_nodes(graph)
    plain = [graph.column(node) for node in nodes if node not in graph.surrogates]
    table = read_table(path, [*plain, *(how.of for how in graph.surrogates.values())])
    if graph.surrogates:
        table = fit_surrogates([graph], table, embed).add(table)
    return categorical_part(table, graph)


def categorical_part(table: Table, graph: AssumptionGraph) -> CategoricalPart:
    """The same for a table that was read before, computed columns included.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> part = categorical_part(Table({"style": ["a", "b"], "skill": ["x", "y"]}, "rows"), load_graph("reasoning"))
    >>> part.graph, part.left_out["question"]
    (CausalGraph(confounder -> skill), 'text')
    """
    selected = [name for name, node in graph.nodes.items() if node.role == "selection"]
    if selected:
        raise InputError.at(
            graph.source or graph.name,
            f"the graph says that rows are selected by {', '.join(selected)}; among selected rows its independences "
            "need not hold, so there is nothing to hold the data against",
        )
    reasons = {node: _why(graph, node) for node in graph.nodes}
    nodes = []
    for node in categorical_nodes(graph):
        found = not_categorical(table, graph.column(node))
        if found is None:
            nodes.append(node)
        else:
            reasons[node] = f"the column {found[1]}"
    if len(nodes) < 2:
        raise InputError.at(
            graph.source or graph.name,
            f"binds {len(nodes) or 'no'} column{'' if len(nodes) == 1 else 's'} of categories in {table.source}, and "
            "an independence is between two; bind more nodes with {column: NAME} or as surrogates"
            + "".join(f" ({node}: {reasons[node]})" for node in categorical_nodes(graph) if node not in nodes),
        )
    hidden = set(graph.nodes) - set(nodes)
    whole = CausalGraph(graph.causal.nodes, graph.causal.directed, graph.causal.bidirected, hidden)
    return CategoricalPart(
        whole.latent_projection(),
        {node: table.columns[graph.column(node)] for node in nodes},
        {node: reasons[node] for node in sorted(hidden)},
        table.source,
    )


def categorical_nodes(graph: AssumptionGraph) -> tuple[str, ...]:
    """The nodes that are bound to a categorical column, computed ones included (sorted)."""
    return tuple(node for node in graph.causal.observed if not graph.is_text(node))


def _why(graph: AssumptionGraph, node: str) -> str:
    if node in graph.computed:
        return "a state of the model"
    if graph.is_text(node):
        return "text"
    return "latent"
