"""``blicket_scene``: panels of a blicket machine and a query, of the kind and with the shortcut that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictInt

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism, unique_values
from causal_reasoning.scm.mechanisms.blickets import KINDS, STATES, Scene
from causal_reasoning.scm.mechanisms.randomness import Source, noise_site, sources
from causal_reasoning.scm.quantities import Step

Word = Annotated[str, Field(pattern=r"^[A-Za-z]+$", max_length=20)]
#: Panels that are drawn once, with all their queries; rows then draw from these, with objects and panels in any order.
MACHINES = 4_000


class BlicketScene(TextMechanism):
    """A scene, written as ``cat dog: on | dog: off ? cat`` for the `blicket` mechanism.

    All scenes of a kind and a shortcut have equal probabilities, up to the finite number of machines that are drawn
    beforehand; names go to objects and panels to places at random.

    Parameters
    ----------
    kind : "blicket_scene"
        Names the mechanism.
    query : str
        A node that says what answers the query: direct, indirect, screening_off or backward_blocking.
    shortcut : str
        A node that says what covariation answers: on, off or undetermined.
    objects : list of str
        Names of the objects, single words, 4 to 8.
    panels : int
        How many panels there are, 4 to 6.
    """

    kind: Literal["blicket_scene"]
    query: str
    shortcut: str
    objects: Annotated[tuple[Word, ...], Field(min_length=4, max_length=8)]
    panels: Annotated[StrictInt, Field(ge=4, le=6)] = 5

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the kind of the query and the shortcut."""
        return ((self.query, ("query",)), (self.shortcut, ("shortcut",)))

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the row's noise."""
        unique_values(self.objects, ("objects",))
        for node, key, known in ((self.query, "query", KINDS), (self.shortcut, "shortcut", STATES)):
            scope.values_among(node, (key,), known, "which is none here")
        return {"noise": noise_site()}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Draw a scene of the kind for every row."""
        known = scenes(len(self.objects), self.panels)
        wanted = zip(columns[self.query], columns[self.shortcut], sources(draws["noise"]), strict=True)
        return [self._written(source.pick(known[kind, shortcut]), source) for kind, shortcut, source in wanted]

    def _written(self, scene: Scene, source: Source) -> str:
        names = source.some(self.objects, len(self.objects))

        def listed(objects: int) -> str:
            present = [name for index, name in enumerate(names) if objects >> index & 1]
            return " ".join(source.some(present, len(present)))

        panels = source.some(scene.panels, len(scene.panels))
        shown = " | ".join(f"{listed(objects)}: {'on' if lit else 'off'}" for objects, lit in panels)
        return f"{shown} ? {listed(scene.query)}"


@lru_cache(maxsize=8)
def scenes(objects: int, panels: int) -> Mapping[tuple[str, str], Sequence[Scene]]:
    """Draw machines and sort all their queries of one to three objects by kind and shortcut.

    Parameters
    ----------
    objects : int
        How many objects there are, at least 4.
    panels : int
        How many panels, each with one to three objects, all different.

    Returns
    -------
    mapping of (str, str) to sequence of Scene
        Every kind with every shortcut; the same in every process.
    """
    source = Source(objects * 100 + panels)
    groups = [sum(1 << i for i in chosen) for size in (1, 2, 3) for chosen in combinations(range(objects), size)]
    small = [group for group in groups if group.bit_count() == 1]
    found: dict[tuple[str, str], list[Scene]] = {(kind, state): [] for kind in KINDS for state in STATES}
    for _ in range(MACHINES):
        blickets = sum(1 << i for i in source.some(range(objects), 1 + source.below(objects // 2)))
        shown: list[int] = []
        while len(shown) < panels:
            group = source.pick(small if source.chance(0.25) else groups)
            if group not in shown:
                shown.append(group)
        seen = 0
        for group in shown:
            seen |= group
        machine = tuple((group, bool(group & blickets)) for group in shown)
        for query in groups:
            if not query & ~seen:
                scene = Scene(machine, query)
                kind = scene.kind
                if kind is not None:
                    found[kind, scene.covariation].append(scene)
    return found
