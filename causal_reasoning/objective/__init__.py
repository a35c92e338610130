"""Objectives: from an identified query to the loss that is trained, with the reason for each part."""

from causal_reasoning.objective.compile import Derivation, compile_objective, derive
from causal_reasoning.objective.plan import ForwardPasses, ObjectivePlan, Refusal, Term, WeightModel

__all__ = [
    "Derivation",
    "ForwardPasses",
    "ObjectivePlan",
    "Refusal",
    "Term",
    "WeightModel",
    "compile_objective",
    "derive",
]
