"""``number_list``: different whole numbers in random order, such as ``7 2 9 4``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictInt

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.mechanisms.randomness import noise_site, sources
from causal_reasoning.scm.quantities import MechanismError, Step

Bound = Annotated[StrictInt, Field(ge=0, le=999)]


class NumberList(TextMechanism):
    """Whole numbers from a range, all different, separated by a space; all lists are equally likely.

    Parameters
    ----------
    kind : "number_list"
        Names the mechanism.
    count : int
        How many, 2 to 12.
    least, greatest : int
        The range; both ends belong to it.
    """

    kind: Literal["number_list"]
    count: Annotated[StrictInt, Field(ge=2, le=12)]
    least: Bound = 0
    greatest: Bound = 9

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return nothing: the node is exogenous."""
        return ()

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the row's noise."""
        size = self.greatest - self.least + 1
        if size < self.count:
            message = (
                f"{self.least} to {self.greatest} are {max(size, 0)} numbers; {self.count} different ones are asked for"
            )
            raise MechanismError(("count",), message)
        return {"noise": noise_site()}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Draw without replacement."""
        numbers = [str(number) for number in range(self.least, self.greatest + 1)]
        return [" ".join(source.some(numbers, self.count)) for source in sources(draws["noise"])]
