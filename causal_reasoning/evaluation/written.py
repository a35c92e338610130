"""Outputs with a rationale: the answer is the last line, what stands before it is reported apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class WrittenRationales:
    """What a model wrote before its answers.

    Parameters
    ----------
    texts, references : tuple of str
        The rationales of N rows, and the right ones.
    nll, answer_nll : array of shape (N,)
        −log p(right rationale | prompt), and −log p(right answer | prompt, right rationale), in nats; not a number
        where the answer is a mixture's, which has no such parts.
    """

    texts: tuple[str, ...]
    references: tuple[str, ...]
    nll: NDArray[np.float64]
    answer_nll: NDArray[np.float64]

    @property
    def exact(self) -> NDArray[np.bool_]:
        """Whether a rationale equals the right one, line by line: shape (N,)."""
        return np.array([_lines(a) == _lines(b) for a, b in zip(self.texts, self.references, strict=True)])

    def to_dict(self) -> dict[str, Any]:
        """Means over all rows; likelihoods are left out where there are none."""
        found: dict[str, Any] = {"exact_match": float(self.exact.mean())}
        if np.isfinite(self.nll).all():
            found |= {"nll": float(self.nll.mean()), "answer_nll": float(self.answer_nll.mean())}
        return found


def cut(written: str, reference: str) -> tuple[str, str]:
    r"""Cut an output into the rationale and the answer: as many lines at its end as the right answer has.

    Examples
    --------
    >>> cut("first of ab: a\nfirst of cd: c\n= a | c =", "= a | c =")
    ('first of ab: a\nfirst of cd: c', '= a | c =')
    >>> cut("= a | c =", "= a | c =")
    ('', '= a | c =')
    """
    lines = written.strip().split("\n")
    last = len(_lines(reference)) or 1
    return "\n".join(lines[:-last]).strip(), "\n".join(lines[-last:]).strip()


def _lines(text: str) -> Sequence[str]:
    return [line.strip() for line in text.strip().split("\n")] if text.strip() else []
