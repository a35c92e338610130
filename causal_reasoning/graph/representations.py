"""What a node bound to a hidden state means, and which graphs contradict it.

A *representation* is a node bound to a hidden state of the model: `bind: {hidden: {layer: -1, pool: prompt}}`. It is
no column of the data. In a training run it is a function of what the model reads, computed by the adapter, and of
nothing else. Its arrows are the user's claims about the quantity that this function should have learnt to compute:

- an arrow into it says what it may depend on, and the absence of a path says what it must not depend on. The
  statements that d-separation gives for it are not facts about the data: they are what training should make true,
  and each can become a penalty;
- an arrow out of it says what the model makes with it: what it writes, or another representation.

For identification a representation is latent, which is always sound: it is a variable without values in the data.

A graph contradicts this meaning, and is refused, where

1. a representation is set, read or written by the query, selects the sample, or confounds: it comes after the data;
2. it has a hidden common cause with anything: a function has no causes but its arguments;
3. it is a cause of anything that the model does not make, or of something that it is computed from;
4. it has a cause that leaves no trace in what it is computed from, that is, one without a common ancestor with it:
   no function of what is read can depend on such a cause;
5. a later layer acts on an earlier one;
6. two nodes are the same hidden state.

It need *not* be drawn as an effect of what is read. Drawn so, nothing remains to be asked of it but trivialities
("given the question it is independent of everything"); drawn as an effect of, say, a skill label only, it is asked
to keep the skill and to forget the rest of the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from causal_reasoning.graph.spec import HiddenState, NodeSpec, QuerySpec, RepresentationBinding

Edge = tuple[str, str]
_AFTER_THE_DATA = ("confounder", "instrument", "selection")
_QUERY = {
    "do": "a treatment is a column or a text of the data",
    "read": "what a model reads needs bind: {text: COLUMN}",
    "write": "what a model writes needs bind: {text: COLUMN}",
}


@dataclass(frozen=True)
class Contradiction:
    """Something in a graph that no representation can do.

    Parameters
    ----------
    message : str
        A sentence.
    node : str
        The representation.
    part : str or None
        ``"role"`` or ``"bind"`` of the node, or ``"do"``, ``"read"`` or ``"write"`` of the query.
    edge : (str, str) or None
        The edge, where it is about one.
    bidirected : bool
        Whether that is a hidden common cause.
    """

    message: str
    node: str
    part: str | None = None
    edge: Edge | None = None
    bidirected: bool = False


def hidden_states(nodes: Mapping[str, NodeSpec]) -> dict[str, HiddenState]:
    """The representations among some nodes."""
    return {name: node.bind.hidden for name, node in nodes.items() if isinstance(node.bind, RepresentationBinding)}


def contradictions(
    nodes: Mapping[str, NodeSpec], query: QuerySpec, directed: Iterable[Edge], bidirected: Iterable[Edge]
) -> Iterator[Contradiction]:
    """Yield what contradicts the meaning of representations; see the module for the rules.

    Parameters
    ----------
    nodes : mapping of str to NodeSpec
        Role and binding of each node.
    query : QuerySpec
        The query, over known nodes.
    directed, bidirected : iterable of (str, str)
        Edges between known nodes. Circles are tolerated.
    """
    states = hidden_states(nodes)
    arrows, arcs = sorted(directed), sorted(bidirected)
    misused = list(_misused(nodes, query, states))
    yield from misused
    if any(fault.part in _QUERY for fault in misused):
        return  # what is read is not known then
    read, written = set(query.read), set(query.write)
    children = _table(arrows)
    parents = _table((b, a) for a, b in arrows)
    for a, b in arcs:
        for name in (a, b):
            if name in states:
                yield Contradiction(
                    f"'{name}' is computed by the model and has no hidden cause; let the hidden cause act on what is "
                    f"read ({_listed(query.read)}) instead",
                    name,
                    edge=(a, b),
                    bidirected=True,
                )
    for cause, effect in arrows:
        if cause in states and effect not in states and effect not in written:
            yield Contradiction(
                f"'{cause}' is computed by the model, so it can only be a cause of what the model writes "
                f"({_listed(query.write)}) or of another representation, not of '{effect}'; "
                f"reverse the arrow or drop it",
                cause,
                edge=(cause, effect),
            )
        elif cause in states and effect in written and (looped := _reach(children, {effect}) & read):
            yield Contradiction(
                f"'{cause}' is computed from '{min(looped)}', so it cannot be a cause of it by way of '{effect}'",
                cause,
                edge=(cause, effect),
            )
        elif cause in states and effect in states and _later(states[cause].layer, states[effect].layer):
            yield Contradiction(
                f"'{cause}' is the later layer ({states[cause].layer}) and cannot act on '{effect}' "
                f"({states[effect].layer}); reverse the arrow",
                cause,
                edge=(cause, effect),
            )
        elif effect in states and cause not in states:
            inputs = read | (written if states[effect].pool == "answer" else set())
            if not _share_a_cause(cause, inputs, _without(parents, set(states)), arcs):
                yield Contradiction(
                    f"'{cause}' leaves no trace in {_listed(sorted(inputs))}, from which '{effect}' is computed, so "
                    f"'{effect}' cannot depend on it; drop this arrow or draw how '{cause}' shows in "
                    f"{_listed(sorted(inputs))}",
                    effect,
                    edge=(cause, effect),
                )


def _misused(
    nodes: Mapping[str, NodeSpec], query: QuerySpec, states: Mapping[str, HiddenState]
) -> Iterator[Contradiction]:
    seen: dict[HiddenState, str] = {}
    for name, state in states.items():
        if nodes[name].role in _AFTER_THE_DATA:
            yield Contradiction(
                f"'{name}' is computed by the model after the data are made, so it is no {nodes[name].role}; "
                "bind a column, or choose another role",
                name,
                part="role",
            )
        if state in seen:
            yield Contradiction(
                f"{state.text()} is bound to '{seen[state]}' already; two nodes cannot be the same hidden state",
                name,
                part="bind",
            )
        seen.setdefault(state, name)
        for part, needs in _QUERY.items():
            if name in getattr(query, part):
                yield Contradiction(f"'{name}' is a hidden state of the model; {needs}", name, part=part)


def _table(pairs: Iterable[Edge]) -> dict[str, set[str]]:
    table: dict[str, set[str]] = {}
    for a, b in pairs:
        table.setdefault(a, set()).add(b)
    return table


def _without(table: Mapping[str, set[str]], names: set[str]) -> dict[str, set[str]]:
    return {name: others - names for name, others in table.items() if name not in names}


def _reach(table: Mapping[str, set[str]], start: set[str]) -> set[str]:
    seen, waiting = set(start), list(start)
    while waiting:
        for name in table.get(waiting.pop(), set()) - seen:
            seen.add(name)
            waiting.append(name)
    return seen


def _share_a_cause(node: str, others: set[str], parents: Mapping[str, set[str]], arcs: Iterable[Edge]) -> bool:
    """Whether a node is dependent on others given nothing: by a common ancestor or hidden cause of both."""
    mine, theirs = _reach(parents, {node}), _reach(parents, others)
    return bool(mine & theirs) or any((a in mine and b in theirs) or (b in mine and a in theirs) for a, b in arcs)


def _later(one: int, other: int) -> bool:
    """Whether a layer is surely after another; counted from different ends they cannot be compared."""
    return one > other and (one < 0) == (other < 0)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
