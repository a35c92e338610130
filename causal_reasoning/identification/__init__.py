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
from causal_reasoning.identification.ancestral import markov_equivalent, maximal_ancestral_graph
from causal_reasoning.identification.ask import identify
from causal_reasoning.identification.cheapest import cheapest_adjustment_set
from causal_reasoning.identification.cpdag import Cpdag, cpdag
from causal_reasoning.identification.derivation import Step
from causal_reasoning.identification.difference import Difference, compare
from causal_reasoning.identification.effect import identify_effect
from causal_reasoning.identification.equivalence import EquivalenceClass, equivalence_class
from causal_reasoning.identification.front_door import (
    find_front_door,
    front_door_formula,
    front_door_sets,
    front_door_steps,
    is_front_door,
)
from causal_reasoning.identification.general import General, id_algorithm
from causal_reasoning.identification.hedge import Hedge
from causal_reasoning.identification.instruments import find_instruments, is_instrument
from causal_reasoning.identification.mediation import identify_mediation
from causal_reasoning.identification.mediation_result import Mediation
from causal_reasoning.identification.optimal import OptimalSet, optimal_adjustment_set
from causal_reasoning.identification.paths import Path
from causal_reasoning.identification.proof import AdjustmentProof, BlockedPath, prove_adjustment
from causal_reasoning.identification.query import Query, QueryError
from causal_reasoning.identification.repair import Repair
from causal_reasoning.identification.result import (
    FrontDoor,
    Identification,
    IdentifiedByAdjustment,
    IdentifiedByFrontDoor,
    IdentifiedInGeneral,
    Instrument,
    NotIdentified,
    NotIdentifiedByAdjustment,
    NotRecovered,
    Outcome,
    SetByTheAdapter,
    ZeroEffect,
)
from causal_reasoning.identification.separation import m_separated, minimal_separator
from causal_reasoning.identification.testable import TestableImplications, testable_implications
from causal_reasoning.identification.witness import Witness, witness

__all__ = [
    "AdjustmentProof",
    "BlockedPath",
    "Cpdag",
    "Difference",
    "EquivalenceClass",
    "FrontDoor",
    "General",
    "Hedge",
    "Identification",
    "IdentifiedByAdjustment",
    "IdentifiedByFrontDoor",
    "IdentifiedInGeneral",
    "Instrument",
    "Mediation",
    "MinimalSets",
    "NotIdentified",
    "NotIdentifiedByAdjustment",
    "NotRecovered",
    "OptimalSet",
    "Outcome",
    "Path",
    "Query",
    "QueryError",
    "Repair",
    "SetByTheAdapter",
    "Step",
    "TestableImplications",
    "Witness",
    "ZeroEffect",
    "adjustment_formula",
    "causal_nodes",
    "cheapest_adjustment_set",
    "compare",
    "cpdag",
    "equivalence_class",
    "find_adjustment_set",
    "find_front_door",
    "find_instruments",
    "forbidden_nodes",
    "front_door_formula",
    "front_door_sets",
    "front_door_steps",
    "id_algorithm",
    "identify",
    "identify_effect",
    "identify_mediation",
    "is_adjustment_set",
    "is_front_door",
    "is_instrument",
    "m_separated",
    "markov_equivalent",
    "maximal_ancestral_graph",
    "minimal_adjustment_sets",
    "minimal_separator",
    "optimal_adjustment_set",
    "prove_adjustment",
    "smallest_adjustment_set",
    "testable_implications",
    "witness",
]
