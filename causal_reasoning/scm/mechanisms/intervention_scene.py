"""``intervention_scene``: a small causal graph, perhaps an intervention, and two of its variables to be asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import permutations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.mechanisms.causal_stories import LETTERS, NAMINGS, SHAPES, Edges, namings, reachable
from causal_reasoning.scm.mechanisms.randomness import Source, noise_site, sources
from causal_reasoning.scm.quantities import Step

OBSERVE, INTERVENE = "observe", "intervene"
YES, NO = "yes", "no"
Question = tuple[int | None, int, int]


class InterventionScene(TextMechanism):
    """A scene, written as ``sun>heat rain>mud | mud ? rain mud`` for the `intervention` mechanism.

    The question is drawn among all with the answer that is asked for. Under an intervention half of those with the
    answer no lose a path that was there, where the shape has such questions.

    Parameters
    ----------
    kind : "intervention_scene"
        Names the mechanism.
    shape : str
        A node that names the graph: bivariate, confounder, mediator, collider, chain or m_graph.
    names : str
        A node that says what the variables are called: everyday causes, letters, or everyday causes reversed.
    skill : str
        A node with the values observe and intervene (or one of them).
    effect : str
        A node that says whether the first variable has an effect on the second, yes or no.
    """

    kind: Literal["intervention_scene"]
    shape: str
    names: str
    skill: str
    effect: str

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the four nodes."""
        return tuple((node, (key,)) for node, key, _ in self._nodes())

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the row's noise."""
        for node, key, known in self._nodes():
            scope.values_among(node, (key,), known, "which is none here")
        return {"noise": noise_site()}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Draw a question and names for every row."""
        wanted = zip(*(columns[node] for node, _, _ in self._nodes()), sources(draws["noise"]), strict=True)
        return [_written(*row) for row in wanted]

    def _nodes(self) -> tuple[tuple[str, str, Iterable[str]], ...]:
        return (
            (self.shape, "shape", SHAPES),
            (self.names, "names", NAMINGS),
            (self.skill, "skill", (OBSERVE, INTERVENE)),
            (self.effect, "effect", (YES, NO)),
        )


def _written(shape: str, naming: str, skill: str, effect: str, source: Source) -> str:
    edges = SHAPES[shape]
    done, cause, target = source.pick(source.pick(questions(shape, skill, effect)))
    size = 1 + max(max(edge) for edge in edges)
    names = source.some(LETTERS, size) if naming == "letters" else source.pick(namings(shape, naming))
    told = " ".join(f"{names[a]}>{names[b]}" for a, b in source.some(edges, len(edges)))
    return f"{told} | {'-' if done is None else names[done]} ? {names[cause]} {names[target]}"


def without_incoming(edges: Edges, node: int | None) -> Edges:
    """Return the arrows that an intervention on a node leaves; all of them without one.

    Examples
    --------
    >>> without_incoming(((0, 1), (1, 2)), 1)
    ((1, 2),)
    """
    return tuple(edge for edge in edges if edge[1] != node)


@lru_cache(maxsize=64)
def questions(shape: str, skill: str, effect: str) -> tuple[tuple[Question, ...], ...]:
    """List all questions of a shape with an answer, in groups that are equally likely.

    Parameters
    ----------
    shape : str
        A key of `SHAPES`.
    skill : str
        ``observe`` or ``intervene``.
    effect : str
        ``yes`` or ``no``.

    Returns
    -------
    tuple of tuple of (int or None, int, int)
        What is set, from where, to where. One group for ``yes``; for ``no`` those whose path the intervention cuts,
        and those without a path to begin with, where there are any.
    """
    edges = SHAPES[shape]
    size = 1 + max(max(edge) for edge in edges)
    cut: list[Question] = []
    rest: list[Question] = []
    for done in range(size) if skill == INTERVENE else (None,):
        left = without_incoming(edges, done)
        for cause, target in permutations(range(size), 2):
            if (target in reachable(left, cause)) == (effect == YES):
                lost = effect == NO and target in reachable(edges, cause)
                (cut if lost else rest).append((done, cause, target))
    return tuple(tuple(group) for group in (cut, rest) if group)
