"""Where the boxes of a causal graph go: layers from left to right with few crossings and short edges.

The steps are those of Sugiyama: every node gets a layer, edges that span several layers get a placeholder in
each layer between, the order within the layers is improved by barycentre sweeps, and the vertical places
minimise the squared slopes of the edges. Nothing is random.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from causal_reasoning.graph.causal_graph import CausalGraph, Edge

BOX_GAP = 38.0  # between two boxes of a layer
LINE_GAP = 24.0  # between a box and an edge that passes it, and between two such edges
SWEEPS = 12  # of the ordering, from each start
ROUNDS = 80  # of the vertical placement; it converges to the optimum, this is enough to see no difference


@dataclass(frozen=True)
class Box:
    """A placed box: its middle and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """The left border."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """The right border."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """The upper border."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """The lower border."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Layout:
    """The places of boxes and of the edges that pass them.

    Parameters
    ----------
    boxes : mapping of str to Box
        One box a node; boxes of a layer share their width.
    layer : mapping of str to int
        The layer of each node, from the left.
    columns : tuple of (float, float)
        Left and right border of each layer.
    lanes : mapping of ((str, str), bool) to tuple of float
        For an edge, and whether it is a bidirected one, the heights at which it passes each layer between its
        ends.
    """

    boxes: Mapping[str, Box]
    layer: Mapping[str, int]
    columns: tuple[tuple[float, float], ...]
    lanes: Mapping[tuple[Edge, bool], tuple[float, ...]]


@dataclass
class _Grid:
    """Nodes and placeholders as numbers, with their neighbours one layer to the left and to the right."""

    layers: list[list[int]]
    left: list[list[int]]
    right: list[list[int]]
    height: list[float]  # 0 marks a placeholder


def place(graph: CausalGraph, sizes: Mapping[str, tuple[float, float]], lanes: Sequence[Edge] = ()) -> Layout:
    """Place the nodes of a graph.

    Parameters
    ----------
    graph : CausalGraph
        What to place.
    sizes : mapping of str to (float, float)
        Width and height that each node needs, in pixels.
    lanes : sequence of (str, str)
        Bidirected edges that need a free lane past the layers between their ends, as arrows have.

    Returns
    -------
    Layout
        The same for the same input, always.

    Examples
    --------
    >>> spots = place(CausalGraph("xy", [("x", "y")]), {"x": (60, 40), "y": (60, 40)})
    >>> spots.boxes["x"].right < spots.boxes["y"].left
    True
    """
    layer = assign_layers(graph)
    edges = [(edge, False) for edge in graph.directed]
    edges += [((a, b) if layer[a] <= layer[b] else (b, a), True) for a, b in sorted(lanes)]
    grid, chains = _grid(graph, layer, edges, sizes)
    _order(grid)
    y = _heights(grid)
    number = {name: i for i, name in enumerate(graph.nodes)}
    columns = _columns(graph, layer, sizes, grid, y)
    boxes = {
        name: Box(
            (columns[layer[name]][0] + columns[layer[name]][1]) / 2,
            y[number[name]],
            columns[layer[name]][1] - columns[layer[name]][0],
            sizes[name][1],
        )
        for name in graph.nodes
    }
    spots = {edge: tuple(y[i] for i in chain) for edge, chain in chains.items()}
    return Layout(boxes, layer, columns, spots)


def assign_layers(graph: CausalGraph) -> dict[str, int]:
    """Give each node a layer so that every arrow points to the right and edges are short.

    Parameters
    ----------
    graph : CausalGraph
        What to place.

    Returns
    -------
    dict of str to int
        Layers from 0; nodes without any edge fill the emptiest layers.
    """
    layer: dict[str, int] = {}
    for name in graph.topological_order:
        layer[name] = max((layer[p] + 1 for p in graph.parents(name)), default=0)
    last = max(layer.values(), default=0)
    moved = True
    while moved:
        moved = False
        for name in reversed(graph.topological_order):
            parents, children = graph.parents(name), graph.children(name)
            low = max((layer[p] + 1 for p in parents), default=0)
            high = min((layer[c] - 1 for c in children), default=last)

            def length(at: int, near: tuple[str, ...] = (*parents, *children), name: str = name) -> float:
                total = sum(abs(at - layer[m]) for m in near)
                return total + 0.4 * sum(abs(at - layer[m]) for m in graph.siblings(name))

            best = min(range(low, high + 1), key=lambda at: (length(at), at))
            if length(best) < length(layer[name]) - 1e-9:
                layer[name], moved = best, True
    alone = [n for n in graph.nodes if not (graph.parents(n) or graph.children(n) or graph.siblings(n))]
    linked = [n for n in graph.nodes if n not in alone]
    width = max(last + 1 if linked else 0, round((len(alone)) ** 0.5))
    filled = [sum(layer[n] == i for n in linked) for i in range(width)]
    for name in alone:
        layer[name] = min(range(width), key=lambda i: (filled[i], i))
        filled[layer[name]] += 1
    used = sorted(set(layer.values()))
    return {name: used.index(layer[name]) for name in graph.nodes}


def _grid(
    graph: CausalGraph,
    layer: Mapping[str, int],
    edges: Sequence[tuple[Edge, bool]],
    sizes: Mapping[str, tuple[float, float]],
) -> tuple[_Grid, dict[tuple[Edge, bool], list[int]]]:
    number = {name: i for i, name in enumerate(graph.nodes)}
    height = [sizes[name][1] for name in graph.nodes]
    layers: list[list[int]] = [[] for _ in range(max(layer.values(), default=0) + 1)]
    left: list[list[int]] = [[] for _ in graph.nodes]
    right: list[list[int]] = [[] for _ in graph.nodes]
    for name in graph.topological_order:
        layers[layer[name]].append(number[name])
    chains: dict[tuple[Edge, bool], list[int]] = {}
    for (a, b), hidden in edges:
        chain = []
        before = number[a]
        for at in range(layer[a] + 1, layer[b]):
            here = len(height)
            height.append(0.0)
            left.append([])
            right.append([])
            layers[at].append(here)
            chain.append(here)
            right[before].append(here)
            left[here].append(before)
            before = here
        if layer[a] != layer[b]:
            right[before].append(number[b])
            left[number[b]].append(before)
        chains[(a, b), hidden] = chain
    return _Grid(layers, left, right, height), chains


def _order(grid: _Grid) -> None:
    """Order every layer: barycentre sweeps and swaps of neighbours from three starts; keep the best."""
    starts = [
        [list(layer) for layer in grid.layers],
        [sorted(layer) for layer in grid.layers],
        [layer[::-1] for layer in grid.layers],
    ]
    best, fewest = starts[0], _crossings(grid, starts[0])
    for layers in starts:
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            near = grid.left if forward else grid.right
            spread = range(1, len(layers)) if forward else range(len(layers) - 2, -1, -1)
            for i in spread:
                _barycentre(layers, i, i - 1 if forward else i + 1, near)
            _swap(grid, layers)
            count = _crossings(grid, layers)
            if count < fewest:
                best, fewest = [list(layer) for layer in layers], count
    grid.layers = best


def _barycentre(layers: list[list[int]], moving: int, fixed: int, near: list[list[int]]) -> None:
    spot = {node: i for i, node in enumerate(layers[fixed])}
    place = {
        node: sum(spot[n] for n in near[node]) / len(near[node]) if near[node] else float(i)
        for i, node in enumerate(layers[moving])
    }
    layers[moving].sort(key=lambda node: place[node])  # stable: ties keep their order


def _swap(grid: _Grid, layers: list[list[int]]) -> None:
    for i, layer in enumerate(layers):
        beside = []
        for j, near in ((i - 1, grid.left), (i + 1, grid.right)):
            if 0 <= j < len(layers):
                spot = {node: k for k, node in enumerate(layers[j])}
                beside.append({node: sorted(spot[n] for n in near[node]) for node in layer})
        for k in range(len(layer) - 1):
            a, b = layer[k], layer[k + 1]
            now = sum(_inversions(ends[a], ends[b]) for ends in beside)
            then = sum(_inversions(ends[b], ends[a]) for ends in beside)
            if then < now:
                layer[k], layer[k + 1] = b, a


def _inversions(upper: list[int], lower: list[int]) -> int:
    return sum(u > v for u in upper for v in lower)


def _crossings(grid: _Grid, layers: list[list[int]]) -> int:
    total = 0
    for here, there in pairwise(layers):
        spot = {node: i for i, node in enumerate(there)}
        seen: list[int] = []
        for node in here:
            ends = sorted(spot[n] for n in grid.right[node])
            total += sum(len(seen) - bisect_right(seen, end) for end in ends)
            for end in ends:
                insort(seen, end)
    return total


def _heights(grid: _Grid) -> list[float]:
    """Minimise the weighted squared slopes under the order and the gaps, one layer at a time."""
    y = [0.0] * len(grid.height)
    for layer in grid.layers:
        at = 0.0
        for a, b in pairwise(layer):
            at += _apart(grid, a, b)
            y[b] = at
        for node in layer:
            y[node] -= at / 2
    for round_ in range(ROUNDS):
        spread = grid.layers if round_ % 2 == 0 else grid.layers[::-1]
        for layer in spread:
            wish, weight = [], []
            for node in layer:
                pulls = [(_pull(grid, node, n), y[n]) for n in (*grid.left[node], *grid.right[node])]
                strength = sum(w for w, _ in pulls)
                wish.append(sum(w * v for w, v in pulls) / strength if pulls else y[node])
                weight.append(strength or 0.1)
            gaps = [_apart(grid, a, b) for a, b in pairwise(layer)]
            for node, value in zip(layer, _spaced(wish, weight, gaps), strict=True):
                y[node] = value
    return y


def _apart(grid: _Grid, a: int, b: int) -> float:
    boxes = bool(grid.height[a]) + bool(grid.height[b])
    return (grid.height[a] + grid.height[b]) / 2 + (BOX_GAP if boxes == 2 else LINE_GAP)


def _pull(grid: _Grid, a: int, b: int) -> float:
    placeholders = (not grid.height[a]) + (not grid.height[b])
    return (8.0, 1.0, 6.0)[placeholders]


def _spaced(wish: list[float], weight: list[float], gaps: list[float]) -> list[float]:
    """Least squares to the wishes with at least the gaps between: isotonic regression by pooling."""
    offset = [0.0]
    for gap in gaps:
        offset.append(offset[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for value, strength, shift in zip(wish, weight, offset, strict=True):
        mean, total, count = value - shift, strength, 1
        while pools and pools[-1][0] >= mean:
            before, heavy, members = pools.pop()
            mean = (mean * total + before * heavy) / (total + heavy)
            total, count = total + heavy, count + members
        pools.append((mean, total, count))
    level = [mean for mean, _, count in pools for _ in range(count)]
    return [value + shift for value, shift in zip(level, offset, strict=True)]


def _columns(
    graph: CausalGraph,
    layer: Mapping[str, int],
    sizes: Mapping[str, tuple[float, float]],
    grid: _Grid,
    y: Sequence[float],
) -> tuple[tuple[float, float], ...]:
    """Give layers their width and the room between them: more where edges are steep or many."""
    columns = []
    x = 0.0
    for i, here in enumerate(grid.layers):
        width = max((sizes[n][0] for n in graph.nodes if layer[n] == i), default=0.0)
        columns.append((x, x + width))
        slopes = [abs(y[a] - y[b]) for a in here for b in grid.right[a]]
        x += width + min(170.0, max(64.0, 48.0 + 0.3 * max(slopes, default=0.0) + 3.0 * len(slopes)))
    return tuple(columns)
