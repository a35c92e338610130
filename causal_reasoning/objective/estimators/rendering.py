"""Rendering: likelihood of rows whose text is written anew for a value of the confounder that is drawn at random.

    L(θ) = E_rows E_{z' ~ P(z)} −log p_θ(write | read with z' in the place of z)

Under the conditions of `causal_reasoning.objective.rendering` these rows follow the mutilated world, so the minimiser
is the distribution asked for. No combination of treatment and confounder needs to be in the data: nothing is divided
by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.estimators.base import cell_weights
from causal_reasoning.objective.loss import MAIN, Array, Step
from causal_reasoning.objective.notation import latex_names, listed, policy_of, risk
from causal_reasoning.objective.plan import (
    ForwardPasses,
    ObjectivePlan,
    Refusal,
    Term,
    WeightModel,
    WeightOptions,
)
from causal_reasoning.objective.rendering import declared, drawable, rendering_model, rewritten

NAME = "rendering"
DRAWS = 4
"""Renderings of each row that training goes through in turn."""


def view_names(draws: int) -> tuple[str, ...]:
    """The views with independent renderings of the rows; the main view is the first."""
    return (MAIN, *(f"rendered {i}" for i in range(1, draws)))


@dataclass(frozen=True)
class RenderedLikelihood:
    """E[ w · −log p_θ(write | rendered read) ], another rendering of the rows in each step.

    Parameters
    ----------
    draws : int
        How many renderings there are.
    """

    draws: int

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """The mean over the rows of one view."""
        view = view_names(self.draws)[step.number % self.draws]
        return {"loss": (step.weight * step.nll(view)).mean()}


def plan_rendering(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan likelihood of rendered rows.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions; a text declares with ``rendered_by`` for which parents it can be written anew.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        A refusal that names the path on which the confounder acts around the text.
    """
    weights = policy_weights(graph, NAME)
    if isinstance(weights, Refusal):
        return weights
    drawn = drawable(graph)
    if isinstance(drawn, str):
        return Refusal(NAME, drawn)
    text, latex = rendered_nll(graph, drawn)
    shown, shown_latex = (f"w · ({text})", rf"w \cdot \left({latex}\right)") if weights else (text, latex)
    behind = f",  w = {weights.formula}" if weights else ""
    return ObjectivePlan(
        estimator=NAME,
        formula=f"L(θ) = E[ {shown} ],  {drawn_text(drawn)}{behind}",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ {shown_latex} \right],\quad "
        rf"{drawn_latex(drawn)}{weight_latex(weights)}",
        terms=(
            Term("nll", "likelihood", text, latex, f"its minimiser is {risk(graph)}"),
            rendering_term(graph, drawn),
            *policy_terms(weights),
        ),
        forward_passes=ForwardPasses(train=1, inference=1),
        weights=weights,
        realisation=graph.objective.realisation if weights else None,
        loss=RenderedLikelihood(DRAWS),
        views=(),
        renderings=(rendering_model(graph, drawn, view_names(DRAWS)),),
    )


def rendered_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """Minimise the likelihood of rendered rows over tables: their conditional distribution."""
    rows = rendered_joint(plan, graph, joint)
    if plan.weights is not None:
        rows = rows.multiply(cell_weights(plan.weights, joint, policy))
    kept = {*graph.query.read, *graph.query.write}
    return rows.marginalise(set(rows.axes) - kept).condition(graph.query.read)


def rendered_joint(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor) -> Factor:
    """The joint distribution of rendered rows: texts as written anew, all other columns as recorded.

    A row's text is written anew with all causes kept but one, so the factor of the text's district, which is a
    function of its own nodes and of their parents, is read at the drawn value; the others at the recorded one.

    Raises
    ------
    ValueError
        If a rendered text has other children, or shares hidden causes with what listens to the drawn nodes: the
        joint distribution then does not tell what rendering does. Plans never ask for that.

    References
    ----------
    J. Tian and J. Pearl, "A general identification condition for causal effects" (AAAI 2002): factors of districts.
    """
    (model,) = plan.renderings
    drawn, texts = set(model.nodes), set(rewritten(graph, model.nodes))
    templates = declared(graph)
    causal = graph.causal.latent_projection().subgraph(joint.axes)
    causal = causal.subgraph(causal.ancestors(*graph.query.do, *graph.outcomes))
    joint = joint.marginalise(set(joint.axes) - set(causal.nodes))
    order = causal.topological_order
    renamed = {node: f"{node} drawn" for node in drawn}
    result = Factor([renamed[n] for n in sorted(drawn)], joint.marginalise(set(joint.axes) - drawn).values)
    for district in causal.districts():
        factor = Factor((), 1.0)
        own = {*district, *causal.parents(*district)}
        for i, node in enumerate(order):
            if node in district:
                # Given these, the node is independent of all others before it.
                before = own & set(order[:i])
                factor = factor.multiply(joint.marginalise(set(order) - before - {node}).condition(before))
        if texts & set(district):
            listening = {n for n in causal.children(*drawn) if n in district}
            if listening - texts or drawn & set(district):
                raise ValueError("the factor of a rendered text depends on the recorded value too")
            if any(z not in templates[n] for n in listening for z in drawn & set(causal.parents(n))):
                raise ValueError("a text is rendered by some of its drawn parents only")
            factor = Factor([renamed.get(n, n) for n in factor.axes], factor.values)
        if any(child not in texts for text in texts & set(district) for child in causal.children(text)):
            raise ValueError("a rendered text has children that listen to the recorded one")
        result = result.multiply(factor)
    return result.marginalise(renamed.values())


def policy_weights(graph: AssumptionGraph, name: str) -> WeightModel | Refusal | None:
    """π(t) / P(t) where the policy is not the marginal, which rendered rows keep."""
    policy = policy_of(graph)
    if policy == "marginal":
        return None
    treatment = tuple(sorted(graph.query.do))
    for node in treatment:
        if graph.is_text(node):
            return Refusal(
                name, f"rows keep the marginal of '{node}', and a text cannot be weighted to another policy by counts"
            )
    options = WeightOptions(
        accept_poor_overlap=graph.objective.accept_poor_overlap,
        clip=graph.objective.clip,
        self_normalise=graph.objective.self_normalise,
    )
    return WeightModel(treatment, (), tuple(graph.column(node) for node in treatment), (), policy, options=options)


def policy_terms(weights: WeightModel | None) -> tuple[Term, ...]:
    """The weights as a part of the loss."""
    if weights is None:
        return ()
    because = "rendered rows keep the marginal of the treatment; the weights turn it into the policy"
    return (Term("w", "weight", weights.formula, _fraction(weights), because),)


def weight_latex(weights: WeightModel | None) -> str:
    """The weights behind a formula, as LaTeX."""
    return rf",\quad w = {_fraction(weights)}" if weights else ""


def _fraction(weights: WeightModel) -> str:
    t = latex_names(weights.treatment)
    return rf"\frac{{\pi({t})}}{{P({t})}}"


def rendered_nll(graph: AssumptionGraph, drawn: tuple[str, ...], mark: str = "'") -> tuple[str, str]:
    """−log p_θ(write | read with z'), as text and as LaTeX."""
    texts = set(rewritten(graph, drawn))
    z = listed(tuple(f"{node}{mark}" for node in drawn))
    read = [f"{node}({z})" if node in texts else node for node in graph.query.read]
    z_latex = ", ".join(latex_names((node,)) + mark for node in drawn)
    read_latex = [latex_names((n,)) + (f"({z_latex})" if n in texts else "") for n in graph.query.read]
    return (
        f"−log p_θ({listed(graph.query.write)} | {', '.join(read)})",
        rf"-\log p_\theta({latex_names(graph.query.write)} \mid {', '.join(read_latex)})",
    )


def drawn_text(drawn: tuple[str, ...], mark: str = "'") -> str:
    """Z' ~ P(z) as text."""
    return f"{listed(tuple(f'{node}{mark}' for node in drawn))} ~ P({listed(drawn)})"


def drawn_latex(drawn: tuple[str, ...], mark: str = "'") -> str:
    """Z' ~ P(z) as LaTeX."""
    return rf"{', '.join(latex_names((node,)) + mark for node in drawn)} \sim P({latex_names(drawn)})"


def rendering_term(graph: AssumptionGraph, drawn: tuple[str, ...]) -> Term:
    """Why drawing anew gives the mutilated world."""
    texts, z, t = listed(rewritten(graph, drawn)), listed(drawn), listed(tuple(sorted(graph.query.do)))
    return Term(
        "rendering",
        "rendering",
        drawn_text(drawn),
        drawn_latex(drawn),
        f"once {t} is set, {z} acts on what is read and written only through the template of {texts}, and {t} is no "
        f"cause of {z}; so rows whose {texts} is written anew for a {z} drawn from P({z}) are those of do({t}), "
        f"whichever combinations of {t} and {z} are in the data",
    )
