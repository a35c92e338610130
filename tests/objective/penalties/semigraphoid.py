"""What follows from some independences in every distribution that has them: the semi-graphoid closure, by brute force.

Statements are kept in their smallest form, "i ⊥ j | K" for single i and j; a semi-graphoid is determined by those, and
closed exactly if (i ⊥ j | K and i ⊥ l | jK) holds whenever (i ⊥ l | K and i ⊥ j | lK) does.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

Elementary = tuple[frozenset[str], frozenset[str]]
"""The two nodes, and the condition."""


def elementary(a: Iterable[str], b: Iterable[str], given: Iterable[str]) -> set[Elementary]:
    """A statement about sets, in single nodes."""
    first, second, condition = tuple(a), tuple(b), frozenset(given)
    found = set()
    for i, j in itertools.product(first, second):
        others = [n for n in (*first, *second) if n not in (i, j)]
        for size in range(len(others) + 1):
            for more in itertools.combinations(others, size):
                found.add((frozenset((i, j)), condition | frozenset(more)))
    return found


def closure(nodes: Iterable[str], statements: Iterable[Elementary]) -> set[Elementary]:
    """All that follows."""
    names = sorted(nodes)
    known = set(statements)
    waiting = list(known)
    while waiting:
        ends, condition = waiting.pop()
        if (ends, condition) not in known:
            continue
        for i in ends:
            (j,) = ends - {i}
            new: list[Elementary] = []
            for other in names:
                if other in ends:
                    continue
                outer = frozenset((i, other))
                if other not in condition and (outer, condition | {j}) in known:
                    # i ⊥ j | K and i ⊥ l | jK
                    new += [(outer, condition), (ends, condition | {other})]
                if other in condition and (outer, condition - {other}) in known:
                    # i ⊥ l | K and i ⊥ j | lK, with K the condition without l
                    new += [(ends, condition - {other}), (outer, (condition - {other}) | {j})]
            for statement in new:
                if statement not in known:
                    known.add(statement)
                    waiting.append(statement)
    return known
