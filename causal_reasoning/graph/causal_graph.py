"""An immutable causal graph with directed and bidirected edges.

Nodes are kept in sorted order and sets of nodes are bit sets (Python integers), so every operation is
deterministic and fast, whatever the hash seed and the order of the input.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cached_property

import networkx as nx

Edge = tuple[str, str]


class GraphError(ValueError):
    """The nodes and edges do not make a causal graph."""


class CausalGraph:
    """A directed acyclic graph with hidden common causes.

    Parameters
    ----------
    nodes : iterable of str
        Node names.
    directed : iterable of (str, str)
        Arrows, cause first.
    bidirected : iterable of (str, str)
        ``a <-> b``: a hidden common cause of ``a`` and ``b``.
    latent : iterable of str
        Nodes that are in the graph and are not observed.

    Raises
    ------
    GraphError
        For an unknown end of an edge, an arrow from a node to itself, a double edge or a cycle; the message
        names the nodes.

    Examples
    --------
    >>> graph = CausalGraph("xyz", [("z", "x"), ("z", "y"), ("x", "y")])
    >>> graph.parents("y")
    ('x', 'z')
    >>> graph.latent_projection(["x", "y"]).bidirected
    (('x', 'y'),)

    References
    ----------
    J. Pearl, *Causality* (2009), sections 1.2 and 3.
    """

    __slots__ = ("__dict__", "_children", "_index", "_parents", "_siblings", "directed", "latent", "nodes")

    def __init__(
        self,
        nodes: Iterable[str],
        directed: Iterable[Edge] = (),
        bidirected: Iterable[Edge] = (),
        latent: Iterable[str] = (),
    ) -> None:
        self.nodes: tuple[str, ...] = tuple(sorted(set(nodes)))
        self._index = {name: i for i, name in enumerate(self.nodes)}
        self._parents = [0] * len(self.nodes)
        self._children = [0] * len(self.nodes)
        self._siblings = [0] * len(self.nodes)
        self.latent: tuple[str, ...] = tuple(sorted(set(latent)))
        for name in self.latent:
            self._known(name)
        for cause, effect in directed:
            i, j = self._known(cause), self._known(effect)
            if i == j:
                raise GraphError(f"{cause} -> {effect}: a node cannot be its own cause")
            self._parents[j] |= 1 << i
            self._children[i] |= 1 << j
        for a, b in bidirected:
            i, j = self._known(a), self._known(b)
            if i == j:
                raise GraphError(f"{a} <-> {b}: a node cannot share a hidden cause with itself")
            self._siblings[i] |= 1 << j
            self._siblings[j] |= 1 << i
        self.directed: tuple[Edge, ...] = tuple(
            (self.nodes[i], name) for j, name in enumerate(self.nodes) for i in _bits(self._parents[j])
        )
        self._order = self._sort()

    # -- structure ---------------------------------------------------------------------------------------------

    @cached_property
    def bidirected(self) -> tuple[Edge, ...]:
        """Hidden common causes as sorted pairs."""
        return tuple(
            (self.nodes[i], self.nodes[j])
            for i in range(len(self.nodes))
            for j in _bits(self._siblings[i] >> (i + 1) << (i + 1))
        )

    @property
    def observed(self) -> tuple[str, ...]:
        """The nodes that are not latent."""
        hidden = set(self.latent)
        return tuple(name for name in self.nodes if name not in hidden)

    @property
    def topological_order(self) -> tuple[str, ...]:
        """Causes before effects; ties in alphabetical order."""
        return tuple(self.nodes[i] for i in self._order)

    def parents(self, *names: str) -> tuple[str, ...]:
        """Direct causes of any of the nodes, sorted."""
        return self.names(self._union(self._parents, self.mask(names)))

    def children(self, *names: str) -> tuple[str, ...]:
        """Direct effects of any of the nodes, sorted."""
        return self.names(self._union(self._children, self.mask(names)))

    def siblings(self, *names: str) -> tuple[str, ...]:
        """Nodes that share a hidden cause with any of the nodes, sorted."""
        return self.names(self._union(self._siblings, self.mask(names)))

    def ancestors(self, *names: str) -> tuple[str, ...]:
        """The nodes and all their direct and indirect causes, sorted."""
        return self.names(self.ancestor_mask(self.mask(names)))

    def descendants(self, *names: str) -> tuple[str, ...]:
        """The nodes and all their direct and indirect effects, sorted."""
        return self.names(self.descendant_mask(self.mask(names)))

    def districts(self) -> tuple[tuple[str, ...], ...]:
        """Components connected by bidirected edges (Tian's c-components), each sorted, in node order."""
        left = (1 << len(self.nodes)) - 1
        found = []
        while left:
            component = self._closure(self._siblings, left & -left)
            found.append(self.names(component))
            left &= ~component
        return tuple(found)

    # -- bit sets: used by the algorithms ----------------------------------------------------------------------

    def mask(self, names: Iterable[str]) -> int:
        """Bit set of some nodes; bit i stands for ``nodes[i]``."""
        result = 0
        for name in names:
            result |= 1 << self._known(name)
        return result

    def names(self, mask: int) -> tuple[str, ...]:
        """The sorted nodes of a bit set."""
        return tuple(self.nodes[i] for i in _bits(mask))

    def ancestor_mask(self, mask: int) -> int:
        """Bit set of the nodes of a bit set and their ancestors."""
        return self._closure(self._parents, mask)

    def descendant_mask(self, mask: int) -> int:
        """Bit set of the nodes of a bit set and their descendants."""
        return self._closure(self._children, mask)

    # -- surgery: each returns a new graph ---------------------------------------------------------------------

    def without_incoming(self, *names: str) -> CausalGraph:
        """Cut every edge into the nodes, hidden causes included: the graph after ``do``."""
        cut = set(self.names(self.mask(names)))
        return CausalGraph(
            self.nodes,
            [e for e in self.directed if e[1] not in cut],
            [e for e in self.bidirected if not cut & set(e)],
            self.latent,
        )

    def without_outgoing(self, *names: str) -> CausalGraph:
        """Cut every arrow out of the nodes."""
        cut = set(self.names(self.mask(names)))
        return CausalGraph(self.nodes, [e for e in self.directed if e[0] not in cut], self.bidirected, self.latent)

    def subgraph(self, names: Iterable[str]) -> CausalGraph:
        """Keep some nodes and the edges between them (no projection: see `latent_projection`)."""
        keep = set(self.names(self.mask(names)))
        return CausalGraph(
            keep,
            [e for e in self.directed if set(e) <= keep],
            [e for e in self.bidirected if set(e) <= keep],
            keep & set(self.latent),
        )

    def latent_projection(self, names: Iterable[str] | None = None) -> CausalGraph:
        """Marginalise to some nodes: the same independences and effects, fewer nodes.

        ``a -> b`` stays where a directed path runs through removed nodes only; ``a <-> b`` appears where a path
        without colliders, with an arrow into both ends, does.

        Parameters
        ----------
        names : iterable of str, optional
            The nodes to keep; by default the observed ones.

        References
        ----------
        T. Verma and J. Pearl, "Equivalence and synthesis of causal models" (1990); J. Tian and J. Pearl, "On the
        testable implications of causal models with hidden variables" (2002), definition 5.
        """
        keep = self.mask(self.observed if names is None else names)
        parents, siblings = list(self._parents), list(self._siblings)
        children = list(self._children)
        # One node at a time, causes last, so that what is left always is an acyclic mixed graph.
        for i in reversed(self._order):
            if keep >> i & 1:
                continue
            up, down, beside = parents[i], children[i], siblings[i]
            for c in _bits(down):
                parents[c] = (parents[c] | up) & ~(1 << i)
                siblings[c] |= (down | beside) & ~(1 << c)
            for p in _bits(up):
                children[p] = (children[p] | down) & ~(1 << i)
            for s in _bits(beside):
                siblings[s] = (siblings[s] | (down & ~(1 << s))) & ~(1 << i)
            parents[i] = children[i] = siblings[i] = 0
        kept = self.names(keep)
        return CausalGraph(
            kept,
            [(self.nodes[p], self.nodes[c]) for c in _bits(keep) for p in _bits(parents[c])],
            [(self.nodes[a], self.nodes[b]) for a in _bits(keep) for b in _bits(siblings[a]) if a < b],
            set(kept) & set(self.latent),
        )

    def canonical_dag(self) -> nx.DiGraph[str]:
        """Replace every ``a <-> b`` by a fresh node with arrows into both: a plain networkx DAG.

        The fresh nodes are called ``"a <-> b"`` and carry the attribute ``latent=True``, as do latent nodes.
        """
        dag: nx.DiGraph[str] = nx.DiGraph()
        hidden = set(self.latent)
        for name in self.nodes:
            dag.add_node(name, latent=name in hidden)
        dag.add_edges_from(self.directed)
        for a, b in self.bidirected:
            cause = f"{a} <-> {b}"
            dag.add_node(cause, latent=True)
            dag.add_edge(cause, a)
            dag.add_edge(cause, b)
        return dag

    # -- identity ----------------------------------------------------------------------------------------------

    def canonical(self) -> dict[str, object]:
        """The graph as plain sorted data: what the digest is taken of."""
        return {
            "nodes": list(self.nodes),
            "directed": [list(e) for e in self.directed],
            "bidirected": [list(e) for e in self.bidirected],
            "latent": list(self.latent),
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical form, as 64 hexadecimal digits."""
        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CausalGraph) and self.canonical() == other.canonical()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        edges = [f"{a} -> {b}" for a, b in self.directed] + [f"{a} <-> {b}" for a, b in self.bidirected]
        hidden = f", latent: {', '.join(self.latent)}" if self.latent else ""
        return f"CausalGraph({'; '.join(edges) or ', '.join(self.nodes)}{hidden})"

    # -- inside ------------------------------------------------------------------------------------------------

    def _known(self, name: str) -> int:
        try:
            return self._index[name]
        except KeyError:
            raise GraphError(f"there is no node '{name}' (nodes: {', '.join(self.nodes) or 'none'})") from None

    @staticmethod
    def _union(table: list[int], mask: int) -> int:
        result = 0
        for i in _bits(mask):
            result |= table[i]
        return result

    @staticmethod
    def _closure(table: list[int], mask: int) -> int:
        seen = frontier = mask
        while frontier:
            reached = 0
            for i in _bits(frontier):
                reached |= table[i]
            frontier = reached & ~seen
            seen |= frontier
        return seen

    def _sort(self) -> tuple[int, ...]:
        waiting = [bin(mask).count("1") for mask in self._parents]
        ready = sum(1 << i for i, count in enumerate(waiting) if count == 0)
        order: list[int] = []
        while ready:
            i = (ready & -ready).bit_length() - 1
            ready &= ~(1 << i)
            order.append(i)
            for child in _bits(self._children[i]):
                waiting[child] -= 1
                if waiting[child] == 0:
                    ready |= 1 << child
        if len(order) < len(self.nodes):
            raise GraphError(f"the arrows run in a circle: {' -> '.join(self._cycle(set(order)))}")
        return tuple(order)

    def _cycle(self, acyclic: set[int]) -> list[str]:
        """Name one cycle: walk backwards through causes until a node repeats."""
        node = min(set(range(len(self.nodes))) - acyclic)
        walk: list[int] = []
        while node not in walk:
            walk.append(node)
            node = min(i for i in _bits(self._parents[node]) if i not in acyclic)
        circle = [*walk[walk.index(node) :], node][::-1]
        return [self.nodes[i] for i in circle]


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
