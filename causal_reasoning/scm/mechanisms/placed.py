"""A mechanism that stands in another place: its causes have other names there, its parameters values of their own.

Nested worlds and time steps are written out as ordinary nodes; a mechanism knows nothing of where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, SerializeAsAny

from causal_reasoning.scm.mechanisms.base import MechanismSpec, Scope, Site, TextMechanism, ValueMechanism
from causal_reasoning.scm.mechanisms.template import Template
from causal_reasoning.scm.quantities import Step


class _Placed(MechanismSpec):
    """What values and texts have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: dict[str, str]
    parameters: dict[str, float] | None

    def _scope(self, scope: Scope) -> Scope:
        """The scope as the mechanism sees it."""
        back = self.names.items()
        return Scope(
            scope.parameters if self.parameters is None else self.parameters,
            {**scope.values, **{inner: scope.values[outer] for inner, outer in back if outer in scope.values}},
            {
                **scope.shortest_word,
                **{inner: scope.shortest_word[outer] for inner, outer in back if outer in scope.shortest_word},
            },
        )

    def _site(self, site: Site) -> Site:
        return Site(tuple(self.names.get(parent, parent) for parent in site.parents), site.table)


class PlacedValue(_Placed, ValueMechanism):
    """A `ValueMechanism` with other names for its parents.

    Parameters
    ----------
    mechanism : ValueMechanism
        What stands here.
    names : mapping of str to str
        For every parent as the mechanism names it, the node that it is here.
    parameters : mapping of str to float, optional
        The parameters that it sees; by default those of the world.
    """

    mechanism: SerializeAsAny[ValueMechanism]

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the parents under the names that they have here."""
        return tuple((self.names.get(name, name), path) for name, path in self.mechanism.parents())

    def values(self, scope: Scope) -> tuple[str, ...]:
        """Return the mechanism's values."""
        return self.mechanism.values(self._scope(scope))

    def site(self, scope: Scope) -> Site:
        """Return the mechanism's table."""
        return self._site(self.mechanism.site(self._scope(scope)))


class PlacedText(_Placed, TextMechanism):
    """A `TextMechanism` with other names for its parents.

    Parameters
    ----------
    mechanism : TextMechanism
        What stands here.
    names : mapping of str to str
        For every parent as the mechanism names it, the node that it is here.
    parameters : mapping of str to float, optional
        The parameters that it sees; by default those of the world.
    """

    mechanism: SerializeAsAny[TextMechanism]

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the parents under the names that they have here."""
        return tuple((self.names.get(name, name), path) for name, path in self.mechanism.parents())

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the mechanism's draws."""
        return {name: self._site(site) for name, site in self.mechanism.sites(self._scope(scope)).items()}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Let the mechanism write."""
        seen = {inner: columns[outer] for inner, outer in self.names.items() if outer in columns}
        return self.mechanism.write(rows, {**columns, **seen}, draws)

    def shortest_word(self, scope: Scope) -> int | None:
        """Return the mechanism's answer."""
        return self.mechanism.shortest_word(self._scope(scope))


def placed(
    mechanism: MechanismSpec, names: Mapping[str, str], parameters: Mapping[str, float] | None = None
) -> MechanismSpec:
    """Put a mechanism where its parents have other names.

    Parameters
    ----------
    mechanism : MechanismSpec
        What is to stand there.
    names : mapping of str to str
        New names of parents; those that are left out keep theirs.
    parameters : mapping of str to float, optional
        Parameters of its own.

    Returns
    -------
    MechanismSpec
        The mechanism itself where nothing changes for it; a template stays a template.

    Examples
    --------
    >>> placed(Template(kind="template", text="{cue}!"), {"cue": "task_cue"}).text
    '{task_cue}!'
    """
    if isinstance(mechanism, PlacedValue | PlacedText):
        names = {inner: names.get(outer, outer) for inner, outer in mechanism.names.items()}
        parameters = mechanism.parameters if mechanism.parameters is not None else parameters
        return placed(mechanism.mechanism, names, parameters)
    if isinstance(mechanism, Template):
        return mechanism.renamed(names)
    own = {name: names.get(name, name) for name in sorted({name for name, _ in mechanism.parents()})}
    given = None if parameters is None else dict(sorted(parameters.items()))
    if given is None and all(inner == outer for inner, outer in own.items()):
        return mechanism
    if isinstance(mechanism, ValueMechanism):
        return PlacedValue(mechanism=mechanism, names=own, parameters=given)
    if isinstance(mechanism, TextMechanism):
        return PlacedText(mechanism=mechanism, names=own, parameters=given)
    raise TypeError(f"{type(mechanism).__name__} stands for nodes, and is none itself")
