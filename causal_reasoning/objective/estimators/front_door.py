"""The front door through what is written: a rationale carries all that the question does to the answer.

With q the treatment that is read, r the rationale and a the answer, both written, r first, a hidden cause of q and a,
and s whatever else is read,

    P(r, a | do(q), s) = P(r | q, s) · P(a | r, s, do(q)),   and the second factor does not depend on q.

The first factor is not confounded: plain likelihood fits it. The second is the distribution of the answer given the
rationale *without the question*, in rows that are weighted to the mutilated world, w = P(r | s) / P(r | q, s):

    L(θ) = E[ −log p(r | q, s) + w · (−log p(a | r, s)) + KL( p(a | r, s) ‖ p(a | q, r, s) ) ]

where p(a | r, s) is the model with the question hidden. The last term hands that distribution, as a constant, to the
model that is shown the question: so what is served is an ordinary prompt and one pass.

Two shortcuts look alike and are wrong. Weights on the answer *with the question shown* change nothing: they are a
function of what is read. And weights on the whole row (or drawing rows by weight) spoil the rationale, P(r | q).

References
----------
J. Pearl, *Causality* (2009), section 3.3.2, for the front door; I. R. Fulcher et al., "Robust inference on population
indirect causal effects: the generalized front door criterion" (JRSS B 2020), for its weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification, IdentifiedByFrontDoor, IdentifiedInGeneral, m_separated
from causal_reasoning.objective.estimators.base import cell_weights
from causal_reasoning.objective.estimators.text_weights import HEAD_HINT, text_cost, text_weights
from causal_reasoning.objective.estimators.weighting import estimation_notes, weight_latex
from causal_reasoning.objective.loss import Array, Step
from causal_reasoning.objective.notation import latex_names, listed
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term, WeightModel
from causal_reasoning.objective.text_views import HIDDEN, HiddenTexts

NAME = "front_door"


@dataclass(frozen=True)
class Split:
    """What is written, cut in two where the effect of what is read ends.

    Parameters
    ----------
    hidden : tuple of str
        The treatments, all of them read.
    shown : tuple of str
        What else is read.
    first, last : tuple of str
        The carrier of the effect, and what depends on the treatments through it only.
    """

    hidden: tuple[str, ...]
    shown: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]


@dataclass(frozen=True)
class FrontDoorLikelihood:
    """−log p(r | q) + w · (−log p(a | r)) + KL( p(a | r) ‖ p(a | q, r) ), a mean over the rows of a batch.

    The divergence is summed over the tokens of the answer, each given the reference before it; the distribution
    without the question passes no gradient there.

    Parameters
    ----------
    begins : int
        The number of the first written node of the second part.
    """

    begins: int = 1

    def __call__(self, step: Step) -> Mapping[str, Array]:
        """Likelihoods of both parts, and the divergence of the answer with the question from that without."""
        log_p, alone = step.logits().log_softmax(-1), step.logits(HIDDEN).log_softmax(-1)
        targets, late = step.targets()[:, None], (step.parts() >= self.begins).to(log_p.dtype)
        first = step.per_row(-log_p.gather(1, targets)[:, 0] * (1 - late)).mean()
        last = (step.weight * step.per_row(-alone.gather(1, targets)[:, 0] * late, HIDDEN)).mean()
        teacher = alone.detach()
        passed = step.per_row((teacher.exp() * (teacher - log_p)).sum(-1) * late).mean()
        return {
            "loss": first + last + passed,
            "steps": first.detach(),
            "answer": last.detach(),
            "handed_on": passed.detach(),
        }


def plan_front_door(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan the likelihood of the rationale, and that of the answer without the question in weighted rows.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions; ``objective.nuisance`` says whether classifiers may estimate the weights.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        A refusal that says which condition fails, or what the weights would need.
    """
    split = written_front_door(graph, identification, NAME)
    if isinstance(split, Refusal):
        return split
    found = _weights(graph, identification, split)
    if isinstance(found, str):
        return Refusal(NAME, found)
    weights, because = found
    q, s, r, a = split.hidden, split.shown, split.first, split.last
    first, last, both = _conditional(r, q + s), _conditional(a, r + s), _conditional(a, q + r + s)
    divergence = f"KL( {last[0]} ‖ {both[0]} )"
    divergence_latex = rf"\mathrm{{KL}}\left( {last[1]} \;\lVert\; {both[1]} \right)"
    terms = (
        Term(
            "steps",
            "likelihood",
            f"−log {first[0]}",
            rf"-\log {first[1]}",
            f"no back-door path between {listed(q)} and {listed(r)} is open, so its minimiser is "
            f"P({listed(r)} | do({listed(q)}))",
        ),
        Term(
            "answer",
            "likelihood",
            f"−log {last[0]}",
            rf"-\log {last[1]}",
            f"once {listed(q)} is set, {listed(a)} depends on it through {listed(r)} only, so {listed(q)} is hidden "
            f"behind '{_mask(graph)}' here; with {listed(q)} shown the weights would change nothing",
        ),
        Term(
            "w",
            "weight",
            weights.formula,
            weight_latex(weights),
            f"turns the observed world into the mutilated one: {because}; it multiplies the answer's part only",
        ),
        Term(
            "handed_on",
            "likelihood",
            divergence,
            divergence_latex,
            f"hands what was learnt without {listed(q)} to the model that is shown it, token by token; the first "
            "distribution passes no gradient, so that one ordinary pass answers in use",
        ),
    )
    return ObjectivePlan(
        estimator=NAME,
        formula=f"L(θ) = E[ {terms[0].formula} + w · ({terms[1].formula}) + {divergence} ],  w = {weights.formula}",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ {terms[0].latex} + w \cdot \left( {terms[1].latex} \right) "
        rf"+ {divergence_latex} \right],\quad w = {weight_latex(weights)}",
        terms=terms,
        forward_passes=ForwardPasses(train=2, inference=1),
        approximate=estimation_notes(graph, weights),
        weights=weights,
        realisation="loss_weights",
        loss=FrontDoorLikelihood(len(r)),
        text_views=(HiddenTexts(q, tuple(graph.column(node) for node in q), _mask(graph)),),
    )


def written_front_door(graph: AssumptionGraph, identification: Identification, name: str) -> Split | Refusal:
    """Cut what is written in two: the carrier of the effect, and what depends on the treatment through it only.

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict on their query.
    name : str
        The estimator, for the refusal.

    Returns
    -------
    Split or Refusal
        The first cut, in causal order, with (i) no open back-door path between the treatments and the carrier, and
        (ii) the rest independent of the treatments given the carrier, once these are set.
    """
    read, write = graph.query.read, graph.query.write
    q = tuple(sorted(graph.query.do))
    if not isinstance(identification, (IdentifiedByFrontDoor, IdentifiedInGeneral)):
        return Refusal(name, f"the effect of {listed(q)} needs no front door: it is zero, or identified by adjusting")
    if unread := [node for node in q if node not in read]:
        return Refusal(name, f"the treatment '{unread[0]}' is not read, so nothing is to be hidden from the answer")
    if len(write) < 2:
        return Refusal(
            name,
            f"only '{write[0]}' is written; what carries the effect of {listed(q)} must be written before it, for "
            f"instance write: [rationale, {write[0]}]",
        )
    s = tuple(sorted(set(read) - set(q)))
    apart, cut_off = graph.causal.without_outgoing(*q), graph.causal.without_incoming(*q)
    for cut in range(1, len(write)):
        r, a = write[:cut], write[cut:]
        if m_separated(apart, q, r, s) and m_separated(cut_off, q, a, (*s, *r)):
            return Split(q, s, r, a)
    return Refusal(
        name,
        f"{listed(q)} must be unconfounded with what is written first, and act on the rest through it only; no cut "
        f"through {listed(write)} does both",
    )


def _weights(graph: AssumptionGraph, identification: Identification, split: Split) -> tuple[WeightModel, str] | str:
    """The easiest weights to estimate: of what is written and read, or of it and some columns."""
    # P(write | do(read)) is the same under every policy, so the marginal one will do.
    graph = replace(graph, query=graph.query.model_copy(update={"policy": "marginal"}))
    counted = graph.objective.nuisance != "head"
    found: list[tuple[tuple[int, int, int, int], WeightModel, str]] = []
    reasons: list[str] = []
    for number, on in enumerate(_enlarged(graph, split)):
        outcome = text_weights(graph, identification, on)
        if isinstance(outcome, str):
            reasons.append(outcome)
        elif counted and outcome[0].text_ratio is not None:
            reasons.append(f"the weights {outcome[0].formula} need probabilities given texts; {HEAD_HINT}")
        else:
            form = outcome[0].text_ratio
            found.append(((*(text_cost(form) if form else (0, 0, 0)), number), *outcome))
    if not found:
        return reasons[0]
    _, weights, because = min(found, key=lambda one: one[0])
    return weights, because


def _enlarged(graph: AssumptionGraph, split: Split) -> Iterator[tuple[str, ...]]:
    """What the weights may depend on beside the treatments: texts alone, with one column, with all columns."""
    own = (*split.shown, *split.first, *split.last)
    columns = [n for n in graph.causal.observed if not graph.is_text(n) and n not in (*own, *split.hidden)]
    more: Iterable[tuple[str, ...]] = chain([()], ((c,) for c in columns), [tuple(columns)] if len(columns) > 1 else [])
    for added in more:
        yield tuple(sorted((*own, *added)))


def _mask(graph: AssumptionGraph) -> str:
    return graph.objective.mask


def _conditional(of: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, str]:
    return (
        f"p_θ({listed(of)} | {listed(given)})",
        rf"p_\theta({latex_names(of)} \mid {latex_names(given)})",
    )


def front_door_minimiser(plan: ObjectivePlan, graph: AssumptionGraph, joint: Factor, policy: Factor) -> Factor:
    """Minimise over tables: the observed P(r | read), times P(a | r, s) in the weighted rows."""
    if plan.weights is None or not isinstance(plan.loss, FrontDoorLikelihood):
        raise ValueError("this is no plan through the front door")
    read, write = set(graph.query.read), graph.query.write
    r, a = write[: plan.loss.begins], write[plan.loss.begins :]
    steps = joint.marginalise(set(joint.axes) - read - set(r)).condition(read)
    marginal = joint.marginalise(set(joint.axes) - set(graph.query.do))
    rows = joint.multiply(cell_weights(plan.weights, joint, marginal))
    kept = (read - set(graph.query.do)) | {*r, *a}
    answer = rows.marginalise(set(rows.axes) - kept).condition(kept - set(a))
    return steps.multiply(answer)
