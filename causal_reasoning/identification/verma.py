"""Verma constraints: equations that hidden common causes leave behind beside conditional independences.

Take the nodes up to V in causal order. The *kernel* of a set S with V in it is Q[S], the distribution of S once all
other nodes are set. It is known for the district of V in every ancestral set; from Q[S] it is computed, by sums and
quotients, for the district of V in every ancestral set of the subgraph over S. In the last kernel V depends on its
pillow only, the rest of the district and its parents. But the formula that computes V's conditional may contain more
variables, parents of what was summed out: that it does not depend on them is the constraint.

References
----------
J. Tian and J. Pearl, "On the testable implications of causal models with hidden variables" (UAI 2002): the recursion
over c-components and ancestral sets. T. Verma and J. Pearl, "Equivalence and synthesis of causal models" (UAI 1990):
the first example. T. Richardson, R. Evans, J. Robins and I. Shpitser, "Nested Markov properties for acyclic directed
mixed graphs" (Annals of Statistics 51, 2023): the model that these constraints define. R. Evans, "Margins of
discrete Bayesian networks" (Annals of Statistics 46, 2018): for discrete variables there are no further equations,
only inequalities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from causal_reasoning.estimand import Expression, Probability, Product, Quotient, Sum, latex, product
from causal_reasoning.estimand.simplify import simplify
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, bits, closure, tables, union
from causal_reasoning.identification.districts import Blanket, blankets
from causal_reasoning.identification.law import Law, ObservedLaw, before
from causal_reasoning.identification.separation import connected

LONGEST = 60
"""Formulas with more probabilities than this are not written."""


@dataclass(frozen=True)
class VermaConstraint:
    """A function of the observed distribution that does not depend on all of its variables.

    Parameters
    ----------
    expression : Expression
        The function; evaluate it on the joint distribution of the observed nodes.
    over : tuple of str
        The variables on which it may depend.
    independent_of : tuple of str
        Its other free variables: it is constant in them.
    """

    expression: Expression
    over: tuple[str, ...]
    independent_of: tuple[str, ...]

    def text(self) -> str:
        """Print on one line."""
        return f"{self.expression.text()} does not depend on {', '.join(self.independent_of)}"

    def to_dict(self) -> dict[str, object]:
        """Plain data."""
        return {
            "expression": {"text": self.expression.text(), "latex": latex(self.expression)},
            "over": list(self.over),
            "independent_of": list(self.independent_of),
            "text": self.text(),
        }


@dataclass(frozen=True)
class VermaConstraints:
    """The Verma constraints of a graph.

    Parameters
    ----------
    constraints : tuple of VermaConstraint
        Those with few variables first.
    capped : bool
        Whether the search was cut short, so that there may be more.
    """

    constraints: tuple[VermaConstraint, ...]
    capped: bool = False


def verma_constraints(graph: CausalGraph, cap: int = 100, steps: int = 3_000) -> VermaConstraints:
    """Find the constraints of a graph that are no conditional independences.

    Parameters
    ----------
    graph : CausalGraph
        The graph; latent nodes are projected away.
    cap : int
        The largest number of constraints, at least one.
    steps : int
        How many districts to look at, shared evenly among the nodes; there may be exponentially many.

    Returns
    -------
    VermaConstraints
        A constraint is left out if conditional independences imply it, if another says the same of the same
        conditional and more, and if it follows from another by contraction; a few of the rest may still follow from
        others. Together with the independences they define, near every distribution of the graph, what equations
        the graph imposes on discrete variables, unless the search was cut short. Formulas of more than 60
        probabilities are not written, which counts as cut short.

    Notes
    -----
    A constraint counts as plain if each variable that the formula does not depend on is m-separated from the node by
    a set of earlier nodes that contains the pillow.

    Examples
    --------
    >>> graph = CausalGraph("abcd", [("a", "b"), ("b", "c"), ("c", "d")], [("b", "d")])
    >>> print(verma_constraints(graph).constraints[0].text())
    Σ_{b} P(d | a, b, c) P(b | a) does not depend on a
    >>> verma_constraints(CausalGraph("xy", [("x", "y")], [("x", "y")])).constraints
    ()
    """
    for number, what in ((cap, "cap"), (steps, "number of steps")):
        if number < 1:
            raise ValueError(f"the {what} must be at least 1, not {number}")
    search = _Search(graph.latent_projection())
    nodes = [i for i in search.order if search.hopeful(i, search.upto(i)) and search.bent(i, search.upto(i))]
    found = [one for i in nodes for one in search.constraints(i, max(1, steps // len(nodes)))]
    found.sort(key=lambda one: len(one.over) + len(one.independent_of))
    return VermaConstraints(tuple(found[:cap]), search.capped or len(found) > cap)


@dataclass(frozen=True)
class _Found:
    """A constraint, the kernel it was read from, the district and pillow of the node, what the formula is free of."""

    constraint: VermaConstraint
    kernel: int
    district: int
    pillow: int
    free_of: int


class _Search:
    """The search in one graph without latent nodes."""

    def __init__(self, graph: CausalGraph) -> None:
        self.graph = graph
        self.edges: Tables = tables(graph)
        self.order = tuple(graph.mask([name]).bit_length() - 1 for name in graph.topological_order)
        self.capped = False

    def upto(self, node: int) -> int:
        """Bit set of a node and those before it."""
        return before(self.order, node, -1) | 1 << node

    def bent(self, node: int, inside: int) -> bool:
        """Decide whether a directed path leaves the node's district in an ancestral set and comes back.

        If none does, every kernel is that of an ancestral set of the whole graph, and all it says is independences.
        """
        district = closure(self.edges.siblings, 1 << node, inside)
        above = closure(self.edges.parents, district)
        around = union(self.edges.children, district) & above
        return any(self.edges.children[i] & above for i in bits(around))

    def hopeful(self, node: int, inside: int) -> bool:
        """Decide whether a conditional in a kernel made of some nodes could contain what its last pillow does not."""
        one = 1 << node
        first = closure(self.edges.siblings, one, inside)
        last = district = first
        while (district := closure(self.edges.siblings, one, closure(self.edges.parents, one, last))) != last:
            last = district
        return bool((first | union(self.edges.parents, first)) & ~(last | union(self.edges.parents, last)))

    def constraints(self, node: int, steps: int) -> list[VermaConstraint]:
        """List the constraints on the conditional of one node in kernels over it and the nodes before it."""
        found: list[_Found] = []
        for kernel, blanket in self._kernels(node, steps):
            one = self._constraint(node, kernel, blanket)
            if one is not None and not any(self._repeats(one, other) for other in found):
                found = [other for other in found if not self._repeats(other, one)]
                found.append(one)
        return [one.constraint for one in found if not any(self._follows(node, one, other) for other in found)]

    def _kernels(self, node: int, steps: int) -> Iterator[tuple[_Kernel, Blanket]]:
        """Yield every kernel with the blankets of the node in it: breadth first, so that formulas are short."""
        kernels: list[_Kernel] = []
        known: set[int] = set()

        def reach(nodes: int, source: _Kernel | None, ancestral: int) -> None:
            if nodes not in known:
                known.add(nodes)
                if self.hopeful(node, nodes) and (source or self.bent(node, nodes)):
                    kernels.append(_Kernel(self, nodes, source, ancestral))

        for blanket in blankets(self.edges, node, self.upto(node), vacuous=True):
            steps -= 1
            if steps < 0:
                self.capped = True
                break
            reach(blanket.district, None, blanket.ancestral)
        for kernel in kernels:  # grows while it is read
            for blanket in blankets(self.edges, node, kernel.nodes, vacuous=True):
                steps -= 1
                if steps < 0:
                    self.capped = True
                    return
                if blanket.district != kernel.nodes:
                    reach(blanket.district, kernel, blanket.ancestral)
                    yield kernel, blanket

    @staticmethod
    def _repeats(one: _Found, other: _Found) -> bool:
        """Decide whether another constraint says the same of the same conditional, or more."""
        return one.district == other.district and not one.free_of & ~other.free_of

    def _follows(self, node: int, one: _Found, rival: _Found) -> bool:
        """Decide whether a constraint follows by contraction from another and from those on earlier nodes.

        It does so if the conditional given a larger pillow does not depend on what this formula is free of, and what
        is in that pillow besides does not either.
        """
        more = rival.pillow & ~one.pillow
        if not more or one.pillow & ~rival.pillow or one.free_of & ~rival.free_of or one.kernel & ~rival.kernel:
            return False
        outside = union(self.edges.parents, one.kernel) & ~one.kernel
        rest = self._inside(one.kernel & ~(1 << node))
        return not connected(rest, one.free_of, (one.pillow | outside) & ~one.free_of) & more

    def _inside(self, kernel: int) -> Tables:
        """The graph of a kernel: no edge enters a node that has been set."""
        edges = self.edges
        return Tables(
            edges.size,
            [row if kernel >> i & 1 else 0 for i, row in enumerate(edges.parents)],
            [row & kernel for row in edges.children],
            [row & kernel if kernel >> i & 1 else 0 for i, row in enumerate(edges.siblings)],
        )

    def _constraint(self, node: int, kernel: _Kernel, blanket: Blanket) -> _Found | None:
        """Compute the conditional of the node, if that says something new."""
        covered = blanket.pillow | 1 << node
        outside = union(self.edges.parents, kernel.nodes) & ~kernel.nodes
        dropped = self._genuine(node, (blanket.ancestral | outside) & ~covered, blanket.pillow)
        if not dropped:
            return None
        law = kernel.law
        if law is None:
            self.capped = True
            return None
        expression = _tidy(law.restrict(blanket.ancestral).conditional(node, blanket.ancestral & ~(1 << node)))
        free = self.graph.mask(expression.free)
        if not free & dropped:
            return None
        constraint = VermaConstraint(expression, self.graph.names(free & covered), self.graph.names(free & ~covered))
        return _Found(constraint, kernel.nodes, blanket.district, blanket.pillow, free & ~covered)

    def _genuine(self, node: int, others: int, pillow: int) -> int:
        """Bit set of the others that no set of earlier nodes with the pillow in it separates from the node."""
        left = 0
        for i in bits(others):
            pair = 1 << node | 1 << i
            # If any set with the pillow in it separates the two, then all their ancestors and its do.
            given = closure(self.edges.parents, pair | pillow) & ~pair
            if connected(self.edges, 1 << node, given) >> i & 1:
                left |= 1 << i
        return left


@dataclass(eq=False)
class _Kernel:
    """Q of a set of nodes, and how it is computed: from a larger kernel, or from the observed distribution."""

    search: _Search
    nodes: int
    source: _Kernel | None
    ancestral: int

    @cached_property
    def law(self) -> Law | None:
        """The kernel as a product of conditionals, or ``None`` if that is too long."""
        graph, order = self.search.graph, self.search.order
        if self.source is None:
            base: Law = ObservedLaw(graph, self.search.edges, self.ancestral, order)
        elif self.source.law is None:
            return None
        else:
            base = self.source.law.restrict(self.ancestral)
        factors: list[Expression] = []
        left = LONGEST
        for i in reversed(order):
            if self.nodes >> i & 1:
                factors.append(_tidy(base.conditional(i, before(order, i, self.ancestral))))
                left -= _length(factors[-1])
                if left < 0:
                    return None
        return base.inner(self.nodes, product(*factors))


def _tidy(expression: Expression) -> Expression:
    """Divide inside a sum where that leaves no fraction."""
    if isinstance(expression, Quotient) and isinstance(expression.numerator, Sum):
        total = expression.numerator
        if not expression.denominator.free & set(total.over):
            inner = simplify(Quotient(total.expression, expression.denominator))
            if not isinstance(inner, Quotient) and set(total.over) <= inner.free:
                return simplify(Sum(total.over, inner))
    return expression


def _length(expression: Expression) -> int:
    """Count the probabilities in an expression."""
    if isinstance(expression, Product):
        return sum(_length(factor) for factor in expression.factors)
    if isinstance(expression, Quotient):
        return _length(expression.numerator) + _length(expression.denominator)
    if isinstance(expression, Sum):
        return _length(expression.expression)
    return int(isinstance(expression, Probability))
