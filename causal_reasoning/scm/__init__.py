"""Worlds: structural causal models in YAML, compiled to a Pyro program that generates data."""

from causal_reasoning.scm.policy import (
    Marginal,
    Policy,
    PolicyLike,
    Reversed,
    SetValue,
    TablePolicy,
    Uniform,
    parse_policy,
)
from causal_reasoning.scm.spec import NodeSpec, WorldSpec
from causal_reasoning.scm.world import World, load_world

__all__ = [
    "Marginal",
    "NodeSpec",
    "Policy",
    "PolicyLike",
    "Reversed",
    "SetValue",
    "TablePolicy",
    "Uniform",
    "World",
    "WorldSpec",
    "load_world",
    "parse_policy",
]
