"""``step_results``: what a chain of steps comes to, read off the ends of its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.mechanisms.single_field import check_single_field, single_field_writer
from causal_reasoning.scm.quantities import Step

#: In which order the results are written.
ORDERS = {"kept": 1, "reversed": -1}


class StepResults(TextMechanism):
    """The last word of every line of a text.

    Parameters
    ----------
    kind : "step_results"
        Names the mechanism.
    of : str
        The node with the steps, one a line.
    order : str, optional
        A node with the values kept and reversed (or one of them): whether the last line's result comes first.
    join : str
        What stands between two results.
    format : str
        A template with the one field ``{result}``.

    Examples
    --------
    >>> results = StepResults(kind="step_results", of="rationale", order="order", join=" | ")
    >>> lines = chr(10).join(["bomi: first b", "tedak: first t"])
    >>> results.write(1, {"rationale": [lines], "order": ["reversed"]}, {})
    ['t | b']
    """

    kind: Literal["step_results"]
    of: str
    order: str | None = None
    join: str = " "
    format: str = "{result}"

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the steps and the order."""
        steps = ((self.of, ("of",)),)
        return steps if self.order is None else (*steps, (self.order, ("order",)))

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the parents."""
        check_single_field(self.format, "result")
        if self.order is not None:
            scope.values_among(self.order, ("order",), ORDERS, "no order")
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Take the ends of the lines and put them into the format."""
        fill = single_field_writer(self.format)
        orders = ["kept"] * rows if self.order is None else columns[self.order]
        written = []
        for text, order in zip(columns[self.of], orders, strict=True):
            ends = [line.split()[-1] for line in text.splitlines() if line.strip()]
            written.append(fill(self.join.join(ends[:: ORDERS[order]])))
        return written
