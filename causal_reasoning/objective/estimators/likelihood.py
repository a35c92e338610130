"""Plain likelihood: the objective of a query that needs no correction.

It is valid where the mutilated world gives what is read and written the same distribution as the observed one:
the effect is zero, or nothing needs adjusting and the policy is the treatment's own marginal. Where what is read makes
what is written independent of how the treatment got its value, such as where all treatments are read, any policy will
do: P_π(write | read) is the same for all.
"""

from __future__ import annotations

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import (
    Identification,
    IdentifiedByAdjustment,
    SetByTheAdapter,
    ZeroEffect,
    m_separated,
)
from causal_reasoning.objective.notation import listed, nll, policy_of, risk
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term
from causal_reasoning.objective.regime import REGIME, with_regime


def _told(graph: AssumptionGraph, identification: Identification) -> list[str]:
    """Treatments without effect that the model reads and that tell about the answer all the same."""
    read, write = set(graph.query.read), graph.query.write
    if not isinstance(identification, (IdentifiedByAdjustment, ZeroEffect)):
        return []
    acting = identification.treatments if isinstance(identification, IdentifiedByAdjustment) else ()
    idle = sorted(read & set(graph.query.do) - set(acting))
    return [t for t in idle if not m_separated(graph.causal, t, write, read - {t})]


def plan_likelihood(graph: AssumptionGraph, identification: Identification) -> ObjectivePlan | Refusal:
    """Plan plain likelihood, R(θ) = E_obs[ −log p_θ(write | read) ].

    Parameters
    ----------
    graph : AssumptionGraph
        The assumptions.
    identification : Identification
        The verdict on their query.

    Returns
    -------
    ObjectivePlan or Refusal
        A refusal where the observed and the mutilated world differ.
    """
    t = listed(graph.query.do)
    if told := _told(graph, identification):
        write, read = listed(graph.query.write), listed(graph.query.read)
        return Refusal(
            "likelihood",
            f"setting {told[0]} changes nothing, but seeing it tells about {write}, and the model reads it: plain "
            f"likelihood fits P({write} | {read}) as observed",
        )
    if isinstance(identification, SetByTheAdapter):
        because = f"{t} is set by the adapter and no row has a value of it, so do({t}) leaves the rows as they are"
        if identification.open:
            because += f"; {identification.open} stays open, and what it confounds is fitted as observed"
    elif isinstance(identification, ZeroEffect):
        because = f"no directed path leads from {t} to what is read or written: do({t}) changes nothing"
    elif isinstance(identification, IdentifiedByAdjustment) and () in identification.sets.minimal:
        unread = sorted(set(graph.query.do) - set(graph.query.read))
        same = m_separated(with_regime(graph.causal, graph.query.do), graph.query.write, (REGIME,), graph.query.read)
        if policy_of(graph) != "marginal" and not same:
            which = f"{unread[0]} is not read" if unread else "what is read tells of it"
            return Refusal(
                "likelihood",
                f"the policy differs from the marginal of {t}, and {which}, so its values must be weighted",
            )
        because = (
            f"given {listed(graph.query.read)} nothing tells whether {t} was set or observed, so that "
            f"P_π({listed(graph.query.write)} | {listed(graph.query.read)}) is as observed for every policy π over "
            "values that the rows have; only how often each counts differs"
            if policy_of(graph) != "marginal"
            else f"no non-causal path between {t} and what is read or written is open, so "
            f"P(· | do({t})) = P(· | {t}); with π the marginal of {t} the mutilated world is the observed one"
        )
    elif isinstance(identification, IdentifiedByAdjustment):
        path = next(iter(identification.proof.closed), None)
        shown = f" ({path.path.text()} is open)" if path else ""
        return Refusal(
            "likelihood",
            f"the observed distribution is confounded{shown}: plain likelihood fits P(write | read) as observed",
        )
    else:
        return Refusal(
            "likelihood",
            "the observed distribution is confounded: no set of observed nodes blocks every non-causal path between "
            f"{t} and what is read or written, and plain likelihood fits P(write | read) as observed",
        )
    text, latex = nll(graph)
    term = Term("nll", "likelihood", text, latex, f"its minimiser is {risk(graph)}; {because}")
    return ObjectivePlan(
        estimator="likelihood",
        formula=f"L(θ) = E[ {text} ]",
        latex=rf"\mathcal{{L}}(\theta) = \mathbb{{E}}\left[ {latex} \right]",
        terms=(term,),
        forward_passes=ForwardPasses(train=1, inference=1),
    )
