"""``noisy_copy``: the value of another node, now and then replaced by a random one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from causal_reasoning.errors import did_you_mean
from causal_reasoning.scm.mechanisms.base import Scope, Site, ValueMechanism, check_cells
from causal_reasoning.scm.quantities import MechanismError, Number, Step, probability


class NoisyCopy(ValueMechanism):
    """A copy of a parent, perhaps translated, that fails at random.

    Parameters
    ----------
    kind : "noisy_copy"
        Names the mechanism.
    of : str
        The parent: a node with a list of values.
    map : mapping of str to str, optional
        Translation of every value of the parent; without it the values stay as they are. The node's values are
        the translations, in the order of the parent's values.
    fidelity : number, optional
        Probability of copying. Exactly one of ``fidelity`` and ``noise`` is given.
    noise : number, optional
        Probability of not copying: one minus the fidelity.
    otherwise : "all" or "others"
        What happens when it does not copy: a uniform draw from all values (the copy may come up by chance), or
        from the values other than the copy (then ``noise`` is exactly the rate of wrong values).
    """

    kind: Literal["noisy_copy"]
    of: str
    map: dict[str, str] | None = None
    fidelity: Number | None = None
    noise: Number | None = None
    otherwise: Literal["all", "others"]

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the one parent."""
        return ((self.of, ("of",)),)

    def values(self, scope: Scope) -> tuple[str, ...]:
        """Return the parent's values, translated; repeated translations count once."""
        return tuple(dict.fromkeys(self._translations(scope)))

    def site(self, scope: Scope) -> Site:
        """Return a table of shape (values of the parent, values)."""
        copies = self._translations(scope)
        values = self.values(scope)
        check_cells((len(copies), len(values)), ("of",))
        noise = self._noise(scope)
        size = len(values)
        table = np.zeros((len(copies), size))
        for row, copy in enumerate(copies):
            right = values.index(copy)
            if self.otherwise == "all":
                table[row] = noise / size
                table[row, right] += 1.0 - noise
            elif size == 1 and noise > 0.0:
                raise MechanismError(("otherwise",), "there is no other value to take; write 'all' or add values")
            else:
                table[row] = noise / max(size - 1, 1)
                table[row, right] = 1.0 - noise
        return Site((self.of,), table)

    def _noise(self, scope: Scope) -> float:
        if self.fidelity is not None and self.noise is not None:
            raise MechanismError(("noise",), "both 'fidelity' and 'noise' are given; they sum to 1, keep one")
        if self.fidelity is not None:
            return 1.0 - probability(self.fidelity, scope.parameters, ("fidelity",))
        if self.noise is not None:
            return probability(self.noise, scope.parameters, ("noise",))
        raise MechanismError((), "the probability of copying is missing; add 'fidelity' (or 'noise')")

    def _translations(self, scope: Scope) -> tuple[str, ...]:
        """For every value of the parent, what a faithful copy is."""
        values = scope.values_of(self.of, ("of",))
        if self.map is None:
            return values
        for value in self.map:
            if value not in values:
                raise MechanismError(
                    ("map", value), f"'{self.of}' has no value '{value}'; {did_you_mean(value, values)}"
                )
        missing = [value for value in values if value not in self.map]
        if missing:
            raise MechanismError(("map",), f"the value '{missing[0]}' of '{self.of}' is not translated; add it")
        return tuple(self.map[value] for value in values)
