"""``letters_steps``: how the letters of words are found, one word a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism
from causal_reasoning.scm.mechanisms.letters_of_words import POSITIONS, check_positions
from causal_reasoning.scm.quantities import Step


class LettersSteps(TextMechanism):
    """A line for every word: the word, the position, and the letter that stands there.

    Parameters
    ----------
    kind : "letters_steps"
        Names the mechanism.
    words : str
        The node with the words: pseudowords, or a node with a list of values.
    position : str
        The node that names the position; its values are among first, second, penultimate and last.

    Examples
    --------
    >>> steps = LettersSteps(kind="letters_steps", words="words", position="skill")
    >>> print(steps.write(1, {"words": ["bomi tedak"], "skill": ["first"]}, {})[0])
    bomi: first b
    tedak: first t
    """

    kind: Literal["letters_steps"]
    words: str
    position: str

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the words and the position."""
        return ((self.words, ("words",)), (self.position, ("position",)))

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the parents."""
        check_positions(scope, self.words, self.position)
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Write a line for every word."""
        return [
            "\n".join(f"{word}: {position} {word[POSITIONS[position][0]]}" for word in words.split())
            for words, position in zip(columns[self.words], columns[self.position], strict=True)
        ]
