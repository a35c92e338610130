"""``letters_of_words``: one letter of every word, at a position that another node names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import StrictBool

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism, later
from causal_reasoning.scm.mechanisms.single_field import check_single_field, single_field_writer
from causal_reasoning.scm.quantities import MechanismError, Step

#: Position names, the index of the letter in a word, and the letters a word needs to have one there.
POSITIONS: dict[str, tuple[int, int]] = {
    "first": (0, 1),
    "second": (1, 2),
    "penultimate": (-2, 2),
    "last": (-1, 1),
}


def check_positions(scope: Scope, words: str, position: str) -> None:
    """Refuse words that are none, and positions that a word does not have.

    Parameters
    ----------
    scope : Scope
        What is known of the nodes before.
    words, position : str
        The nodes with the words and with the positions; keys of the same names are in the mechanism.

    Raises
    ------
    MechanismError
        At ``words`` or at ``position``.
    """
    shortest = scope.shortest_word.get(words)
    if shortest is None:
        raise MechanismError(("words",), f"'{words}' does not consist of words; name a pseudoword node")
    for value in scope.values_among(position, ("position",), POSITIONS, "no position"):
        if POSITIONS[value][1] > shortest:
            raise MechanismError(("position",), f"a word of {shortest} letters has no {value} letter")


class LettersOfWords(TextMechanism):
    """The letters at one position of all words of a text.

    Parameters
    ----------
    kind : "letters_of_words"
        Names the mechanism.
    words : str
        The node with the words: pseudowords, or a node with a list of values.
    position : str
        The node that names the position; its values are among first, second, penultimate and last.
    join : str
        What stands between two letters.
    format : str
        A template with the one field ``{letters}``.
    lower : bool
        Whether capitals become small letters.
    """

    kind: Literal["letters_of_words"]
    words: str
    position: str
    join: str = " "
    format: str = "{letters}"
    lower: StrictBool = later(False)

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return the words and the position."""
        return ((self.words, ("words",)), (self.position, ("position",)))

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return nothing: the text is a function of the parents."""
        check_single_field(self.format, "letters")
        check_positions(scope, self.words, self.position)
        return {}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Pick the letters and put them into the format."""
        fill = single_field_writer(self.format)
        index = {name: place for name, (place, _) in POSITIONS.items()}
        letters = [
            self.join.join([word[index[position]] for word in words.split()])
            for words, position in zip(columns[self.words], columns[self.position], strict=True)
        ]
        return [fill(text.lower() if self.lower else text) for text in letters]
