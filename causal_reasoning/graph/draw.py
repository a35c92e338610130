"""A graph of assumptions as a drawing: one stand-alone SVG that follows light and dark."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

from causal_reasoning.graph.assumptions import AssumptionGraph
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.curves import Curve, Drawing, Point, arrange
from causal_reasoning.graph.draw_style import style_sheet
from causal_reasoning.graph.markup import escape, shorten, text_width
from causal_reasoning.graph.slots import RouterBinding, SlotBinding
from causal_reasoning.graph.spec import ROLES, RepresentationBinding, TextBinding
from causal_reasoning.graph.surrogates import SurrogateBinding

_MARGIN = 14.0
_WIDEST = 230.0  # of a box
_HEAD = 9.0  # length of an arrow head
_ROW = 22.0  # of the key


def draw_svg(graph: AssumptionGraph, *, adjustment: Sequence[str] = (), cut: bool = False, key: bool = True) -> str:
    """Draw a graph of assumptions.

    Causes stand to the left of their effects. Colours tell roles; the treatment is written ``do(...)``;
    latent nodes have a dashed outline and hidden common causes (``a <-> b``) are dashed arcs with two heads.

    Parameters
    ----------
    graph : AssumptionGraph
        What to draw.
    adjustment : sequence of str, optional
        Nodes to mark as adjusted for.
    cut : bool, optional
        Grey and strike the edges into the treatment: the graph after ``do``.
    key : bool, optional
        Explain colours and lines below the drawing.

    Returns
    -------
    str
        An SVG element with its own style sheet: a picture as a file, and a part of a page as it is.

    Raises
    ------
    GraphError
        If `adjustment` names a node that is not in the graph.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> svg = draw_svg(load_graph("reasoning"), adjustment=("confounder",))
    >>> svg.startswith("<svg") and "do(skill)" in svg
    True
    """
    adjusted = set(graph.causal.names(graph.causal.mask(adjustment)))
    labels = {name: _label(graph, name, name in adjusted) for name in graph.causal.nodes}
    drawing = arrange(graph.causal, {name: _size(graph, name, labels[name]) for name in graph.causal.nodes})
    severed: set[str] = _severed(graph) if cut else set()
    roles = [role for role in ROLES if any(node.role == role for node in graph.nodes.values())]

    left, top, right, bottom = _bounds(drawing)
    body = [_edge(f"{a} -> {b}", curve, False, severed) for (a, b), curve in drawing.directed.items()]
    body += [_edge(f"{a} <-> {b}", curve, True, severed) for (a, b), curve in drawing.bidirected.items()]
    body += [_node(graph, name, drawing, labels[name], name in adjusted) for name in graph.causal.nodes]
    width = max(right - left, 240.0) + 2 * _MARGIN
    height = bottom - top + 2 * _MARGIN
    if key:
        rows, depth = _key(graph, roles, adjusted, severed, width - 2 * _MARGIN)
        body.append(f'<g class="legend" transform="translate({_n(left)} {_n(bottom + 20)})">{"".join(rows)}</g>')
        height += depth + 14
    name = hashlib.sha256(f"{graph.digest} {sorted(adjusted)} {cut} {key}".encode()).hexdigest()[:10]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cr-graph" role="img" width="{_n(width)}" '
        f'height="{_n(height)}" viewBox="{_n(left - _MARGIN)} {_n(top - _MARGIN)} {_n(width)} {_n(height)}" '
        f'aria-labelledby="title-{name} desc-{name}">\n'
        f'<title id="title-{name}">Causal graph {escape(graph.name)}</title>\n'
        f'<desc id="desc-{name}">{escape(_in_words(graph, adjusted, severed))}</desc>\n'
        f"<style>\n{style_sheet(roles)}\n</style>\n" + "\n".join(body) + "\n</svg>\n"
    )


# -- nodes -------------------------------------------------------------------------------------------


def _label(graph: AssumptionGraph, name: str, adjusted: bool) -> tuple[str, str, str]:
    """Say what a box says: its name, its marks and what holds it."""
    title = f"do({name})" if name in graph.query.do else name
    marks = [
        word
        for word, holds in (
            ("read", name in graph.query.read),
            ("write", name in graph.query.write),
            ("adjusted", adjusted),
        )
        if holds
    ]
    bind = graph.binding(name)
    kinds: tuple[tuple[type, str], ...] = (
        (TextBinding, "text"),
        (RepresentationBinding, "hidden"),
        (SurrogateBinding, "surrogate"),
        (SlotBinding, "slot"),
        (RouterBinding, "router"),
    )
    kind = next((word for binding, word in kinds if isinstance(bind, binding)), "column")
    note = f"{kind} {bind.column_name}" if bind else "latent"
    room = _WIDEST - 28
    mark = " ".join(marks)
    return shorten(title, 14, room), mark, shorten(note, 11, room - text_width(mark + " · ", 11) * 1.1)


def _size(graph: AssumptionGraph, name: str, label: tuple[str, str, str]) -> tuple[float, float]:
    title, mark, note = label
    second = text_width(note, 11) + (text_width(mark + " · ", 11) * 1.1 if mark else 0)
    ends = max(len(graph.causal.parents(name)), len(graph.causal.children(name)))
    return max(74.0, text_width(title, 14) * 1.06 + 28, second + 28), min(120.0, max(46.0, 22 + 8.0 * ends))


def _node(graph: AssumptionGraph, name: str, drawing: Drawing, label: tuple[str, str, str], adjusted: bool) -> str:
    box, spec = drawing.boxes[name], graph.nodes[name]
    title, mark, note = label
    classes = ["node", f"role-{spec.role}"]
    classes += ["latent"] * (spec.bind is None) + ["treatment"] * (name in graph.query.do)
    parts = [
        f'<g class="{" ".join(classes)}" data-node="{escape(name)}">',
        f"<title>{escape(name)}: {spec.role}",
    ]
    parts.append(f", {escape(spec.bind.column_name)}" if spec.bind else ", latent")
    parts.append(f". {escape(spec.description)}</title>" if spec.description else "</title>")
    if adjusted:
        parts.append(_rect("ring", box.left + 3.5, box.top + 3.5, box.width - 7, box.height - 7, 6))
    parts.append(_rect("box", box.left, box.top, box.width, box.height, 9))
    parts.append(_text("name", box.x, box.y - 2.5, escape(title)))
    lead = f'<tspan class="mark">{mark}</tspan> · ' if mark else ""
    parts.append(_text("note", box.x, box.y + 13.5, lead + escape(note)))
    return "".join(parts) + "</g>"


def _rect(kind: str, x: float, y: float, width: float, height: float, radius: float) -> str:
    place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
    return f'<rect class="{kind}" {place} rx="{_n(radius)}"/>'


def _text(kind: str, x: float, y: float, inside: str, anchor: str = "middle") -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}">{inside}</text>'


# -- edges -------------------------------------------------------------------------------------------


def _written(causal: CausalGraph) -> list[str]:
    edges = [f"{a} -> {b}" for a, b in causal.directed]
    return edges + [f"{a} <-> {b}" for a, b in causal.bidirected]


def _severed(graph: AssumptionGraph) -> set[str]:
    return set(_written(graph.causal)) - set(_written(graph.causal.without_incoming(*graph.query.do)))


def _edge(name: str, curve: Curve, hidden: bool, severed: set[str]) -> str:
    points = list(curve.points)
    ends = [(-1, -2), (0, 1)] if hidden else [(-1, -2)]
    heads = []
    for tip, handle in ends:
        direction = _direction(points[handle], points[tip])
        heads.append(_head(points[tip], direction))
        points[tip] = _shift(points[tip], direction, -(_HEAD - 2))
    path = f"M{_p(points[0])}" + "".join(
        f"C{_p(points[i])} {_p(points[i + 1])} {_p(points[i + 2])}" for i in range(1, len(points), 3)
    )
    cut = name in severed
    classes = "edge" + " hidden" * hidden + " cut" * cut
    return (
        f'<g class="{classes}" data-edge="{escape(name)}"><title>{escape(name)}{" (cut by do)" * cut}</title>'
        f'<path class="line" d="{path}"/>{"".join(heads)}{_strike(curve) if cut else ""}</g>'
    )


def _head(tip: Point, direction: Point) -> str:
    (x, y), (dx, dy) = tip, direction
    base = (x - _HEAD * dx, y - _HEAD * dy)
    notch = (x - (_HEAD - 2.2) * dx, y - (_HEAD - 2.2) * dy)
    side = (-dy * 3.9, dx * 3.9)
    corners = ((base[0] + side[0], base[1] + side[1]), notch, (base[0] - side[0], base[1] - side[1]))
    return f'<path class="head" d="M{_p(tip)}' + "".join(f"L{_p(c)}" for c in corners) + 'Z"/>'


def _strike(curve: Curve) -> str:
    """Two short strokes across the middle of an edge."""
    path = curve.sample(24)
    lengths = [0.0]
    for a, b in pairwise(path):
        lengths.append(lengths[-1] + ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)
    middle = next(i for i, length in enumerate(lengths) if length >= lengths[-1] / 2)
    along = _direction(path[middle - 1], path[middle])
    strokes = []
    for shift in (-2.5, 2.5):
        x, y = _shift(path[middle], along, shift)
        across = (along[0] * 0.35 - along[1], along[1] * 0.35 + along[0])
        strokes.append(f"M{_p(_shift((x, y), across, -6))}L{_p(_shift((x, y), across, 6))}")
    return f'<path class="strike" d="{"".join(strokes)}"/>'


def _direction(start: Point, end: Point) -> Point:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    return dx / length, dy / length


def _shift(point: Point, direction: Point, by: float) -> Point:
    return point[0] + direction[0] * by, point[1] + direction[1] * by


# -- around the graph --------------------------------------------------------------------------------


def _bounds(drawing: Drawing) -> tuple[float, float, float, float]:
    points = [p for c in (*drawing.directed.values(), *drawing.bidirected.values()) for p in c.sample()]
    for box in drawing.boxes.values():
        points += [(box.left, box.top), (box.right, box.bottom)]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def _key(
    graph: AssumptionGraph, roles: list[str], adjusted: set[str], severed: set[str], room: float
) -> tuple[list[str], float]:
    """Explain the colours and lines that occur, in as many rows as the width asks for."""
    entries = [(role, f"role-{role}", _rect("box", 0, -9, 15, 11, 3)) for role in roles]
    if adjusted:
        ring = _rect("box", 0, -9, 15, 11, 3) + _rect("ring", 2.5, -6.5, 10, 6, 1.5)
        entries.append(("adjusted for", "role-" + graph.nodes[min(adjusted)].role, ring))
    if graph.causal.latent:
        role = graph.nodes[graph.causal.latent[0]].role
        entries.append(("not observed", f"role-{role} latent", _rect("box", 0, -9, 15, 11, 3)))
    line = '<path class="line" d="M2 -3H24"/>'
    if graph.causal.bidirected:
        entries.append(("hidden common cause", "hidden", line + _head((26, -3), (1, 0)) + _head((0, -3), (-1, 0))))
    if severed:
        strike = '<path class="strike" d="M9.500 2L13 -8M13.500 2L17 -8"/>'
        entries.append(("cut by do()", "cut", line + _head((26, -3), (1, 0)) + strike))
    rows, x, y = [], 0.0, 0.0
    for words, kind, sign in entries:
        indent = 33.0 if kind in ("hidden", "cut") else 21.0
        wide = indent + text_width(words, 11) + 16
        if x and x + wide - 16 > room:
            x, y = 0.0, y + _ROW
        rows.append(
            f'<g class="{kind}" transform="translate({_n(x)} {_n(y)})">{sign}'
            f"{_text('key', indent, 0, words, 'start')}</g>"
        )
        x += wide
    return rows, y + 12


def _in_words(graph: AssumptionGraph, adjusted: set[str], severed: set[str]) -> str:
    parts = [graph.description.rstrip(".")] if graph.description else []
    parts.append("Edges: " + (", ".join(_written(graph.causal)) or "none"))
    parts.append(
        f"Query: do({', '.join(graph.query.do)}), read {', '.join(graph.query.read)}, "
        f"write {', '.join(graph.query.write)}"
    )
    if graph.causal.latent:
        parts.append("Not observed: " + ", ".join(graph.causal.latent))
    if adjusted:
        parts.append("Adjusted for: " + ", ".join(sorted(adjusted)))
    if severed:
        parts.append("Cut by do: " + ", ".join(sorted(severed)))
    return ". ".join(parts) + "."


def _n(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _p(point: Point) -> str:
    return f"{_n(point[0])} {_n(point[1])}"
