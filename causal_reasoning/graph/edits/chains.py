"""Edges as a file writes them: chains of arrows, rewritten only where an edit touches them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.graph.edits.base import Edit, Link, links

_ARROW = re.compile(r"(\s*(?:<->|->)\s*)")


@dataclass
class _Run:
    """A chain in the making: each step goes on where the last one ended, or begins a new chain."""

    done: list[str] = field(default_factory=list)
    last: str | None = None

    def step(self, left: str, arrow: str, right: str) -> None:
        if self.last == left:
            self.done[-1] += arrow + right
        else:
            self.done.append(left + arrow + right)
        self.last = right


def rewrite_chains(chains: list[str], edit: Edit, after: CausalGraph) -> tuple[list[list[str] | None], list[str]]:
    """Carry the edges of a file through an edit.

    Parameters
    ----------
    chains : list of str
        The chains of a checked file, such as ``a -> b -> c``.
    edit : Edit
        The edit.
    after : CausalGraph
        The graph after it.

    Returns
    -------
    list of (list of str or None), list of str
        For each chain what stands in its place, ``None`` where it is not touched; and the edges that are new.
        A chain is cut where an edge goes or is turned round; what is left keeps its spacing and its place.

    Examples
    --------
    >>> from causal_reasoning.graph.edits.parse import parse_edit
    >>> graph = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")])
    >>> edit = parse_edit("reverse b -> c")
    >>> rewrite_chains(["a->b->c->d"], edit, edit.apply(graph))
    ([['a->b', 'c->b', 'c->d']], [])
    """
    steps = [_steps(chain) for chain in chains]
    # An edge that stays keeps its place; one that becomes the same edge elsewhere is left out.
    written = {old for chain in steps for _, old, _ in chain if edit.carry(old) == (old,)}
    result: list[list[str] | None] = []
    for chain in steps:
        runs = [_Run()]
        changed = False
        for (left, right), old, arrow in chain:
            kept = []
            for new, ends in zip(edit.carry(old), _ends(edit, left, old), strict=True):
                if new == old or new not in written:
                    kept.append(ends)
                    written.add(new)
            changed |= kept != [(left, right)]
            runs += [_Run() for _ in range(len(kept) - len(runs))]
            for run, (a, b) in zip(runs, kept, strict=False):
                run.step(a, arrow, b)
            for run in runs[len(kept) :]:
                run.last = None
        result.append([text for run in runs for text in run.done] if changed else None)
    return result, [link.text() for link in links(after) if link not in written]


def _steps(chain: str) -> list[tuple[tuple[str, str], Link, str]]:
    """The edges of a chain: both ends as they are written, the edge, and the arrow with the space around it."""
    pieces = _ARROW.split(chain.strip())
    found = []
    for at in range(0, len(pieces) - 2, 2):
        left, arrow, right = pieces[at : at + 3]
        found.append(((left, right), Link(left, right, arrow.strip() == "<->"), arrow))
    return found


def _ends(edit: Edit, left: str, old: Link) -> list[tuple[str, str]]:
    """What becomes of an edge, with the ends of a hidden cause in the order in which they are written."""
    turned = [new.hidden and new.a not in edit.new_names(left) for new in edit.carry(old)]
    return [new.ends[::-1] if turn else new.ends for new, turn in zip(edit.carry(old), turned, strict=True)]
