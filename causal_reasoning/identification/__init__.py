"""Whether, and how, an interventional distribution can be computed from what is observed."""

from causal_reasoning.identification.adjustment import (
    MinimalSets,
    adjustment_formula,
    causal_nodes,
    find_adjustment_set,
    forbidden_nodes,
    is_adjustment_set,
    minimal_adjustment_sets,
    smallest_adjustment_set,
)
from causal_reasoning.identification.ask import identify
from causal_reasoning.identification.effect import identify_effect
from causal_reasoning.identification.optimal import OptimalSet, optimal_adjustment_set
from causal_reasoning.identification.paths import Path
from causal_reasoning.identification.proof import AdjustmentProof, BlockedPath, prove_adjustment
from causal_reasoning.identification.query import Query, QueryError
from causal_reasoning.identification.repair import Repair
from causal_reasoning.identification.result import (
    FrontDoor,
    Hedge,
    Identification,
    IdentifiedByAdjustment,
    IdentifiedByFrontDoor,
    IdentifiedInGeneral,
    Instrument,
    NotIdentified,
    NotIdentifiedByAdjustment,
    Outcome,
    ZeroEffect,
)
from causal_reasoning.identification.separation import m_separated, minimal_separator

__all__ = [
    "AdjustmentProof",
    "BlockedPath",
    "FrontDoor",
    "Hedge",
    "Identification",
    "IdentifiedByAdjustment",
    "IdentifiedByFrontDoor",
    "IdentifiedInGeneral",
    "Instrument",
    "MinimalSets",
    "NotIdentified",
    "NotIdentifiedByAdjustment",
    "OptimalSet",
    "Outcome",
    "Path",
    "Query",
    "QueryError",
    "Repair",
    "ZeroEffect",
    "adjustment_formula",
    "causal_nodes",
    "find_adjustment_set",
    "forbidden_nodes",
    "identify",
    "identify_effect",
    "is_adjustment_set",
    "m_separated",
    "minimal_adjustment_sets",
    "minimal_separator",
    "optimal_adjustment_set",
    "prove_adjustment",
    "smallest_adjustment_set",
]
