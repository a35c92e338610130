"""Whether a stratum can be read off the text that is the treatment: where it can, no data tell their effects apart.

Positivity for text: every question must be possible in every stratum. If the stratum is a function of the question
(the template that it is written in, a cluster of its embedding), the sum over strata asks the model for pairs of
question and stratum that no row has, and nothing else would show it. So the stratum is predicted from the text by a
cheap classifier, cross-validated.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.errors import NoValidPlanError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

READABLE = 0.95
"""Above this share of what guessing leaves open, the stratum counts as a function of the text."""

WARN = 0.8
FEW_ROWS = 100  # a trial with fewer is the user's own business
MOST_ROWS = 4000
MOST_STRATA = 200
FOLDS = 5

_WORD = re.compile(r"\w+|[^\w\s]")
_FEATURES = 1 << 14
_SMOOTHINGS = (0.01, 0.1, 1.0)


@dataclass(frozen=True)
class TextOverlap:
    """How well a stratum is guessed from the text.

    Parameters
    ----------
    rows : int
        Rows that were looked at.
    accuracy : float
        Share of rows whose stratum a classifier names that was fitted on other rows.
    base_rate : float
        Share of the most frequent stratum: the accuracy of not looking at the text.
    """

    rows: int
    accuracy: float
    base_rate: float

    @property
    def readable(self) -> float:
        """(accuracy − base rate) / (1 − base rate), not below 0: one where the text gives the stratum away."""
        return max(0.0, (self.accuracy - self.base_rate) / (1 - self.base_rate)) if self.base_rate < 1 else 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the user."""
        if self.readable < WARN:
            return ()
        return (
            f"{self._measured()}: few rows show a text outside of its usual stratum, and there the model extrapolates",
        )

    def require(self, name: str, *, accept: bool) -> None:
        """Refuse where the text gives the stratum away.

        Parameters
        ----------
        name : str
            The stratum, for the message.
        accept : bool
            Go on nevertheless.

        Raises
        ------
        NoValidPlanError
            If the stratum is as good as a function of the text.
        """
        if accept or self.rows < FEW_ROWS or self.readable < READABLE:
            return
        raise NoValidPlanError(
            f"positivity fails: {name} can be read off the text that is the treatment ({self._measured()}), so no row "
            f"tells what the text does apart from what {name} does; adjust for something that the text does not show, "
            "set a column that the text expresses in place of the text, or write 'accept_poor_overlap: true' under "
            "objective to go on"
        )

    def _measured(self) -> str:
        return f"a classifier names it for {self.accuracy:.1%} of held-out rows, {self.base_rate:.1%} by guessing"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rows": self.rows,
            "accuracy": self.accuracy,
            "base_rate": self.base_rate,
            "readable": self.readable,
            "warnings": list(self.warnings),
        }


def text_overlap(texts: Sequence[str], strata: Sequence[tuple[str, ...]]) -> TextOverlap:
    """Predict each row's stratum from its text, by a model that has not seen the row.

    Parameters
    ----------
    texts : sequence of str
        What the model reads, N rows.
    strata : sequence of tuple of str
        The stratum of each.

    Returns
    -------
    TextOverlap
        Accuracy on held-out rows and the base rate, on at most 4,000 rows of the 200 most frequent strata. The
        classifier sees words, pairs of words, three-letter pieces, the first and the last word and the length: a
        lower bound, as another might read more.

    Notes
    -----
    Naive Bayes on the presence of hashed features, 5-fold, with the best of three smoothings; time linear in the length
    of all texts.

    References
    ----------
    A. McCallum and K. Nigam, "A comparison of event models for naive Bayes text classification" (1998).

    Examples
    --------
    >>> texts = ["what is it?", "tell me!"] * 20
    >>> text_overlap(texts, [("a",), ("b",)] * 20).readable
    1.0
    >>> text_overlap(texts, [("a",), ("a",), ("b",), ("b",)] * 10).readable
    0.0
    """
    frequent = sorted(Counter(strata).items(), key=lambda item: (-item[1], item[0]))[:MOST_STRATA]
    names = {z: i for i, (z, _) in enumerate(frequent)}
    order = [i for i in np.random.default_rng(0).permutation(len(texts)) if strata[i] in names][:MOST_ROWS]
    labels = np.array([names[strata[i]] for i in order])
    base = float(np.bincount(labels).max() / len(labels))
    if len(names) == 1 or len(labels) < FOLDS:
        return TextOverlap(len(labels), base, base)
    features = _matrix([texts[i] for i in order])
    part = np.arange(len(labels)) % FOLDS
    right = np.zeros(len(_SMOOTHINGS))
    for fold in range(FOLDS):
        rest, here = part != fold, part == fold
        guessed = _naive_bayes(features[rest], labels[rest], len(names), features[here])
        right += [(guess == labels[here]).sum() for guess in guessed]
    return TextOverlap(len(labels), float(right.max() / len(labels)), base)


def _naive_bayes(
    features: csr_matrix[np.float64], labels: NDArray[np.int64], classes: int, new: csr_matrix[np.float64]
) -> list[NDArray[np.int64]]:
    """Guesses for new rows, one list for each smoothing of the counts."""
    from scipy.sparse import csr_matrix

    member = csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(classes, len(labels)))
    counts = (member @ features).toarray()
    prior = np.log(np.bincount(labels, minlength=classes) + 1.0)
    guesses = []
    for smoothing in _SMOOTHINGS:
        smooth = counts + smoothing
        scores = new @ np.log(smooth / smooth.sum(axis=1, keepdims=True)).T
        guesses.append(np.asarray((scores + prior).argmax(axis=1)))
    return guesses


def _matrix(texts: Sequence[str]) -> csr_matrix[np.float64]:
    """Which hashed features each text has: shape (N, features)."""
    from scipy.sparse import csr_matrix

    columns: list[int] = []
    ends = [0]
    for text in texts:
        # Not the built-in hash, which differs from process to process.
        columns += sorted({zlib.crc32(feature.encode()) % _FEATURES for feature in _features(text)})
        ends.append(len(columns))

    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(texts), _FEATURES))


def _features(text: str) -> set[str]:
    words = _WORD.findall(text)
    found = {f"word {word}" for word in words}
    found |= {f"pair {one} {two}" for one, two in pairwise(words)}
    found |= {f"piece {text[i : i + 3]}" for i in range(len(text) - 2)}
    found |= {f"words {len(words)}", f"letters {len(text)}", f"letters/16 {len(text) // 16}"}
    return found | {f"first {word}" for word in words[:1]} | {f"last {word}" for word in words[-1:]}
