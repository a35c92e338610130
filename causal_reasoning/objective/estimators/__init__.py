"""Estimators: ways to turn an identified query into a training objective, one file each.

`ESTIMATORS` lists them; with ``estimator: auto`` the first that is valid is taken, so exact ones come before
approximations and cheap ones before dear ones. Adding one is a new file and a line here.
"""

from __future__ import annotations

from causal_reasoning.objective.estimators.base import Estimator, weighted_minimiser
from causal_reasoning.objective.estimators.distillation import distilled_minimiser, plan_distillation
from causal_reasoning.objective.estimators.likelihood import plan_likelihood
from causal_reasoning.objective.estimators.matching import matched_minimiser, plan_matching
from causal_reasoning.objective.estimators.monte_carlo import drawn_minimiser, plan_monte_carlo
from causal_reasoning.objective.estimators.nwgm import geometric_minimiser, plan_nwgm
from causal_reasoning.objective.estimators.rendering import plan_rendering, rendered_minimiser
from causal_reasoning.objective.estimators.standardization import plan_standardization, standardized_minimiser
from causal_reasoning.objective.estimators.weighting import plan_weighting

ESTIMATORS: dict[str, Estimator] = {
    "likelihood": Estimator(plan_likelihood, weighted_minimiser),
    "weighting": Estimator(plan_weighting, weighted_minimiser),
    "rendering": Estimator(plan_rendering, rendered_minimiser),
    "matching": Estimator(plan_matching, matched_minimiser),
    "standardization": Estimator(plan_standardization, standardized_minimiser),
    "distillation": Estimator(plan_distillation, distilled_minimiser),
    "monte_carlo": Estimator(plan_monte_carlo, drawn_minimiser),
    "nwgm": Estimator(plan_nwgm, geometric_minimiser),
}

__all__ = ["ESTIMATORS", "Estimator"]
