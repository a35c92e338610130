"""From a plan to the weights of rows: where they act, and what they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causal_reasoning.data.table import Table
from causal_reasoning.errors import NoValidPlanError
from causal_reasoning.graph import load_graph
from causal_reasoning.objective import compile_objective
from causal_reasoning.training.weighting import row_weights

# P(first | plain) = 3/4, P(first | polite) = 1/4, and P(first) = 1/2.
TRAIN = Table(
    {"style": ["plain"] * 4 + ["polite"] * 4, "skill": ["first"] * 3 + ["last"] + ["first"] + ["last"] * 3},
    "rows.jsonl",
)
HELD_OUT = Table({"style": ["plain", "polite", "plain"], "skill": ["last", "last", "first"]}, "held_out.jsonl")
WEIGHTS = [2 / 3, 2 / 3, 2 / 3, 2, 2, 2 / 3, 2 / 3, 2 / 3]


def test_plain_likelihood_weighs_every_row_alike() -> None:
    for plan in (None, compile_objective(load_graph("erm"))):
        weights = row_weights(plan, TRAIN, HELD_OUT)
        assert set(weights.loss) == set(weights.sampling) == set(weights.validation) == {1.0}
        assert (len(weights.loss), len(weights.sampling), len(weights.validation)) == (8, 8, 3)
        assert weights.overlap is None


def test_weights_act_in_the_sampler_or_in_the_loss_and_never_in_both() -> None:
    plan = compile_objective(load_graph("reasoning"))
    drawn = row_weights(plan, TRAIN, HELD_OUT)
    assert drawn.sampling == pytest.approx(WEIGHTS)
    assert (drawn.loss == 1).all()
    multiplied = row_weights(replace(plan, realisation="loss_weights"), TRAIN, HELD_OUT)
    assert multiplied.loss == pytest.approx(WEIGHTS)
    assert (multiplied.sampling == 1).all()
    # Validation estimates the target risk either way, with weights that were fitted on training rows.
    for weights in (drawn, multiplied):
        assert weights.validation == pytest.approx([2, 2 / 3, 2 / 3])
        assert weights.overlap is not None
        assert weights.overlap.effective_share == pytest.approx(np.mean(WEIGHTS) ** 2 / np.mean(np.square(WEIGHTS)))


def test_a_missing_cell_is_told_with_the_rows_it_is_missing_from() -> None:
    plan = compile_objective(load_graph("reasoning"))
    with pytest.raises(NoValidPlanError, match=r"^rows.jsonl: positivity fails: no training row has skill = 'last'"):
        row_weights(plan, TRAIN.rows([0, 1, 4, 5]), HELD_OUT)
    new = HELD_OUT.with_columns(style=["plain", "new", "plain"])
    with pytest.raises(NoValidPlanError, match=r"^rows.jsonl: there is no weight for .* confounder = 'new'"):
        row_weights(plan, TRAIN, new)
