"""The independence statements about representations that a graph implies and training must make true.

By d-separation a graph implies many statements about a representation s. Most cost nothing, because s is a function
f of its inputs X, the text that it is computed from:

- *free* statements hold for every f. "s ⊥ n | W" is free if X ⊥ n | W (the inputs in W left out): then the data see
  to it, and n ⊥ s | X, always, is a special case;
- statements that *determine* s: "s ⊥ N | W" with all inputs in N or W says that s is constant given W, a function
  of W alone. Whatever the graph implies about s then follows wherever it holds for W;
- statements that *follow*: with "s ⊥ m | W", and "s ⊥ n | W, m" free, "s ⊥ n | W" is a consequence (contraction).

What is left are few statements, at most one for each representation and other node, each with a smallest condition:
none of its nodes can be left out, but for inputs that the representation may listen to. A condition is made of
columns, whose values group the rows of a batch, or of the answer as a label. Rows cannot be grouped by free text; a
determining statement may have text in its condition all the same, because pairs of rows can be made that share it.

Two modules (representations) thus get the version of their independence that the graph asks for: marginal if their
common effect is the answer, a collider that must not be conditioned on; given the answer if it is their common
cause; given the domain if that is.

The statements are read in the graph of the observed data. They hold in the mutilated world of the query too, whose
graph has fewer edges, so batches may be drawn from either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.penalties import EACH_POSITION
from causal_reasoning.graph.spec import ColumnBinding, MediationKind, PenaltyKind
from causal_reasoning.graph.surrogates import SurrogateBinding
from causal_reasoning.identification import m_separated, minimal_separator
from causal_reasoning.identification.bitsets import tables
from causal_reasoning.identification.implications import Independence
from causal_reasoning.identification.separation import connected

_OF_REPRESENTATIONS: tuple[PenaltyKind, ...] = ("hsic", "cross_covariance", "lautum")
_OF_A_COLUMN: tuple[PenaltyKind, ...] = ("hsic", "cross_covariance")


@dataclass(frozen=True)
class ImpliedIndependence:
    """A statement about one or two representations, and what can measure how far it is from true.

    Parameters
    ----------
    statement : Independence
        ``a`` is the representation; ``b`` another one, or nodes of the data.
    kinds : tuple of str
        Kinds of penalties that measure it, the best first; empty if none can.
    because : str
        Why the graph implies it and what it means, or why nothing can measure it.
    """

    statement: Independence
    kinds: tuple[PenaltyKind | MediationKind, ...]
    because: str


def implied_independences(graph: AssumptionGraph) -> tuple[ImpliedIndependence, ...]:
    """List what the graph asks of its representations: no statement is free or follows from the others.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.

    Returns
    -------
    tuple of ImpliedIndependence
        First about single representations, in alphabetical order, then about pairs. At most one for a representation
        and another node. Each takes time linear in nodes and edges, and each pair of them a few such searches.

    Notes
    -----
    "Follows" means by the three rules of `causal_reasoning.objective.penalties.implied`, which are semi-graphoid
    axioms and facts about functions. Where all that a representation may listen to is read or a column, everything
    that the graph implies about it and the data follows from the list. With hidden causes the statements are about
    pairs of nodes: that s is independent of m and of n does not say that it is independent of both together.

    References
    ----------
    J. Pearl, *Probabilistic Reasoning in Intelligent Systems* (1988), section 3.1, for the semi-graphoid axioms.

    Examples
    --------
    >>> from causal_reasoning.graph import parse_graph
    >>> graph = parse_graph('''
    ... version: 1
    ... name: one_skill
    ... nodes:
    ...   question: {bind: {text: question}}
    ...   answer: {bind: {text: answer}}
    ...   skill: {bind: {hidden: {layer: -1}}}
    ... edges: [question -> answer, skill -> answer]
    ... query: {do: question, read: question, write: answer}
    ... ''')
    >>> [(found.statement.text(), found.kinds) for found in implied_independences(graph)]
    [('skill ⊥ question', ('variance',))]
    """
    return _Search(graph).run()


def mediated_statement(graph: AssumptionGraph, against: Iterable[str] | None = None) -> ImpliedIndependence:
    """The statement that what is written last depends on what is read through what is written before only.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions; at least two nodes are written.
    against : iterable of str, optional
        Which of the nodes that are read; by default those of which the graph says it, or all if it says it of none.

    Returns
    -------
    ImpliedIndependence
        "answer ⊥ question | rationale"; ``kinds`` is empty where the graph does not imply it.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> found = mediated_statement(load_graph("erm_rationale"))
    >>> found.statement.text(), found.kinds
    ('answer ⊥ question | rationale', ())
    """
    read, (*before, last) = graph.query.read, graph.query.write

    def separated(names: tuple[str, ...]) -> bool:
        given = {*before, *(n for n in read if n not in names)}
        return m_separated(graph.causal, names, last, given)

    chosen = tuple(sorted(against)) if against else tuple(n for n in read if separated((n,)))
    chosen = chosen if chosen and (against or separated(chosen)) else tuple(sorted(read))
    rest = tuple(n for n in read if n not in chosen)
    statement = Independence((last,), chosen, tuple(sorted((*before, *rest))))
    if separated(chosen):
        because = f"{{{_listed(statement.given)}}} blocks every path between {_listed(chosen)} and {last}"
        return ImpliedIndependence(statement, ("agreement",), because)
    direct = [n for n in chosen if n in graph.causal.parents(last)]
    shown = f" ({direct[0]} -> {last})" if direct else ""
    return ImpliedIndependence(statement, (), f"not implied by the graph{shown}; asked for by name")


def drawn_anew(graph: AssumptionGraph, statement: Independence) -> tuple[str, ...]:
    """What a row and its counterfactual may differ in: categories behind what changes, but not behind what stays."""
    moved = set(graph.causal.ancestors(*statement.b)) - set(graph.causal.ancestors(*statement.given))
    return tuple(n for n in graph.causal.observed if n in moved and not graph.is_text(n))


class _Search:
    """Candidates, strongest first, and from them those that do not follow from the others."""

    def __init__(self, graph: AssumptionGraph) -> None:
        self.graph = graph
        self.causal = graph.causal
        self.states = tuple(graph.representations)
        self.data = graph.causal.observed
        written = set(graph.query.write)
        self.edges = tables(self.causal)
        self.reached: dict[tuple[int, int], int] = {}
        self.labels = tuple(
            name
            for name in self.data
            if isinstance(graph.binding(name), (ColumnBinding, SurrogateBinding)) or name in written
        )

    def run(self) -> tuple[ImpliedIndependence, ...]:
        found = [candidate for name in self.states for candidate in self.about_one(name)]
        found += self.about_pairs()
        kept = list(found)
        # From the last: what determines a representation is stated first and stays.
        for candidate in reversed(found):
            about = {*candidate.statement.a, *candidate.statement.b}
            others = [
                other.statement
                for other in kept
                if other is not candidate and other.kinds and other.statement.a[0] in about
            ]
            if self.follows(candidate.statement, others):
                kept.remove(candidate)
        return tuple(kept)

    # -- candidates --------------------------------------------------------------------------------------------

    def about_one(self, s: str) -> Iterable[ImpliedIndependence]:
        determined = self.determined(s, self.arguments(s))
        if determined is not None:
            yield determined
        told = set(determined.statement.b) if determined else set()
        for n in self.data:
            if n in told:
                continue
            given = minimal_separator(self.causal, n, s, allowed=[x for x in self.labels if x != n])
            if given is not None:
                yield self.measured(s, n, given)
            elif (texts := minimal_separator(self.causal, n, s)) is not None:
                yield ImpliedIndependence(
                    Independence((s,), (n,), texts), (), f"rows cannot be grouped by free text ({_listed(texts)})"
                )

    def arguments(self, s: str) -> tuple[str, ...]:
        """The inputs that may be causes of s: it is no function of its own effects, even if computed over them."""
        return tuple(x for x in self.graph.inputs(s) if s not in self.causal.ancestors(x))

    def determined(self, s: str, inputs: tuple[str, ...]) -> ImpliedIndependence | None:
        """The statement that s is constant given a condition, if the graph implies one."""
        for allowed in (self.labels, self.data):
            may = [x for x in allowed if x not in inputs]
            given = minimal_separator(self.causal, inputs, s, allowed=may)
            if given is not None:
                return self.constant(s, inputs, given)
        # Part of the inputs may be what s listens to.
        heard = tuple(x for x in inputs if minimal_separator(self.causal, x, s) is None)
        rest = tuple(x for x in inputs if x not in heard)
        if not heard or not rest:
            return None
        for allowed in (self.labels, self.data):
            may = [x for x in allowed if x not in inputs]
            given = minimal_separator(self.causal, rest, s, required=heard, allowed=may)
            if given is not None:
                return self.constant(s, rest, given)
        return None

    def constant(self, s: str, against: tuple[str, ...], given: tuple[str, ...]) -> ImpliedIndependence:
        statement = Independence((s,), against, given)
        because = self.reason(statement)
        if set(given) <= set(self.labels):
            within = f" within each value of {_listed(given)}" if given else ""
            means = f"what is computed from {_listed(against)} and independent of it is constant{within}"
            kinds: tuple[PenaltyKind, ...] = ("variance",) if given else ("variance", "released_variance")
            return self.by(statement, kinds, f"{because}; {means}")
        means = f"two rows that share {_listed(given)} must have the same {s}, whatever their {_listed(against)}"
        return self.by(statement, ("paired", "released_paired"), f"{because}; {means}")

    def by(
        self, statement: Independence, kinds: tuple[PenaltyKind | MediationKind, ...], because: str
    ) -> ImpliedIndependence:
        """A statement with those kinds that take its representations as they are pooled."""
        pools = {self.graph.representations[s].pool == "each" for s in (*statement.a, *statement.b) if s in self.states}
        fitting = tuple(kind for kind in kinds if pools == {kind in EACH_POSITION})
        if fitting:
            return ImpliedIndependence(statement, fitting, because)
        return ImpliedIndependence(statement, (), "no penalty for it takes every position by itself")

    def measured(self, s: str, n: str, given: tuple[str, ...]) -> ImpliedIndependence:
        statement = Independence((s,), (n,), given)
        if n in self.labels:
            return self.by(statement, _OF_A_COLUMN, self.reason(statement))
        return ImpliedIndependence(
            statement, (), f"no penalty measures dependence on free text ('{n}') while the rest of the input varies"
        )

    def about_pairs(self) -> Iterable[ImpliedIndependence]:
        for i, one in enumerate(self.states):
            for other in self.states[i + 1 :]:
                given = minimal_separator(self.causal, one, other, allowed=self.labels)
                if given is not None:
                    statement = Independence((one,), (other,), given)
                    kinds = _OF_A_COLUMN if given else _OF_REPRESENTATIONS
                    yield self.by(statement, kinds, self.reason(statement))
                elif (texts := minimal_separator(self.causal, one, other)) is not None:
                    statement = Independence((one,), (other,), texts)
                    reason = f"rows cannot be grouped by free text ({_listed(texts)})"
                    yield ImpliedIndependence(statement, (), reason)

    def reason(self, statement: Independence) -> str:
        ends = statement.a + statement.b
        between = f"between {_listed(statement.a)} and {_listed(statement.b)}"
        if statement.given:
            answers = [name for name in statement.given if name in self.graph.query.write]
            grouped = f"; rows are grouped by the whole {_listed(answers)}, which must recur in a batch"
            return f"{{{_listed(statement.given)}}} blocks every path {between}" + (grouped if answers else "")
        effects = [name for name in self.labels if name not in ends and set(ends) <= set(self.causal.ancestors(name))]
        closed = f"; {_listed(effects)} is their common effect and must not be conditioned on" if effects else ""
        return f"no path {between} is open{closed}"

    # -- what follows ------------------------------------------------------------------------------------------

    def follows(self, statement: Independence, others: list[Independence]) -> bool:
        (s,), against, given = statement.a, set(statement.b), set(statement.given)
        if against <= set(self.data):
            return self.about_data(s, against, given, others)
        (t,) = against
        return any(
            self.about_data(two, determining - given, given, others)
            for one, two in ((s, t), (t, s))
            for determining in self.determining(one, others)
        )

    def about_data(self, s: str, against: set[str], given: set[str], others: list[Independence]) -> bool:
        """Whether "s ⊥ against | given" holds if the others do, where s alone is no node of the data."""
        if not against:
            return True
        determining = self.determining(s, others)
        if any(self.separated(inputs - given, against, given) for inputs in determining):
            return True
        for other in others:
            if other.a == (s,) and other.b[0] not in self.states and set(other.given) == given:
                known = set(other.b)
                rest = against - known
                if not rest or any(self.separated(x - given - known, rest, given | known) for x in determining):
                    return True
        return False

    def determining(self, s: str, others: list[Independence]) -> list[set[str]]:
        """Sets of nodes of the data that s is a function of: its inputs, and what a statement says."""
        found = [set(self.graph.inputs(s))]
        arguments = set(self.arguments(s))
        for other in others:
            if other.a == (s,) and arguments <= {*other.b, *other.given}:
                found.append(set(other.given))
        return found

    def separated(self, known: set[str], against: set[str], given: set[str]) -> bool:
        """Whether sets of nodes are m-separated; a set is not separated from itself."""
        start, end = self.causal.mask(known), self.causal.mask(against)
        key = start, self.causal.mask(given)
        if key not in self.reached:
            self.reached[key] = connected(self.edges, *key)
        return not (start | self.reached[key]) & end


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
