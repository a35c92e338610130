"""What a search found: edges with the marks at their ends, and how often random halves of the rows repeat them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from causal_reasoning.discovery.knowledge import Knowledge

Kind = Literal["->", "<-", "--", "<->", "o->", "<-o", "o-o"]
Edges = Mapping[tuple[str, str], Kind]
"""For pairs of columns in alphabetical order, the edge between them."""

TITLES: dict[str, str] = {"pc": "PC", "fci": "FCI", "ges": "GES"}


@dataclass(frozen=True)
class FoundEdge:
    """One pair of columns.

    Parameters
    ----------
    a, b : str
        The columns, in alphabetical order.
    kind : str or None
        The edge as written between them: ``->``, ``<-``; ``--`` for an arrow of unknown direction; ``<->`` for a
        hidden common cause; ``o`` where the search cannot tell an arrowhead from a tail. ``None`` if there is no
        edge in the graph of all rows.
    shares : dict of str to float
        For every kind the share of random halves of the rows that have it; empty without halves.
    """

    a: str
    b: str
    kind: Kind | None
    shares: dict[str, float]

    @property
    def adjacent(self) -> float | None:
        """Share of halves with any edge between the two."""
        return sum(self.shares.values()) if self.shares or self.kind is None else None

    @property
    def same(self) -> float:
        """Share of halves with just this edge."""
        return self.shares.get(self.kind or "", 0.0)

    def text(self) -> str:
        """Print the edge, cause first."""
        if self.kind in ("<-", "<-o"):
            return f"{self.b} {'->' if self.kind == '<-' else 'o->'} {self.a}"
        return f"{self.a} {self.kind or '  '} {self.b}"

    def confidence(self) -> str:
        """Print the shares."""
        if not self.shares:
            return "no halves searched"
        parts = [f"{share:.0%} {self.a} {kind} {self.b}" for kind, share in _by_share(self.shares)]
        return f"adjacent in {self.adjacent:.0%} of random halves: {', '.join(parts)}"

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {"a": self.a, "b": self.b, "edge": self.kind, "shares": dict(sorted(self.shares.items()))}


@dataclass(frozen=True)
class Discovery:
    """A graph that data suggest.

    Parameters
    ----------
    source : str
        The data.
    method : str
        ``pc``, ``fci`` or ``ges``.
    nodes : tuple of str
        The columns, sorted.
    rows : int
        Number of rows.
    level : float
        Level of each independence test (not used by ``ges``).
    edges : tuple of FoundEdge
        Pairs that are adjacent in the graph of all rows, sorted.
    doubtful : tuple of FoundEdge
        Pairs that are not, but are in at least a fifth of the halves.
    halves, wanted : int
        How many random halves of the rows were searched, and how many were asked for.
    seed : int
        Seed of the halves.
    knowledge : Knowledge
        What was given.
    notes : tuple of str
        What a reader must know of this result.
    """

    source: str
    method: str
    nodes: tuple[str, ...]
    rows: int
    level: float
    edges: tuple[FoundEdge, ...]
    doubtful: tuple[FoundEdge, ...]
    halves: int
    wanted: int
    seed: int
    knowledge: Knowledge
    notes: tuple[str, ...] = ()

    @property
    def skeleton(self) -> tuple[tuple[str, str], ...]:
        """The adjacent pairs."""
        return tuple((edge.a, edge.b) for edge in self.edges)

    def title(self) -> str:
        """What was done, in a sentence."""
        how = "the BDeu score" if self.method == "ges" else f"χ² tests at level {self.level:g}"
        again = f"{self.halves} random halves" + (f" of {self.wanted} in time" if self.halves < self.wanted else "")
        return f"{TITLES[self.method]} with {how} on {self.source} ({self.rows:,} rows), {again}, seed {self.seed}"

    def text(self) -> str:
        """Print one line an edge."""
        lines = [self.title()]
        width = max((len(edge.text()) for edge in (*self.edges, *self.doubtful)), default=0)
        lines += [f"  {edge.text():<{width}}  {edge.confidence()}" for edge in self.edges] or ["  no edge"]
        if self.doubtful:
            lines.append("not in the graph of all rows, but in random halves:")
            lines += [f"  {f'{edge.a}    {edge.b}':<{width}}  {edge.confidence()}" for edge in self.doubtful]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "data": self.source,
            "method": self.method,
            "rows": self.rows,
            "level": self.level,
            "seed": self.seed,
            "nodes": list(self.nodes),
            "edges": [edge.to_dict() for edge in self.edges],
            "doubtful": [edge.to_dict() for edge in self.doubtful],
            "halves": self.halves,
            "halves_wanted": self.wanted,
            "knowledge": self.knowledge.to_dict(),
            "notes": list(self.notes),
        }


def count_edges(nodes: Sequence[str], whole: Edges, halved: Iterable[Edges]) -> tuple[FoundEdge, ...]:
    """For every pair of columns, the edge in the graph of all rows and the shares in those of random halves.

    Parameters
    ----------
    nodes : sequence of str
        The columns.
    whole : mapping
        Edges from all rows.
    halved : iterable of mapping
        Edges from each half.

    Returns
    -------
    tuple of FoundEdge
        Pairs with an edge in either, sorted.

    Examples
    --------
    >>> found = count_edges("ab", {("a", "b"): "--"}, [{("a", "b"): "->"}, {}])
    >>> found[0].shares, found[0].adjacent
    ({'->': 0.5}, 0.5)
    """
    counts: dict[tuple[str, str], Counter[str]] = {}
    total = 0
    for edges in halved:
        total += 1
        for pair, kind in edges.items():
            counts.setdefault(pair, Counter())[kind] += 1
    names = sorted(nodes)
    found = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            kinds = counts.get((a, b), Counter())
            if (a, b) in whole or kinds:
                shares = {kind: number / total for kind, number in sorted(kinds.items())}
                found.append(FoundEdge(a, b, whole.get((a, b)), shares))
    return tuple(found)


def _by_share(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(shares.items(), key=lambda item: (-item[1], item[0]))
