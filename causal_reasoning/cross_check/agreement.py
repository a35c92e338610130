"""What came out of asking another program the same question."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, get_args

from causal_reasoning.identification.query import Query

Status = Literal["agree", "disagree", "only ours", "only dowhy", "not comparable", "timed out"]
_ORDER: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Comparison:
    """One question that both were asked.

    Parameters
    ----------
    check : str
        What was asked.
    status : str
        ``agree``; ``disagree``: one of the two is wrong; ``only ours``, ``only dowhy``: one finds what the
        other does not look for; ``not comparable``; ``timed out``.
    because : str
        What was found, and why it differs.
    """

    check: str
    status: Status
    because: str

    def to_dict(self) -> dict[str, str]:
        """Plain data."""
        return {"check": self.check, "status": self.status, "because": self.because}


@dataclass(frozen=True)
class Agreement:
    """A verdict compared with that of another program.

    Parameters
    ----------
    query : Query
        What was asked.
    version : str
        The version of dowhy; empty if it did not start.
    comparisons : tuple of Comparison
        In the order of the questions.
    seconds : float
        How long dowhy took, its import included.
    """

    query: Query
    version: str
    comparisons: tuple[Comparison, ...]
    seconds: float

    @property
    def contradicted(self) -> bool:
        """Whether one of the two must be wrong about something."""
        return any(one.status == "disagree" for one in self.comparisons)

    @property
    def verdict(self) -> str:
        """The outcome in words."""
        counts = Counter(one.status for one in self.comparisons)
        told = ", ".join(f"{counts[status]} {status}" for status in _ORDER if counts[status])
        if self.contradicted:
            return f"dowhy contradicts this verdict ({told})"
        if counts["agree"]:
            return f"dowhy agrees with this verdict ({told})"
        return f"dowhy says nothing for or against this verdict ({told or 'nothing compared'})"

    def text(self) -> str:
        """Print as a heading and one line a comparison."""
        width = max((len(one.status) for one in self.comparisons), default=0)
        checks = max((len(one.check) for one in self.comparisons), default=0)
        name = f"dowhy {self.version}" if self.version else "dowhy"
        lines = [f"Cross-check with {name}: {self.verdict}"]
        lines += [f"  {one.status:<{width}}  {one.check:<{checks}}  {one.because}" for one in self.comparisons]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; without the time, so that the same question has the same answer."""
        return {
            "tool": "dowhy",
            "version": self.version,
            "query": self.query.to_dict(),
            "verdict": self.verdict,
            "contradicted": self.contradicted,
            "comparisons": [one.to_dict() for one in self.comparisons],
        }
