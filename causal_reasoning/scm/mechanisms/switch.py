"""``switch`` and ``switch_values``: another mechanism for every value of a node, such as a rule for every domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from causal_reasoning.errors import did_you_mean
from causal_reasoning.scm.mechanisms.base import MechanismSpec, Scope, Site, TextMechanism, ValueMechanism, check_cells
from causal_reasoning.scm.quantities import MechanismError, Step

if TYPE_CHECKING:
    from causal_reasoning.scm.mechanisms import Mechanism

#: Switches within switches, this one included.
MAXIMUM_DEPTH = 4


class Switch(TextMechanism):
    """A text, written by the mechanism that the value of another node chooses.

    Parameters
    ----------
    kind : "switch"
        Names the mechanism.
    by : str
        A node with a list of values.
    cases : mapping of str to mechanism
        For every value of that node a mechanism that writes a text; each has random draws of its own.
    """

    kind: Literal["switch"]
    by: str
    cases: Annotated[dict[str, Mechanism], Field(min_length=1, max_length=100)]

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the node that chooses, and what the cases read."""
        return _parents(self, self.by, self.cases)

    def check_fields(self, known: Iterable[str]) -> None:
        """Refuse fields that name no node, in every case."""
        _check_fields(self.cases, known)

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the draws of all cases, each under the name of its case."""
        result = {}
        for value, case in _covering(self.by, self.cases, scope).items():
            if not isinstance(case, TextMechanism):
                raise MechanismError(("cases", value, "kind"), _other_kind(case, "switch"))
            with _Inside("cases", value):
                result.update({f"{value}/{name}": site for name, site in case.sites(scope).items()})
        return result

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Let every case write its rows."""
        result = [""] * rows
        chosen = np.array(columns[self.by], dtype=object)
        for value, case in self.cases.items():
            own = np.flatnonzero(chosen == value)
            if not len(own) or not isinstance(case, TextMechanism):
                continue
            read = {name: [columns[name][row] for row in own.tolist()] for name, _ in case.parents()}
            drawn = {
                name.removeprefix(f"{value}/"): numbers[own]
                for name, numbers in draws.items()
                if name.startswith(f"{value}/")
            }
            for row, text in zip(own.tolist(), case.write(len(own), read, drawn), strict=True):
                result[row] = text
        return result

    def shortest_word(self, scope: Scope) -> int | None:
        """Return the least length among the cases, if all consist of words."""
        lengths = [case.shortest_word(scope) for case in self.cases.values() if isinstance(case, TextMechanism)]
        known = [length for length in lengths if length is not None]
        return min(known) if known and len(known) == len(self.cases) else None


class SwitchValues(ValueMechanism):
    """A value, drawn by the mechanism that the value of another node chooses.

    Parameters
    ----------
    kind : "switch_values"
        Names the mechanism.
    by : str
        A node with a list of values.
    cases : mapping of str to mechanism
        For every value of that node a mechanism that draws a value. The values of this node are those of all
        cases, in order, equal ones once.
    """

    kind: Literal["switch_values"]
    by: str
    cases: Annotated[dict[str, Mechanism], Field(min_length=1, max_length=100)]

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the node that chooses, and what the cases read."""
        return _parents(self, self.by, self.cases)

    def values(self, scope: Scope) -> tuple[str, ...]:
        """Return the values of all cases."""
        found: dict[str, None] = {}
        for value, case in _covering(self.by, self.cases, scope).items():
            if not isinstance(case, ValueMechanism):
                raise MechanismError(("cases", value, "kind"), _other_kind(case, "switch_values"))
            with _Inside("cases", value):
                found.update(dict.fromkeys(case.values(scope)))
        return tuple(found)

    def site(self, scope: Scope) -> Site:
        """Return a table of shape (values of the choosing node, values of every other parent …, values)."""
        values = self.values(scope)
        domain = scope.values_of(self.by, ("by",))
        parents = tuple(dict.fromkeys(name for name, _ in self.parents()))
        shape = tuple(len(scope.values_of(name, path)) for name, path in _places(self.parents()))
        check_cells((*shape, len(values)), ("cases",))
        table = np.zeros((*shape, len(values)))
        for value, case in self.cases.items():
            if isinstance(case, ValueMechanism):
                with _Inside("cases", value):
                    site, own = case.site(scope), case.values(scope)
                table[domain.index(value)] = _spread(site, own, parents, values, domain.index(value))
        return Site(parents, table)


class _Inside:
    """Puts the place of a case before the place of what is wrong in it."""

    def __init__(self, *path: Step) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, MechanismError):
            raise MechanismError((*self.path, *error.path), error.message, error.offset) from None


def _other_kind(case: Any, kind: str) -> str:
    """Say why a mechanism is no case."""
    if isinstance(case, ValueMechanism):
        return f"'{case.kind}' draws a value and '{kind}' writes texts; write 'switch_values' above"  # type: ignore[attr-defined]
    if isinstance(case, TextMechanism):
        return f"'{case.kind}' writes a text and '{kind}' draws values; write 'switch' above"  # type: ignore[attr-defined]
    return f"'{case.kind}' stands for several nodes, and a case for one; give it a node of its own"


def _check_fields(cases: Mapping[str, Any], known: Iterable[str]) -> None:
    names = tuple(known)
    for value, case in cases.items():
        with _Inside("cases", value):
            case.check_fields(names)


def _parents(switch: MechanismSpec, by: str, cases: Mapping[str, Any]) -> tuple[tuple[str, tuple[Step, ...]], ...]:
    if _depth(switch) > MAXIMUM_DEPTH:
        raise MechanismError(("cases",), f"switches stand in one another more than {MAXIMUM_DEPTH} deep; use fewer")
    found: list[tuple[str, tuple[Step, ...]]] = [(by, ("by",))]
    for value, case in cases.items():
        with _Inside("cases", value):
            found += [(name, ("cases", value, *path)) for name, path in case.parents()]
    return tuple(found)


def _depth(mechanism: MechanismSpec) -> int:
    if not isinstance(mechanism, Switch | SwitchValues):
        return 0
    return 1 + max(_depth(case) for case in mechanism.cases.values())


def _covering(by: str, cases: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
    """Check that the cases are the values of the node."""
    values = scope.values_of(by, ("by",))
    for value in cases:
        if value not in values:
            raise MechanismError(("cases", value), f"'{by}' has no value '{value}'; {did_you_mean(value, values)}")
    missing = [value for value in values if value not in cases]
    if missing:
        raise MechanismError(("cases",), f"there is no case for {by} '{missing[0]}'; add one")
    return cases


def _places(parents: tuple[tuple[str, tuple[Step, ...]], ...]) -> list[tuple[str, tuple[Step, ...]]]:
    """Every parent once, at its first place."""
    found: dict[str, tuple[Step, ...]] = {}
    for name, path in parents:
        found.setdefault(name, path)
    return list(found.items())


def _spread(
    site: Site, own: tuple[str, ...], parents: tuple[str, ...], values: tuple[str, ...], chosen: int
) -> NDArray[np.float64]:
    """Put a case's table on the axes of all parents but the choosing one, the first, and on all values."""
    table = site.table
    axes = list(site.parents)
    if parents[0] in axes:  # the case reads the choosing node too
        table = np.take(table, chosen, axis=axes.index(parents[0]))
        axes.remove(parents[0])
    table = table.transpose([*np.argsort([parents.index(name) for name in axes]).tolist(), table.ndim - 1])
    shape = iter(table.shape[:-1])
    table = table.reshape([*(next(shape) if name in axes else 1 for name in parents[1:]), len(own)])
    result = np.zeros((*table.shape[:-1], len(values)))
    result[..., [values.index(value) for value in own]] = table
    return result
