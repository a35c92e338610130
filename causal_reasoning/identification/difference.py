"""What a change of the assumptions does to the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.edits import Change, changes
from causal_reasoning.identification.ask import identify


@dataclass(frozen=True)
class Row:
    """One part of the answer, before and after.

    Parameters
    ----------
    label : str
        What it is.
    before, after : tuple of str
        Its lines; none where an answer lacks this part.
    decisive : bool
        Whether a difference here changes what is computed, and not only what is said about it.
    """

    label: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    decisive: bool = True

    @property
    def changed(self) -> bool:
        """Whether the two differ."""
        return self.before != self.after


@dataclass(frozen=True)
class Difference:
    """Two graph files and the answers to their queries.

    Parameters
    ----------
    names : (str, str)
        The names of the graphs.
    changes : tuple of Change
        What is not the same in the files, comments and order aside.
    rows : tuple of Row
        The parts of the two answers.
    before, after : dict
        The answers as plain data; see `Outcome.to_dict`.
    """

    names: tuple[str, str]
    changes: tuple[Change, ...]
    rows: tuple[Row, ...]
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def changed(self) -> bool:
        """Whether query, verdict, method, sets or estimand differ."""
        return any(row.changed for row in self.rows if row.decisive)

    def text(self) -> str:
        """Print what changed in the graph and, for each part of the answer, whether it is the same."""
        return render(self.names, self.changes, self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain data.

        Returns
        -------
        dict
            ``changed``; ``graph``: the changes; ``answer``: for each part that differs ``before`` and
            ``after`` as lines; ``before`` and ``after``: both answers in full.
        """
        return {
            "changed": self.changed,
            "graph": [change.to_dict() for change in self.changes],
            "answer": {
                row.label: {"before": list(row.before), "after": list(row.after)} for row in self.rows if row.changed
            },
            "before": self.before,
            "after": self.after,
        }


def compare(before: AssumptionGraph, after: AssumptionGraph, *, cap: int = 100) -> Difference:
    """Ask two graphs their queries and say what is not the same.

    Parameters
    ----------
    before, after : AssumptionGraph
        What `load_graph` or `edit_graph` returned.
    cap : int
        Most minimal adjustment sets to list for each.

    Returns
    -------
    Difference
        The changes of the graph and of the answer.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> from causal_reasoning.graph.edits import edit_graph
    >>> graph = load_graph("reasoning")
    >>> compare(graph, edit_graph(graph, ["drop skill -> answer"])).changed
    False
    >>> compare(graph, edit_graph(graph, ["reverse confounder -> skill"])).changed
    True
    """
    first, second = identify(before, cap=cap), identify(after, cap=cap)
    old, new = first.to_dict(), second.to_dict()
    asked = Row("query", (first.query.text(),), (second.query.text(),))
    rows = [asked, *(Row(label, part(old), part(new), decisive) for label, part, decisive in _PARTS)]
    return Difference(
        (before.name, after.name),
        tuple(changes(before, after)),
        tuple(row for row in rows if row.before or row.after),
        old,
        new,
    )


# -- the answer ------------------------------------------------------------------------------------------------


def _verdict(data: dict[str, Any]) -> tuple[str, ...]:
    return (str(data["verdict"]).replace("_", " ") + (f" by {data['method']}" if data["method"] else ""),)


def _chosen(data: dict[str, Any]) -> tuple[str, ...]:
    return (_set(data["adjustment"]["chosen"]),) if data["adjustment"] else ()


def _minimal(data: dict[str, Any]) -> tuple[str, ...]:
    if not data["adjustment"]:
        return ()
    sets = [_set(names) for names in data["adjustment"]["minimal"]]
    return (", ".join(sets[:8]) + (f" and {len(sets) - 8} more" if len(sets) > 8 else ""),)


def _optimal(data: dict[str, Any]) -> tuple[str, ...]:
    adjustment = data["adjustment"]
    return (_set(adjustment["optimal"]),) if adjustment and adjustment["optimal"] is not None else ()


def _front_door(data: dict[str, Any]) -> tuple[str, ...]:
    door = data["frontdoor"]
    if not door:
        return ()
    given = f" given {_set(door['covariates'])}" if door["covariates"] else ""
    return (_set(door["mediators"]) + given,)


def _estimand(data: dict[str, Any]) -> tuple[str, ...]:
    return (data["estimand"]["text"],) if data["estimand"] else ()


def _open(data: dict[str, Any]) -> tuple[str, ...]:
    return (data["open"],) if data.get("open") else ()


def _reason(data: dict[str, Any]) -> tuple[str, ...]:
    return (data["reason"],) if data.get("reason") else ()


def _hedge(data: dict[str, Any]) -> tuple[str, ...]:
    return (f"{_set(data['hedge']['outer'])} over {_set(data['hedge']['inner'])}",) if data["hedge"] else ()


def _repairs(data: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(repair) for repair in data["repairs"])


_PARTS = (
    ("verdict", _verdict, True),
    ("adjust for", _chosen, True),
    ("minimal sets", _minimal, True),
    ("least variance", _optimal, True),
    ("front door", _front_door, True),
    ("estimand", _estimand, True),
    ("left open", _open, False),
    ("because", _reason, False),
    ("hedge", _hedge, False),
    ("what would help", _repairs, False),
)


def _set(names: Iterable[str]) -> str:
    return "{" + ", ".join(names) + "}"


# -- the page --------------------------------------------------------------------------------------------------


def render(names: tuple[str, str], changes: Iterable[Change], rows: Iterable[Row]) -> str:
    """Print changes and rows, aligned, in the manner of ``diff``.

    Parameters
    ----------
    names : (str, str)
        The names of the graphs.
    changes : iterable of Change
        What is not the same in the graphs.
    rows : iterable of Row
        The parts of the answers; a part that is the same is marked with ``=``.
    """
    rows = tuple(rows)
    lines = ["graph", *(f"  {change.text()}" for change in changes)]
    if len(lines) == 1:
        lines.append("  = the same")
    lines += ["", "answer"]
    width = max(len(row.label) for row in rows)
    for row in rows:
        marked = [("=", line) for line in row.before]
        if row.changed:
            gone, come = [("-", line) for line in row.before], [("+", line) for line in row.after]
            marked = [*gone, *come]
        for at, (mark, line) in enumerate(marked):
            lines.append(f"  {'' if at else row.label:<{width}}  {mark} {line}")
    decisive = [row.label for row in rows if row.changed and row.decisive]
    end = f"changed: {', '.join(decisive)}" if decisive else "the answer is the same"
    return "\n".join([f"--- {names[0]}", f"+++ {names[1]}", "", *lines, "", end])
