"""How the edges of a placed graph run: smooth curves that end on box borders and pass no box.

Edges that point to the right are horizontal where they meet a layer and bend only between layers, so they
cannot touch a box. A hidden common cause is an arc above or below everything between its ends where there is
room for one, a bow beside the layer when both ends are in it, and runs through a lane as arrows do otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from causal_reasoning.graph.causal_graph import CausalGraph, Edge
from causal_reasoning.graph.layout import Box, Layout, place

Point = tuple[float, float]
_CLEAR = 7.0  # pixels that an arc keeps from every box
_PORT = 11.0  # pixels between two ends of edges on a side of a box


@dataclass(frozen=True)
class Curve:
    """A chain of cubic Bézier pieces.

    Parameters
    ----------
    points : tuple of (float, float)
        Start, then two handles and an end for every piece, in pixels.
    """

    points: tuple[Point, ...]

    def sample(self, steps: int = 16) -> list[Point]:
        """Points along the curve, ``steps`` a piece and the end."""
        found = [self.points[0]]
        for i in range(0, len(self.points) - 1, 3):
            a, b, c, d = self.points[i : i + 4]
            for k in range(1, steps + 1):
                t = k / steps
                u = 1 - t
                wa, wb, wc, wd = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
                found.append(
                    (
                        wa * a[0] + wb * b[0] + wc * c[0] + wd * d[0],
                        wa * a[1] + wb * b[1] + wc * c[1] + wd * d[1],
                    )
                )
        return found


@dataclass(frozen=True)
class Drawing:
    """Placed boxes and edges.

    Parameters
    ----------
    boxes : mapping of str to Box
        By node.
    directed, bidirected : mapping of (str, str) to Curve
        By edge, as in the graph; every curve ends on the borders of its boxes.
    """

    boxes: Mapping[str, Box]
    directed: Mapping[Edge, Curve]
    bidirected: Mapping[Edge, Curve]


def arrange(graph: CausalGraph, sizes: Mapping[str, tuple[float, float]]) -> Drawing:
    """Place a graph and run its edges.

    Parameters
    ----------
    graph : CausalGraph
        What to draw.
    sizes : mapping of str to (float, float)
        Width and height that each node needs, in pixels.

    Returns
    -------
    Drawing
        No two boxes overlap and no edge passes a box.

    Examples
    --------
    >>> drawn = arrange(CausalGraph("xy", [("x", "y")]), {"x": (60, 40), "y": (60, 40)})
    >>> drawn.directed["x", "y"].points[0][0] == drawn.boxes["x"].right
    True
    """
    lanes: set[Edge] = set()
    while True:
        layout = place(graph, sizes, sorted(lanes))
        plain = _through_layers(graph, layout, lanes)
        directed = {edge: plain[edge, False] for edge in graph.directed}
        hidden = {edge: plain[_rightwards(edge, layout), True] for edge in lanes}
        lines = [curve.sample(8) for curve in (*directed.values(), *hidden.values())]
        stuck = set()
        for edge in _nearest_first(graph, layout, lanes):
            arc = _best_arc(graph, layout, edge, lines)
            if arc is None:
                stuck.add(edge)
            else:
                hidden[edge] = arc
                lines.append(arc.sample(8))
        if not stuck:
            return Drawing(layout.boxes, directed, {edge: hidden[edge] for edge in graph.bidirected})
        lanes |= stuck


def _rightwards(edge: Edge, layout: Layout) -> Edge:
    return edge if layout.layer[edge[0]] <= layout.layer[edge[1]] else (edge[1], edge[0])


def _nearest_first(graph: CausalGraph, layout: Layout, lanes: set[Edge]) -> list[Edge]:
    def span(edge: Edge) -> tuple[float, Edge]:
        a, b = layout.boxes[edge[0]], layout.boxes[edge[1]]
        return abs(a.x - b.x) + 0.1 * abs(a.y - b.y), edge

    return sorted((e for e in graph.bidirected if e not in lanes), key=span)


# -- edges from layer to layer -----------------------------------------------------------------------


def _through_layers(graph: CausalGraph, layout: Layout, lanes: set[Edge]) -> dict[tuple[Edge, bool], Curve]:
    """Run arrows (false) and those hidden causes that need a lane (true) from layer to layer."""
    arrows = [(edge, False) for edge in graph.directed]
    arrows += [(_rightwards(edge, layout), True) for edge in sorted(lanes)]
    ports = _ports(arrows, layout)
    found: dict[tuple[Edge, bool], Curve] = {}
    for edge, is_lane in arrows:
        a, b = edge
        stops: list[Point] = [(layout.boxes[a].right, ports[edge, is_lane, a])]
        for step, height in enumerate(layout.lanes[edge, is_lane]):
            left, right = layout.columns[layout.layer[a] + 1 + step]
            stops += [(left, height), (right, height)]
        stops.append((layout.boxes[b].left, ports[edge, is_lane, b]))
        found[edge, is_lane] = _smooth(stops)
    return found


def _ports(arrows: list[tuple[Edge, bool]], layout: Layout) -> dict[tuple[Edge, bool, str], float]:
    """Spread the ends of the edges over the sides of the boxes, in the order in which the edges come."""
    sides: dict[tuple[str, bool], list[tuple[float, float, tuple[Edge, bool]]]] = {}
    for arrow in arrows:
        (a, b), is_lane = arrow
        lane = layout.lanes[arrow]
        ya, yb = layout.boxes[a].y, layout.boxes[b].y
        sides.setdefault((a, True), []).append((lane[0] if lane else yb, yb + is_lane, arrow))
        sides.setdefault((b, False), []).append((lane[-1] if lane else ya, ya + is_lane, arrow))
    ports = {}
    for (name, _), ends in sides.items():
        box = layout.boxes[name]
        apart = min(_PORT, (box.height - 18) / max(1, len(ends) - 1))
        for rank, (_, _, arrow) in enumerate(sorted(ends)):
            ports[*arrow, name] = box.y + (rank - (len(ends) - 1) / 2) * apart
    return ports


def _smooth(stops: list[Point]) -> Curve:
    points = [stops[0]]
    for (xa, ya), (xb, yb) in pairwise(stops):
        reach = (xb - xa) * 0.45
        points += [(xa + reach, ya), (xb - reach, yb), (xb, yb)]
    return Curve(tuple(points))


# -- arcs for hidden common causes -------------------------------------------------------------------


def _best_arc(graph: CausalGraph, layout: Layout, edge: Edge, lines: list[list[Point]]) -> Curve | None:
    """Take the arc that crosses the fewest lines, the flattest of those; none when all would touch a box."""
    best: tuple[float, int, Curve] | None = None
    for rank, (cost, arc) in enumerate(_arcs(graph, layout, *edge)):
        path = arc.sample(64)
        if any(_touches(path, box, own=name in edge) for name, box in layout.boxes.items()):
            continue
        score = cost + sum(_cross(path[::4], line) for line in lines)
        if best is None or (score, rank) < best[:2]:
            best = (score, rank, arc)
    return best[2] if best else None


def _arcs(graph: CausalGraph, layout: Layout, a: str, b: str) -> Iterator[tuple[float, Curve]]:
    """Yield arcs worth trying, each with what it costs in crossings."""
    first, second = layout.boxes[a], layout.boxes[b]
    if layout.layer[a] == layout.layer[b]:
        upper, lower = sorted((first, second), key=lambda box: box.y)
        between = lower.top - upper.bottom
        depth = min(60.0, 26.0 + 0.14 * (lower.y - upper.y))
        ya, yb = upper.bottom - 9, lower.top + 9
        for cost, x, way in ((0.0, upper.left, -1), (0.0, upper.right, 1)):
            out = x + way * depth
            yield cost, Curve(((x, ya), (out, ya + between * 0.1), (out, yb - between * 0.1), (x, yb)))
        return
    if first.x > second.x:
        first, second, a, b = second, first, b, a
    xa = first.x + first.width * _foot(graph, layout, a, b)
    xb = second.x - second.width * _foot(graph, layout, b, a)
    span = xb - xa
    if abs(first.y - second.y) > 60 + 0.6 * span:
        return  # too steep for an arc
    for lift in (34.0, 54.0, 84.0, 124.0, 174.0, 234.0):
        if lift > 60 + 0.5 * span:
            return
        for up in (True, False):
            ya, yb = (first.top, second.top) if up else (first.bottom, second.bottom)
            peak = min(ya, yb) - lift / 0.75 if up else max(ya, yb) + lift / 0.75
            lean = 0.18 * span
            yield lift / 150, Curve(((xa, ya), (xa + lean, peak), (xb - lean, peak), (xb, yb)))


def _foot(graph: CausalGraph, layout: Layout, node: str, partner: str) -> float:
    """Find where on its box an arc stands, as a share of the width: nearer partners further out."""
    way = layout.boxes[partner].x > layout.boxes[node].x
    rivals = [m for m in graph.siblings(node) if (layout.boxes[m].x > layout.boxes[node].x) == way or m == partner]
    rivals.sort(key=lambda m: (-abs(layout.boxes[m].x - layout.boxes[node].x), m))
    return min(0.42, 0.14 + 0.13 * rivals.index(partner))


def _touches(path: list[Point], box: Box, own: bool) -> bool:
    room = -0.5 if own else _CLEAR
    return any(box.left - room < x < box.right + room and box.top - room < y < box.bottom + room for x, y in path)


def _cross(one: list[Point], other: list[Point]) -> int:
    total = 0
    for a, b in pairwise(one):
        for c, d in pairwise(other):
            if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]):
                continue
            if _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0:
                total += 1
    return total


def _side(a: Point, b: Point, p: Point) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
