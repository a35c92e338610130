"""What the mechanisms that write one part of a scene have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.mechanisms.single_field import check_single_field, single_field_writer
from causal_reasoning.scm.quantities import MechanismError, Step


class ScenePart(TextMechanism):
    """A part of a scene in words.

    A mechanism that is one has the keys ``scene``, a text as the mechanism of the kind ``scene_kind`` writes it, and
    ``format``, a template with the one field ``{part}``.
    """

    if TYPE_CHECKING:  # declared by each mechanism: the order of its keys decides on the digest of a world
        scene: str
        format: str

    scene_kind: ClassVar[str]

    @abstractmethod
    def written(self, scene: str) -> str:
        """Read a scene and return the part, without its format."""

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the scene."""
        return ((self.scene, ("scene",)),)

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the scene."""
        check_single_field(self.format, "part")
        if self.scene in scope.values:
            message = f"'{self.scene}' is no scene; name a node with the kind '{self.scene_kind}'"
            raise MechanismError(("scene",), message)
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Read every scene and write the part."""
        fill = single_field_writer(self.format)
        return [fill(self.written(scene)) for scene in columns[self.scene]]
