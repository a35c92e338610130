"""Time steps written out: a node n with a value at every step becomes n_0, n_1 and so on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.files import Document
from causal_reasoning.scm.mechanisms import MechanismSpec
from causal_reasoning.scm.mechanisms.nested import NestedWorld
from causal_reasoning.scm.mechanisms.placed import placed
from causal_reasoning.scm.nodes import Node, add_node
from causal_reasoning.scm.quantities import MechanismError, Step
from causal_reasoning.scm.spec import WorldSpec

_PAST = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\[-([1-9][0-9]?)\]")


def with_time_steps(document: Document, spec: WorldSpec, nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Write out the time steps of a file.

    At a step, ``n`` is the value of n at this step and ``n[-1]`` that of the step before. Outside of time ``n[-1]`` is
    the last value, ``n[-2]`` the one before it, and every value has its own name ``n_0``, ``n_1``, …

    Parameters
    ----------
    document : Document
        The file.
    spec : WorldSpec
        What it says.
    nodes : mapping of str to Node
        The nodes, nested worlds written out.

    Returns
    -------
    dict of str to Node
        Step by step where the first repeated node stood; all others as they were.

    Raises
    ------
    InputError
        For a past that does not exist.
    """
    repeated = _repeated(document, spec, nodes)
    if spec.time is None or not repeated:
        return dict(nodes)
    steps = spec.time.steps
    result: dict[str, Node] = {}
    for name, node in nodes.items():
        _check(document, node, nodes, repeated, steps)
        if name not in repeated:
            for written, _, path in _references(node.mechanism):
                if written in repeated:
                    message = (
                        f"'{written}' has a value at every step; name one: '{written}_0' or '{written}[-1]', the last"
                    )
                    raise InputError([node.fault(document, MechanismError(path, message))])
            names = {f"{one}[-{lag}]": f"{one}_{steps - lag}" for one in repeated for lag in range(1, steps + 1)}
            mechanism = _placed(document, node, names)
            add_node(result, name, Node(node.role, mechanism, node.place, node.inside), document, spec.nodes)
        elif name == repeated[0]:
            for step in range(steps):
                _add_step(document, spec, nodes, repeated, step, result)
    return result


def last_value(name: str, steps: int) -> str:
    """Name the node that ``n[-1]`` means outside of time; other names stay.

    Examples
    --------
    >>> last_value("state[-1]", 3), last_value("answer", 3)
    ('state_2', 'answer')
    """
    match = _PAST.fullmatch(name)
    return f"{match.group(1)}_{steps - int(match.group(2))}" if match else name


def _repeated(document: Document, spec: WorldSpec, nodes: Mapping[str, Node]) -> list[str]:
    """The nodes that have a value at every step, in order."""
    owners = {name: str(node.place[1]) for name, node in nodes.items()}
    found = [name for name in nodes if spec.nodes[owners[name]].each_step or spec.nodes[owners[name]].initial]
    if found and spec.time is None:
        key = "each_step" if spec.nodes[owners[found[0]]].each_step else "initial"
        message = "there are no steps; add 'time: {steps: 3}' at the top of the file"
        raise document.error(("nodes", owners[found[0]], key), message, key=True)
    if spec.time is not None and not found:
        raise document.error(("time",), "no node has 'each_step: true', so there is nothing to repeat", key=True)
    for name in found:
        own = spec.nodes[owners[name]]
        if own.initial is not None and isinstance(own.mechanism, NestedWorld):
            message = "a nested world cannot look back; give the past to it through a node that copies it"
            raise document.error(("nodes", owners[name], "initial"), message, key=True)
    return found


def _add_step(
    document: Document,
    spec: WorldSpec,
    nodes: Mapping[str, Node],
    repeated: list[str],
    step: int,
    result: dict[str, Node],
) -> None:
    """Write out all repeated nodes for one step."""
    names = {one: f"{one}_{step}" for one in repeated}
    past = {f"{one}[-{lag}]": f"{one}_{step - lag}" for one in repeated for lag in range(1, step + 1)}
    for name in repeated:
        node = nodes[name]
        own = spec.nodes[str(node.place[1])]
        needed = _lag(node.mechanism)
        if needed and own.initial is None:
            where, _, path = next(x for x in _references(node.mechanism) if x[1])
            message = f"looks back to '{where}', and the first step has no past; add 'initial:' with its mechanism"
            raise document.error((*node.place, *path), message)
        if own.initial is not None and not needed:
            message = "the mechanism does not look back, so this is never used; remove it"
            raise document.error(("nodes", name, "initial"), message, key=True)
        if step < needed and own.initial is not None:
            node = Node(node.role, own.initial, ("nodes", name, "initial"))
            _check(document, node, nodes, repeated, spec.time.steps if spec.time else 0)
            if _lag(node.mechanism):
                path = next(path for _, lag, path in _references(node.mechanism) if lag)
                raise document.error((*node.place, *path), "the first step has no past; name nodes without [-1] here")
        mechanism = _placed(document, node, {**names, **past})
        add_node(result, names[name], Node(node.role, mechanism, node.place, node.inside), document, spec.nodes)


def _check(document: Document, node: Node, nodes: Mapping[str, Node], repeated: list[str], steps: int) -> None:
    """Refuse a reference to what does not exist, at its place."""
    past = {f"{one}[-{lag}]" for one in repeated for lag in range(1, steps + 1)}
    explicit = {f"{one}_{step}" for one in repeated for step in range(steps)}
    known = {*nodes, *past, *explicit}
    for written, _, path in _references(node.mechanism):
        base = _PAST.fullmatch(written)
        if written in known:
            continue
        if base and base.group(1) in repeated:
            message = f"there are only {steps} steps, so there is no '{written}'"
        elif base and base.group(1) in nodes:
            message = f"'{base.group(1)}' has one value only, so there is no '{written}'; write '{base.group(1)}'"
        else:
            message = f"there is no node '{written}'; {did_you_mean(written, known)}"
        if not base:
            _fields(document, node, known)
        raise InputError([node.fault(document, MechanismError(path, message))])


def _fields(document: Document, node: Node, known: set[str]) -> None:
    """Point at the very field where it is one that is wrong."""
    try:
        node.mechanism.check_fields(known)
    except MechanismError as error:
        raise InputError([node.fault(document, error)]) from None


def _placed(document: Document, node: Node, names: Mapping[str, str]) -> MechanismSpec:
    """The mechanism with the names of one step."""
    try:
        return placed(node.mechanism, names)
    except MechanismError as error:
        raise InputError([node.fault(document, error)]) from None


def _references(mechanism: MechanismSpec) -> list[tuple[str, int, tuple[Step, ...]]]:
    """Every parent as it is written, how far it looks back, and where it stands."""
    try:
        parents = mechanism.parents()
    except MechanismError:  # a malformed template: it is complained about when the arrows are drawn
        return []
    found = []
    for name, path in parents:
        match = _PAST.fullmatch(name)
        found.append((name, int(match.group(2)) if match else 0, path))
    return found


def _lag(mechanism: MechanismSpec) -> int:
    return max((lag for _, lag, _ in _references(mechanism)), default=0)
