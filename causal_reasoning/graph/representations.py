"""What a node that the model computes means, and which graphs contradict it.

A *representation* is a node bound to a hidden state of the model: `bind: {hidden: {layer: -1, pool: prompt}}`. It is
no column of the data. In a training run it is a function of what the model reads, computed by the adapter, and of
nothing else. Its arrows are the user's claims about the quantity that this function should have learnt to compute:

- an arrow into it says what it may depend on, and the absence of a path says what it must not depend on. The
  statements that d-separation gives for it are not facts about the data: they are what training should make true,
  and each can become a penalty;
- an arrow out of it says what the model makes with it: what it writes, or another representation.

For identification a representation is latent, which is always sound: it is a variable without values in the data.

A *slot* (`bind: {slot: …}`) is a representation too: what a part of the adapter adds to the model. It may be set
by the query, since the adapter sets it. Where one of several parts is used, the node that chooses is its cause. A
*router* (`bind: {router: …}`) is a category that the adapter computes from what is read; its arrows mean the same.

A graph contradicts this meaning, and is refused, where

1. a representation is set (unless it is a slot), read or written by the query, selects the sample, or confounds: it
   comes after the data;
2. it has a hidden common cause with anything: a function has no causes but its arguments;
3. it is a cause of anything that the model does not make, or of something that it is computed from;
4. it has a cause that leaves no trace in what it is computed from, that is, one without a common ancestor with it:
   no function of what is read can depend on such a cause, unless it chooses the part of a slot;
5. a later layer acts on an earlier one;
6. two nodes are the same hidden state;
7. the node that chooses among the parts of a slot is no category, or is not drawn as its cause; or a router chooses
   nothing.

It need *not* be drawn as an effect of what is read. Drawn so, nothing remains to be asked of it but trivialities
("given the question it is independent of everything"); drawn as an effect of, say, a skill label only, it is asked
to keep the skill and to forget the rest of the question.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from causal_reasoning.errors import did_you_mean
from causal_reasoning.graph.slots import RouterBinding, RouterSpec, SlotBinding, SlotSpec
from causal_reasoning.graph.spec import ColumnBinding, HiddenState, NodeSpec, QuerySpec, RepresentationBinding
from causal_reasoning.graph.surrogates import SurrogateBinding

Edge = tuple[str, str]
State = HiddenState | SlotSpec
"""What penalties measure: a hidden state, or what a slot adds."""
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


def states_of(nodes: Mapping[str, NodeSpec]) -> dict[str, State]:
    """The representations among some nodes, slots included."""
    found: dict[str, State] = {}
    for name, node in nodes.items():
        if isinstance(node.bind, RepresentationBinding):
            found[name] = node.bind.hidden
        elif isinstance(node.bind, SlotBinding):
            found[name] = node.bind.slot
    return found


def slots_of(nodes: Mapping[str, NodeSpec]) -> dict[str, SlotSpec]:
    """The slots among some nodes."""
    return {name: node.bind.slot for name, node in nodes.items() if isinstance(node.bind, SlotBinding)}


def routers_of(nodes: Mapping[str, NodeSpec]) -> dict[str, RouterSpec]:
    """The routers among some nodes."""
    return {name: node.bind.router for name, node in nodes.items() if isinstance(node.bind, RouterBinding)}


def computed_by_the_model(nodes: Mapping[str, NodeSpec]) -> dict[str, State | RouterSpec]:
    """Representations and routers: the nodes that no column of the data holds."""
    return {**states_of(nodes), **routers_of(nodes)}


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
    states = computed_by_the_model(nodes)
    arrows, arcs = sorted(directed), sorted(bidirected)
    misused = list(_misused(nodes, query, states))
    yield from misused
    yield from _choices(nodes, arrows)
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
        elif cause in states and effect in states:
            one, other = states[cause], states[effect]
            if isinstance(one, HiddenState) and isinstance(other, HiddenState) and _later(one.layer, other.layer):
                yield Contradiction(
                    f"'{cause}' is the later layer ({one.layer}) and cannot act on '{effect}' "
                    f"({other.layer}); reverse the arrow",
                    cause,
                    edge=(cause, effect),
                )
        elif effect in states and cause not in states and getattr(states[effect], "choose", None) != cause:
            pool = getattr(states[effect], "pool", "prompt")
            inputs = read | (written if pool in ("answer", "each") else set())
            if not _share_a_cause(cause, inputs, _without(parents, set(states)), arcs):
                yield Contradiction(
                    f"'{cause}' leaves no trace in {_listed(sorted(inputs))}, from which '{effect}' is computed, so "
                    f"'{effect}' cannot depend on it; drop this arrow or draw how '{cause}' shows in "
                    f"{_listed(sorted(inputs))}",
                    effect,
                    edge=(cause, effect),
                )


def _choices(nodes: Mapping[str, NodeSpec], arrows: Iterable[Edge]) -> Iterator[Contradiction]:
    """Rule 7: whoever chooses among the parts of a slot is a category and its cause."""
    edges, used, faulty = set(arrows), set(), False
    for name, slot in slots_of(nodes).items():
        if slot.choose is None:
            continue
        used.add(slot.choose)
        bind = nodes[slot.choose].bind if slot.choose in nodes else None
        faulty |= not isinstance(bind, (RouterBinding, ColumnBinding, SurrogateBinding))
        if slot.choose not in nodes:
            yield Contradiction(
                f"there is no node '{slot.choose}' to choose a part; {did_you_mean(slot.choose, nodes)}", name, "bind"
            )
        elif not isinstance(bind, (RouterBinding, ColumnBinding, SurrogateBinding)):
            yield Contradiction(
                f"'{slot.choose}' is no category, so it cannot choose among the parts of '{name}'; name a router, or a "
                "node bound to a column",
                name,
                "bind",
            )
        elif (slot.choose, name) not in edges:
            yield Contradiction(
                f"'{slot.choose}' chooses the part of '{name}', so it is its cause; draw {slot.choose} -> {name}",
                name,
                "bind",
            )
    for name in routers_of(nodes):
        if name not in used and not faulty:  # it may have been meant
            yield Contradiction(
                f"the router '{name}' chooses nothing; let a slot name it: slot: {{choose: {name}}}", name, "bind"
            )


def _misused(
    nodes: Mapping[str, NodeSpec], query: QuerySpec, states: Mapping[str, State | RouterSpec]
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
        if isinstance(state, HiddenState) and state in seen:
            yield Contradiction(
                f"{state.text()} is bound to '{seen[state]}' already; two nodes cannot be the same hidden state",
                name,
                part="bind",
            )
        if isinstance(state, HiddenState):
            seen.setdefault(state, name)
        what = "a hidden state of the model" if isinstance(state, HiddenState) else "a part of the adapter"
        settable = name in slots_of(nodes)
        for part, needs in _QUERY.items():
            if name in getattr(query, part) and not (part == "do" and settable):
                yield Contradiction(f"'{name}' is {what}; {needs}", name, part=part)


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
