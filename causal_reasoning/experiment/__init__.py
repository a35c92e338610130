"""Experiment files: which data, which model, which graphs are compared, how long to train."""

from causal_reasoning.experiment.adapter_spec import AdapterSpec, LoraSpec
from causal_reasoning.experiment.data_spec import ChatSpec, DataSpec, PlantSpec
from causal_reasoning.experiment.reader import Arm, Experiment, load_experiment
from causal_reasoning.experiment.spec import (
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
    "LoraSpec",
    "PlantSpec",
    "TrainingSpec",
    "experiment_schema",
    "load_experiment",
]
