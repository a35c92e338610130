"""Independence penalties: what a graph asks of the model's representations, one file for each measure.

`PENALTIES` lists the measures by the name that they have in graph files; adding one is a new file, a line here and a
word in `causal_reasoning.graph.spec.PenaltyKind`.
"""

from causal_reasoning.objective.penalties.base import Penalty
from causal_reasoning.objective.penalties.implied import ImpliedIndependence, implied_independences
from causal_reasoning.objective.penalties.loss import PenalisedLoss, accumulation_refusal, label_columns, with_penalties
from causal_reasoning.objective.penalties.measures import PENALTIES
from causal_reasoning.objective.penalties.mediation import MediatedLoss, MediationPlan, plan_mediation, with_mediation
from causal_reasoning.objective.penalties.plan import COUNTERFACTUAL, PenaltyPlan, penalties_left_out, plan_penalties

__all__ = [
    "COUNTERFACTUAL",
    "PENALTIES",
    "ImpliedIndependence",
    "MediatedLoss",
    "MediationPlan",
    "PenalisedLoss",
    "Penalty",
    "PenaltyPlan",
    "accumulation_refusal",
    "implied_independences",
    "label_columns",
    "penalties_left_out",
    "plan_mediation",
    "plan_penalties",
    "with_mediation",
    "with_penalties",
]
