"""Direct and indirect effects: what a treatment does through mediators, and what it does past them.

With x a value of the treatment, x* a reference value, and Y(x, M(x*)) the outcome under x if the mediators were what
they are under x*:

- the *controlled direct effect* compares P(y | do(x, m)) with P(y | do(x*, m));
- the *natural direct effect* compares Y(x, M(x*)) with Y(x*);
- the *natural indirect effect* compares Y(x*, M(x)) with Y(x*).

The total effect Y(x) against Y(x*) is the natural direct effect minus the natural indirect effect of the
reverse change, from x to x*.

The natural effects mix two worlds, and no experiment that sets variables reveals them. They are identifiable
exactly if the total effect is and no *district* (nodes that hidden causes connect, among the ancestors of the outcomes
without the treatments) hears x on a path past the mediators and x* on a path through them. A district of a single
node is a *recanting witness*. Then the distribution of Y(x, M(x*)) is the sum over the product of the districts'
factors, each with its own value of the treatment.

References
----------
J. Pearl, "Direct and indirect effects" (UAI 2001): natural effects, the mediation formula and a graphical
condition for it. C. Avin, I. Shpitser and J. Pearl, "Identifiability of path-specific effects" (IJCAI 2005): the
recanting witness. I. Shpitser, "Counterfactual graphical models for longitudinal mediation analysis with
unobserved confounding", Cognitive Science 37 (2013): the recanting district, and the formula over districts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from causal_reasoning.estimand import Expression
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.adjustment import adjustment_formula, smallest_adjustment_set
from causal_reasoning.identification.derivation import Step, some
from causal_reasoning.identification.general import id_algorithm
from causal_reasoning.identification.hedge import Hedge
from causal_reasoning.identification.mediation_formula import contrast, district_formula, mediation_formula, swapped
from causal_reasoning.identification.mediation_result import (
    Answer,
    EffectFormula,
    EffectHedge,
    Mediation,
    NoEffect,
    RecantingDistrict,
    RecantingWitness,
)
from causal_reasoning.identification.mediation_worlds import Worlds
from causal_reasoning.identification.query import Names, QueryError, disjoint, make_query, observed_nodes


def identify_mediation(
    graph: CausalGraph, do: Names, on: Names, mediators: Names, *, name: str = "", digest: str | None = None
) -> Mediation:
    """Decide which of the direct and indirect effects can be computed from observed data, and how.

    Parameters
    ----------
    graph : CausalGraph
        The assumptions; latent nodes are projected away.
    do, on, mediators : str or iterable of str
        Treatments, outcomes and mediators. Mediators that carry nothing are allowed: they change no natural effect.
    name : str
        The name of the graph, for the record.
    digest : str, optional
        Its digest, for the record; by default that of the graph.

    Returns
    -------
    Mediation
        Four answers, each an `EffectFormula`, `NoEffect`, `EffectHedge`, `RecantingWitness` or
        `RecantingDistrict`. Polynomial time.

    Raises
    ------
    QueryError
        For an unknown or latent node, a missing treatment, outcome or mediator, or a node in two roles.

    Examples
    --------
    >>> answer = identify_mediation(CausalGraph("mxy", [("x", "m"), ("m", "y"), ("x", "y")]), "x", "y", "m")
    >>> answer.direct.estimand.text()
    'Σ_{m} [P(y | x, m) - P(y | x*, m)] P(m | x*)'
    >>> answer.indirect.estimand.text()
    'Σ_{m} P(y | x*, m) [P(m | x) - P(m | x*)]'
    """
    treatments, outcomes, through = _checked(graph, do, on, mediators)
    projected = graph.latent_projection()
    worlds = Worlds(projected, *(projected.mask(names) for names in (treatments, outcomes, through)))
    words = _Words(treatments, outcomes, through, _fresh(graph, treatments))
    effect = _effect(projected, treatments, outcomes)
    direct, indirect, steps = _natural(worlds, words, effect)
    return Mediation(
        treatments,
        outcomes,
        through,
        tuple(words.reference.values()),
        _total(worlds, words, effect),
        _controlled(worlds, words),
        direct,
        indirect,
        steps,
        name,
        graph.digest if digest is None else digest,
    )


@dataclass(frozen=True)
class _Words:
    """The names of a question, and how its effects are written."""

    do: tuple[str, ...]
    on: tuple[str, ...]
    mediators: tuple[str, ...]
    reference: dict[str, str]

    @property
    def stars(self) -> str:
        return _list(self.reference.values())

    @property
    def total(self) -> str:
        return f"P({_list(self.on)} | do({_list(self.do)})) - P({_list(self.on)} | do({self.stars}))"

    @property
    def controlled(self) -> str:
        on, through = _list(self.on), _list(self.mediators)
        return f"P({on} | do({_list(self.do)}, {through})) - P({on} | do({self.stars}, {through}))"

    @property
    def nested(self) -> str:
        return f"{_one(self.on)}({_list(self.do)}, {_one(self.mediators)}({self.stars}))"

    @property
    def direct(self) -> str:
        return f"P({self.nested}) - P({_one(self.on)}({self.stars}))"

    @property
    def indirect(self) -> str:
        exchanged = f"{_one(self.on)}({self.stars}, {_one(self.mediators)}({_list(self.do)}))"
        return f"P({exchanged}) - P({_one(self.on)}({self.stars}))"


def _checked(
    graph: CausalGraph, do: Names, on: Names, mediators: Names
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    query = make_query(graph, do, on)
    through = observed_nodes(graph, mediators, "the mediator")
    if not through:
        raise QueryError("there is no mediator; name one or several nodes between treatment and outcome")
    disjoint(through, "a mediator", query.do, "the treatment")
    disjoint(through, "a mediator", query.on, "the outcome")
    return query.do, query.on, through


def _fresh(graph: CausalGraph, treatments: tuple[str, ...]) -> dict[str, str]:
    """Name the reference values; no node is called like one."""
    stars = "*"
    while any(name + stars in graph for name in treatments):
        stars += "*"
    return {name: name + stars for name in treatments}


Found = tuple[Expression, str]
"""A distribution under an intervention, and how it was found."""


def _effect(graph: CausalGraph, do: tuple[str, ...], on: tuple[str, ...]) -> Found | Hedge:
    """Identify P(on | do(do)), by adjustment if possible."""
    chosen = smallest_adjustment_set(graph, do, on)
    if chosen is not None:
        because = f"adjusted for {_list(chosen)}" if chosen else "nothing to adjust for"
        return adjustment_formula(do, on, chosen), because
    found = id_algorithm(graph, do, on)
    return found if isinstance(found, Hedge) else (found.estimand, "by the ID algorithm")


def _total(worlds: Worlds, words: _Words, effect: Found | Hedge) -> Answer:
    if not worlds.hearing:
        return NoEffect(words.total, _no_path(words))
    return _by_setting(words.total, effect, f"P({_list(words.on)} | do({_list(words.do)}))", words.reference)


def _controlled(worlds: Worlds, words: _Words) -> Answer:
    if not worlds.hearing & worlds.direct:
        return NoEffect(words.controlled, _no_direct(worlds, words))
    both = words.do + words.mediators
    effect = _effect(worlds.graph, both, words.on)
    return _by_setting(words.controlled, effect, f"P({_list(words.on)} | do({_list(both)}))", words.reference)


def _by_setting(label: str, effect: Found | Hedge, of: str, reference: Mapping[str, str]) -> Answer:
    if isinstance(effect, Hedge):
        return EffectHedge(label, effect, of)
    distribution, because = effect
    return EffectFormula(label, contrast(distribution, reference), distribution, because)


def _natural(worlds: Worlds, words: _Words, effect: Found | Hedge) -> tuple[Answer, Answer, tuple[Step, ...]]:
    """Answer for the natural direct and the natural indirect effect."""
    of = f"P({_list(words.on)} | do({_list(words.do)}))"
    heard_past, heard_through = worlds.hearing & worlds.direct, worlds.hearing & worlds.mediated
    if not heard_past or not heard_through:
        # One of the two is the total effect, whether that is identified or not.
        one, other = f"{words.nested} = {_one(words.on)}", "no path of this kind"
        direct: Answer = NoEffect(words.direct, _no_direct(worlds, words))
        indirect: Answer = NoEffect(words.indirect, _no_indirect(worlds, words))
        if heard_past:
            direct = _by_setting(words.direct, effect, of, words.reference)
            return direct, indirect, (Step(other, f"{one}({_list(words.do)})", indirect.reason()),)
        if heard_through:
            indirect = _by_setting(words.indirect, effect, of, words.reference)
        return direct, indirect, (Step(other, f"{one}({words.stars})", direct.reason()),)
    if isinstance(effect, Hedge):
        return EffectHedge(words.direct, effect, of), EffectHedge(words.indirect, effect, of), ()
    if worlds.witnesses:
        node = worlds.witnesses & -worlds.witnesses
        witness = (*worlds.graph.names(node), worlds.direct_path(node), worlds.mediated_path(node))
        return RecantingWitness(words.direct, *witness), RecantingWitness(words.indirect, *witness), ()
    if (district := worlds.recanting()) is not None:
        first, second = district & heard_past, district & heard_through
        first, second = first & -first, second & -second
        paths = (worlds.direct_path(first), worlds.mediated_path(second), worlds.link(district, first, second))
        names = worlds.graph.names(district)
        return RecantingDistrict(words.direct, names, *paths), RecantingDistrict(words.indirect, names, *paths), ()
    return _nested(worlds, words, of)


def _nested(worlds: Worlds, words: _Words, of: str) -> tuple[Answer, Answer, tuple[Step, ...]]:
    """Write the natural effects where no district recants."""
    districts = tuple(f"{{{worlds.say(mask)}}}" for mask in worlds.districts)
    steps: tuple[Step, ...] = (
        Step(
            "recanting district criterion",
            f"P({words.nested}) is identified",
            f"{of} is, and no district hears both values: {some(districts)}",
        ),
    )
    simple = mediation_formula(worlds, words.reference)
    if simple is not None:
        nested, step = simple
        because = "mediation formula"
        steps = (*steps, step)
    else:
        general = district_formula(worlds, words.reference)
        if isinstance(general, Hedge):
            return EffectHedge(words.direct, general, of), EffectHedge(words.indirect, general, of), ()
        nested, more = general
        because = "edge g-formula"
        steps = (*steps, *more)
    exchanged = swapped(nested, words.reference)
    direct = EffectFormula(words.direct, contrast(nested, words.reference), nested, because)
    indirect = EffectFormula(words.indirect, contrast(exchanged, words.reference), exchanged, because)
    return direct, indirect, steps


def _no_direct(worlds: Worlds, words: _Words) -> str:
    if not worlds.hearing:
        return _no_path(words)
    return f"every directed path from {_list(words.do)} to {_list(words.on)} runs through {_list(words.mediators)}"


def _no_indirect(worlds: Worlds, words: _Words) -> str:
    if not worlds.hearing:
        return _no_path(words)
    return f"no directed path from {_list(words.do)} to {_list(words.on)} runs through {_list(words.mediators)}"


def _no_path(words: _Words) -> str:
    return f"no directed path leads from {_list(words.do)} to {_list(words.on)}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _one(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"({_list(names)})"
