"""``intervention``: one part of an intervention scene: what is told, what is set, the query, its answer, the steps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

from causal_reasoning.errors import InputError
from causal_reasoning.scm.mechanisms.causal_stories import Edges, reachable
from causal_reasoning.scm.mechanisms.intervention_scene import NO, YES, without_incoming
from causal_reasoning.scm.mechanisms.scene_part import ScenePart


class Intervention(ScenePart):
    """A part of a scene in words.

    Parameters
    ----------
    kind : "intervention"
        Names the mechanism.
    scene : str
        A text as `intervention_scene` writes it.
    part : "graph", "set", "cause", "effect", "answer" or "rationale"
        - ``graph``: ``sun causes heat, rain causes mud``;
        - ``set``: the variable that is set, or ``nothing``;
        - ``cause``, ``effect``: the variables that are asked about;
        - ``answer``: yes if a directed path leads from the cause to the effect once the arrows into the variable that
          is set are gone, else no;
        - ``rationale``: the arrows that are cut, those that are left, and what is reached step by step.
    format : str
        A template with the one field ``{part}``.

    Examples
    --------
    >>> rationale = Intervention(kind="intervention", scene="scene", part="rationale")
    >>> print(rationale.write(1, {"scene": ["rain>flood flood>mud | flood ? rain mud"]}, {})[0])
    set flood: cut rain flood
    left: flood mud
    rain: none
    mud not reached
    """

    scene_kind: ClassVar[str] = "intervention_scene"
    kind: Literal["intervention"]
    scene: str
    part: Literal["graph", "set", "cause", "effect", "answer", "rationale"]
    format: str = "{part}"

    def written(self, scene: str) -> str:
        """Read a scene and return the part, without its format."""
        story = parse_story(scene)
        names = story.names
        parts = {
            "graph": lambda: ", ".join(f"{names[a]} causes {names[b]}" for a, b in story.edges),
            "set": lambda: "nothing" if story.done is None else names[story.done],
            "cause": lambda: names[story.cause],
            "effect": lambda: names[story.effect],
            "answer": lambda: story.truth,
            "rationale": lambda: "\n".join(steps(story)),
        }
        return parts[self.part]()


@dataclass(frozen=True)
class Story:
    """A causal graph, an intervention and a question.

    Parameters
    ----------
    names : tuple of str
        Of the variables.
    edges : tuple of (int, int)
        Cause and effect, in the order in which they are told.
    done : int or None
        The variable that is set.
    cause, effect : int
        The question: does the one have an effect on the other?
    """

    names: tuple[str, ...]
    edges: Edges
    done: int | None
    cause: int
    effect: int

    @property
    def left(self) -> Edges:
        """The arrows that the intervention leaves."""
        return without_incoming(self.edges, self.done)

    @property
    def truth(self) -> str:
        """Yes or no."""
        return YES if self.effect in reachable(self.left, self.cause) else NO


@lru_cache(maxsize=16_384)
def parse_story(text: str) -> Story:
    """Read what `intervention_scene` writes.

    Parameters
    ----------
    text : str
        For example ``rain>flood flood>mud | flood ? rain mud``.

    Raises
    ------
    InputError
        If the text has another form.

    Examples
    --------
    >>> parse_story("rain>flood flood>mud | - ? rain mud").truth
    'yes'
    """
    told, _, rest = text.partition(" | ")
    done, _, asked = rest.partition(" ? ")
    arrows = [arrow.split(">") for arrow in told.split()]
    queried = asked.split()
    names = tuple(dict.fromkeys(name for arrow in arrows for name in arrow))
    known = all(name in names for name in queried) and (done in names or done == "-")
    if not arrows or any(len(arrow) != 2 for arrow in arrows) or len(queried) != 2 or not known:
        raise InputError.at("scene", f"{text[:40]!r} is no scene; name a node with the kind 'intervention_scene'")
    number = {name: index for index, name in enumerate(names)}
    edges = tuple((number[a], number[b]) for a, b in arrows)
    return Story(names, edges, number.get(done), number[queried[0]], number[queried[1]])


def steps(story: Story) -> list[str]:
    """Cut arrows, then follow the rest until the effect is found or nothing is left to follow.

    Parameters
    ----------
    story : Story
        The question.

    Returns
    -------
    list of str
        What is cut (only under an intervention), what is left, the effects of each variable that is reached, and
        whether the effect that is asked for is among them.
    """
    names = story.names

    def pairs(edges: Edges) -> str:
        return ", ".join(f"{names[a]} {names[b]}" for a, b in edges) or "none"

    lines = []
    if story.done is not None:
        lines.append(f"set {names[story.done]}: cut {pairs(tuple(e for e in story.edges if e[1] == story.done))}")
    lines.append(f"left: {pairs(story.left)}")
    queue, met = [story.cause], {story.cause}
    while queue and story.effect not in met:
        node = queue.pop(0)
        found = [b for a, b in story.left if a == node and b not in met]
        lines.append(f"{names[node]}: {', '.join(names[b] for b in found) or 'none'}")
        met.update(found)
        queue.extend(found)
    reached = "reached" if story.effect in met else "not reached"
    return [*lines, f"{names[story.effect]} {reached}"]
