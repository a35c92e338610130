"""Complete identification: the ID algorithm and, for conditional queries, IDC.

The graph is an acyclic directed mixed graph over observed nodes; latent nodes are projected away first, since on
a graph with latent nodes the algorithm would "identify" every effect, conditioning on what nobody observes.

References
----------
I. Shpitser and J. Pearl, "Identification of joint interventional distributions in recursive semi-Markovian causal
models" (AAAI 2006), figure 3: ID, whose seven lines the steps name; I. Shpitser and J. Pearl, "Identification of
conditional interventional distributions" (UAI 2006): IDC; J. Tian and J. Pearl, "A general identification
condition for causal effects" (AAAI 2002): c-components and c-factors; Y. Huang and M. Valtorta, "Pearl's calculus of
intervention is complete" (UAI 2006).
"""

from __future__ import annotations

from dataclasses import dataclass

from causal_reasoning.estimand import Expression, Probability, Quotient, product, summed
from causal_reasoning.estimand.simplify import simplify
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.bitsets import Tables, bits, closure, tables
from causal_reasoning.identification.derivation import Step, some
from causal_reasoning.identification.hedge import Hedge
from causal_reasoning.identification.law import FactorLaw, Law, ObservedLaw, before
from causal_reasoning.identification.query import Names, Query, make_query
from causal_reasoning.identification.separation import connected


@dataclass(frozen=True)
class General:
    """An effect as a function of the observed distribution, with the steps that lead there.

    Parameters
    ----------
    estimand : Expression
        Over treatments, outcomes and conditions, or fewer of them where the effect does not depend on all.
    steps : tuple of Step
        The lines of the algorithm, in the order in which they were applied.
    """

    estimand: Expression
    steps: tuple[Step, ...]


def id_algorithm(graph: CausalGraph, do: Names, on: Names, given: Names = ()) -> General | Hedge:
    """Identify P(on | do(do), given), or show that nobody can.

    Parameters
    ----------
    graph : CausalGraph
        The assumptions; latent nodes are projected away.
    do, on, given : str or iterable of str
        Treatments, outcomes and conditions.

    Returns
    -------
    General or Hedge
        Sound and complete: a hedge proves that two models of the graph agree on everything observed and
        disagree on the effect.

    Raises
    ------
    QueryError
        For an unknown or latent node, a missing treatment or outcome, or a node that is named twice.

    Notes
    -----
    Polynomial: each call splits off a c-component or removes a node. Conditionals are taken given the Markov
    pillow (the rest of the c-component and its parents), not given everything that comes before.

    Examples
    --------
    >>> front_door = CausalGraph("xmy", [("x", "m"), ("m", "y")], [("x", "y")])
    >>> id_algorithm(front_door, "x", "y").estimand.text()
    "Σ_{m} P(m | x) [Σ_{x'} P(y | m, x') P(x')]"
    >>> id_algorithm(CausalGraph("xy", [("x", "y")], [("x", "y")]), "x", "y").text()
    '{x, y} over {y}'
    """
    query = make_query(graph, do, on, given)
    return identify_generally(graph.latent_projection(), query)


def identify_generally(graph: CausalGraph, query: Query) -> General | Hedge:
    """Run IDC on a graph without latent nodes; see `id_algorithm`."""
    search = Search(graph)
    x, y, z = graph.mask(query.do), graph.mask(query.on), graph.mask(query.given)
    x, z = search.exchange(x, y, z)
    law: Law = ObservedLaw(graph, search.edges, (1 << len(graph)) - 1, search.order)
    try:
        effect = simplify(search.identify(y | z, x, law))
    except HedgeFoundError as found:
        return Hedge(graph.names(found.outer), graph.names(found.inner))
    if z:
        effect = simplify(Quotient(effect, summed(graph.names(y), effect)))
        search.step(
            "IDC line 2",
            f"{query.text()} = {search.effect(y | z, x)} / Σ_{{{some(query.on)}}} of the same",
            "the definition of a conditional probability",
        )
    extra = effect.free - {*query.do, *query.on, *query.given}
    if extra:
        names = tuple(sorted(extra))
        search.step(
            "constant",
            f"averaged over P({', '.join(names)})",
            f"the formula holds for every value of {', '.join(names)}, which the effect does not depend on",
        )
        effect = simplify(summed(names, product(Probability(names), effect)))
    return General(effect, tuple(search.steps))


class HedgeFoundError(Exception):
    """Line 5 of ID: the graph that is left and the c-component that is asked for, as bit sets."""

    def __init__(self, outer: int, inner: int) -> None:
        super().__init__()
        self.outer, self.inner = outer, inner


class Search:
    """One run of the algorithm: the graph as bit sets, and the steps so far.

    Parameters
    ----------
    graph : CausalGraph
        Without latent nodes, or with those that count as observed.
    """

    def __init__(self, graph: CausalGraph) -> None:
        self.graph = graph
        self.edges: Tables = tables(graph)
        self.order = tuple(graph.mask([name]).bit_length() - 1 for name in graph.topological_order)
        self.steps: list[Step] = []

    def step(self, rule: str, statement: str, because: str = "") -> None:
        """Record a step."""
        self.steps.append(Step(rule, statement, because))

    def say(self, mask: int) -> str:
        """Names of a bit set."""
        return some(self.graph.names(mask))

    def effect(self, y: int, x: int, law: Law | None = None) -> str:
        """Write an effect: with few treatments in full, with many as Tian's Q; and where, if not in the whole."""
        where = f"in {law.title}: " if isinstance(law, FactorLaw) else ""
        if x.bit_count() <= 8:
            return f"{where}P({self.say(y)}{f' | do({self.say(x)})' if x else ''})"
        return f"{where}Q[{self.say(y)}]"

    def exchange(self, x: int, y: int, z: int) -> tuple[int, int]:
        """IDC line 1: make interventions of the conditions for which seeing is doing (rule 2)."""
        moved = True
        while moved:
            moved = False
            for i in bits(z):
                one = 1 << i
                parents = [0 if x >> j & 1 else row for j, row in enumerate(self.edges.parents)]
                children = [row & ~x if not one >> j & 1 else 0 for j, row in enumerate(self.edges.children)]
                siblings = [0 if x >> j & 1 else row & ~x for j, row in enumerate(self.edges.siblings)]
                parents = [row & ~one for row in parents]
                cut = Tables(self.edges.size, parents, children, siblings)
                if not connected(cut, one, x | z & ~one) & y:
                    rest = f", {self.say(z & ~one)}" if z & ~one else ""
                    self.step(
                        "do-calculus rule 2",
                        f"P({self.say(y)} | do({self.say(x)}), {self.say(z)}) = "
                        f"P({self.say(y)} | do({self.say(x | one)}){rest})",
                        f"{self.say(one)} is independent of {self.say(y)} given the others once the arrows into "
                        f"{self.say(x)} and out of {self.say(one)} are cut",
                    )
                    x, z, moved = x | one, z & ~one, True
                    break
        return x, z

    def identify(self, y: int, x: int, law: Law) -> Expression:
        """The ID algorithm on the nodes of a law: P(y | do(x)), with y and x disjoint bit sets."""
        edges, inside = self.edges, law.nodes
        if not x:
            self.step("ID line 1", f"{law.name(y)} is a marginal of {law.title}", "nothing is set")
            return law.marginal(y)
        ancestors = closure(edges.parents, y, inside)
        if inside & ~ancestors:
            self.step(
                "ID line 2",
                f"{self.effect(y, x, law)} needs the ancestors {self.say(ancestors)} only",
                f"{self.say(inside & ~ancestors)} cannot influence {self.say(y)}",
            )
            return self.identify(y, x & ancestors, law.restrict(ancestors))
        # Ancestors once the arrows into x are cut: x is entered and not left.
        upward = [0 if x >> i & 1 else row for i, row in enumerate(edges.parents)]
        idle = inside & ~x & ~closure(upward, y, inside)
        if idle:
            self.step(
                "ID line 3",
                f"{self.effect(y, x, law)} = {self.effect(y, x | idle)} for any value of {self.say(idle)}",
                f"rule 3: under do({self.say(x)}), {self.say(idle)} has no influence on {self.say(y)}",
            )
            return self.identify(y, x | idle, law)
        components = self.sorted_components(inside & ~x)
        if len(components) > 1:
            return self._factorise(y, x, law, components)
        return self._component(y, x, law, components[0])

    def components(self, mask: int) -> list[int]:
        """The parts of a set that hidden causes connect."""
        found = []
        while mask:
            component = closure(self.edges.siblings, mask & -mask, mask)
            found.append(component)
            mask &= ~component
        return found

    def sorted_components(self, mask: int) -> list[int]:
        """The parts of a set that hidden causes connect, effects before causes, as one writes it."""
        place = {i: position for position, i in enumerate(self.order)}
        return sorted(self.components(mask), key=lambda part: -max(place[i] for i in bits(part)))

    def _factorise(self, y: int, x: int, law: Law, components: list[int]) -> Expression:
        """ID line 4: the effect is a product of the c-factors of what is not set."""
        inside = law.nodes
        over = inside & ~(x | y)
        shown = " ".join(f"Q[{self.say(s)}]" for s in components[:8]) + (" …" if len(components) > 8 else "")
        self.step(
            "ID line 4",
            f"{self.effect(y, x, law)} = " + (f"Σ_{{{self.say(over)}}} " if over else "") + shown,
            "hidden causes connect nothing between these sets once the treatments are cut off; "
            "Q[s] is the effect on s of setting all other nodes",
        )
        return summed(self.graph.names(over), product(*(self.identify(s, inside & ~s, law) for s in components)))

    def _component(self, y: int, x: int, law: Law, component: int) -> Expression:
        """Lines 5 to 7: what is not set is one c-component of the graph without the treatments."""
        edges, inside = self.edges, law.nodes
        around = closure(edges.siblings, component, inside)
        if around == inside:
            raise HedgeFoundError(inside, component)
        over = component & ~y
        factors = [law.conditional(i, before(self.order, i, inside)) for i in reversed(self.order) if around >> i & 1]
        if around == component:
            self.step(
                "ID line 6",
                f"Q[{self.say(component)}] is a product of conditionals of {law.title}",
                f"no hidden cause connects {self.say(component)} with a treatment",
            )
            return simplify(summed(self.graph.names(over), product(*factors)))
        self.step(
            "ID line 7",
            f"Q[{self.say(component)}] is the effect of do({self.say(x & around)}) in the new distribution "
            f"Q[{self.say(around)}]",
            f"hidden causes connect {self.say(around)}, and nothing else under do({self.say(inside & ~around)})",
        )
        return self.identify(y, x & around, law.inner(around, simplify(product(*factors))))
