"""Proof by numbers: a compiled objective, minimised exactly on random models of its graph.

For a random discrete structural model of the graph everything is known: the observed distribution that training
sees, and the distribution P_π(write | read) that the query asks for. The minimiser of the compiled objective over
all tables p(write | read) is computed on the first and compared with the second. No neural network and no sampling
is involved: what is left is the objective.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.estimand import Factor
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.causal_graph import CausalGraph
from causal_reasoning.identification.structural_model import Hidden, Mechanism, Model
from causal_reasoning.objective.compile import Derivation
from causal_reasoning.objective.estimators import ESTIMATORS
from causal_reasoning.objective.plan import ObjectivePlan

EXACT = 1e-6
"""A plan is proven if no probability is off by more than this."""

MOST_NODES = 14
"""Graphs with more observed nodes are proven on what the query needs of them."""


@dataclass(frozen=True)
class Proof:
    """How far the minimiser of an objective is from the distribution that the query asks for.

    Parameters
    ----------
    estimator : str
        The objective.
    models : int
        Random models that were drawn.
    error : float
        The largest difference of a probability p(write | read), over all models.
    plain : float
        The same for plain likelihood, for comparison: what the objective has to put right.
    approximate : str
        Why the objective is not meant to be exact; empty if it is.
    broken : tuple of (str, float)
        For an objective that survives some mistakes: what was broken on purpose, and the error then.
    """

    estimator: str
    models: int
    error: float
    plain: float
    approximate: str = ""
    broken: tuple[tuple[str, float], ...] = ()

    @property
    def proven(self) -> bool:
        """Whether the minimiser is the distribution asked for."""
        return self.error <= EXACT

    def text(self) -> str:
        """One line for people."""
        behind = f"on {self.models} random models of the graph; plain likelihood is off by {self.plain:.3f}"
        if self.broken:
            behind += (
                f"; broken on purpose: {', '.join(f'{how}, off by {_short(error)}' for how, error in self.broken)}"
            )
        if self.proven:
            known = " with exact probabilities" if self.approximate else ""
            return f"minimiser{known} = P_π(write | read) to {self.error:.0e} {behind}"
        if self.approximate:
            return f"approximate ({self.approximate}): off by {self.error:.3f} {behind}"
        return f"NOT the distribution asked for: off by {self.error:.3f} {behind}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "estimator": self.estimator,
            "models": self.models,
            "error": self.error,
            "plain": self.plain,
            "approximate": self.approximate,
            "proven": self.proven,
            "broken": dict(self.broken),
        }


def prove(derivation: Derivation, *, models: int = 5, seed: int = 0) -> Proof:
    """Compare the minimiser of a derivation's objective with the truth on random models.

    Parameters
    ----------
    derivation : Derivation
        A compiled graph.
    models : int
        How many random models.
    seed : int
        Seed of the models.

    Returns
    -------
    Proof
        The largest error.

    Raises
    ------
    NoValidPlanError
        If the graph is too large to be enumerated.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> from causal_reasoning.objective import derive
    >>> prove(derive(load_graph("reasoning"))).proven
    True
    """
    return prove_plan(derivation.graph, derivation.plan, models=models, seed=seed)


def prove_plan(graph: AssumptionGraph, plan: ObjectivePlan, *, models: int = 5, seed: int = 0) -> Proof:
    """Prove one plan of a graph; see `prove`."""
    if plan.baseline:
        raise NoValidPlanError(
            f"{graph.source or graph.name}: '{plan.estimator}' is a baseline: nothing about it could be proven; "
            "leave objective.baseline out to prove the compiled objective"
        )
    graph = graph.asked_of_the_data
    if set(graph.query.do) <= set(graph.slots):
        raise NoValidPlanError(
            f"{graph.source or graph.name}: do({', '.join(graph.query.do)}) is set by the adapter and changes no row: "
            "plain likelihood fits the rows as they are, and there is nothing to prove by numbers"
        )
    causal = graph.causal.latent_projection()
    needed = causal.subgraph(causal.ancestors(*graph.query.do, *graph.query.read, *graph.query.write, *_columns(plan)))
    if len(needed) > MOST_NODES:
        raise NoValidPlanError(
            f"{graph.source or graph.name}: {len(needed)} nodes matter to the objective, and a proof by enumeration "
            f"takes at most {MOST_NODES}"
        )
    error = plain = 0.0
    estimator = ESTIMATORS[plan.estimator]
    broken = dict.fromkeys(estimator.broken, 0.0)
    for number in range(models):
        model = random_model(needed, np.random.default_rng([seed, number]))
        joint = model.observed()
        policy = policy_factor(graph, joint, np.random.default_rng([seed, number, 1]))
        truth = interventional(graph, model, policy)
        error = max(error, distance(estimator.minimiser(plan, graph, joint, policy), truth))
        for how, minimiser in estimator.broken.items():
            broken[how] = max(broken[how], distance(minimiser(plan, graph, joint, policy), truth))
        observed = conditional(graph, joint)
        plain = max(plain, distance(observed, truth))
    return Proof(plan.estimator, models, error, plain, plan.approximate, tuple(broken.items()))


def _short(error: float) -> str:
    return f"{error:.0e}" if error <= EXACT else f"{error:.3f}"


def _columns(plan: ObjectivePlan) -> tuple[str, ...]:
    return plan.weights.treatment + plan.weights.stratum if plan.weights else ()


def random_model(graph: CausalGraph, rng: np.random.Generator, sizes: Mapping[str, int] | None = None) -> Model:
    """Draw a random discrete model of a graph without latent nodes.

    Parameters
    ----------
    graph : CausalGraph
        The graph; each of its bidirected edges gets a hidden cause of two values.
    rng : Generator
        Source of randomness.
    sizes : mapping of str to int, optional
        The number of values of each node; by default two, with three for one node in four.

    Returns
    -------
    Model
        Every conditional probability is at least 0.05, so that overlap is never the obstacle.
    """
    chosen = {
        name: (sizes or {}).get(name) or (3 if rng.random() < 0.25 and len(graph) <= 8 else 2) for name in graph.nodes
    }
    hidden = tuple(Hidden(edge, (0.5, 0.5)) for edge in graph.bidirected)
    mechanisms = []
    for name in graph.nodes:
        parents = graph.parents(name)
        causes = [edge for edge in graph.bidirected if name in edge]
        shape = [*(chosen[parent] for parent in parents), *(2 for _ in causes)]
        size = chosen[name]
        table = 0.05 + (1 - 0.05 * size) * rng.dirichlet(np.ones(size) * 0.7, size=shape or None)
        mechanisms.append(Mechanism(name, parents, causes, table))
    return Model(graph, hidden, tuple(mechanisms))


def policy_factor(graph: AssumptionGraph, joint: Factor, rng: np.random.Generator) -> Factor:
    """π as a table over the treatments: their marginal, uniform, or (for a table of the user's) a random one."""
    treatments = tuple(sorted(graph.query.do))
    marginal = joint.marginalise(set(joint.axes) - set(treatments))
    if graph.query.policy == "marginal":
        return marginal
    if graph.query.policy == "uniform":
        return Factor(marginal.axes, np.full(marginal.values.shape, 1 / marginal.values.size))
    return Factor(marginal.axes, rng.dirichlet(np.ones(marginal.values.size)).reshape(marginal.values.shape))


def interventional(graph: AssumptionGraph, model: Model, policy: Factor) -> Factor:
    """P_π(write | read), exactly: the treatments are set by the policy, and summed out unless they are read."""
    joint = model.effect(graph.query.do, graph.outcomes).multiply(policy)
    gone = set(graph.query.do) - set(graph.query.read)
    return joint.marginalise(gone).condition(graph.query.read)


def conditional(graph: AssumptionGraph, joint: Factor) -> Factor:
    """P(write | read) of a joint distribution of observed nodes."""
    kept = {*graph.query.read, *graph.query.write}
    return joint.marginalise(set(joint.axes) - kept).condition(graph.query.read)


def distance(one: Factor, other: Factor) -> float:
    """The largest difference of two tables over the same variables."""
    return float(np.abs(one.aligned(other.axes) - other.values).max())
