"""The equivalence class of a graph with hidden causes, searched edge by edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.ancestral import marks, maximal_ancestral_graph, same_independences
from causal_reasoning.identification.bitsets import Tables, bits, closure
from causal_reasoning.identification.separation import connected

# What two nodes a < b can have between them: an arrow either way, a hidden cause, or both.
_FORMS = (("->", False), ("<-", False), ("", True), ("->", True), ("<-", True))
_ALL = (1 << len(_FORMS)) - 1


def _forms(arrow: str, hidden: bool) -> int:
    """The forms that have an arrow of a direction, or are or have a hidden cause, as a bit set."""
    return sum(1 << i for i, form in enumerate(_FORMS) if form[0] == arrow or (hidden and form[1]))


# The forms with an arrowhead, and with a tail, at a (False) or at b (True).
_HEAD = {False: _forms("<-", True), True: _forms("->", True)}
_TAIL = {False: _forms("->", False), True: _forms("<-", False)}


@dataclass(frozen=True)
class _Choice:
    """The forms of the first edges of a mixed graph, the graph so far, and the forms left for every edge."""

    count: int
    edges: Tables
    open: tuple[int, ...]


class MixedClass:
    """Search the mixed graphs that are equivalent to one of them and join the same pairs of nodes.

    Every two nodes that are not adjacent in the maximal ancestral graph are separated by a set that is known. One
    more edge never separates what was connected, so that a choice is given up as soon as its edges connect two
    such nodes given their set. Whatever separates them all and has the adjacencies of the class is a member: the
    separating sets tell the colliders. What unshielded triples demand is ruled out beforehand: a collider has no
    tail in its middle, and another triple does not have two arrowheads there.

    Parameters
    ----------
    graph : CausalGraph
        Without latent nodes; it is the first member that is found.
    effort : int
        Most separations to test; can be lowered to zero by `members`, which then stops.
    """

    def __init__(self, graph: CausalGraph, effort: int) -> None:
        mag = maximal_ancestral_graph(graph)
        self.names = graph.nodes
        self.wanted = marks(mag)
        self.left = effort
        index = {name: i for i, name in enumerate(self.names)}
        arrows = {(index[a], index[b]) for a, b in graph.directed}
        arcs = {(index[a], index[b]) for a, b in graph.bidirected}  # in alphabetical order already
        self.pairs = sorted(arcs | {(min(pair), max(pair)) for pair in arrows})
        own = [("->" if (a, b) in arrows else "<-" if (b, a) in arrows else "", (a, b) in arcs) for a, b in self.pairs]
        self.own = [_FORMS.index(form) for form in own]
        above = [mag.ancestor_mask(1 << i) for i in range(len(self.names))]
        self.separators = [
            [(j, (above[i] | above[j]) & ~(1 << i | 1 << j)) for j in range(i) if not row >> j & 1]
            for i, row in enumerate(self.wanted.adjacent)
        ]
        self.start, self.rivals = self._triples()

    def _triples(self) -> tuple[tuple[int, ...], dict[tuple[int, bool], list[tuple[int, bool]]]]:
        """The forms that colliders leave for each edge; and the ends that cannot both have an arrowhead."""
        at: dict[int, list[tuple[int, bool, int]]] = {}
        for e, (a, b) in enumerate(self.pairs):
            at.setdefault(a, []).append((e, False, b))
            at.setdefault(b, []).append((e, True, a))
        left = [_ALL] * len(self.pairs)
        rivals: dict[tuple[int, bool], list[tuple[int, bool]]] = {}
        for middle, ends in at.items():
            into = self.wanted.into[middle]
            for e, end, outer in ends:
                for f, other_end, other in ends:
                    if e == f or self.wanted.adjacent[outer] >> other & 1:
                        continue
                    if into >> outer & into >> other & 1:
                        left[e] &= ~_TAIL[end]
                    else:
                        rivals.setdefault((e, end), []).append((f, other_end))
        return tuple(left), rivals

    def members(self) -> Iterator[CausalGraph]:
        """Yield the members, the graph itself first and what is like it soon."""
        size = len(self.names)
        stack = [_Choice(0, Tables(size, [0] * size, [0] * size, [0] * size), self.start)]
        while stack and self.left > 0:
            choice = stack.pop()
            e = choice.count
            if e < len(self.pairs):
                order = (self.own[e], *(form for form in range(len(_FORMS)) if form != self.own[e]))
                found = [self.taken(choice, form) for form in order]
                stack += [further for further in found if further is not None][::-1]
                continue
            member = self.graph(choice.edges)
            if same_independences(marks(maximal_ancestral_graph(member)), self.wanted):
                yield member

    def taken(self, choice: _Choice, form: int) -> _Choice | None:
        """Give the next edge a form; ``None`` if no member is like that."""
        e = choice.count
        if not choice.open[e] >> form & 1:
            return None
        a, b = self.pairs[e]
        arrow, hidden = _FORMS[form]
        old = choice.edges
        edges = Tables(old.size, old.parents[:], old.children[:], old.siblings[:])
        if arrow:
            tail, head = (a, b) if arrow == "->" else (b, a)
            if closure(edges.children, 1 << head) >> tail & 1:
                return None
            edges.children[tail] |= 1 << head
            edges.parents[head] |= 1 << tail
        if hidden:
            edges.siblings[a] |= 1 << b
            edges.siblings[b] |= 1 << a
        left = self.ruled_out(choice.open, e, form)
        if left is None or not self.separates(edges, a):
            return None
        return _Choice(e + 1, edges, left)

    def ruled_out(self, left: tuple[int, ...], e: int, form: int) -> tuple[int, ...] | None:
        """What forms the others can still have when an edge has one; ``None`` if some have none."""
        forms = list(left)
        forms[e] = 1 << form
        waiting = [e]
        while waiting:
            at = waiting.pop()
            for end in (False, True):
                if forms[at] & ~_HEAD[end]:
                    continue
                for rival, other_end in self.rivals.get((at, end), ()):
                    fewer = forms[rival] & ~_HEAD[other_end]
                    if not fewer:
                        return None
                    if fewer != forms[rival]:
                        forms[rival] = fewer
                        waiting.append(rival)
        return tuple(forms)

    def separates(self, edges: Tables, near: int) -> bool:
        """Whether nodes that must be separated are, as far as a node of the last edge can have a part in it."""
        around = [p | c | s for p, c, s in zip(edges.parents, edges.children, edges.siblings, strict=True)]
        concerned = closure(around, 1 << near)
        for i in bits(concerned):
            for j, given in self.separators[i]:
                if concerned >> j & 1:
                    self.left -= 1
                    if connected(edges, 1 << i, given) >> j & 1:
                        return False
        return True

    def graph(self, edges: Tables) -> CausalGraph:
        """A mixed graph by the names of its nodes."""
        names = self.names
        return CausalGraph(
            names,
            [(names[i], names[j]) for i, row in enumerate(edges.children) for j in bits(row)],
            [(names[i], names[j]) for i, row in enumerate(edges.siblings) for j in bits(row) if i < j],
        )
