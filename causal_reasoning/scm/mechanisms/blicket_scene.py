"""``blicket_scene``: panels of a blicket machine and a query, of the kind and with the shortcut that are asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, combinations
from math import comb
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictInt

from causal_reasoning.errors import InputError
from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism, later, unique_values
from causal_reasoning.scm.mechanisms.blickets import KINDS, STATES, Scene
from causal_reasoning.scm.mechanisms.randomness import Source, noise_site, sources
from causal_reasoning.scm.quantities import MechanismError, Step

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$", max_length=20)]
Chance = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
#: Panels that are drawn once, with all their queries; rows then draw from these, with objects and panels in any order.
MACHINES = 4_000
QUERIES = (
    6  # of each size that are drawn of a machine where sizes are given; else all of one to three objects are taken
)
LARGEST = 8  # objects in a scene
RARE = 0.01  # sizes below this do not count when enough different panels are looked for


class BlicketScene(TextMechanism):
    """A scene, written as ``cat dog: on | dog: off ? cat`` for the `blicket` mechanism.

    All scenes of a kind and a shortcut have equal probabilities, up to the finite number of machines that are drawn
    beforehand; names go to objects and panels to places at random.

    Parameters
    ----------
    kind : "blicket_scene"
        Names the mechanism.
    query : str
        A node that says what answers the query: direct, indirect, screening_off, backward_blocking, never_lit or
        ambiguous.
    shortcut : str
        A node that says what covariation answers: on, off or undetermined.
    objects : list of str
        Names of the objects, single words or numbers: 4 to 8, or more where ``in_scene`` says how many a scene has.
    panels : int
        How many panels there are, 4 to 6.
    in_scene : int, optional
        How many of the objects a scene draws its own from, 4 to 8; by default all.
    sizes : list of float, optional
        Probabilities of panels with one object, two, and so on; queries have as many, all numbers alike. By default a
        quarter of the panels has one, and the others are any sets of up to three, as are the queries.
    size : str, optional
        A node that says how many objects the query has.
    """

    kind: Literal["blicket_scene"]
    query: str
    shortcut: str
    objects: Annotated[tuple[Word, ...], Field(min_length=4, max_length=100)]
    panels: Annotated[StrictInt, Field(ge=4, le=6)] = 5
    in_scene: Annotated[StrictInt, Field(ge=4, le=LARGEST)] | None = later(None)
    sizes: Annotated[tuple[Chance, ...], Field(min_length=1, max_length=LARGEST)] | None = later(None)
    size: str | None = later(None)

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the kind of the query, the shortcut and the size."""
        named = ((self.query, ("query",)), (self.shortcut, ("shortcut",)))
        return named if self.size is None else (*named, (self.size, ("size",)))

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the row's noise."""
        unique_values(self.objects, ("objects",))
        self._check_counts()
        for node, key, known in ((self.query, "query", KINDS), (self.shortcut, "shortcut", STATES)):
            scope.values_among(node, (key,), known, "which is none here")
        if self.size is not None:
            known_sizes = map(str, range(1, 1 + len(self.sizes or (1, 2, 3))))
            scope.values_among(self.size, ("size",), known_sizes, "no number of objects that a query can have")
        return {"noise": noise_site()}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Draw a scene of the kind for every row."""
        known = scenes(self._used, self.panels, self.sizes)
        sizes = [0] * rows if self.size is None else [int(size) for size in columns[self.size]]
        wanted = list(zip(columns[self.query], columns[self.shortcut], sizes, strict=True))
        pools = {}
        for kind, shortcut, size in dict.fromkeys(wanted):
            pool = [scene for scene in known[kind, shortcut] if size in (0, scene.query.bit_count())]
            if not pool:
                of_size = f" of {size} object{'s' * (size > 1)}" if size else ""
                message = f"no scene has a query{of_size} of the kind '{kind}' whose covariation says '{shortcut}'"
                raise InputError.at(self.query, f"{message}; give this combination no probability")
            pools[kind, shortcut, size] = pool
        return [
            self._written(source.pick(pools[one]), source)
            for one, source in zip(wanted, sources(draws["noise"]), strict=True)
        ]

    @property
    def _used(self) -> int:
        return len(self.objects) if self.in_scene is None else self.in_scene

    def _check_counts(self) -> None:
        if self.in_scene is None and len(self.objects) > LARGEST:
            message = f"a scene has at most {LARGEST} objects, and these are {len(self.objects)}"
            raise MechanismError(("objects",), f"{message}; say how many of them with 'in_scene'")
        if self._used > len(self.objects):
            message = f"a scene cannot draw {self._used} of {len(self.objects)} objects"
            raise MechanismError(("in_scene",), f"{message}; at most {len(self.objects)}")
        if self.sizes is None:
            return
        if len(self.sizes) > self._used:
            message = f"these are probabilities of up to {len(self.sizes)} objects, and a scene has {self._used}"
            raise MechanismError(("sizes",), f"{message}; give at most {self._used}")
        if abs(sum(self.sizes) - 1) > 1e-6:
            raise MechanismError(("sizes",), f"these sum to {sum(self.sizes):.6g}; probabilities sum to 1")
        panels = sum(comb(self._used, size) for size, chance in enumerate(self.sizes, start=1) if chance >= RARE)
        if panels < 2 * self.panels:
            message = f"only {panels} panels have these sizes, too few for {self.panels} different ones at random"
            raise MechanismError(("sizes",), f"{message}; give more sizes a probability")

    def _written(self, scene: Scene, source: Source) -> str:
        names = source.some(self.objects, self._used)

        def listed(objects: int) -> str:
            present = [name for index, name in enumerate(names) if objects >> index & 1]
            return " ".join(source.some(present, len(present)))

        panels = source.some(scene.panels, len(scene.panels))
        shown = " | ".join(f"{listed(objects)}: {'on' if lit else 'off'}" for objects, lit in panels)
        return f"{shown} ? {listed(scene.query)}"


@lru_cache(maxsize=8)
def scenes(
    objects: int, panels: int, sizes: tuple[float, ...] | None = None
) -> Mapping[tuple[str, str], Sequence[Scene]]:
    """Draw machines and sort their queries by kind and shortcut.

    Parameters
    ----------
    objects : int
        How many objects there are, at least 4.
    panels : int
        How many panels, all different.
    sizes : tuple of float, optional
        Probabilities of panels with one object, two, and so on; queries have as many. By default both have one to
        three, and all queries are taken.

    Returns
    -------
    mapping of (str, str) to sequence of Scene
        Every kind with every shortcut, none of some; the same in every process.
    """
    source = Source(objects * 100 + panels)
    groups = [sum(1 << i for i in chosen) for size in (1, 2, 3) for chosen in combinations(range(objects), size)]
    small = [group for group in groups if group.bit_count() == 1]
    found: dict[tuple[str, str], list[Scene]] = {(kind, state): [] for kind in KINDS for state in STATES}
    for _ in range(MACHINES):
        blickets = sum(1 << i for i in source.some(range(objects), 1 + source.below(objects // 2)))
        shown: list[int] = []
        while len(shown) < panels:
            group = (
                source.pick(small if source.chance(0.25) else groups)
                if sizes is None
                else _sized(source, sizes, objects)
            )
            if group not in shown:
                shown.append(group)
        seen = 0
        for group in shown:
            seen |= group
        machine = tuple((group, bool(group & blickets)) for group in shown)
        queries = groups if sizes is None else _of_every_size(source, seen, len(sizes))
        for query in queries:
            if not query & ~seen:
                scene = Scene(machine, query)
                found[scene.kind, scene.covariation].append(scene)
    return found


def _sized(source: Source, sizes: Sequence[float], objects: int) -> int:
    """Draw a size, then a set of objects of that size, as a mask."""
    size = 1 + min(bisect_right(list(accumulate(sizes)), source.share()), len(sizes) - 1)
    return sum(1 << index for index in source.some(range(objects), size))


def _of_every_size(source: Source, seen: int, largest: int) -> list[int]:
    """Draw queries of one object, two, and so on, out of those that were seen; all different."""
    among = [index for index in range(seen.bit_length()) if seen >> index & 1]
    drawn = (
        sum(1 << index for index in source.some(among, size))
        for size in range(1, min(largest, len(among)) + 1)
        for _ in range(QUERIES)
    )
    return list(dict.fromkeys(drawn))
