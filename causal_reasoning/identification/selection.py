"""Identification from a selected sample: what can be learned when rows were kept because of their values.

With S the selection node, the data are draws of P(v | S = 1), the target is the effect in the population.

References
----------
E. Bareinboim and J. Tian, "Recovering causal effects from selection bias" (AAAI 2015); J. Correa, J. Tian and
E. Bareinboim, "Identification of causal effects in the presence of selection bias" (AAAI 2019): recovery of
c-factors one after another, of those first whose nodes do not influence selection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from causal_reasoning.estimand import Expression, Probability, Quotient, product, summed
from causal_reasoning.estimand.simplify import simplify
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import closure
from causal_reasoning.identification.derivation import some
from causal_reasoning.identification.general import General, HedgeFoundError, Search, id_algorithm
from causal_reasoning.identification.hedge import Hedge
from causal_reasoning.identification.law import FactorLaw, before
from causal_reasoning.identification.query import Names, Query, QueryError, disjoint, known_nodes, make_query


@dataclass(frozen=True)
class Unrecoverable:
    """The effect in the population was not recovered from the selected sample.

    Parameters
    ----------
    reason : str
        Which part of the effect selection distorts.
    """

    reason: str


def recover_effect(
    graph: CausalGraph, do: Names, on: Names, given: Names = (), *, selected: Names
) -> General | Hedge | Unrecoverable:
    """Identify a population's effect from rows that were selected.

    Parameters
    ----------
    graph : CausalGraph
        The assumptions, selection nodes included. A selection node has no effects; it may be latent.
    do, on, given : str or iterable of str
        Treatments, outcomes and conditions.
    selected : str or iterable of str
        Selection nodes: every row of the data has the value 1 in all of them.

    Returns
    -------
    General, Hedge or Unrecoverable
        A formula in probabilities among the selected rows; or a hedge if the effect would not be identified
        from an unselected sample either; or what could not be recovered. Sound; a refusal says that this
        procedure finds no formula.

    Raises
    ------
    QueryError
        If a selection node has an effect, is part of the query, or is unknown.

    Examples
    --------
    >>> graph = CausalGraph("xys", [("x", "y"), ("x", "s")])
    >>> recover_effect(graph, "x", "y", selected="s").estimand.text()
    'P(y | x, s=1)'
    >>> recover_effect(CausalGraph("xys", [("x", "y"), ("y", "s")]), "x", "y", selected="s").reason.split(":")[0]
    'the sample was selected on s, which y influences'
    """
    nodes = known_nodes(graph, selected, "the selection node")
    query = make_query(graph, do, on, given)
    for names, what in ((query.do, "the treatment"), (query.on, "the outcome"), (query.given, "the condition")):
        disjoint(nodes, "a selection node", names, what)
    for node in nodes:
        if graph.children(node):
            raise QueryError(
                f"the selection node '{node}' has an effect on {graph.children(node)[0]}; it must have none"
            )
    without = id_algorithm(graph.subgraph(set(graph.nodes) - set(nodes)), query.do, query.on, query.given)
    if isinstance(without, Hedge):
        return without
    kept = graph.latent_projection({*graph.observed, *nodes})
    search = Search(kept)
    y, x, s = kept.mask(query.on + query.given), kept.mask(query.do), kept.mask(nodes)
    try:
        effect = _Recovery(search, s, nodes).effect(y, x)
    except HedgeFoundError as found:
        return Hedge(kept.names(found.outer), kept.names(found.inner))
    except _DistortedError as error:
        return Unrecoverable(_reason(kept, nodes, error.part))
    return _finish(search, query, effect, nodes)


def _finish(search: Search, query: Query, effect: Expression, nodes: tuple[str, ...]) -> General:
    effect = simplify(effect)
    if query.given:
        effect = simplify(Quotient(effect, summed(query.on, effect)))
    extra = tuple(sorted(effect.free - {*query.do, *query.on, *query.given}))
    if extra:
        effect = simplify(summed(extra, product(Probability(extra, (), nodes), effect)))
    return General(effect, tuple(search.steps))


class _DistortedError(Exception):
    """A c-factor that selection distorts."""

    def __init__(self, part: int) -> None:
        super().__init__()
        self.part = part


class SelectedLaw(FactorLaw):
    """The distribution of the selected rows, and what is left of it once recovered parts are divided out."""

    @property
    def title(self) -> str:
        """The selected sample."""
        return "the selected sample"

    def restrict(self, keep: int) -> SelectedLaw:
        """Sum the others out."""
        return replace(self, nodes=keep, joint=self.marginal(keep))


class _Recovery:
    """One run over a graph in which the selection nodes are nodes like any other."""

    def __init__(self, search: Search, chosen: int, names: tuple[str, ...]) -> None:
        self.search, self.edges, self.graph = search, search.edges, search.graph
        self.chosen, self.names = chosen, names
        self.selecting = closure(self.edges.parents, chosen)
        # Causes of selection first: then selection itself can be put before all others.
        order = search.order
        self.order = tuple(
            [i for i in order if self.selecting >> i & 1] + [i for i in order if not self.selecting >> i & 1]
        )
        search.order = self.order

    def effect(self, y: int, x: int) -> Expression:
        """Write the effect as a product of c-factors, and recover each."""
        edges, everything = self.edges, (1 << self.edges.size) - 1
        upward = [0 if x >> i & 1 else row for i, row in enumerate(edges.parents)]
        needed = closure(upward, y) & ~x
        parts = self.search.sorted_components(needed)
        over = needed & ~y
        shown = " ".join(f"Q[{self.search.say(part)}]" for part in parts)
        self.search.step(
            "c-factors",
            f"{self.search.effect(y, x)} = " + (f"Σ_{{{self.search.say(over)}}} " if over else "") + shown,
            "hidden causes connect nothing between these sets once the treatments are cut off",
        )
        observed = everything & ~self.chosen
        law = SelectedLaw(
            self.graph, edges, observed, self.order, Probability(self.graph.names(observed), (), self.names)
        )
        return summed(self.graph.names(over), product(*(self.recover(part, law) for part in parts)))

    def recover(self, part: int, law: SelectedLaw) -> Expression:
        """Find Q[part] in a law of selected rows, or raise."""
        inside = law.nodes | self.chosen
        keep = closure(self.edges.parents, part | self.chosen, inside)
        if inside & ~keep:
            return self.recover(part, law.restrict(keep & ~self.chosen))
        components = self.search.components(inside)
        clean = [component for component in components if not component & self.selecting]
        for component in clean:
            if part & ~component:
                continue
            factor = self.c_factor(component, law)
            self.search.step(
                "recovery",
                f"Q[{self.search.say(component)}] can be read off {law.title}",
                f"none of {self.search.say(component)} influences {', '.join(self.names)}",
            )
            inner = FactorLaw(self.graph, self.edges, component, self.order, factor)
            return self.search.identify(part, component & ~part, inner)
        if not clean:
            raise _DistortedError(part)
        removed = sum(clean)
        factors = [self.c_factor(component, law) for component in clean]
        self.search.step(
            "recovery",
            f"Q[{self.search.say(removed)}] is divided out of {law.title}",
            f"none of {self.search.say(removed)} influences {', '.join(self.names)}",
        )
        rest = simplify(Quotient(law.joint, product(*factors)))
        return self.recover(part, replace(law, nodes=law.nodes & ~removed, joint=rest))

    def c_factor(self, component: int, law: SelectedLaw) -> Expression:
        """The product of the conditionals of a c-component that does not influence selection."""
        rows = [
            law.conditional(i, before(self.order, i, law.nodes)) for i in reversed(self.order) if component >> i & 1
        ]
        return simplify(product(*rows))


def _reason(graph: CausalGraph, nodes: tuple[str, ...], part: int) -> str:
    names = ", ".join(nodes)
    causes = graph.mask(graph.ancestors(*nodes))
    guilty = graph.names(part & causes)
    if guilty:
        return (
            f"the sample was selected on {names}, which {some(guilty)} influence{'s' if len(guilty) == 1 else ''}: "
            f"the distribution of {some(guilty)} among the selected rows is not that of the population"
        )
    return (
        f"the sample was selected on {names}, and hidden causes tie {some(graph.names(part))} to what influences it: "
        f"among the selected rows they depend on each other in another way than in the population"
    )
