"""``blicket``: one part of a blicket scene: what was seen, the query, its answer, or the steps that lead there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar, Literal

from causal_reasoning.errors import InputError
from causal_reasoning.scm.mechanisms.base import later
from causal_reasoning.scm.mechanisms.blickets import OFF, ON, Scene
from causal_reasoning.scm.mechanisms.scene_part import ScenePart


class Blicket(ScenePart):
    """A part of a scene in words.

    Parameters
    ----------
    kind : "blicket"
        Names the mechanism.
    scene : str
        A text as `blicket_scene` writes it.
    part : "panels", "query", "answer" or "rationale"
        - ``panels``: ``cat and dog: on, dog: off``;
        - ``query``: ``cat and egg``;
        - ``answer``: the light of the query in every hypothesis that agrees with the panels, on or off, else
          undetermined;
        - ``rationale``: a line for every dark panel, whose objects are none, a line for every lit one with what is
          left, and a line for the query.
    format : str
        A template with the one field ``{part}``.
    style : "words" or "symbols"
        How panels and query are written: as above (default), or as in ACRE's symbolic form, ``[3, 41] -> on`` with a
        panel on each line, and ``[41]``.

    Examples
    --------
    >>> rationale = Blicket(kind="blicket", scene="scene", part="rationale")
    >>> print(rationale.write(1, {"scene": ["cat dog: on | dog: off ? cat egg"]}, {})[0])
    dog off: dog no
    cat dog on: cat
    cat egg: cat is one
    >>> panels = Blicket(kind="blicket", scene="scene", part="panels", style="symbols")
    >>> print(panels.write(1, {"scene": ["3 41: on | 41: off ? 3"]}, {})[0])
    [3, 41] -> on
    [41] -> off
    """

    scene_kind: ClassVar[str] = "blicket_scene"
    kind: Literal["blicket"]
    scene: str
    part: Literal["panels", "query", "answer", "rationale"]
    format: str = "{part}"
    style: Literal["words", "symbols"] = later("words")

    def written(self, scene: str) -> str:
        """Read a scene and return the part, without its format."""
        read = parse_scene(scene)
        if self.part == "answer":
            return read.scene.truth
        if self.part == "query":
            return self._listed(read.query)
        if self.part == "panels":
            between, point = (", ", ": ") if self.style == "words" else ("\n", " -> ")
            return between.join(f"{self._listed(names)}{point}{ON if lit else OFF}" for names, lit in read.panels)
        return "\n".join(steps(read))

    def _listed(self, names: Sequence[str]) -> str:
        return " and ".join(names) if self.style == "words" else f"[{', '.join(names)}]"


class ReadScene:
    """A scene with the names of its objects, in the order in which they are written.

    Parameters
    ----------
    panels : list of (list of str, bool)
        Names on the machine, and whether the light was on.
    query : list of str
        Names that are asked for.
    """

    def __init__(self, panels: list[tuple[list[str], bool]], query: list[str]) -> None:
        self.panels, self.query = panels, query
        names = dict.fromkeys(name for objects in (*(names for names, _ in panels), query) for name in objects)
        self._bit = {name: 1 << index for index, name in enumerate(names)}
        self.scene = Scene(tuple((self.mask(objects), lit) for objects, lit in panels), self.mask(query))

    def mask(self, names: Sequence[str]) -> int:
        """Return names as a mask."""
        return sum(self._bit[name] for name in names)

    def without(self, names: Sequence[str], objects: int) -> list[str]:
        """Return the names that are not in a mask, in order."""
        return [name for name in names if not self._bit[name] & objects]


@lru_cache(maxsize=16_384)
def parse_scene(text: str) -> ReadScene:
    """Read what `blicket_scene` writes.

    Parameters
    ----------
    text : str
        For example ``cat dog: on | dog: off ? cat``.

    Raises
    ------
    InputError
        If the text has another form.

    Examples
    --------
    >>> parse_scene("cat dog: on | dog: off ? cat").scene.truth
    'on'
    """
    shown, _, query = text.rpartition(" ? ")
    panels = []
    for panel in shown.split(" | "):
        objects, _, light = panel.partition(": ")
        if not objects or light not in (ON, OFF):
            raise InputError.at("scene", f"{text[:40]!r} is no scene; name a node with the kind 'blicket_scene'")
        panels.append((objects.split(), light == ON))
    names = query.split()
    if not names:
        raise InputError.at("scene", f"{text[:40]!r} asks for nothing; name a node with the kind 'blicket_scene'")
    return ReadScene(panels, names)


def steps(read: ReadScene) -> list[str]:
    """Reason by elimination, a line for each step.

    Parameters
    ----------
    read : ReadScene
        The scene.

    Returns
    -------
    list of str
        Dark panels first, then lit ones, each in the order of the scene, then the query. The last line says that one
        object or one of some is a blicket, that none is, or that one may be.
    """
    scene = read.scene
    lines = [
        f"{' '.join(names)} off: {', '.join(f'{name} no' for name in names)}" for names, lit in read.panels if not lit
    ]
    left = [read.without(names, scene.harmless) for names, lit in read.panels if lit]
    seen = [names for names, lit in read.panels if lit]
    lines += [f"{' '.join(names)} on: {' or '.join(rest)}" for names, rest in zip(seen, left, strict=True)]
    asked = " ".join(read.query)
    if scene.truth == ON:
        proofs = [rest for rest in left if set(rest) <= set(read.query)]
        shortest = min(proofs, key=list.__len__)
        return [*lines, f"{asked}: {' or '.join(shortest)} is one"]
    if scene.truth == OFF:
        return [*lines, f"{asked}: none is one"]
    return [*lines, f"{asked}: {' or '.join(read.without(read.query, scene.harmless))} may be one"]
