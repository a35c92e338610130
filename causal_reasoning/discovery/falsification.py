"""What came out of holding a graph against data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from causal_reasoning.discovery.independence import IndependenceTest
from causal_reasoning.identification.implications import Independence

MOST_SHOWN = 20
"""Statements that are not contradicted and are printed."""


@dataclass(frozen=True)
class Tested:
    """A statement that a graph implies, and what the data say to it.

    Parameters
    ----------
    statement : Independence
        The statement.
    outcome : IndependenceTest
        The test.
    adjusted : float
        The p-value adjusted for the number of statements (Holm).
    contradicted : bool
        Whether that is below the level.
    """

    statement: Independence
    outcome: IndependenceTest
    adjusted: float
    contradicted: bool

    @property
    def verdict(self) -> str:
        """The outcome in a word or two."""
        if self.contradicted:
            return "contradicted"
        return "fits" if self.outcome.degrees else "no test"

    def text(self) -> str:
        """Print on one line, without the statement."""
        found = self.outcome
        if not found.degrees:
            return f"no group of rows shows two values of both sides (n = {found.rows:,})"
        how = "" if found.method == "G-test" else ", by permutation"
        return (
            f"G = {found.statistic:.1f} on {found.degrees} df, p {_p(found.p_value)}{how}, adjusted "
            f"p {_p(self.adjusted)}, V = {found.effect:.3f}, n = {found.rows:,}"
        )

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {
            "statement": self.statement.to_dict(),
            **self.outcome.to_dict(),
            "adjusted_p": self.adjusted,
            "verdict": self.verdict,
        }


@dataclass(frozen=True)
class NodePermutations:
    """What dowhy's ``falsify_graph`` says: whether the graph beats itself with its nodes permuted.

    Parameters
    ----------
    status : str
        ``done``; ``not asked``, ``timed out`` or ``failed``, with the reason in ``because``.
    because : str
        Why there is no answer; with an answer, dowhy's verdict in words.
    permutations : int
        How many were drawn.
    violations, tests : int
        Local Markov conditions that the data violate, and how many there are.
    p_better, p_equivalent : float
        Share of permuted graphs that violate no larger share of conditions, and share that is Markov equivalent.
    falsifiable, falsified : bool or None
        dowhy's verdict at level .05.
    version : str
        Of dowhy.
    """

    status: Literal["done", "not asked", "timed out", "failed"]
    because: str
    permutations: int = 0
    violations: int = 0
    tests: int = 0
    p_better: float | None = None
    p_equivalent: float | None = None
    falsifiable: bool | None = None
    falsified: bool | None = None
    version: str = ""

    def text(self) -> str:
        """Print in a sentence."""
        if self.status != "done":
            return f"{self.status}: {self.because}"
        return (
            f"{self.because}: {self.violations} of {self.tests} local Markov conditions violated, as few in "
            f"{self.p_better:.0%} of {self.permutations} graphs with permuted nodes; {self.p_equivalent:.0%} of them "
            "are Markov equivalent"
        )

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return dict(vars(self))


@dataclass(frozen=True)
class Falsification:
    """A graph held against data.

    Parameters
    ----------
    graph, digest : str
        Name and digest of the graph.
    source : str
        The data.
    rows : int
        Number of rows.
    nodes : tuple of str
        The nodes that were tested; the statements are about these alone.
    left_out : dict of str to str
        All others, with the reason.
    tested : tuple of Tested
        Statements about pairs of nodes, from a basis of all independences that the graph implies among them.
    verma : int
        Equations that the graph implies besides and that were not tested.
    capped : bool
        Whether the graph implies more than was listed.
    equivalent : tuple of str
        Some other graphs over the tested nodes that imply the same independences.
    more_equivalent : bool
        Whether there are or may be more of them.
    permuted : NodePermutations
        dowhy's test.
    level : float
        Level of the tests.
    """

    graph: str
    digest: str
    source: str
    rows: int
    nodes: tuple[str, ...]
    left_out: dict[str, str]
    tested: tuple[Tested, ...]
    verma: int
    capped: bool
    equivalent: tuple[str, ...]
    more_equivalent: bool
    permuted: NodePermutations
    level: float

    @property
    def contradicted(self) -> tuple[Tested, ...]:
        """The statements that the data contradict."""
        return tuple(one for one in self.tested if one.contradicted)

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        if self.contradicted:
            count = len(self.contradicted)
            return f"the data contradict {count} of {_statements(len(self.tested))} that the graph implies"
        if not any(one.outcome.degrees for one in self.tested):
            return f"no data on {', '.join(self.nodes)} can contradict the graph by an independence: " + (
                "it implies none among them" if not self.tested else "these rows cannot test any"
            )
        told = _statements(len(self.tested), article=True)
        return f"the data do not contradict the {told} that the graph implies, which does not prove it right"

    def text(self) -> str:
        """Print for people."""
        lines = [f"{self.graph} against {self.source} ({self.rows:,} rows): {self.verdict}"]
        lines.append(f"  tested    {', '.join(self.nodes)}")
        by_reason: dict[str, list[str]] = {}
        for node, why in self.left_out.items():
            by_reason.setdefault(why, []).append(node)
        if by_reason:
            lines.append("  left out  " + "; ".join(f"{', '.join(names)} ({why})" for why, names in by_reason.items()))
        width = max((len(one.statement.text()) for one in self.tested), default=0)
        fits = [one for one in self.tested if not one.contradicted]
        for one in (*self.contradicted, *fits[:MOST_SHOWN]):
            lines.append(f"  {one.verdict:<12}  {one.statement.text():<{width}}  {one.text()}")
        if len(fits) > MOST_SHOWN:
            lines.append(f"  … and {len(fits) - MOST_SHOWN} more that are not contradicted (--json lists them)")
        blind = [one for one in self.tested if one.outcome.degrees and not one.contradicted]
        if blind:
            least = max(one.outcome.detectable for one in blind)
            lines.append(f"  a dependence of V = {least:.3f} or more would have been found with probability .8")
        if self.verma or self.capped:
            also = [f"{self.verma} Verma constraint{'' if self.verma == 1 else 's'}"] if self.verma else []
            also += ["perhaps more statements than were listed"] if self.capped else []
            lines.append(f"  not tested: {' and '.join(also)} (see 'implications')")
        lines.append(self._others())
        lines.append(f"  dowhy     {self.permuted.text()}")
        return "\n".join(lines)

    def _others(self) -> str:
        if not self.equivalent:
            return "  no other graph over these nodes implies the same independences" + (
                ", as far as was searched" if self.more_equivalent else ""
            )
        shown = [one or "(no edge)" for one in self.equivalent[:3]]
        more = len(self.equivalent) - len(shown)
        ending = " and others" if more or self.more_equivalent else ""
        return "  the data cannot tell it from " + ", or ".join(f"{{{one}}}" for one in shown) + ending

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "graph": self.graph,
            "digest": self.digest,
            "data": self.source,
            "rows": self.rows,
            "verdict": self.verdict,
            "contradicted": bool(self.contradicted),
            "level": self.level,
            "nodes": list(self.nodes),
            "left_out": self.left_out,
            "statements": [one.to_dict() for one in self.tested],
            "verma_not_tested": self.verma,
            "capped": self.capped,
            "equivalent": list(self.equivalent),
            "more_equivalent": self.more_equivalent,
            "dowhy": self.permuted.to_dict(),
        }


def _statements(count: int, *, article: bool = False) -> str:
    if count == 1:
        return "one statement" if article else "1 statement"
    return f"{count} statements"


def _p(value: float) -> str:
    if value < 1e-4:
        return "< .0001"
    return "= 1" if value >= 1 else f"= {value:.4f}".replace("0.", ".", 1)
