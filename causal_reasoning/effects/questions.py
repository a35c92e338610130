"""Which effects on right answers a graph lets us ask for, and what must be adjusted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from causal_reasoning.effects.items import Items
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.effect import identify_effect
from causal_reasoning.identification.result import Identification, IdentifiedByAdjustment, ZeroEffect

CORRECT = "correct"
DO = "do"


@dataclass(frozen=True)
class Question:
    """The effect of one node on right answers.

    Parameters
    ----------
    title : str
        What is changed, for people.
    node, column : str
        The node and its column.
    outcome : str
        The node that stands for a right answer.
    identification : Identification
        The verdict, in the graph of the split.
    columns : dict of str to str
        For every categorical node of the graph its column.
    adjust : tuple of str
        Nodes to adjust for, where adjustment identifies it.
    agreeing : dict of str to str or None
        For the effect of agreement: what each value of the column goes with in the observed rows.
    partner : str
        Its column.
    """

    title: str
    node: str
    column: str
    outcome: str
    identification: Identification
    columns: Mapping[str, str]
    adjust: tuple[str, ...] = ()
    agreeing: Mapping[str, str] | None = None
    partner: str = ""

    @property
    def by_adjustment(self) -> bool:
        """Whether adjustment identifies it."""
        return isinstance(self.identification, IdentifiedByAdjustment)

    @property
    def refused(self) -> str:
        """Why no number is given; empty if one is."""
        if isinstance(self.identification, ZeroEffect):
            return "by the graph it has no effect on right answers"
        if not self.identification.identified:
            return f"not identified in this graph: {getattr(self.identification, 'reason', 'no formula was found')}"
        return ""


def evaluation_graph(
    graph: AssumptionGraph, columns: Collection[str], intervened: str | None = None
) -> tuple[CausalGraph, str]:
    """Add the event of a right answer to a graph, and cut what a split's intervention cuts.

    The model is a fixed function of what it reads, so whether it is right depends on what is read and on what should
    have been written, and on nothing else.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    columns : collection of str
        Categorical columns of the evaluation table; nodes without one are latent here.
    intervened : str, optional
        The node that was set when the rows were drawn.

    Returns
    -------
    (CausalGraph, str)
        The graph, and the name of the new node.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> found, outcome = evaluation_graph(load_graph("reasoning"), ["style", "skill"], "skill")
    >>> found.parents(outcome), found.parents("skill"), found.latent
    (('answer', 'question'), (), ('answer', 'question'))
    """
    outcome = CORRECT
    while outcome in graph.causal:
        outcome += "_"
    causal = graph.causal.without_incoming(intervened) if intervened else graph.causal
    shown = {n for n in causal.observed if not graph.is_text(n) and graph.column(n) in columns}
    ends = sorted({*graph.query.read, *graph.query.write})
    whole = CausalGraph(
        [*causal.nodes, outcome],
        [*causal.directed, *((end, outcome) for end in ends)],
        causal.bidirected,
        set(causal.nodes) - shown,
    )
    return whole, outcome


def questions(
    graph: AssumptionGraph, items: Items, split: str, usual: Mapping[str, str] | None = None
) -> tuple[Question, ...]:
    """List the effects of confounders and of treatments that are columns.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    items : Items
        The rows.
    split : str
        Their split; in the split ``do`` the treatment was set.
    usual : mapping of str to str, optional
        For each value of the confounder's column, the treatment's value that it goes with; see `usual_partner`.

    Returns
    -------
    tuple of Question
        Confounders first, then their agreement with the treatment, then treatments.
    """
    treatments = [n for n in sorted(graph.query.do) if _column(graph, n, items)]
    set_here = None
    if split == DO:
        set_here = next((n for n in treatments if items.intervened in (None, graph.column(n))), None)
    whole, outcome = evaluation_graph(graph, items.columns, set_here)
    selected = [name for name, node in graph.nodes.items() if node.role == "selection"]

    columns = {node: graph.column(node) for node in whole.observed if node != outcome}

    def ask(nodes: Sequence[str]) -> Identification:
        return identify_effect(whole, nodes, [outcome], name=graph.name, digest=graph.digest, selected=selected)

    found = []
    for node in confounders(graph, items):
        if node not in treatments:
            found.append(_question(columns, node, outcome, ask([node])))
            if usual and len(treatments) == 1:
                found.append(_agreement(columns, node, treatments[0], outcome, ask([node, treatments[0]]), usual))
    found += [_question(columns, node, outcome, ask([node])) for node in treatments]
    return tuple(found)


def confounders(graph: AssumptionGraph, items: Items) -> tuple[str, ...]:
    """The nodes of that role with a column in the table (sorted)."""
    return tuple(n for n, node in graph.nodes.items() if node.role == "confounder" and _column(graph, n, items))


def usual_partner(column: Sequence[str], partner: Sequence[str]) -> dict[str, str]:
    """For every value of a column, the value of another that most often goes with it.

    Examples
    --------
    >>> usual_partner(["a", "a", "a", "b"], ["x", "x", "y", "y"])
    {'a': 'x', 'b': 'y'}
    """
    counts: dict[str, Counter[str]] = {}
    for value, other in zip(column, partner, strict=True):
        counts.setdefault(value, Counter())[other] += 1
    return {value: min(seen, key=lambda other: (-seen[other], other)) for value, seen in sorted(counts.items())}


def _question(columns: Mapping[str, str], node: str, outcome: str, verdict: Identification) -> Question:
    adjust = verdict.adjustment if isinstance(verdict, IdentifiedByAdjustment) else ()
    column = columns[node]
    title = node if node == column else f"{node} ({column})"
    return Question(title, node, column, outcome, verdict, columns, adjust)


def _agreement(
    columns: Mapping[str, str],
    node: str,
    treatment: str,
    outcome: str,
    verdict: Identification,
    usual: Mapping[str, str],
) -> Question:
    """The effect of taking, for a given treatment, a confounder's value that usually goes with it."""
    plain = _question(columns, node, outcome, verdict)
    partner = columns[treatment]
    return replace(
        plain,
        title=f"{plain.column} that usually goes with the {partner}",
        adjust=tuple(sorted({*plain.adjust, treatment})),
        agreeing=usual,
        partner=partner,
    )


def _column(graph: AssumptionGraph, node: str, items: Items) -> bool:
    return node in graph.causal.observed and not graph.is_text(node) and graph.column(node) in items.columns
