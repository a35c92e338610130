"""Risks of groups within one micro-batch, for losses that compare them."""

from __future__ import annotations

from causal_reasoning.objective.loss import Array, Step


def present(step: Step) -> list[tuple[int, Array]]:
    """List the groups that a micro-batch has rows of, each with the booleans of its rows: shape (B,)."""
    return [(group, step.group == group) for group in sorted(set(step.group.tolist()))]


def group_risks(step: Step, groups: list[tuple[int, Array]]) -> list[Array]:
    """R_e = E[ w · −log p_θ(write | read) | e ] of each of some groups, as means over their rows."""
    weighted = step.weight * step.nll()
    return [weighted[rows].mean() for _, rows in groups]


def mean(values: list[Array]) -> Array:
    """The mean of some scalars."""
    return sum(values[1:], start=values[0]) / len(values)


def annealed(step: Step, weight: float, share: float) -> float:
    """The weight of a penalty: 1 during the first share of the optimiser steps, then ``weight``."""
    return weight if step.number >= share * (step.last + 1) else 1.0
