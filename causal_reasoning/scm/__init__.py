"""Worlds: structural causal models in YAML, compiled to a Pyro program that generates data."""

from causal_reasoning.scm.accuracy import Accuracy
from causal_reasoning.scm.nodes import Node
from causal_reasoning.scm.pairs import Pairs
from causal_reasoning.scm.policy import (
    Marginal,
    PerRow,
    Policy,
    PolicyLike,
    Reversed,
    SetValue,
    TablePolicy,
    Uniform,
    parse_policy,
)
from causal_reasoning.scm.spec import NodeSpec, QuerySpec, TimeSpec, WorldSpec
from causal_reasoning.scm.world import World, load_world

__all__ = [
    "Accuracy",
    "Marginal",
    "Node",
    "NodeSpec",
    "Pairs",
    "PerRow",
    "Policy",
    "PolicyLike",
    "QuerySpec",
    "Reversed",
    "SetValue",
    "TablePolicy",
    "TimeSpec",
    "Uniform",
    "World",
    "WorldSpec",
    "load_world",
    "parse_policy",
]
