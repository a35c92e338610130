"""What an experiment file may contain: the pydantic models behind the reader and the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from causal_reasoning.experiment.adapter_spec import Adapter, LoraSpec
from causal_reasoning.experiment.data_spec import ChatSpec, Column, DataSpec, MeasuredSplit, Positive, Source, Strict
from causal_reasoning.experiment.data_spec import FileData as FileData
from causal_reasoning.experiment.data_spec import NoiseSpec as NoiseSpec
from causal_reasoning.experiment.data_spec import PlantSpec as PlantSpec
from causal_reasoning.experiment.data_spec import WorldData as WorldData
from causal_reasoning.graph.spec import (
    Baselines,
    Combine,
    Count,
    Estimator,
    Name,
    Penalties,
    Probability,
    Realisation,
    Sorted,
)
from causal_reasoning.graph.spec import Positive as PositiveNumber


def _distinct(seeds: list[int]) -> list[int]:
    twice = next((seed for index, seed in enumerate(seeds) if seed in seeds[:index]), None)
    if twice is not None:
        raise ValueError(f"the seed {twice} stands twice; keep one")
    return seeds


Seed = Annotated[int, Field(ge=0, lt=2**31, strict=True)]
Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(_distinct)]


class ObjectiveOverride(Strict):
    """Objective settings of one arm; what is left out is taken from the graph file."""

    estimator: Estimator | None = None
    realisation: Realisation | None = None
    nuisance: Literal["counts", "logistic", "head"] | None = None
    smoothing: Count | None = None
    clip: PositiveNumber | None = None
    self_normalise: bool | None = None
    accept_poor_overlap: bool | None = None
    control: str | None = None
    control_place: Literal["before", "after"] | None = None
    draws: Positive | None = None
    mask: str | None = None
    baseline: Baselines | None = None
    groups: Sorted | None = None
    settings: dict[str, float | str] | None = None
    combine: Combine | None = None
    penalties: Penalties | None = None


class ArmSpec(Strict):
    """One row of the comparison: a graph, perhaps with another objective."""

    graph: str = Field(min_length=1, description="Name of a shipped graph or path of a graph file.")
    name: str | None = Field(None, min_length=1, max_length=60, description="Name in tables; by default the graph's.")
    objective: ObjectiveOverride = Field(default_factory=ObjectiveOverride)
    adapter: Adapter | None = Field(None, description="What this arm trains; by default the experiment's 'adapter'.")


class TrainingSpec(Strict):
    """Optimisation."""

    steps: Positive = Field(300, description="Optimiser steps.")
    batch_size: Positive = Field(64, description="Rows per step and device.")
    gradient_accumulation: Positive = Field(1, description="Micro-batches that are added up for one step.")
    learning_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)] = Field(
        1e-3, description="Peak learning rate of AdamW."
    )
    schedule: Literal["cosine", "linear", "constant"] = Field("cosine", description="After warm-up.")
    warmup: Probability = Field(0.05, description="Share of the steps with rising learning rate.")
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)] = Field(0.0, description="AdamW's.")
    max_grad_norm: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)] = Field(
        1.0, description="Clip gradients here."
    )
    evaluate_every: Positive = Field(50, description="Steps between points of the convergence curve.")
    checkpoint_every: Positive = Field(100, description="Steps between checkpoints; a run resumes at the last.")
    select: Literal["last", "best"] = Field(
        "last",
        description="Keep the last step, or the step with the lowest weighted validation loss.",
    )
    precision: Literal["float32", "bfloat16"] = Field("float32", description="Precision of the model.")
    max_length: Annotated[int, Field(ge=8, strict=True)] = Field(
        256, description="Longest sequence in tokens; longer rows are refused."
    )


class EvaluationSpec(Strict):
    """What is measured after training."""

    items: Positive = Field(500, description="Rows per split.")
    max_new_tokens: Positive = Field(32, description="Longest generated answer.")
    batch_size: Positive = Field(250, description="Rows generated at once.")
    strata: Column | None = Field(
        None,
        description="Report every value of this column; by default the column of the graphs' confounder.",
    )
    splits: dict[Name, Source | MeasuredSplit] = Field(
        default_factory=dict,
        description="Further splits: a name and a file, a hub set, or a mapping with 'file' and 'filter'; without a "
        "file the rows of the test part that meet the filter.",
    )


class ExperimentSpec(Strict):
    """An experiment file: everything that a comparison of graphs needs."""

    version: Literal[1] = Field(description="Version of the file format.")
    name: Name = Field(description="Short name; runs are kept in a folder of this name.")
    description: str = Field("", description="For the reader.")
    data: DataSpec = Field(description="A world, or files.")
    model: str = Field("default", min_length=1, description="'default' (packaged), a local folder, or a hub id.")
    prompt: str = Field(
        "{question}\n", min_length=1, description="What the model reads; fields are the graph's read nodes."
    )
    chat: bool | ChatSpec = Field(
        False, description="Put the prompt into the tokenizer's chat template; a mapping may say the 'system' message."
    )
    arms: list[ArmSpec] = Field(min_length=1, description="The graphs that are compared.")
    base: bool = Field(True, description="Measure the untrained model too.")
    ceiling: bool = Field(
        True,
        description="Train plain likelihood on as many rows drawn under do(treatment): the best one can hope for.",
    )
    floor: str | None = Field(
        None, description="Arm from which the gap to the ceiling is measured; by default the first."
    )
    treatment: Column | None = Field(
        None,
        description="Column that the evaluation intervenes on; by default the treatment of the arms' graphs.",
    )
    seeds: Seeds = Field([1, 2, 3], description="One run of every arm for each.")
    adapter: Adapter = Field(
        default_factory=LoraSpec, description="What is trained; an arm may have another one. By default LoRA."
    )
    training: TrainingSpec = Field(default_factory=lambda: TrainingSpec())
    evaluation: EvaluationSpec = Field(default_factory=lambda: EvaluationSpec())


def experiment_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of an experiment file."""
    schema = ExperimentSpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "causal-reasoning experiment"
    return schema
