"""The process that runs dowhy's estimators and refuters; what to adjust for is told, never searched."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from causal_reasoning.cross_check.serve import Say, hush, serve


class _Problem:
    """One contrast in dowhy's terms: columns ``t`` and ``y``, and ``z`` for the stratum."""

    def __init__(self, asked: dict[str, Any]) -> None:
        import pandas as pd
        from dowhy.causal_identifier import EstimandType, IdentifiedEstimand

        columns: dict[str, Any] = {"t": asked["t"], "y": asked["y"]}
        self.adjust = asked["z"] is not None
        if self.adjust:
            columns["z"] = pd.Categorical(asked["z"])
        self.data = pd.DataFrame(columns)
        self.estimand = IdentifiedEstimand(
            None,
            treatment_variable=["t"],
            outcome_variable=["y"],
            estimand_type=EstimandType.NONPARAMETRIC_ATE,
            backdoor_variables={"backdoor": ["z"] if self.adjust else []},
            estimands={"backdoor": {"estimand": None, "assumptions": {}}},
            default_backdoor_id="backdoor",
            identifier_method="backdoor",
        )

    def estimate(self, method: str) -> Any:
        """Dowhy's estimate; every call gets a copy, as some write columns into the data and read them again."""
        from dowhy.causal_estimators.linear_regression_estimator import LinearRegressionEstimator
        from dowhy.causal_estimators.propensity_score_stratification_estimator import (
            PropensityScoreStratificationEstimator,
        )
        from dowhy.causal_estimators.propensity_score_weighting_estimator import PropensityScoreWeightingEstimator
        from sklearn.linear_model import LogisticRegression

        if method == "regression":
            estimator = LinearRegressionEstimator(self.estimand)
        else:
            # By default propensities are shrunk towards one half, weights are clipped at 20, and strata of ten rows
            # or fewer are dropped without a word; rows without overlap are left out before they come here.
            model = LogisticRegression(C=1e9, solver="newton-cholesky", tol=1e-10, max_iter=1000)
            if method == "weighting":
                estimator = PropensityScoreWeightingEstimator(
                    self.estimand, propensity_score_model=model, min_ps_score=0.0, max_ps_score=1.0
                )
            else:
                estimator = PropensityScoreStratificationEstimator(
                    self.estimand, propensity_score_model=model, num_strata=len(self.data), clipping_threshold=0
                )
        fitted = estimator.fit(self.data.copy())
        return fitted.estimate_effect(self.data.copy(), treatment_value=1, control_value=0, target_units="ate")

    def refute(self, refuter: str, estimate: Any, simulations: int, seed: int) -> Any:
        """Run one refuter."""
        import numpy as np
        from dowhy.causal_refuters import refute_data_subset, refute_placebo_treatment, refute_random_common_cause
        from dowhy.causal_refuters.placebo_treatment_refuter import PlaceboType

        calls: dict[str, Callable[..., Any]] = {
            "placebo": lambda *a, **k: refute_placebo_treatment(
                *a, treatment_names=["t"], placebo_type=PlaceboType.PERMUTE, **k
            ),
            "common cause": refute_random_common_cause,
            "subset": refute_data_subset,
        }
        # A number as random_state would give every simulation the same draw.
        state = np.random.RandomState(seed)
        return calls[refuter](
            self.data.copy(), self.estimand, estimate, num_simulations=simulations, random_state=state
        )


def _answer(asked: dict[str, Any], say: Say) -> None:
    hush()
    import numpy as np
    from statsmodels.regression.linear_model import RegressionResults

    # dowhy prints a summary of every fit into a log that nobody reads; it takes longer than the fit.
    RegressionResults.summary = lambda self, *a, **k: ""
    say(version=version("dowhy"))
    problems = [_Problem(one) for one in asked["problems"]]
    regressions: dict[int, Any] = {}
    for number, problem in enumerate(problems):
        for method in ("regression", "weighting", "stratification"):
            if method != "regression" and not problem.adjust:
                continue
            try:
                with warnings.catch_warnings():
                    found = problem.estimate(method)
                ends: list[float | None] = [None, None]
                if method == "regression":
                    regressions[number] = found
                    ends = [float(x) for x in np.ravel(found.get_confidence_intervals())]
                if np.isfinite(found.value):
                    say(problem=number, method=method, value=float(found.value), low=ends[0], high=ends[1])
            except Exception as error:
                say(problem=number, failure=f"{method}: {type(error).__name__}: {error}")
    for refuter in ("placebo", "common cause", "subset") if asked["simulations"] else ():
        for number, estimate in regressions.items():
            try:
                found = problems[number].refute(refuter, estimate, asked["simulations"], asked["seed"])
                p = float(found.refutation_result["p_value"])
                if np.isfinite(p):
                    say(problem=number, refuter=refuter, mean=float(found.new_effect), p_value=p)
            except Exception as error:
                say(problem=number, failure=f"{refuter}: {type(error).__name__}: {error}")


def main() -> None:
    """Answer the problems on standard input, within their time."""
    serve(_answer)


if __name__ == "__main__":
    main()
