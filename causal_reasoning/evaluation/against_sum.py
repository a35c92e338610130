"""What an approximate answer is off by: its likelihoods beside those of the exact sum over strata, on the same rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Encoder, components
from causal_reasoning.evaluation.mixture import score_mixture
from causal_reasoning.objective.strata import MOST_STRATA, FittedStrata


@dataclass(frozen=True)
class AgainstSum:
    """Log-probabilities of reference answers, approximated and exact.

    Parameters
    ----------
    rows : int
        Rows that were compared.
    nll, exact_nll : float
        Mean −log p(answer) in nats, as the model answers and by Σ_z P(z) p(answer | z).
    mean_difference, largest_difference : float
        Mean and maximum of |log p − log p_exact| over the rows, in nats per answer.
    """

    rows: int
    nll: float
    exact_nll: float
    mean_difference: float
    largest_difference: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rows": self.rows,
            "nll": self.nll,
            "exact_nll": self.exact_nll,
            "mean_difference": self.mean_difference,
            "largest_difference": self.largest_difference,
        }


def against_sum(
    model: Any, tokenizer: Any, strata: FittedStrata, table: Table, encoder: Encoder, seed: int
) -> AgainstSum | None:
    """Compare how a model answers with the exact sum.

    Parameters
    ----------
    model, tokenizer
        The trained model and its tokenizer.
    strata : FittedStrata
        The strata and the way in which answers are made of them.
    table : Table
        The rows.
    encoder : Encoder
        How rows become tokens.
    seed : int
        Seed of drawn strata.

    Returns
    -------
    AgainstSum or None
        ``None`` where the answer is the sum or shows no stratum, and where there are too many strata to sum over.
    """
    if strata.model.answer in ("sum", "plain") or len(strata) > MOST_STRATA or not len(table):
        return None
    exact = replace(strata, model=replace(strata.model, answer="sum"))
    found = [components(one, table, encoder, seed) for one in (strata, exact)]
    scored = [score_mixture(model, one, tokenizer.pad_token_id)[0] for one in found if one is not None]
    gap = np.abs(scored[0] - scored[1])
    return AgainstSum(len(table), float(scored[0].mean()), float(scored[1].mean()), float(gap.mean()), float(gap.max()))
