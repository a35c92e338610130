"""A causal graph of the reasoning process in, a deconfounded fine-tuning objective out.

The public surface, imported on first use so that ``import causal_reasoning`` is fast:

* `load_graph`, `identify`, `compile_objective`: from a graph file to a verdict and a training objective;
* `load_world`: structural causal models that generate data;
* `load_experiment`, `train`, `evaluate`, `sweep`: from an experiment file to trained and measured adapters.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from causal_reasoning.evaluation.splits import evaluate
    from causal_reasoning.experiment import load_experiment
    from causal_reasoning.graph import load_graph
    from causal_reasoning.identification import identify
    from causal_reasoning.objective import compile_objective
    from causal_reasoning.scm import load_world
    from causal_reasoning.sweeps.run import run as train
    from causal_reasoning.sweeps.sweep import sweep

__all__ = [
    "compile_objective",
    "evaluate",
    "identify",
    "load_experiment",
    "load_graph",
    "load_world",
    "sweep",
    "train",
]

_HOMES = {
    "compile_objective": "causal_reasoning.objective",
    "evaluate": "causal_reasoning.evaluation.splits",
    "identify": "causal_reasoning.identification",
    "load_experiment": "causal_reasoning.experiment",
    "load_graph": "causal_reasoning.graph",
    "load_world": "causal_reasoning.scm",
    "sweep": "causal_reasoning.sweeps.sweep",
    "train": "causal_reasoning.sweeps.run",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), "run" if name == "train" else name)
    raise AttributeError(f"module 'causal_reasoning' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
