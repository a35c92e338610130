"""Estimators: ways to turn an identified query into a training objective, one file each.

`ESTIMATORS` lists them; with ``estimator: auto`` the first that is valid is taken, so exact ones come before
approximations and cheap ones before dear ones. Adding one is a new file and a line here.
"""

from __future__ import annotations

from functools import partial

from causal_reasoning.objective.estimators.base import Estimator, weighted_minimiser
from causal_reasoning.objective.estimators.distillation import distilled_minimiser, plan_distillation
from causal_reasoning.objective.estimators.doubly_robust import (
    BROKEN,
    broken_minimiser,
    doubly_robust_minimiser,
    plan_doubly_robust,
)
from causal_reasoning.objective.estimators.front_door import front_door_minimiser, plan_front_door
from causal_reasoning.objective.estimators.likelihood import plan_likelihood
from causal_reasoning.objective.estimators.matching import matched_minimiser, plan_matching
from causal_reasoning.objective.estimators.monte_carlo import drawn_minimiser, plan_monte_carlo
from causal_reasoning.objective.estimators.nwgm import geometric_minimiser, plan_nwgm
from causal_reasoning.objective.estimators.question_average import averaged_minimiser, plan_question_average
from causal_reasoning.objective.estimators.rendering import plan_rendering, rendered_minimiser
from causal_reasoning.objective.estimators.standardization import plan_standardization, standardized_minimiser
from causal_reasoning.objective.estimators.weighting import plan_weighting

ESTIMATORS: dict[str, Estimator] = {
    "likelihood": Estimator(plan_likelihood, weighted_minimiser),
    "weighting": Estimator(plan_weighting, weighted_minimiser),
    "front_door": Estimator(plan_front_door, front_door_minimiser),
    "rendering": Estimator(plan_rendering, rendered_minimiser),
    "matching": Estimator(plan_matching, matched_minimiser, settings=("consistency",)),
    "standardization": Estimator(plan_standardization, standardized_minimiser),
    "distillation": Estimator(plan_distillation, distilled_minimiser),
    "doubly_robust": Estimator(
        plan_doubly_robust, doubly_robust_minimiser, {how: partial(broken_minimiser, how=how) for how in BROKEN}
    ),
    "monte_carlo": Estimator(plan_monte_carlo, drawn_minimiser),
    "nwgm": Estimator(plan_nwgm, geometric_minimiser, settings=("passes",)),
    "question_average": Estimator(plan_question_average, averaged_minimiser),
}

__all__ = ["ESTIMATORS", "Estimator"]
