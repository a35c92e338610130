"""Experiment files: which data, which model, which graphs are compared, how long to train."""

from causal_reasoning.experiment.data_spec import ChatSpec, DataSpec, PlantSpec
from causal_reasoning.experiment.reader import Arm, Experiment, load_experiment
from causal_reasoning.experiment.spec import (
    AdapterSpec,
    EvaluationSpec,
    ExperimentSpec,
    TrainingSpec,
    experiment_schema,
)

__all__ = [
    "AdapterSpec",
    "Arm",
    "ChatSpec",
    "DataSpec",
    "EvaluationSpec",
    "Experiment",
    "ExperimentSpec",
    "PlantSpec",
    "TrainingSpec",
    "experiment_schema",
    "load_experiment",
]
