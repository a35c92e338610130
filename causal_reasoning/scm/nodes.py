"""The nodes of a world after nested worlds and time steps are written out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.files import Document
from causal_reasoning.graph.spec import Role
from causal_reasoning.scm.mechanisms import MechanismSpec
from causal_reasoning.scm.quantities import MechanismError, Step

MAXIMUM_NODES = 400


@dataclass(frozen=True)
class Node:
    """One node with its mechanism.

    Parameters
    ----------
    role : str
        What the node is in the reasoning process.
    mechanism : MechanismSpec
        Where its value comes from.
    place : tuple of str or int
        Where the mechanism stands in the file.
    inside : str
        For a node of a nested world, which node of which world; for messages.
    """

    role: Role
    mechanism: MechanismSpec
    place: tuple[Step, ...]
    inside: str = ""

    def fault(self, document: Document, error: MechanismError) -> Fault:
        """Find where in the file a refusal belongs; inside a text where the text stands on one line."""
        if self.inside:
            return document.fault((*self.place, "world"), f"{self.inside}: {error.message}")
        path = (*self.place, *error.path)
        offset = 0
        place = document.values.get(path)
        if error.offset is not None and place is not None:
            value = document.data
            for key in path:
                value = value[key]
            line = document.text.splitlines()[place[0] - 1][place[1] - 1 :] if document.text else ""
            quote = 1 if line[:1] in ("'", '"') else 0
            if isinstance(value, str) and line[quote : quote + len(value)] == value:
                offset = error.offset + quote
        return document.fault(path, error.message, offset=offset)


def add_node(nodes: dict[str, Node], name: str, node: Node, document: Document, written: Mapping[str, object]) -> None:
    """Add a node that was written out; refuse a name that is taken, and too many nodes."""
    place = node.place[:2]
    if name in nodes or (name in written and place != ("nodes", name)):
        raise document.error(place, f"writes out a node '{name}', and there is one of this name; rename one", key=True)
    if len(nodes) >= MAXIMUM_NODES:
        message = f"written out, the world has more than {MAXIMUM_NODES} nodes; use fewer steps or nested worlds"
        raise document.error(place, message, key=True)
    nodes[name] = node


def check_references(nodes: Mapping[str, Node], document: Document) -> list[tuple[str, str]]:
    """Return an arrow for every node that a mechanism reads; refuse names that no node has.

    Raises
    ------
    InputError
        One fault for each wrong name.
    """
    faults: list[Fault] = []
    arrows: list[tuple[str, str]] = []
    for name, node in nodes.items():
        try:
            node.mechanism.check_fields(nodes)
            parents = node.mechanism.parents()
        except MechanismError as error:
            faults.append(node.fault(document, error))
            continue
        for parent, path in parents:
            if parent not in nodes:
                base, lag, _ = parent.partition("[")
                near = "no node has a past here; leave the brackets out" if lag and base in nodes else None
                message = f"there is no node '{parent}'; {near or did_you_mean(parent, nodes)}"
                faults.append(node.fault(document, MechanismError(path, message)))
            elif parent == name:
                message = f"'{name}' cannot be its own cause; name another node"
                faults.append(node.fault(document, MechanismError(path, message)))
            else:
                arrows.append((parent, name))
    if faults:
        raise InputError(sorted(set(faults)))
    return arrows
