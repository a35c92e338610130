"""Published graphs and what their sources say about them, read from the files in ``cases``.

Each file has a ``source`` and ``cases`` with the keys

name, where, source   what it is, and the place in the source, or another source
edges, latent         the graph, as chains ``a -> b <- c <-> d`` separated by commas
do, on, given         the query, names separated by blanks
verdict               identified, zero_effect or not_identified
formula               a published formula for the effect, in the notation of estimands
adjustment            all minimal adjustment sets, or none; with ``required``, those that contain these nodes
valid, invalid        other sets that are, and that are no, adjustment sets
optimal               the optimal adjustment set, or none
frontdoor             all front-door sets, or none; ``not_frontdoor`` are sets that look like one
instruments           instruments ``z | w`` given others, or none
hedge                 the two forests, as ``x y over y``
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from causal_reasoning.graph.causal_graph import CausalGraph

Nodes = tuple[str, ...]
Sets = tuple[Nodes, ...]


def parse(edges: str, latent: str = "") -> CausalGraph:
    """Chains of `a -> b <- c <-> d`, separated by commas."""
    directed, bidirected, nodes = [], [], set()
    for chain in edges.split(","):
        words = chain.split()
        nodes.update(words[::2])
        for a, mark, b in zip(words[::2], words[1::2], words[2::2], strict=False):
            if mark == "<->":
                bidirected.append((a, b))
            else:
                directed.append((a, b) if mark == "->" else (b, a))
    return CausalGraph(nodes, directed, bidirected, latent.split())


@dataclass(frozen=True)
class Published:
    """One case; ``None`` where the source is silent, an empty tuple where it says that there is none."""

    name: str
    source: str
    edges: str
    do: str
    on: str
    verdict: str
    latent: str = ""
    given: str = ""
    required: str = ""
    formula: str | None = None
    adjustment: Sets | None = None
    valid: Sets = ()
    invalid: Sets = ()
    optimal: Nodes | str | None = None
    frontdoor: Sets | None = None
    not_frontdoor: Sets = ()
    instruments: Sets | None = None
    hedge: tuple[Nodes, Nodes] | None = None

    @property
    def graph(self) -> CausalGraph:
        """The graph."""
        return parse(self.edges, self.latent)

    @property
    def query(self) -> tuple[Nodes, Nodes, Nodes]:
        """Treatments, outcomes and conditions, sorted."""
        do, on, given = (tuple(sorted(names.split())) for names in (self.do, self.on, self.given))
        return do, on, given


def _set(text: str) -> Nodes:
    return tuple(sorted(text.split()))


def _sets(value: list[str] | str) -> Sets:
    """Sorted sets; ``none`` is no set, and a set of no nodes is an empty text."""
    return () if value == "none" else tuple(sorted(_set(text) for text in value))


def _read(path: Path) -> list[Published]:
    document = YAML(typ="safe", pure=True).load(path)
    found = []
    for entry in document["cases"]:
        case: dict[str, Any] = {"source": document["source"], **entry}
        if where := case.pop("where", None):
            case["source"] += f", {where}"
        for key in ("adjustment", "valid", "invalid", "frontdoor", "not_frontdoor"):
            if key in case:
                case[key] = _sets(case[key])
        if case.get("optimal", "none") != "none":
            case["optimal"] = _set(case["optimal"])
        if "instruments" in case:
            listed = [] if case["instruments"] == "none" else case["instruments"]
            case["instruments"] = tuple((z, *_set(w)) for z, _, w in (text.partition(" | ") for text in listed))
        if "hedge" in case:
            outer, _, inner = case["hedge"].partition(" over ")
            case["hedge"] = _set(outer), _set(inner)
        found.append(Published(**case))
    return found


CASES: list[Published] = [case for path in sorted(Path(__file__).parent.glob("cases/*.yaml")) for case in _read(path)]
