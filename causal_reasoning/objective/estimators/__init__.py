"""Estimators: ways to turn an identified query into a training objective, one file each.

An estimator is a function from a graph and its identification to a plan or a refusal. `ESTIMATORS` lists them,
cheapest first; adding one is a new file and a line here.
"""

from __future__ import annotations

from collections.abc import Callable

from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.identification import Identification
from causal_reasoning.objective.estimators.likelihood import plan_likelihood
from causal_reasoning.objective.estimators.weighting import plan_weighting
from causal_reasoning.objective.plan import ObjectivePlan, Refusal

Estimator = Callable[[AssumptionGraph, Identification], ObjectivePlan | Refusal]

ESTIMATORS: dict[str, Estimator] = {"likelihood": plan_likelihood, "weighting": plan_weighting}

__all__ = ["ESTIMATORS", "Estimator"]
