"""Formulas for nested counterfactuals and for differences of effects."""

from __future__ import annotations

from collections.abc import Mapping

from causal_reasoning.estimand import Difference, Expression, Probability, Product, Sum, product, renamed, summed
from causal_reasoning.identification.bitsets import closure
from causal_reasoning.identification.common_separator import Separation, common_separator, without_arrows_out
from causal_reasoning.identification.derivation import Step, some
from causal_reasoning.identification.general import id_algorithm
from causal_reasoning.identification.hedge import Hedge
from causal_reasoning.identification.mediation_worlds import Worlds


def contrast(distribution: Expression, reference: Mapping[str, str]) -> Expression:
    """Subtract what a formula gives for the reference values, as deep inside as possible.

    Parameters
    ----------
    distribution : Expression
        A formula in which no part that is not a sum or product depends on a variable and on its reference value.
    reference : mapping of str to str
        The name of the reference value of each variable that changes.

    Returns
    -------
    Expression
        The formula minus the formula with the new names.

    Examples
    --------
    >>> adjusted = Sum(("c",), Product((Probability(("y",), ("x", "c")), Probability(("c",)))))
    >>> contrast(adjusted, {"x": "x*"}).text()
    'Σ_{c} [P(y | x, c) - P(y | x*, c)] P(c)'
    """
    if isinstance(distribution, Sum) and not set(distribution.over) & {*reference, *reference.values()}:
        return summed(distribution.over, contrast(distribution.expression, reference))
    changing = [part for part in getattr(distribution, "factors", ()) if part.free & set(reference)]
    if isinstance(distribution, Product) and changing:
        inner = contrast(changing[0], reference) if len(changing) == 1 else _minus(product(*changing), reference)
        first = distribution.factors.index(changing[0])
        before = distribution.factors[:first]
        behind = [part for part in distribution.factors[first:] if part not in changing]
        return product(*before, inner, *behind)
    return _minus(distribution, reference)


def _minus(expression: Expression, reference: Mapping[str, str]) -> Expression:
    return Difference(expression, renamed(expression, reference))


def swapped(nested: Expression, reference: Mapping[str, str]) -> Expression:
    """Exchange values and reference values: from Y(x, M(x*)) to Y(x*, M(x))."""
    return renamed(nested, {**reference, **{new: old for old, new in reference.items()}})


def mediation_formula(worlds: Worlds, reference: Mapping[str, str]) -> tuple[Expression, Step] | None:
    """Write the nested counterfactual as the mediation formula, where covariates allow it.

    Parameters
    ----------
    worlds : Worlds
        The question.
    reference : mapping of str to str
        The names of the reference values.

    Returns
    -------
    (Expression, Step) or None
        Σ_{c, m} P(y | x, m, c) P(m | x*, c) P(c), and why it holds: outcomes are independent of treatments and
        mediators given c once the arrows out of both are cut, and mediators of treatments given c once the
        arrows out of treatments are. ``None`` if no such c was found; the search is not exhaustive.

    References
    ----------
    J. Pearl, "Direct and indirect effects" (UAI 2001): the formula, and that the first condition makes outcomes and
    mediators of the two worlds independent given c.
    """
    edges, graph = worlds.edges, worlds.graph
    x, y, m = worlds.do, worlds.on, worlds.carriers
    usable = ~closure(edges.children, x | m) & ~(y | worlds.mediators) & closure(edges.parents, x | y | m)
    found = common_separator(
        [
            Separation(without_arrows_out(edges, x | m), y, x | m),
            Separation(without_arrows_out(edges, x), m, x),
        ],
        usable,
    )
    if found is None:
        return None
    treatments, outcomes, through, beside = (graph.names(mask) for mask in (x, y, m, found))
    heard = Probability(through, treatments + beside)
    parts = [Probability(outcomes, treatments + through + beside), renamed(heard, reference)]
    if beside:
        parts.append(Probability(beside))
    formula = summed(through + beside, product(*parts))
    given = f" given {some(beside)}" if beside else ""
    because = (
        f"{some(outcomes)} is independent of {some(treatments + through)}{given} without the arrows out of those, and "
        f"{some(through)} of {some(treatments)}{given} without the arrows out of {some(treatments)}"
    )
    return formula, Step("mediation formula", formula.text(), because)


def district_formula(worlds: Worlds, reference: Mapping[str, str]) -> tuple[Expression, tuple[Step, ...]] | Hedge:
    """Write the nested counterfactual as a product over districts, each with its value of the treatment.

    Parameters
    ----------
    worlds : Worlds
        A question without recanting district.
    reference : mapping of str to str
        The names of the reference values.

    Returns
    -------
    (Expression, tuple of Step) or Hedge
        The formula and how each factor was found; a hedge if a factor is not identifiable.
    """
    graph = worlds.graph
    parts: list[Expression] = []
    steps: list[Step] = []
    shown: list[str] = []
    for district in worlds.districts:
        names, causes = graph.names(district), graph.names(worlds.causes(district))
        factor: Expression = Probability(names)
        if causes:
            found = id_algorithm(graph, causes, names)
            if isinstance(found, Hedge):
                return found
            factor = found.estimand
            steps += found.steps
        parts.append(renamed(factor, reference) if worlds.hears_reference(district) else factor)
        stars = [reference.get(name, name) if worlds.hears_reference(district) else name for name in causes]
        shown.append(f"P({some(names)}{f' | do({some(tuple(stars))})' if stars else ''})")
    over = graph.names((worlds.direct | worlds.mediated) & ~worlds.on)
    formula = summed(over, product(*parts))
    whole = f"{f'Σ_{{{some(over)}}} ' if over else ''}{' '.join(shown)}"
    because = "hidden causes connect nothing between the factors, and each hears one value of the treatment"
    return formula, (Step("edge g-formula", whole, because), *steps)
