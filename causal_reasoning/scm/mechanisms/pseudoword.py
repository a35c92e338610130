"""``pseudoword``: made-up words that can be pronounced, such as ``bomi tedak``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StrictBool, StrictInt

from causal_reasoning.scm.mechanisms.base import Scope, Site, TextMechanism, later
from causal_reasoning.scm.quantities import MechanismError, Step

ALPHABET = "abcdefghijklmnopqrstuvwxyz"
VOWELS = "aeiou"
CONSONANTS = "bcdfghjklmnprstvwz"


class Pseudoword(TextMechanism):
    """Random lower-case words in which consonants and vowels alternate, separated by a space.

    Parameters
    ----------
    kind : "pseudoword"
        Names the mechanism.
    count : int
        How many words, 1 to 16.
    length : (int, int)
        Least and greatest number of letters of a word, 2 to 32; all lengths between are equally likely.
    capital : bool
        Whether every word begins with a capital, as a name does.
    """

    kind: Literal["pseudoword"]
    count: Annotated[StrictInt, Field(ge=1, le=16)] = 1
    length: Annotated[tuple[Annotated[StrictInt, Field(ge=2, le=32)], ...], Field(min_length=2, max_length=2)] = (4, 7)
    capital: StrictBool = later(False)

    def parents(self) -> tuple[tuple[str, tuple[Step, ...]], ...]:
        """Return nothing: the node is exogenous."""
        return ()

    def sites(self, scope: Scope) -> dict[str, Site]:
        """Return the draws of lengths, of starts (consonant or vowel first) and of letters."""
        least, greatest = self.length
        if least > greatest:
            raise MechanismError(("length",), f"the least length {least} is above the greatest, {greatest}; swap them")
        lengths = np.full((self.count, greatest - least + 1), 1.0 / (greatest - least + 1))
        starts = np.full((self.count, 2), 0.5)
        # One letter more than needed: a word that starts with a vowel leaves the first one out.
        letters = np.zeros((self.count, greatest + 1, len(ALPHABET)))
        for position in range(greatest + 1):
            allowed = VOWELS if position % 2 else CONSONANTS
            for letter in allowed:
                letters[:, position, ALPHABET.index(letter)] = 1.0 / len(allowed)
        return {"length": Site((), lengths), "start": Site((), starts), "letters": Site((), letters)}

    def write(
        self, rows: int, columns: Mapping[str, Sequence[str]], draws: Mapping[str, NDArray[np.int64]]
    ) -> list[str]:
        """Cut every word out of its letters."""
        codes = (draws["letters"] + ord("a")).astype(np.uint8)
        begins = draws["start"]
        ends = begins + self.length[0] + draws["length"]
        words = [
            [
                text[begin:end].decode("ascii")
                for text, begin, end in zip(
                    codes[:, word].copy().view(f"S{codes.shape[2]}").ravel().tolist(),
                    begins[:, word].tolist(),
                    ends[:, word].tolist(),
                    strict=True,
                )
            ]
            for word in range(self.count)
        ]
        if self.capital:
            words = [[word.capitalize() for word in column] for column in words]
        return [" ".join(row) for row in zip(*words, strict=True)]

    def shortest_word(self, scope: Scope) -> int | None:
        """Return the least length."""
        return self.length[0]
