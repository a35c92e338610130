"""What mistakes cost: standardization, weighting and both together, with wrong nuisances and answers of two tokens.

On random models of a confounded graph everything is known, so that each objective is minimised exactly, with an outcome
model that is mixed with a random one and weights that are multiplied by random factors. Prints the total variation from
P(y | do(x)), averaged over models and x.

Usage: python -m tests.benchmarks.bench_doubly_robust [--models 150]
"""

from __future__ import annotations

import argparse
import math

import numpy as np
from rich.console import Console
from rich.table import Table

from causal_reasoning.estimand import Factor
from causal_reasoning.objective.estimators.adjusting import prior_table, token_tables
from causal_reasoning.objective.estimators.base import cell_weights
from causal_reasoning.objective.estimators.doubly_robust import tabular_minimiser
from causal_reasoning.objective.proof import conditional, interventional, policy_factor, random_model
from tests.objective.test_standardization import graph, plan_of

GRAPH = graph("z -> x; z -> y; z -> d; x -> d; d -> y; x -> y", "do: x, read: x, write: [d, y]")
MISTAKES = ((0.1, 1.25), (0.25, 1.5), (0.5, 3.0))
COLUMNS = (
    "plain",
    "standardization, q wrong",
    "weighting, w wrong",
    "both, w wrong",
    "both, q wrong",
    "both, both wrong",
)


def mixed(tables: list[tuple[str, Factor]], share: float, rng: np.random.Generator) -> list[tuple[str, Factor]]:
    """Conditional distributions mixed with random ones."""
    found = []
    for node, table in tables:
        last = np.moveaxis(table.values, table.axes.index(node), -1)
        random = rng.dirichlet(np.ones(last.shape[-1]), size=last.shape[:-1])
        values = np.moveaxis((1 - share) * last + share * random, -1, table.axes.index(node))
        found.append((node, Factor(table.axes, values)))
    return found


def errors(seed: int, share: float, factor: float) -> list[float]:
    """Total variation from the truth of each objective's minimiser, on one model."""
    plan, rng = plan_of("doubly_robust", GRAPH), np.random.default_rng([seed, 9])
    assert plan.weights is not None
    model = random_model(GRAPH.causal, rng, dict.fromkeys(GRAPH.causal.nodes, 2))
    joint = model.observed()
    policy = policy_factor(GRAPH, joint, rng)
    truth = interventional(GRAPH, model, policy)
    weights, tables = cell_weights(plan.weights, joint, policy), token_tables(plan, GRAPH, joint)
    bent = np.exp(rng.uniform(-math.log(factor), math.log(factor), weights.values.shape))
    wrong, blurred = Factor(weights.axes, weights.values * bent), mixed(tables, share, rng)
    averaged = prior_table(plan, joint)
    for _, table in blurred:
        averaged = averaged.multiply(table)
    weighted = joint.multiply(wrong)
    found = (
        conditional(GRAPH, joint),
        averaged.marginalise(["z"]),
        weighted.marginalise(set(weighted.axes) - {"x", "d", "y"}).condition(["x"]),
        tabular_minimiser(plan, GRAPH, joint, wrong, tables),
        tabular_minimiser(plan, GRAPH, joint, weights, blurred),
        tabular_minimiser(plan, GRAPH, joint, wrong, blurred),
    )
    return [float(np.abs(one.aligned(truth.axes) - truth.values).sum() / 2 / truth.sizes["x"]) for one in found]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=150)
    options = parser.parse_args()
    printed = Table(title=f"Total variation from P(y | do(x)), {options.models} random models, two tokens")
    for heading in ("q wrong by", "w within", *COLUMNS):
        printed.add_column(heading, justify="right")
    for share, factor in MISTAKES:
        means = np.mean([errors(seed, share, factor) for seed in range(options.models)], axis=0)
        printed.add_row(f"{share:g}", f"{factor:g}", *(f"{value:.4f}" for value in means))
    Console(width=130).print(printed)


if __name__ == "__main__":
    main()
