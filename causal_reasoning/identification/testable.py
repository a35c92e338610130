"""What a graph says about observed data: the ways in which data can prove it wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.implications import Independence, independence_basis
from causal_reasoning.identification.verma import VermaConstraint, verma_constraints


@dataclass(frozen=True)
class TestableImplications:
    """Equations that hold in every distribution of a graph over its observed nodes.

    Parameters
    ----------
    independences : tuple of Independence
        Conditional independences from which all others follow.
    verma : tuple of VermaConstraint
        Equations that are no conditional independences.
    capped : bool
        Whether there are or may be more.
    """

    __test__: ClassVar[bool] = False  # pytest takes names that begin with "test" for tests

    independences: tuple[Independence, ...]
    verma: tuple[VermaConstraint, ...]
    capped: bool = False

    def text(self) -> str:
        """Print one a line; say so if there is none.

        Examples
        --------
        >>> graph = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")], [("b", "d")])
        >>> print(testable_implications(graph).text())
        c ⊥ a | b
        Σ_{b} P(d | a, b, c) P(b | a) does not depend on a
        """
        lines = [one.text() for one in self.independences] + [one.text() for one in self.verma]
        if self.capped:
            return "\n".join([*lines, "there may be more: the search was cut short"])
        return "\n".join(lines) or "none: no equation between observed probabilities can prove the graph wrong"

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {
            "independences": [one.to_dict() for one in self.independences],
            "verma": [one.to_dict() for one in self.verma],
            "capped": self.capped,
        }


def testable_implications(graph: CausalGraph, cap: int = 1000) -> TestableImplications:
    """List what can be tested about a graph.

    Parameters
    ----------
    graph : CausalGraph
        The graph; latent nodes are projected away.
    cap : int
        How many statements of either kind to look for, at least one.

    Returns
    -------
    TestableImplications
        What `causal_reasoning.identification.implications.independence_basis` and
        `causal_reasoning.identification.verma.verma_constraints` find. Hidden causes can imply inequalities besides,
        which are not listed.

    Examples
    --------
    >>> testable_implications(CausalGraph("xy", [("x", "y")])).text()
    'none: no equation between observed probabilities can prove the graph wrong'
    """
    basis = independence_basis(graph, cap)
    verma = verma_constraints(graph, cap)
    return TestableImplications(basis.statements, verma.constraints, basis.capped or verma.capped)


testable_implications.__test__ = False  # type: ignore[attr-defined]
