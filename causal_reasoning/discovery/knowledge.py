"""What is known before the search: an order of time, and edges that must or cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.graph.causal_graph import CausalGraph, Edge, GraphError


@dataclass(frozen=True)
class Knowledge:
    """Background knowledge for a search.

    Parameters
    ----------
    tiers : tuple of tuple of str
        Groups of columns in the order of time: nothing causes what is in an earlier group.
    forbidden, required : tuple of (str, str)
        Arrows that cannot be, and arrows that must be.
    """

    tiers: tuple[tuple[str, ...], ...] = ()
    forbidden: tuple[Edge, ...] = ()
    required: tuple[Edge, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tiers or self.forbidden or self.required)

    def tier(self, name: str) -> int | None:
        """The number of the group of a column; ``None`` if it is in none."""
        return next((i for i, names in enumerate(self.tiers) if name in names), None)

    def later(self, a: str, b: str) -> bool:
        """Whether the first column is in a later group than the second, so that it cannot cause it."""
        first, second = self.tier(a), self.tier(b)
        return first is not None and second is not None and first > second

    def forbids(self, cause: str, effect: str) -> bool:
        """Whether an arrow cannot be."""
        return (cause, effect) in self.forbidden or self.later(cause, effect)

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {
            "tiers": [list(names) for names in self.tiers],
            "forbidden": [list(edge) for edge in self.forbidden],
            "required": [list(edge) for edge in self.required],
        }


def parse_knowledge(
    columns: Sequence[str],
    tiers: Iterable[str] = (),
    forbid: Iterable[str] = (),
    require: Iterable[str] = (),
) -> Knowledge:
    """Read what a user writes.

    Parameters
    ----------
    columns : sequence of str
        The columns of the search.
    tiers : iterable of str
        Groups such as ``"style,skill"``, earliest first; several can stand in one text, with ``<`` between them.
    forbid, require : iterable of str
        Arrows such as ``"cue -> style"``.

    Returns
    -------
    Knowledge
        Checked: its arrows do not contradict each other, its tiers, or time.

    Raises
    ------
    InputError
        For every fault, with the option.

    Examples
    --------
    >>> parse_knowledge(["a", "b", "c"], ["a < b,c"], ["b -> c"]).forbids("c", "a")
    True
    """
    faults: list[Fault] = []
    groups = []
    seen: set[str] = set()
    for text in (part for written in tiers for part in written.split("<")):
        names = tuple(sorted(name.strip() for name in text.split(",") if name.strip()))
        for name in names:
            if name not in columns:
                faults.append(
                    Fault("--tiers", None, None, f"there is no column '{name}'; {did_you_mean(name, columns)}")
                )
            elif name in seen:
                faults.append(Fault("--tiers", None, None, f"'{name}' stands in two groups; keep one"))
            seen.add(name)
        if not names:
            faults.append(Fault("--tiers", None, None, f"'{text}' names no column; write 'a,b < c'"))
        groups.append(names)
    arrows = {
        option: tuple(sorted(found for text in written for found in _arrow(option, text, columns, faults)))
        for option, written in (("--forbid", forbid), ("--require", require))
    }
    known = Knowledge(tuple(groups), arrows["--forbid"], arrows["--require"])
    for cause, effect in known.required:
        if known.forbids(cause, effect):
            why = "forbidden as well" if (cause, effect) in known.forbidden else "against the order of the tiers"
            faults.append(Fault("--require", None, None, f"{cause} -> {effect} is {why}"))
    if not faults:
        try:
            CausalGraph(columns, known.required)
        except GraphError as error:
            faults.append(Fault("--require", None, None, str(error)))
    if faults:
        raise InputError(dict.fromkeys(faults))
    return known


def _arrow(option: str, text: str, columns: Sequence[str], faults: list[Fault]) -> Iterable[Edge]:
    ends = [name.strip() for name in text.split("->")]
    if len(ends) != 2 or not all(ends):
        faults.append(Fault(option, None, None, f"'{text}' is not an arrow; write 'a -> b'"))
        return
    unknown = [name for name in ends if name not in columns]
    for name in unknown:
        faults.append(Fault(option, None, None, f"there is no column '{name}'; {did_you_mean(name, columns)}"))
    if ends[0] == ends[1]:
        faults.append(Fault(option, None, None, f"'{text}': a column cannot cause itself"))
    elif not unknown:
        yield ends[0], ends[1]
