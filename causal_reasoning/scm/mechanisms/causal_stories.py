"""Graphs of cause and effect for questions about interventions: their shapes, and names for their variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import permutations

Edges = tuple[tuple[int, int], ...]

#: Arrows of each shape between variables 0, 1, ….
SHAPES: dict[str, Edges] = {
    "bivariate": ((0, 1),),
    "confounder": ((0, 1), (0, 2)),
    "mediator": ((0, 1), (1, 2)),
    "collider": ((0, 2), (1, 2)),
    "chain": ((0, 1), (1, 2), (2, 3)),
    "m_graph": ((0, 2), (0, 3), (1, 3), (1, 4)),
}

#: Everyday causes with their direct effects, without a circle.
EVERYDAY: dict[str, tuple[str, ...]] = {
    "cold": ("ice",),
    "fire": ("smoke", "heat", "light"),
    "flood": ("mud",),
    "food": ("health",),
    "health": ("joy",),
    "luck": ("money", "joy"),
    "money": ("food",),
    "plants": ("food",),
    "rain": ("mud", "flood", "plants"),
    "storm": ("rain", "waves"),
    "sun": ("light", "heat", "plants"),
    "wind": ("waves", "cold"),
    "winter": ("cold", "snow"),
    "work": ("money", "pain"),
}
LETTERS = tuple("ABCDEFGHJKLMNPQRSTUVWXYZ")
NAMINGS = ("everyday", "letters", "reversed")


def reachable(edges: Sequence[tuple[int, int]], start: int) -> list[int]:
    """List the variables that a directed path leads to, in the order in which a search finds them.

    Parameters
    ----------
    edges : sequence of (int, int)
        Cause and effect.
    start : int
        Where the paths start; it is not listed itself.

    Examples
    --------
    >>> reachable(((0, 1), (1, 2), (3, 0)), 0)
    [1, 2]
    """
    found: list[int] = []
    queue = [start]
    while queue:
        node = queue.pop(0)
        for cause, effect in edges:
            if cause == node and effect not in found and effect != start:
                found.append(effect)
                queue.append(effect)
    return found


@lru_cache(maxsize=1)
def known_effects() -> frozenset[tuple[str, str]]:
    """Return all pairs of an everyday cause and something that it brings about, directly or by way of others."""
    names = sorted({*EVERYDAY, *(effect for effects in EVERYDAY.values() for effect in effects)})
    number = {name: index for index, name in enumerate(names)}
    edges = [(number[cause], number[effect]) for cause, effects in EVERYDAY.items() for effect in effects]
    return frozenset((name, names[effect]) for name in names for effect in reachable(edges, number[name]))


@lru_cache(maxsize=64)
def namings(shape: str, kind: str) -> tuple[tuple[str, ...], ...]:
    """List the names that the variables of a shape may have.

    Parameters
    ----------
    shape : str
        A key of `SHAPES`.
    kind : str
        ``everyday``: every arrow is one of `EVERYDAY`. ``reversed``: the same names in other places; no arrow agrees
        with common sense, not even by way of other things, and as many as possible are turned around.

    Returns
    -------
    tuple of tuple of str
        Sorted.

    Examples
    --------
    >>> ("rain", "mud") in namings("bivariate", "everyday"), ("mud", "rain") in namings("bivariate", "reversed")
    (True, True)
    """
    if kind == "everyday":
        return tuple(sorted(_matches(SHAPES[shape], ())))
    found: set[tuple[str, ...]] = set()
    for names in {tuple(sorted(names)) for names in namings(shape, "everyday")}:
        scored = [(turned_around(order, shape), order) for order in permutations(names)]
        most = max(score for score, _ in scored)
        found |= {order for score, order in scored if score == most and most > 0}
    return tuple(sorted(found))


def _matches(edges: Edges, names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Name one variable after the other, so that all arrows between named ones are everyday."""
    size = 1 + max(max(edge) for edge in edges)
    if len(names) == size:
        yield names
        return
    here = len(names)
    for name in sorted({*EVERYDAY, *(effect for effects in EVERYDAY.values() for effect in effects)} - set(names)):
        longer = (*names, name)
        if all(longer[b] in EVERYDAY.get(longer[a], ()) for a, b in edges if max(a, b) == here):
            yield from _matches(edges, longer)


def turned_around(names: Sequence[str], shape: str) -> int:
    """Count the arrows of a shape that name an everyday effect as the cause; −1 if any arrow agrees with common sense.

    Examples
    --------
    >>> turned_around(("mud", "rain"), "bivariate"), turned_around(("rain", "mud"), "bivariate")
    (1, -1)
    """
    known = known_effects()
    count = 0
    for a, b in SHAPES[shape]:
        if (names[a], names[b]) in known:
            return -1
        count += (names[b], names[a]) in known
    return count
