"""From a world file to tables and draws, with a place in the file for everything that is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.files import Document, read_yaml, validate
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.scm.mechanisms import MECHANISMS, Scope, Site, TextMechanism, ValueMechanism
from causal_reasoning.scm.mechanisms.nested import NestedWorld
from causal_reasoning.scm.mechanisms.switch import MAXIMUM_DEPTH
from causal_reasoning.scm.nesting import with_nested_worlds
from causal_reasoning.scm.nodes import Node, check_references
from causal_reasoning.scm.quantities import MechanismError, references
from causal_reasoning.scm.spec import QuerySpec, WorldSpec
from causal_reasoning.scm.unrolling import last_value, with_time_steps

SHIPPED = Path(__file__).parent / "worlds"


@dataclass(frozen=True)
class Compiled:
    """A world that has been checked, nested worlds and time steps written out.

    Parameters
    ----------
    file : str
        The file's name in messages.
    spec : WorldSpec
        What the file says.
    parameters : mapping of str to float
        Overrides applied.
    nodes : mapping of str to Node
        All nodes, in the order of the file.
    graph : CausalGraph
        An arrow from every node that a mechanism reads.
    values : mapping of str to tuple of str
        The values of every categorical node.
    sites : mapping of str to Site
        All random draws, causes first; ``node`` for a categorical node, ``node/draw`` for a draw of a text.
    query : QuerySpec or None
        What a model should serve, every name that of a node.
    """

    file: str
    spec: WorldSpec
    parameters: Mapping[str, float]
    nodes: Mapping[str, Node]
    graph: CausalGraph
    values: Mapping[str, tuple[str, ...]]
    sites: Mapping[str, Site]
    query: QuerySpec | None

    @cached_property
    def draws_of(self) -> Mapping[str, tuple[str, ...]]:
        """For every text node that draws, the names of its draws."""
        found: dict[str, tuple[str, ...]] = {}
        for site in self.sites:
            node, slash, draw = site.partition("/")
            if slash:
                found[node] = (*found.get(node, ()), draw)
        return found

    def canonical(self) -> str:
        """Return the content as text: what the digest is taken of. Description and query make no difference."""
        nodes = {
            name: {
                "role": self.nodes[name].role,
                "mechanism": self.nodes[name].mechanism.model_dump(mode="json", by_alias=True),
            }
            for name in self.graph.nodes
        }
        content = {
            "version": self.spec.version,
            "name": self.spec.name,
            "parameters": {name: self.parameters[name] for name in sorted(self.parameters)},
            "nodes": nodes,
        }
        return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def locate(name_or_path: str | Path) -> Path:
    """Find a world file by shipped name or by path.

    Parameters
    ----------
    name_or_path : str or Path
        A shipped name such as ``"letters"``, or a file.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If no shipped world has the name.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or "\\" in text or text.endswith((".yaml", ".yml")):
        return Path(name_or_path)
    shipped = {path.stem: path for path in SHIPPED.glob("*.yaml")}
    if text not in shipped:
        raise InputError.at(text, f"there is no shipped world of this name; {did_you_mean(text, shipped)}")
    return shipped[text]


def compile_world(path: Path, overrides: Mapping[str, float] | None = None, opened: tuple[Path, ...] = ()) -> Compiled:
    """Read and check a world file.

    Parameters
    ----------
    path : Path
        The file.
    overrides : mapping of str to float, optional
        New values of declared parameters.
    opened : tuple of Path
        The files that this one is nested in.

    Returns
    -------
    Compiled
        Graph, values and draws.

    Raises
    ------
    InputError
        One fault for each thing that is wrong, with line and column.
    """
    document = read_yaml(path)
    _check_kinds(document)
    spec = validate(WorldSpec, document)
    parameters = _parameters(document, spec, overrides or {})
    nodes, wanted = with_nested_worlds(document, spec, parameters, (*opened, path), _locate_beside, compile_world)
    nodes = with_time_steps(document, spec, nodes)
    graph = _graph(document, nodes)
    values: dict[str, tuple[str, ...]] = {}
    shortest: dict[str, int] = {}
    sites: dict[str, Site] = {}
    faults: list[Fault] = []
    for name in graph.topological_order:
        if any(parent not in values and parent not in shortest for parent in graph.parents(name)) and faults:
            continue  # a cause of this node is wrong already
        mechanism = nodes[name].mechanism
        scope = Scope(parameters, values, shortest)
        try:
            if isinstance(mechanism, ValueMechanism):
                found = mechanism.values(scope)
                sites[name] = mechanism.site(scope)
                values[name] = found
                if all(value.split() == [value] for value in found):
                    shortest[name] = min(len(value) for value in found)
            elif isinstance(mechanism, TextMechanism):
                sites.update({f"{name}/{draw}": site for draw, site in mechanism.sites(scope).items()})
                letters = mechanism.shortest_word(scope)
                if letters is not None:
                    shortest[name] = letters
        except MechanismError as error:
            faults.append(nodes[name].fault(document, error))
    faults = _misfits(document, spec, wanted, values) or faults
    if faults:
        raise InputError(sorted(set(faults)))
    query = _query(document, spec, nodes)
    return Compiled(document.file, spec, parameters, nodes, graph, values, sites, query)


def _locate_beside(written: str, document: Document) -> Path:
    """Find a nested world: a shipped name, or a path from the folder of the file."""
    path = locate(written)
    if path.parent == SHIPPED and not path.is_absolute():
        return path
    return path if path.is_absolute() else Path(document.file).parent / path


def _misfits(
    document: Document,
    spec: WorldSpec,
    wanted: Mapping[str, Mapping[str, tuple[str, ...]]],
    values: Mapping[str, tuple[str, ...]],
) -> list[Fault]:
    """Nodes that take the place of inner ones with other values."""
    faults = []
    for name, inputs in wanted.items():
        nested = spec.nodes[name].mechanism
        for inner, inner_values in inputs.items():
            written = nested.inputs[inner] if isinstance(nested, NestedWorld) else inner
            base = written.partition("[")[0]
            outer = base if base in values else f"{base}_0"
            if set(values.get(outer, ())) != set(inner_values):
                has = ", ".join(values[outer]) if outer in values else "no list of values"
                message = f"'{inner}' has the values {', '.join(inner_values)}; '{written}' has {has}"
                faults.append(document.fault(("nodes", name, "mechanism", "inputs", inner), message))
    return sorted(faults)


def _query(document: Document, spec: WorldSpec, nodes: Mapping[str, Node]) -> QuerySpec | None:
    """The query of the file, or the one that the roles suggest."""

    def first(*roles: str) -> str | None:
        return next((name for role in roles for name, node in nodes.items() if node.role == role), None)

    if spec.query is None:
        do, read, write = first("skill", "question"), first("question"), first("answer")
        return QuerySpec(do=(do,), read=(read,), write=(write,)) if do and read and write else None
    steps = spec.time.steps if spec.time is not None else 0
    resolved: dict[str, list[str]] = {}
    for key in ("do", "read", "write"):
        written = document.data["query"][key]
        for index, name in enumerate([written] if isinstance(written, str) else written):
            path = ("query", key) if isinstance(written, str) else ("query", key, index)
            node = last_value(name, steps)
            if node not in nodes:
                raise document.error(path, f"there is no node '{name}'; {did_you_mean(name, nodes)}")
            if any(node in other for other in resolved.values()) and (key == "write" or node in resolved.get(key, ())):
                raise document.error(
                    path, f"'{name}' stands twice in the query, so nothing is asked; name another node"
                )
            resolved.setdefault(key, []).append(node)
    return QuerySpec(**resolved, policy=spec.query.policy)


def _check_kinds(document: Document) -> None:
    """Complain about the kinds of mechanisms before the form of each is checked."""
    data = document.data
    nodes = data.get("nodes") if isinstance(data, dict) else None
    faults = []
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        for place in ("mechanism", "initial"):
            mechanism = node.get(place) if isinstance(node, dict) else None
            faults += _kind_faults(document, mechanism, ("nodes", name, place))
    if faults:
        raise InputError(sorted(faults))


def _kind_faults(document: Document, mechanism: object, path: tuple[str | int, ...], depth: int = 0) -> list[Fault]:
    """Faults in the kind of a mechanism and of those within it."""
    if not isinstance(mechanism, dict):
        return []
    kind = mechanism.get("kind")
    if "kind" not in mechanism:
        near = did_you_mean("", MECHANISMS)
        return [document.fault(path, f"the key 'kind' is missing in '{path[-1]}'; {near}", key=True)]
    if not isinstance(kind, str) or kind not in MECHANISMS:
        near = did_you_mean(str(kind), MECHANISMS)
        return [document.fault((*path, "kind"), f"unknown mechanism '{kind}'; {near}")]
    cases = mechanism.get("cases")
    if not isinstance(cases, dict) or depth > MAXIMUM_DEPTH:
        return []
    return [
        f for value, case in cases.items() for f in _kind_faults(document, case, (*path, "cases", value), depth + 1)
    ]


def _parameters(document: Document, spec: WorldSpec, overrides: Mapping[str, float]) -> dict[str, float]:
    result = {name: float(value) for name, value in spec.parameters.items()}
    mechanisms = [m for node in spec.nodes.values() for m in (node.mechanism, node.initial) if m is not None]
    used = {name for mechanism in mechanisms for name in references(mechanism.model_dump())}
    faults = [
        document.fault(
            ("parameters", name),
            f"the parameter '{name}' is used nowhere; write ${name} or remove it",
            key=True,
        )
        for name in result
        if name not in used
    ]
    if faults:
        raise InputError(faults)
    for name, value in overrides.items():
        if name not in result:
            raise InputError.at(document.file, f"unknown parameter '{name}'; {did_you_mean(name, result)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError.at(document.file, f"the parameter '{name}' must be a number, this is {value!r}")
        result[name] = float(value)
    return result


def _graph(document: Document, nodes: Mapping[str, Node]) -> CausalGraph:
    """Draw an arrow for every node that a mechanism reads; refuse unknown ones and circles."""
    arrows = check_references(nodes, document)
    try:
        return CausalGraph(nodes, arrows)
    except GraphError as error:
        circle = str(error).rsplit(": ", 1)[-1].split(" -> ")
        place = nodes[circle[0]].place[:2]
        raise document.error(place, f"{error}; remove one of these arrows", key=True) from None
