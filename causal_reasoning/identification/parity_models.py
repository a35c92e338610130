"""Pairs of models that a hedge makes indistinguishable: sums of bits.

Every node of the outer forest is the parity of its parents in the forest and of the fair hidden bits on its edges.
The bidirected edges form a tree, and each bit enters two nodes, so the parity of all roots is zero. In the second
model the inner forest takes no notice of the rest of the outer one; its own bits make the parity of the roots zero
already. In both, the outer forest is uniform over all values with that parity. Setting a treatment cuts the sum
of the first model in the middle, where a bit is left over: the parity of the roots becomes a fair coin. In the
second model it stays zero.

Everything else is added in the same way to both models, as bits of its own that are functions of observed bits, of
hidden bits of their own and of noise, and so cannot tell the models apart.

References
----------
I. Shpitser and J. Pearl, "Identification of joint interventional distributions in recursive semi-Markovian causal
models" (AAAI 2006), for the two forests; the same, "Identification of conditional interventional distributions" (UAI
2006), for conditions. The bits are arranged otherwise here, so that every joint distribution is positive.
"""

from __future__ import annotations

from math import prod
from typing import Literal

import numpy as np

from causal_reasoning.graph.causal_graph import CausalGraph, Edge
from causal_reasoning.identification.bitsets import bits
from causal_reasoning.identification.parity_wiring import Wiring
from causal_reasoning.identification.query import QueryError
from causal_reasoning.identification.structural_model import MOST_ENTRIES, Hidden, Mechanism, Model

NOISE = 1 / 16
"""How often a bit is flipped; a power of two, so that the tables have no rounding."""

Part = Literal["forest", "route", "path", "descent"]
"""What a bit of a node is for; see `Wiring`."""
Source = tuple[int, ...]
"""What can be read: a node, or the hidden cause of two."""
Bit = tuple[Source, int]
"""One bit of it."""


def parity_models(graph: CausalGraph, wiring: Wiring) -> tuple[Model, Model]:
    """Build the two models.

    Parameters
    ----------
    graph : CausalGraph
        A graph without latent nodes.
    wiring : Wiring
        Which node reads what.

    Returns
    -------
    (Model, Model)
        With the same observed distribution, which is positive everywhere. A node has two values, or 2^k if the
        ways of k bits meet in it; a node on no way is zero but for noise.

    Raises
    ------
    QueryError
        If a node reads so much that its table would have more than 2^20 entries.
    """
    builder = _Builder(graph, wiring)
    return builder.model(split=False), builder.model(split=True)


class _Builder:
    """The bits of every node."""

    def __init__(self, graph: CausalGraph, wiring: Wiring) -> None:
        self.graph, self.wiring = graph, wiring
        self.hidden = sorted(wiring.forest.tree | (wiring.path.hidden if wiring.path else set()))
        self.places = [self._places(i) for i in range(len(graph))]
        self.noisy = wiring.forest.roots.bit_length() - 1  # one of the roots

    def _places(self, i: int) -> dict[Part, int]:
        """Number the bits of a node; parts with the same number are added up in one bit."""
        wiring, places = self.wiring, dict[Part, int]()
        path = wiring.path
        if wiring.forest.outer >> i & 1:
            places["forest"] = 0
        if i in wiring.route.values():
            # A root is added to what comes from other roots.
            places["route"] = 0 if wiring.forest.roots >> i & 1 else len(places)
        if path and i == path.start:
            # Here the hedge is mixed with the path: whoever knows the path, knows the parity of the roots.
            places["path"] = max(places.values())
        elif path and i in path.parents:
            places["path"] = max(places.values(), default=-1) + 1
        if path and i in path.descent.values():
            places["descent"] = max(places.values(), default=-1) + 1
        return places or {"route": 0}

    def model(self, *, split: bool) -> Model:
        """Build the first model, or the second, in which the inner forest is split off."""
        hidden = tuple(Hidden(self._edge(pair), (1 / self._size(pair),) * self._size(pair)) for pair in self.hidden)
        return Model(self.graph, hidden, tuple(self._mechanism(i, split) for i in range(len(self.graph))))

    def _mechanism(self, i: int, split: bool) -> Mechanism:
        name, places = self.graph.nodes[i], self.places[i]
        sums: list[list[Bit]] = [[] for _ in set(places.values())]
        for part, place in places.items():
            sums[place] += self._read(i, part, split)
        read = sorted({source for terms in sums for source, _ in terms}, key=lambda one: (len(one), one))
        shape = tuple(self._size(source) for source in read)
        if (entries := prod(shape) << len(sums)) > MOST_ENTRIES:
            raise QueryError(
                f"'{name}' reads {len(read)} variables, so that its table would have {entries} entries, and at most "
                f"{MOST_ENTRIES} are enumerated"
            )
        grid = dict(zip(read, np.indices(shape), strict=True))
        table, words = np.ones((*shape, 1)), []
        for place, terms in enumerate(sums):
            value = np.zeros(shape, dtype=np.int64)
            for source, which in terms:
                value ^= grid[source] >> which & 1
            noise = self._noise(i, place, bool(terms))
            one = value * (1 - noise) + (1 - value) * noise
            bit = np.stack([1 - one, one], -1)
            # A later bit counts twice as much.
            table = (bit[..., :, None] * table[..., None, :]).reshape((*shape, -1))
            words.append(f"{name}{f'[{place}]' if len(sums) > 1 else ''} = {self._formula(terms, noise)}")
        parents = [self.graph.nodes[source[0]] for source in read if len(source) == 1]
        return Mechanism(name, parents, [self._edge(s) for s in read if len(s) == 2], table, "; ".join(words))

    def _read(self, i: int, part: Part, split: bool) -> list[Bit]:
        """List the bits that are added up in a part of a node."""
        forest, route, path = self.wiring.forest, self.wiring.route, self.wiring.path
        if part == "forest":
            heard = forest.inner if split and forest.inner >> i & 1 else forest.outer
            above = [j for j, child in sorted(forest.child.items()) if child == i and heard >> j & 1]
            trunk = [pair for pair in sorted(forest.tree) if i in pair and all(heard >> j & 1 for j in pair)]
            return [((j,), 0) for j in above] + [(pair, 0) for pair in trunk]
        if part == "route":
            above = [j for j, following in sorted(route.items()) if following == i]
            return [((j,), 0 if forest.roots >> j & 1 else self.places[j]["route"]) for j in above]
        assert path is not None  # noqa: S101 - the other parts exist on a path only
        if part == "path":
            beside = [pair for pair in sorted(path.hidden) if i in pair]
            own: list[Bit] = [((j,), self.places[j]["path"]) for j in bits(path.parents[i])]
            return own + [(pair, int(pair in forest.tree)) for pair in beside]
        above = [j for j, following in sorted(path.descent.items()) if following == i]
        met: list[Bit] = [((j,), self.places[j]["path"]) for j in above if path.colliders >> j & 1]
        return met + [((j,), self.places[j]["descent"]) for j in above if "descent" in self.places[j]]

    def _noise(self, i: int, place: int, reads: bool) -> float:
        parts = [part for part, number in self.places[i].items() if number == place]
        if "forest" in parts:
            return NOISE if i == self.noisy else 0.0
        return NOISE if reads or "path" not in parts else 0.5

    def _formula(self, terms: list[Bit], noise: float) -> str:
        words = []
        for source, which in terms:
            name = self.graph.nodes[source[0]] if len(source) == 1 else Hidden(self._edge(source), ()).name
            words.append(f"{name}[{which}]" if self._size(source) > 2 else name)
        if noise == 0.5:
            return "a fair coin"
        said = " ⊕ ".join(words) or "0"
        return f"{said}, flipped with probability 1/{round(1 / noise)}" if noise else said

    def _size(self, source: Source) -> int:
        """The number of values of a node or hidden cause."""
        if len(source) == 1:
            return 1 << len(set(self.places[source[0]].values()))
        path = self.wiring.path
        return 4 if path and source in path.hidden and source in self.wiring.forest.tree else 2

    def _edge(self, pair: Source) -> Edge:
        return self.graph.nodes[pair[0]], self.graph.nodes[pair[1]]
