"""From a graph file to checked assumptions, with the place of every fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.files import Document, parse_yaml, read_yaml, validate
from causal_reasoning.files.shipped import find_shipped
from causal_reasoning.graph.assumptions import AssumptionGraph
from causal_reasoning.graph.causal_graph import CausalGraph, Edge, GraphError
from causal_reasoning.graph.environment import with_environment
from causal_reasoning.graph.penalties import penalty_problems
from causal_reasoning.graph.rendered import rendering_problems
from causal_reasoning.graph.representations import Contradiction, computed_by_the_model, contradictions
from causal_reasoning.graph.slots import SlotBinding
from causal_reasoning.graph.spec import COMPUTED, NAME, EnvironmentPolicy, GraphSpec, NodeSpec, TextBinding
from causal_reasoning.graph.surrogates import AnySurrogate, SurrogateBinding

_ARROW = re.compile(r"\s*(<->|->|<-|--|<=>|=>|→|↔)\s*")


def load_graph(source: str | Path) -> AssumptionGraph:
    """Read and check a graph.

    Parameters
    ----------
    source : str or path
        A graph file, or the name of a shipped graph such as ``"reasoning"``.

    Returns
    -------
    AssumptionGraph
        The checked assumptions.

    Raises
    ------
    InputError
        Every fault with file, line and column.

    Examples
    --------
    >>> graph = load_graph("reasoning")
    >>> graph.query.do
    ('skill',)
    """
    path = find_shipped(source, "graphs", "graph")
    document = read_yaml(path)
    return with_environment(graph_from_document(document), document, path.parent)


def parse_graph(text: str, file: str = "<text>") -> AssumptionGraph:
    """Check a graph given as YAML text; see `load_graph`. Rows that its policy is taken from are not read."""
    return graph_from_document(parse_yaml(text, file))


def graph_from_document(document: Document) -> AssumptionGraph:
    """Check a parsed YAML document; see `load_graph`."""
    spec = validate(GraphSpec, document)
    nodes = {name: node or NodeSpec() for name, node in spec.nodes.items()}
    faults: list[Fault] = []
    directed, bidirected = _edges(spec, nodes, document, faults)
    faults.extend(_query_faults(spec, nodes, document))
    faults.extend(_binding_faults(nodes, document))
    faults.extend(
        document.fault(("nodes", name, "bind", "rendered_by"), message) for name, message in rendering_problems(nodes)
    )
    if not faults:
        # The meaning of a representation is judged by all edges and the query, so these must be sound.
        found = contradictions(nodes, spec.query, directed, bidirected)
        faults.extend(_place(fault, spec, directed, bidirected, document) for fault in found)
        faults.extend(
            document.fault(("objective", "penalties", *problem.path), problem.message, key=problem.key)
            for problem in penalty_problems(spec.objective, nodes, spec.query)
        )
    if faults:
        raise InputError(sorted(set(faults)))
    computed = computed_by_the_model(nodes)
    latent = [name for name, node in nodes.items() if node.bind is None or name in computed]
    try:
        causal = CausalGraph(nodes, directed, bidirected, latent)
    except GraphError as error:
        raise _place_cycle(error, directed, document) from error
    return AssumptionGraph(
        name=spec.name,
        causal=causal,
        nodes=nodes,
        query=spec.query,
        objective=spec.objective,
        description=spec.description,
        source=document.file,
        text=document.text,
    )


def _edges(
    spec: GraphSpec, nodes: dict[str, NodeSpec], document: Document, faults: list[Fault]
) -> tuple[dict[Edge, int], dict[Edge, int]]:
    """Split chains into edges; the value is the index of the line in ``edges``."""
    directed: dict[Edge, int] = {}
    bidirected: dict[Edge, int] = {}
    for index, chain in enumerate(spec.edges):
        for step, (left, arrow, right) in enumerate(_steps(chain)):

            def fault(message: str, index: int = index, offset: int = left.offset) -> None:
                faults.append(document.fault(("edges", index), message, offset=offset))

            if not arrow:
                fault(f"'{chain}' is not an edge; write 'a -> b' or 'a <-> b'")
                break
            if arrow not in ("->", "<->"):
                fault(f"'{arrow}' is not an arrow; write 'a -> b' or, for a hidden common cause, 'a <-> b'")
                break
            # Inside a chain the left end was the right end of the step before.
            for end in (left, right) if step == 0 else (right,):
                if NAME.match(end.name) and end.name not in nodes:
                    fault(f"there is no node '{end.name}'; {did_you_mean(end.name, nodes)}", offset=end.offset)
                elif end.name not in nodes:
                    fault(
                        f"'{end.name}' is not a node name in '{chain}'; write 'a -> b' or 'a <-> b'", offset=end.offset
                    )
            if left.name not in nodes or right.name not in nodes:
                continue
            edge = f"{left.name} {arrow} {right.name}"
            if left.name == right.name:
                what = "be its own cause" if arrow == "->" else "share a hidden cause with itself"
                fault(f"'{edge}': a node cannot {what}; remove this edge")
                continue
            table = directed if arrow == "->" else bidirected
            key = (left.name, right.name) if arrow == "->" else (min(left.name, right.name), max(left.name, right.name))
            if key in table:
                first = document.values[("edges", table[key])][0]
                fault(f"the edge {edge} stands twice (first on line {first}); keep one")
                continue
            table[key] = index
    return directed, bidirected


class _End(NamedTuple):
    """A node of a chain, and how far from the chain's start it is written."""

    name: str
    offset: int


def _steps(chain: str) -> Iterator[tuple[_End, str, _End]]:
    """Yield (left, arrow, right) for each arrow of a chain; a text without arrows is one step without arrow."""
    arrows = list(_ARROW.finditer(chain))
    starts = [0, *(arrow.end() for arrow in arrows)]
    ends = [*(arrow.start() for arrow in arrows), len(chain)]
    nodes = [_End(chain[start:end].strip(), start) for start, end in zip(starts, ends, strict=True)]
    if not arrows:
        yield nodes[0], "", nodes[0]
    for arrow, (left, right) in zip(arrows, pairwise(nodes), strict=True):
        yield left, arrow.group(1), right


def _query_faults(spec: GraphSpec, nodes: dict[str, NodeSpec], document: Document) -> Iterator[Fault]:
    query = spec.query
    for part, names in (("do", query.do), ("read", query.read), ("write", query.write)):
        seen: set[str] = set()
        for index, name in enumerate(names):
            path: tuple[str | int, ...] = ("query", part)
            if isinstance(document.data["query"][part], list):
                path = (*path, index)
            if name not in nodes:
                yield document.fault(path, f"there is no node '{name}'; {did_you_mean(name, nodes)}")
            elif name in seen:
                yield document.fault(path, f"'{name}' stands twice in '{part}'; keep one")
            elif part == "write" and name in query.do:
                yield document.fault(path, f"'{name}' is both treatment and outcome; do and write must differ")
            elif part == "write" and name in query.read:
                yield document.fault(path, f"'{name}' is both read and written; read and write must differ")
            elif isinstance(nodes[name].bind, COMPUTED):
                pass  # told with its meaning
            elif part == "do" and isinstance(nodes[name].bind, SurrogateBinding):
                yield document.fault(
                    path,
                    f"the treatment '{name}' is computed from a text and cannot be set without writing another text; "
                    "bind it to a column, or make the text the treatment",
                )
            elif part == "do" and nodes[name].bind is None:
                yield document.fault(
                    path,
                    f"the treatment '{name}' is latent; give it a binding, for instance bind: {{column: {name}}}",
                )
            elif part != "do" and not isinstance(nodes[name].bind, TextBinding):
                yield document.fault(path, f"'{name}' is not text; what a model {part}s needs bind: {{text: COLUMN}}")
            seen.add(name)
    if query.policy != "marginal" and all(n in nodes and isinstance(nodes[n].bind, SlotBinding) for n in query.do):
        yield document.fault(
            ("query", "policy"),
            "a policy is for treatments that rows have values of; the adapter sets "
            f"{', '.join(query.do)}: leave the policy out",
        )
    if isinstance(query.policy, dict):
        total = sum(query.policy.values())
        if abs(total - 1) > 1e-6:
            yield document.fault(
                ("query", "policy"), f"the probabilities of the policy sum to {total:g}; they must sum to 1"
            )
        treatments = [n for n in query.do if n in nodes and not isinstance(nodes[n].bind, SlotBinding)]
        if len(treatments) > 1:
            yield document.fault(
                ("query", "policy"),
                "a table needs a single treatment; use 'marginal' or 'uniform' for several",
            )
        elif treatments and isinstance(nodes[treatments[0]].bind, TextBinding):
            yield document.fault(("query", "policy"), "a table needs a categorical treatment, this one is text")
    if isinstance(query.policy, EnvironmentPolicy):
        for name in query.do:
            if name in nodes and isinstance(nodes[name].bind, TextBinding):
                message = f"the treatment '{name}' is text; how often it occurs can be counted for columns only"
                yield document.fault(("query", "policy"), message)


def _binding_faults(nodes: dict[str, NodeSpec], document: Document) -> Iterator[Fault]:
    columns: dict[str, str] = {}
    computed: dict[AnySurrogate, str] = {}
    surrogates = {name for name, node in nodes.items() if isinstance(node.bind, SurrogateBinding)}
    for name, node in nodes.items():
        if node.bind is None or isinstance(node.bind, COMPUTED):
            continue
        column = node.bind.column_name
        if isinstance(node.bind, SurrogateBinding):
            column, how = name, node.bind.surrogate
            place = ("nodes", name, "bind", "surrogate")
            if how.of in surrogates:
                message = f"'{how.of}' is a surrogate itself; compute '{name}' from a text column of the data"
                yield document.fault((*place, "of"), message)
            if how in computed:
                message = f"'{computed[how]}' is computed in the same way; two nodes cannot be the same column"
                yield document.fault(place, message)
            computed.setdefault(how, name)
        if column in columns:
            yield document.fault(
                ("nodes", name, "bind"),
                f"the column '{column}' is bound to '{columns[column]}' already; two nodes cannot be the same column",
            )
        columns.setdefault(column, name)


def _place(
    fault: Contradiction,
    spec: GraphSpec,
    directed: dict[Edge, int],
    bidirected: dict[Edge, int],
    document: Document,
) -> Fault:
    """Find where in the file a contradiction stands."""
    if fault.edge is not None:
        index = (bidirected if fault.bidirected else directed)[fault.edge]
        for left, _, right in _steps(spec.edges[index]):
            if fault.edge in ((left.name, right.name), (right.name, left.name)):
                return document.fault(("edges", index), fault.message, offset=left.offset)
    if fault.part in ("role", "bind"):
        return document.fault(("nodes", fault.node, fault.part), fault.message)
    path: tuple[str | int, ...] = ("query", str(fault.part))
    written = document.data["query"][fault.part]
    return document.fault((*path, written.index(fault.node)) if isinstance(written, list) else path, fault.message)


def _place_cycle(error: GraphError, directed: dict[Edge, int], document: Document) -> InputError:
    message = str(error)
    circle = message.partition(": ")[2].split(" -> ")
    lines = sorted(directed[edge] for edge in pairwise(circle) if edge in directed)
    path: tuple[str | int, ...] = ("edges", lines[-1]) if lines else ("edges",)
    return document.error(path, f"{message}; drop or reverse one of them")
