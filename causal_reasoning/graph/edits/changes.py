"""What is not the same in two graph files; comments, descriptions and order do not count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from causal_reasoning.graph.assumptions import AssumptionGraph
from causal_reasoning.graph.edits.base import Link, links
from causal_reasoning.graph.slots import RouterBinding, SlotBinding
from causal_reasoning.graph.spec import NodeSpec
from causal_reasoning.graph.surrogates import SurrogateBinding


@dataclass(frozen=True)
class Change:
    """One thing that is not the same in two graph files.

    Parameters
    ----------
    kind : str
        ``edge``, ``node``, ``role``, ``binding``, ``query`` or ``objective``.
    before, after : str or None
        What stands in each; ``None`` where there is nothing.
    """

    kind: str
    before: str | None
    after: str | None

    def text(self) -> str:
        """Print with ``+`` for what is new, ``-`` for what is gone and ``~`` for what is another."""
        if self.before is None:
            return f"+ {self.after}"
        if self.after is None:
            return f"- {self.before}"
        return f"~ {self.before}   now   {self.after}"

    def to_dict(self) -> dict[str, str | None]:
        """Plain data."""
        return {"kind": self.kind, "before": self.before, "after": self.after}


def changes(before: AssumptionGraph, after: AssumptionGraph) -> Iterator[Change]:
    """Compare two graph files.

    Parameters
    ----------
    before, after : AssumptionGraph
        The files.

    Yields
    ------
    Change
        What is not the same: edges, then nodes with their roles and bindings, the query, the objective.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> for change in changes(load_graph("reasoning"), load_graph("reasoning_reversed")):
    ...     print(change.text())
    ~ confounder -> skill   now   skill -> confounder
    """
    old, new = set(links(before.causal)), set(links(after.causal))
    turned = {link for link in old - new if not link.hidden and Link(link.b, link.a) in new - old}
    for link in sorted(old ^ new):
        back = Link(link.b, link.a)
        if link in turned:
            yield Change("edge", link.text(), back.text())
        elif link in old:
            yield Change("edge", link.text(), None)
        elif link.hidden or back not in turned:
            yield Change("edge", None, link.text())
    for name in sorted({*before.nodes, *after.nodes}):
        was, now = before.nodes.get(name), after.nodes.get(name)
        if was is None or now is None:
            gone, come = (_node(name, was), _node(name, now))
            yield Change("node", gone, come)
            continue
        if was.role != now.role:
            yield Change("role", f"{name} is a {was.role}", f"{name} is a {now.role}")
        if was.bind != now.bind:
            old_words, new_words = _bound(was), _bound(now)
            parts = (SlotBinding, RouterBinding)  # have settings that are not in the words
            if old_words == new_words or (isinstance(was.bind, parts) and isinstance(now.bind, parts)):
                old_words, new_words = _settings(was, now), _settings(now, was)
            yield Change("binding", f"{name} is {old_words}", f"{name} is {new_words}")
    for part in ("do", "read", "write", "policy"):
        asked, asks = getattr(before.query, part), getattr(after.query, part)
        if asked != asks:
            yield Change("query", f"{part}: {_plain(asked)}", f"{part}: {_plain(asks)}")
    old_objective, new_objective = before.objective.model_dump(), after.objective.model_dump()
    for key, wanted in old_objective.items():
        if wanted != new_objective[key]:
            yield Change("objective", f"{key}: {wanted}", f"{key}: {new_objective[key]}")


def _node(name: str, spec: NodeSpec | None) -> str | None:
    return None if spec is None else f"{name}, a node that is {_bound(spec)}"


def _bound(spec: NodeSpec) -> str:
    if spec.bind is None:
        return "latent"
    if isinstance(spec.bind, SurrogateBinding):
        return f"the surrogate {spec.bind.column_name}"
    kind = {"column": "the column", "text": "the text column"}.get(next(iter(spec.bind.model_dump())))
    if kind:
        return f"{kind} '{spec.bind.column_name}'"
    if isinstance(spec.bind, SlotBinding):
        return f"the slot of {spec.bind.column_name}"
    what = "router" if isinstance(spec.bind, RouterBinding) else "representation at"
    return f"the {what} {spec.bind.column_name}"


def _settings(spec: NodeSpec, other: NodeSpec) -> str:
    """A binding with the settings in which it is not like another one of its kind."""
    mine, theirs = (_flat(node.bind.model_dump()) if node.bind else {} for node in (spec, other))
    apart = [key for key in (*mine, *(key for key in theirs if key not in mine)) if mine.get(key) != theirs.get(key)]
    lists = {key: ", ".join(map(str, v)) if isinstance(v, tuple) else str(v) for key, v in mine.items() if v}
    return f"{_bound(spec)} ({', '.join(f'{key}: {lists[key]}' if key in lists else f'no {key}' for key in apart)})"


def _flat(data: dict[str, object]) -> dict[str, object]:
    """Settings, whether a binding has them itself or in a mapping of its own."""
    (inner,) = [value for value in data.values() if isinstance(value, dict)] or [{}]
    return {**{key: value for key, value in data.items() if not isinstance(value, dict)}, **inner}


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {share:g}" for key, share in value.items()) + "}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
