"""``score_steps``: a weighted sum and its comparison with thresholds, one step a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.mechanisms.linear_threshold import Thresholds, Weights, resolved_thresholds
from causal_reasoning.scm.mechanisms.numbers import shown, whole_numbers
from causal_reasoning.scm.quantities import MechanismError, Step


class ScoreSteps(TextMechanism):
    """The reasoning behind a `linear_threshold` node: products, running sum, comparison.

    Weights and thresholds are written out here: the steps show them.

    Parameters
    ----------
    kind : "score_steps"
        Names the mechanism.
    weights : mapping of str to number
        As in the node that is explained; no parameters.
    thresholds : list of number
        As there; no parameters.

    Examples
    --------
    >>> steps = ScoreSteps(kind="score_steps", weights={"wind": 2, "rain": 1}, thresholds=[15])
    >>> print(steps.write(1, {"wind": ["7"], "rain": ["3"]}, {})[0])
    wind 2 * 7 = 14
    rain 14 + 3 = 17
    17 is over 15
    """

    kind: Literal["score_steps"]
    weights: Weights
    thresholds: Thresholds

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the nodes that have a weight."""
        return tuple((name, ("weights", name)) for name in self.weights)

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the parents."""
        for name, path in self.parents():
            whole_numbers(name, scope.values_of(name, path), path)
        numbers = [(("weights", name), weight) for name, weight in self.weights.items()]
        numbers += [(("thresholds", str(i)), limit) for i, limit in enumerate(self.thresholds)]
        for path, number in numbers:
            if isinstance(number, str):
                place: tuple[Step, ...] = (path[0], int(path[1])) if path[0] == "thresholds" else path
                raise MechanismError(place, f"'{number}' is a parameter, and steps show numbers; write the number")
        resolved_thresholds(self.thresholds, scope)
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Calculate."""
        return [self._steps([int(columns[name][row]) for name in self.weights]) for row in range(rows)]

    def _steps(self, numbers: Sequence[int]) -> str:
        lines: list[str] = []
        total = 0.0
        for name, number in zip(self.weights, numbers, strict=True):
            weight = float(self.weights[name])
            part = weight * number
            written = f"{shown(weight)} * {number} = {shown(part)}" if weight != 1.0 else str(number)
            if lines and weight != 1.0:
                lines.append(f"{name} {written}")
                lines.append(f"{shown(total)} + {shown(part)} = {shown(total + part)}")
            elif lines:
                lines.append(f"{name} {shown(total)} + {number} = {shown(total + part)}")
            else:
                lines.append(f"{name} {written}")
            total += part
        limits = [float(limit) for limit in self.thresholds]
        passed = [limit for limit in limits if total > limit]
        missed = [limit for limit in limits if total <= limit]
        parts = ([f"over {shown(passed[-1])}"] if passed else []) + ([f"not over {shown(missed[0])}"] if missed else [])
        return "\n".join([*lines, f"{shown(total)} is {', '.join(parts)}"])
