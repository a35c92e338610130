"""The measures of dependence by name."""

from __future__ import annotations

from causal_reasoning.graph.spec import PenaltyKind
from causal_reasoning.objective.penalties.base import Penalty
from causal_reasoning.objective.penalties.cross_covariance import CrossCovariance
from causal_reasoning.objective.penalties.hsic import HSIC
from causal_reasoning.objective.penalties.lautum import Lautum
from causal_reasoning.objective.penalties.paired import Paired
from causal_reasoning.objective.penalties.released import ReleasedPaired, ReleasedVariance
from causal_reasoning.objective.penalties.variance import Variance

PENALTIES: dict[PenaltyKind, type[Penalty]] = {
    "variance": Variance,
    "paired": Paired,
    "hsic": HSIC,
    "cross_covariance": CrossCovariance,
    "lautum": Lautum,
    "released_variance": ReleasedVariance,
    "released_paired": ReleasedPaired,
}
"""The kinds of penalties; a key is the class's `kind`."""
