"""Small recipes for tests."""

from __future__ import annotations

from causal_reasoning.base_model.recipe import Recipe, parse_recipe

TINY = """\
version: 1
name: tiny
seed: SEED
model: {width: 16, layers: 1, heads: 2, inner: 16}
training: {steps: STEPS, batch: 7, parts: 3, learning_rate: 0.01, warmup: 2, threads: 1, device: cpu,
           checkpoint_every: 2}
marked: 0.2
worlds:
  - world: letters
    set: {rho: 0, eta: 0}
    do: {skill: uniform}
  - world: arithmetic
    set: {rho: 0, eta: 0}
    share: 2.0
    step_by_step: 0.25
"""


def tiny_text(steps: int = 5, seed: int = 0) -> str:
    """A recipe of a few steps on two worlds, as YAML."""
    return TINY.replace("STEPS", str(steps)).replace("SEED", str(seed))


def tiny_recipe(steps: int = 5, seed: int = 0) -> Recipe:
    """The same, checked."""
    return parse_recipe(tiny_text(steps, seed), "tiny.yaml")
