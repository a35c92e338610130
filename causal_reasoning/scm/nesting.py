"""Nested worlds written out: the node X that is a world becomes its output, and a node X_n for each other inner n."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.files import Document
from causal_reasoning.scm.mechanisms.nested import NestedWorld
from causal_reasoning.scm.mechanisms.placed import placed
from causal_reasoning.scm.nodes import Node, add_node
from causal_reasoning.scm.quantities import references
from causal_reasoning.scm.spec import WorldSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from causal_reasoning.scm.reader import Compiled

    Compile = Callable[[Path, Mapping[str, float], tuple[Path, ...]], Compiled]

MAXIMUM_DEPTH = 8


def with_nested_worlds(
    document: Document,
    spec: WorldSpec,
    parameters: Mapping[str, float],
    opened: tuple[Path, ...],
    find: Callable[[str, Document], Path],
    compile_inner: Compile,
) -> tuple[dict[str, Node], dict[str, Mapping[str, tuple[str, ...]]]]:
    """Write out the nested worlds of a file.

    Parameters
    ----------
    document : Document
        The file.
    spec : WorldSpec
        What it says.
    parameters : mapping of str to float
        Its parameters, overrides applied.
    opened : tuple of Path
        The files that this one is nested in, and itself.
    find : callable
        Finds a world by name or by path.
    compile_inner : callable
        Compiles it.

    Returns
    -------
    nodes : dict of str to Node
        All nodes, in the order of the file.
    wanted : dict of str to mapping of str to tuple of str
        For each node that is a world, the values that the nodes in the place of inner ones must have.

    Raises
    ------
    InputError
        For an unknown world or inner node, or a world that contains itself.
    """
    nodes: dict[str, Node] = {}
    wanted: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for name, node in spec.nodes.items():
        place = ("nodes", name, "mechanism")
        if isinstance(node.initial, NestedWorld):
            raise document.error(
                ("nodes", name, "initial"), "a step cannot start from a whole world; nest it elsewhere"
            )
        if not isinstance(node.mechanism, NestedWorld):
            add_node(nodes, name, Node(node.role, node.mechanism, place), document, spec.nodes)
            continue
        nested = node.mechanism
        inner = _compiled(document, nested, place, parameters, opened, find, compile_inner)
        names = {one: f"{name}_{one}" for one in inner.nodes} | {nested.output: name} | nested.inputs
        wanted[name] = {one: inner.values[one] for one in nested.inputs if one in inner.values}
        for one, below in inner.nodes.items():
            if one in nested.inputs:
                continue
            mechanism = placed(below.mechanism, names, inner.parameters)
            role = node.role if one == nested.output else "other"
            inside = f"in the world {inner.spec.name}, node '{one}'"
            add_node(nodes, names[one], Node(role, mechanism, place, inside), document, spec.nodes)
    _check_inputs(document, spec, nodes)
    return nodes, wanted


def _check_inputs(document: Document, spec: WorldSpec, nodes: Mapping[str, Node]) -> None:
    """Check that the nodes which take the place of inner ones exist."""
    faults = []
    for name, node in spec.nodes.items():
        if not isinstance(node.mechanism, NestedWorld):
            continue
        for outer, path in node.mechanism.parents():
            base = outer.partition("[")[0]
            if base == name:
                message = f"'{name}' cannot be its own cause; name another node"
            elif base in nodes or base.rpartition("_")[0] in nodes:  # x_0 is a step of x
                continue
            else:
                message = f"there is no node '{outer}'; {did_you_mean(outer, nodes)}"
            faults.append(document.fault(("nodes", name, "mechanism", *path), message))
    if faults:
        raise InputError(sorted(faults))


def _compiled(
    document: Document,
    nested: NestedWorld,
    place: tuple[str, ...],
    parameters: Mapping[str, float],
    opened: tuple[Path, ...],
    find: Callable[[str, Document], Path],
    compile_inner: Compile,
) -> Compiled:
    """Compile the inner world and check that it has what is asked of it."""
    try:
        path = find(nested.world, document)
    except InputError as error:
        raise document.error((*place, "world"), error.faults[0].message) from None
    if path.resolve() in (one.resolve() for one in opened):
        raise document.error((*place, "world"), f"the world {nested.world} contains itself; break the circle")
    if len(opened) >= MAXIMUM_DEPTH:
        raise document.error((*place, "world"), f"worlds are nested more than {MAXIMUM_DEPTH} deep; use fewer levels")
    given: dict[str, float] = {}
    for name, number in nested.set.items():
        for reference in references(number):
            if reference not in parameters:
                near = did_you_mean(reference, parameters)
                raise document.error((*place, "set", name), f"unknown parameter '{reference}'; {near}")
        given[name] = parameters[number[1:]] if isinstance(number, str) else float(number)
    try:
        inner = compile_inner(path, given, opened)
    except InputError as error:
        # A fault without a line is one of the values that are set here, or the file cannot be read.
        fault = error.faults[0]
        if fault.line is not None and (not nested.set or not _compiles(path, opened, compile_inner)):
            raise
        key = "set" if nested.set else "world"
        raise document.error((*place, key), f"in the world {nested.world}: {fault.message}") from None
    _check_names(document, nested, inner, place)
    return inner


def _compiles(path: Path, opened: tuple[Path, ...], compile_inner: Compile) -> bool:
    """Whether a world is right as it stands, so that a fault comes from the values that are set."""
    try:
        compile_inner(path, {}, opened)
    except InputError:
        return False
    return True


def _check_names(document: Document, nested: NestedWorld, inner: Compiled, place: tuple[str, ...]) -> None:
    """Check that the inner world has the nodes that are named."""
    if nested.output not in inner.nodes:
        near = did_you_mean(nested.output, inner.nodes)
        raise document.error((*place, "output"), f"the world {nested.world} has no node '{nested.output}'; {near}")
    for one in nested.inputs:
        if one not in inner.nodes:
            near = did_you_mean(one, inner.nodes)
            message = f"the world {nested.world} has no node '{one}'; {near}"
            raise document.error((*place, "inputs", one), message, key=True)
        if one == nested.output:
            raise document.error((*place, "inputs", one), "this is the output; an input is another node", key=True)
