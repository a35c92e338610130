"""From a world file to tables and draws, with a place in the file for everything that is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.files import Document, read_yaml, validate
from causal_reasoning.graph.causal_graph import CausalGraph, GraphError
from causal_reasoning.scm.mechanisms import MECHANISMS, Scope, Site, TextMechanism, ValueMechanism
from causal_reasoning.scm.mechanisms.template import Template
from causal_reasoning.scm.quantities import MechanismError, references
from causal_reasoning.scm.spec import WorldSpec

SHIPPED = Path(__file__).parent / "worlds"


@dataclass(frozen=True)
class Compiled:
    """A world that has been checked.

    Parameters
    ----------
    file : str
        The file's name in messages.
    spec : WorldSpec
        What the file says.
    parameters : mapping of str to float
        Overrides applied.
    graph : CausalGraph
        An arrow from every node that a mechanism reads.
    values : mapping of str to tuple of str
        The values of every categorical node.
    sites : mapping of str to Site
        All random draws, causes first; ``node`` for a categorical node, ``node/draw`` for a draw of a text.
    """

    file: str
    spec: WorldSpec
    parameters: Mapping[str, float]
    graph: CausalGraph
    values: Mapping[str, tuple[str, ...]]
    sites: Mapping[str, Site]

    def canonical(self) -> str:
        """Return the content as text: what the digest is taken of."""
        nodes = {name: self.spec.nodes[name].model_dump(mode="json", by_alias=True) for name in self.graph.nodes}
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


def compile_world(path: Path, overrides: Mapping[str, float] | None = None) -> Compiled:
    """Read and check a world file.

    Parameters
    ----------
    path : Path
        The file.
    overrides : mapping of str to float, optional
        New values of declared parameters.

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
    graph = _graph(document, spec)
    values: dict[str, tuple[str, ...]] = {}
    shortest: dict[str, int] = {}
    sites: dict[str, Site] = {}
    faults: list[Fault] = []
    for name in graph.topological_order:
        if any(parent not in values and parent not in shortest for parent in graph.parents(name)) and faults:
            continue  # a cause of this node is wrong already
        mechanism = spec.nodes[name].mechanism
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
            faults.append(_place(document, name, error))
    if faults:
        raise InputError(sorted(faults))
    return Compiled(document.file, spec, parameters, graph, values, sites)


def _check_kinds(document: Document) -> None:
    """Complain about the kinds of mechanisms before the form of each is checked."""
    data = document.data
    nodes = data.get("nodes") if isinstance(data, dict) else None
    faults = []
    for name, node in nodes.items() if isinstance(nodes, dict) else ():
        mechanism = node.get("mechanism") if isinstance(node, dict) else None
        if not isinstance(mechanism, dict):
            continue
        path = ("nodes", name, "mechanism")
        kind = mechanism.get("kind")
        if "kind" not in mechanism:
            near = did_you_mean("", MECHANISMS)
            faults.append(document.fault(path, f"the key 'kind' is missing in 'mechanism'; {near}", key=True))
        elif not isinstance(kind, str) or kind not in MECHANISMS:
            near = did_you_mean(str(kind), MECHANISMS)
            faults.append(document.fault((*path, "kind"), f"unknown mechanism '{kind}'; {near}"))
    if faults:
        raise InputError(sorted(faults))


def _parameters(document: Document, spec: WorldSpec, overrides: Mapping[str, float]) -> dict[str, float]:
    result = {name: float(value) for name, value in spec.parameters.items()}
    used = {name for node in spec.nodes.values() for name in references(node.mechanism.model_dump())}
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


def _graph(document: Document, spec: WorldSpec) -> CausalGraph:
    """Draw an arrow for every node that a mechanism reads; refuse unknown ones and circles."""
    faults: list[Fault] = []
    arrows: list[tuple[str, str]] = []
    for name, node in spec.nodes.items():
        mechanism = node.mechanism
        try:
            if isinstance(mechanism, Template):
                mechanism.check_fields(spec.nodes)
            parents = mechanism.parents()
        except MechanismError as error:
            faults.append(_place(document, name, error))
            continue
        for parent, path in parents:
            if parent not in spec.nodes:
                message = f"there is no node '{parent}'; {did_you_mean(parent, spec.nodes)}"
                faults.append(_place(document, name, MechanismError(path, message)))
            elif parent == name:
                message = f"'{name}' cannot be its own cause; name another node"
                faults.append(_place(document, name, MechanismError(path, message)))
            else:
                arrows.append((parent, name))
    if faults:
        raise InputError(sorted(faults))
    try:
        return CausalGraph(spec.nodes, arrows)
    except GraphError as error:
        circle = str(error).rsplit(": ", 1)[-1].split(" -> ")
        raise document.error(("nodes", circle[0]), f"{error}; remove one of these arrows", key=True) from None


def _place(document: Document, node: str, error: MechanismError) -> Fault:
    """Find where in the file a refusal belongs; inside a text where the text stands on one line."""
    path = ("nodes", node, "mechanism", *error.path)
    offset = 0
    place = document.values.get(path)
    if error.offset is not None and place is not None:
        value = _value(document.data, path)
        line = document.text.splitlines()[place[0] - 1][place[1] - 1 :] if document.text else ""
        quote = 1 if line[:1] in ("'", '"') else 0
        if isinstance(value, str) and line[quote : quote + len(value)] == value:
            offset = error.offset + quote
    return document.fault(path, error.message, offset=offset)


def _value(data: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        data = data[key]
    return data
