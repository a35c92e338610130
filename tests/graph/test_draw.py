"""Drawings of graphs: complete, legible, safe and the same every time."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

from causal_reasoning.files.shipped import shipped_folder
from causal_reasoning.graph import AssumptionGraph, CausalGraph, GraphError, load_graph, parse_graph
from causal_reasoning.graph.curves import arrange
from causal_reasoning.graph.draw import draw_svg
from causal_reasoning.graph.layout import assign_layers

NS = "{http://www.w3.org/2000/svg}"
SHIPPED = sorted(path.stem for path in shipped_folder("graphs").glob("*.yaml"))


def make(edges: list[str], latent: tuple[str, ...] = (), extra: tuple[str, ...] = ()) -> AssumptionGraph:
    names = sorted({end for edge in edges for end in re.split(r" <?-> ", edge)} | set(extra))
    nodes = "\n".join(
        f"  {n}: {{}}" if n in latent else f"  {n}: {{bind: {{{'text' if n in 'xy' else 'column'}: {n}}}}}"
        for n in names
    )
    listed = "\n".join(f"  - {edge}" for edge in edges)
    return parse_graph(
        f"version: 1\nname: made\nnodes:\n{nodes}\nedges:\n{listed}\nquery: {{do: x, read: x, write: y}}\n"
    )


CASES = {
    "single edge": make(["x -> y"]),
    "front door": make(["x -> m", "m -> y", "x <-> y"]),
    "bow": make(["x -> y", "x <-> y"]),
    "M": make(["x <-> m", "m <-> y", "x -> y"]),
    "M with latents": make(["u -> x", "u -> m", "v -> m", "v -> y", "x -> y"], latent=("u", "v")),
    "napkin": make(["w -> z", "z -> x", "x -> y", "w <-> x", "w <-> y"]),
    "one layer": make(["a -> x", "b -> x", "c -> x", "x -> y", "a <-> b", "b <-> c", "a <-> c"]),
    "crowded": make(
        [f"a{i} -> b{j}" for i in range(4) for j in range(4)]
        + [f"b{j} -> c{k}" for j in range(4) for k in range(4)]
        + ["c0 -> x", "x -> y", "a0 <-> c3", "b1 <-> y", "a2 <-> x", "b0 <-> b3"]
    ),
    "alone": make(["x -> y"], extra=("p", "q", "r")),
}


def boxes(svg: str) -> dict[str, tuple[float, float, float, float]]:
    found = {}
    for group in ET.fromstring(svg).iter(f"{NS}g"):
        name = group.get("data-node")
        if name:
            assert name not in found
            rect = next(r for r in group.iter(f"{NS}rect") if r.get("class") == "box")
            x, y, w, h = (float(rect.get(key, "nan")) for key in ("x", "y", "width", "height"))
            found[name] = (x, y, x + w, y + h)
    return found


def tips(svg: str) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for group in ET.fromstring(svg).iter(f"{NS}g"):
        name = group.get("data-edge")
        if name:
            assert name not in found
            heads = [p.get("d", "") for p in group.iter(f"{NS}path") if p.get("class") == "head"]
            found[name] = [tuple(map(float, head[1:].split("L")[0].split())) for head in heads]  # type: ignore[misc]
    return found


def on_border(point: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    (x, y), (left, top, right, bottom) = point, box
    inside = left - 0.02 <= x <= right + 0.02 and top - 0.02 <= y <= bottom + 0.02
    return inside and min(abs(x - left), abs(x - right), abs(y - top), abs(y - bottom)) < 0.02


@pytest.mark.parametrize("name", [*CASES, *SHIPPED])
def test_every_node_and_edge_once_and_ends_on_borders(name: str) -> None:
    graph = CASES.get(name) or load_graph(name)
    svg = draw_svg(graph, cut=True)
    placed, ends = boxes(svg), tips(svg)
    assert set(placed) == set(graph.causal.nodes)
    expected = {f"{a} -> {b}" for a, b in graph.causal.directed}
    expected |= {f"{a} <-> {b}" for a, b in graph.causal.bidirected}
    assert set(ends) == expected
    for edge, heads in ends.items():
        a, arrow, b = edge.split()
        assert len(heads) == (2 if arrow == "<->" else 1)
        if arrow == "<->":
            assert any(on_border(p, placed[a]) and on_border(q, placed[b]) for p, q in (heads, heads[::-1]))
        else:
            assert on_border(heads[0], placed[b])


def random_graph(seed: int) -> CausalGraph:
    draw = random.Random(seed)
    names = [f"n{i}" for i in range(draw.randint(2, 40))]
    pairs = [p for p in combinations(names, 2) if draw.random() < 1.6 / len(names) + 0.04]
    hidden = [p for p in combinations(names, 2) if draw.random() < 0.5 / len(names)]
    return CausalGraph(names, pairs, hidden)


@pytest.mark.parametrize("seed", range(25))
def test_boxes_do_not_overlap_and_edges_pass_none(seed: int) -> None:
    graph = random_graph(seed)
    drawn = arrange(graph, {name: (80.0 + 7 * (len(name) % 3), 46.0) for name in graph.nodes})
    for a, b in combinations(drawn.boxes.values(), 2):
        assert a.right < b.left or b.right < a.left or a.bottom < b.top or b.bottom < a.top
    for curve in (*drawn.directed.values(), *drawn.bidirected.values()):
        for x, y in curve.sample(40)[1:-1]:
            for box in drawn.boxes.values():
                room = 1e-6
                strictly = box.left + room < x < box.right - room and box.top + room < y < box.bottom - room
                assert not strictly


@pytest.mark.parametrize("seed", range(25))
def test_arrows_point_to_the_right(seed: int) -> None:
    graph = random_graph(seed)
    layer = assign_layers(graph)
    assert all(layer[a] < layer[b] for a, b in graph.directed)
    assert set(layer.values()) == set(range(max(layer.values()) + 1))


def test_few_crossings_are_found() -> None:
    """A ladder whose rungs come in the wrong order has a drawing without any crossing."""
    graph = CausalGraph(
        [f"{side}{i}" for side in "ab" for i in range(6)],
        [(f"a{i}", f"b{(i * 5 + 2) % 6}") for i in range(6)],
    )
    drawn = arrange(graph, dict.fromkeys(graph.nodes, (60.0, 40.0)))
    left = sorted(range(6), key=lambda i: drawn.boxes[f"a{i}"].y)
    right = [drawn.boxes[f"b{(i * 5 + 2) % 6}"].y for i in left]
    assert right == sorted(right)


def test_same_for_every_hash_seed() -> None:
    code = (
        "from causal_reasoning.graph import load_graph; from causal_reasoning.graph.draw import draw_svg;"
        "print(draw_svg(load_graph('reasoning'), adjustment=['confounder'], cut=True))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(runs) == 1


def test_hostile_text_stays_text() -> None:
    graph = parse_graph(
        "version: 1\nname: g\n"
        'description: "</desc><script>alert(1)</script> & \\x01"\n'
        "nodes:\n"
        '  x: {bind: {text: "<b onload=\'x\'>"}, description: "]]> <script>"}\n'
        "  y: {bind: {text: \"a 'quoted' & long column name that does not fit any box at all\"}}\n"
        "edges: [x -> y]\nquery: {do: x, read: x, write: y}\n"
    )
    svg = draw_svg(graph)
    root = ET.fromstring(svg)
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "<script" not in svg
    assert "onload='" not in svg


def test_query_adjustment_latent_and_cut_are_marked() -> None:
    graph = make(["z -> x", "x -> y", "z -> y", "u -> y", "x <-> y"], latent=("u",))
    svg = draw_svg(graph, adjustment=("z",), cut=True)
    root = ET.fromstring(svg)
    text = "".join(root.itertext())
    assert "do(x)" in text
    assert "read · text x" in text
    assert "write · text y" in text
    assert "adjusted · column z" in text
    assert "latent" in text
    edges = [group for group in root.iter(f"{NS}g") if group.get("data-edge")]
    struck = {group.get("data-edge") for group in edges if "cut" in group.get("class", "")}
    assert struck == {"z -> x", "x <-> y"}
    assert not re.search(r'class="edge[^"]* cut', draw_svg(graph))
    assert 'class="ring"' not in draw_svg(graph)


def test_bow_keeps_its_arrow_when_the_hidden_cause_is_cut() -> None:
    svg = draw_svg(CASES["bow"], cut=True)
    assert 'class="edge" data-edge="x -&gt; y"' in svg
    assert 'class="edge hidden cut" data-edge="x &lt;-&gt; y"' in svg


def test_accessible_and_without_key() -> None:
    graph = load_graph("reasoning")
    root = ET.fromstring(draw_svg(graph, key=False))
    assert root.get("role") == "img"
    ids = {e.get("id") for e in root.iter() if e.get("id")}
    assert ids == set(root.get("aria-labelledby", "").split())
    assert "confounder -> skill" in (root.findtext(f"{NS}desc") or "")
    assert 'class="legend"' not in draw_svg(graph, key=False)


def test_unknown_adjustment_is_refused() -> None:
    with pytest.raises(GraphError, match="nobody"):
        draw_svg(load_graph("reasoning"), adjustment=("nobody",))
