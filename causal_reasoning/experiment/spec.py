"""What an experiment file may contain: the pydantic models behind the reader and the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from causal_reasoning.graph.spec import (
    Baselines,
    Count,
    Estimator,
    Name,
    Penalties,
    Probability,
    Realisation,
    Sorted,
)
from causal_reasoning.graph.spec import Positive as PositiveNumber

# Strict: neither a quoted number nor true is a number.
Positive = Annotated[int, Field(ge=1, strict=True)]
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Column = Annotated[str, Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]


def _distinct(seeds: list[int]) -> list[int]:
    twice = next((seed for index, seed in enumerate(seeds) if seed in seeds[:index]), None)
    if twice is not None:
        raise ValueError(f"the seed {twice} stands twice; keep one")
    return seeds


Seed = Annotated[int, Field(ge=0, lt=2**31, strict=True)]
Seeds = Annotated[list[Seed], Field(min_length=1), AfterValidator(_distinct)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoiseSpec(_Strict):
    """A word in the text that names a column's value, and is wrong at some rate."""

    column: Column = Field(description="The column that is written: it can be used as {column} in a template.")
    of: Column = Field(description="The column whose value it names.")
    rate: Probability = Field(description="Share of rows in which it names another value.")
    words: dict[str, str] = Field(
        default_factory=dict, description="Word for each value; a value without one is written as it is."
    )


class PlantSpec(_Strict):
    """A confounder planted into real data by rendering its text anew."""

    column: Column = Field(description="Name of the planted confounder's column.")
    by: Column = Field(description="The column that it is made to go with (the treatment).")
    pairs: dict[str, str] = Field(
        min_length=2, description="For each value of the confounder the value of 'by' that it goes with."
    )
    strength: Probability = Field(
        description="Share of rows in which the pair decides; in the others the confounder is drawn at random."
    )
    noise: NoiseSpec | None = Field(None, description="A cue that is wrong at some rate.")
    templates: dict[str, Text | Annotated[list[Text], Field(min_length=1)]] = Field(
        min_length=2, description="For each value of the confounder the text, with {column} fields."
    )
    into: Column = Field("question", description="The text column that is written.")


class WorldData(_Strict):
    """Rows drawn from a world, whose truth is known."""

    world: str = Field(min_length=1, description="Name of a shipped world or path of a world file.")
    set: dict[str, Number] = Field(default_factory=dict, description="Parameters of the world.")
    rows: Positive = Field(description="Rows of training and validation data together.")
    validation: Share = Field(0.2, description="Share of the rows that is held out for validation.")


class FileData(_Strict):
    """Rows of the user's own JSON Lines files."""

    train: str = Field(min_length=1, description="A JSON Lines file; relative to the experiment file.")
    validation: Share | str = Field(0.1, description="A share of the rows, or a file.")
    test: Share | str = Field(0.2, description="A share of the rows, or a file: the split 'same distribution'.")
    group: Column | None = Field(
        None, description="Rows with the same value of this column stay in the same part of a split by share."
    )
    plant: PlantSpec | None = Field(None, description="Plant a confounder into the rows.")
    answer: str | None = Field(
        None, description="Template of the answer, with {column} fields, such as '= {answer} ='."
    )


def _data_kind(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind in ("world", "train") if kind in value), None)
    return "world" if isinstance(value, WorldData) else "train" if isinstance(value, FileData) else None


DataSpec = Annotated[
    Annotated[WorldData, Tag("world")] | Annotated[FileData, Tag("train")],
    Discriminator(
        _data_kind,
        custom_error_type="data",
        custom_error_message="the data need 'world' (the name of a world) or 'train' (a JSON Lines file)",
    ),
]


class ObjectiveOverride(_Strict):
    """Objective settings of one arm; what is left out is taken from the graph file."""

    estimator: Estimator | None = None
    realisation: Realisation | None = None
    nuisance: Literal["counts", "logistic"] | None = None
    smoothing: Count | None = None
    clip: PositiveNumber | None = None
    self_normalise: bool | None = None
    accept_poor_overlap: bool | None = None
    control: str | None = None
    draws: Positive | None = None
    baseline: Baselines | None = None
    groups: Sorted | None = None
    settings: dict[str, float | str] | None = None
    penalties: Penalties | None = None


class ArmSpec(_Strict):
    """One row of the comparison: a graph, perhaps with another objective."""

    graph: str = Field(min_length=1, description="Name of a shipped graph or path of a graph file.")
    name: str | None = Field(None, min_length=1, max_length=60, description="Name in tables; by default the graph's.")
    objective: ObjectiveOverride = Field(default_factory=ObjectiveOverride)


class AdapterSpec(_Strict):
    """Low-rank adapter (LoRA) on the frozen model."""

    rank: Positive = Field(8, description="Rank r of each update.")
    alpha: Positive = Field(16, description="The update is scaled by alpha / r.")
    dropout: Probability = Field(0.0, description="Dropout before the update.")
    targets: Literal["all-linear"] | list[str] = Field(
        "all-linear", description="Projections that get an adapter: all linear ones, or module names."
    )


class TrainingSpec(_Strict):
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


class EvaluationSpec(_Strict):
    """What is measured after training."""

    items: Positive = Field(500, description="Rows per split.")
    max_new_tokens: Positive = Field(32, description="Longest generated answer.")
    batch_size: Positive = Field(250, description="Rows generated at once.")
    strata: Column | None = Field(
        None,
        description="Report every value of this column; by default the column of the graphs' confounder.",
    )
    splits: dict[Name, str] = Field(default_factory=dict, description="Further splits: name and JSON Lines file.")


class ExperimentSpec(_Strict):
    """An experiment file: everything that a comparison of graphs needs."""

    version: Literal[1] = Field(description="Version of the file format.")
    name: Name = Field(description="Short name; runs are kept in a folder of this name.")
    description: str = Field("", description="For the reader.")
    data: DataSpec = Field(description="A world, or JSON Lines files.")
    model: str = Field("default", min_length=1, description="'default' (packaged), a local folder, or a hub id.")
    prompt: str = Field(
        "{question}\n", min_length=1, description="What the model reads; fields are the graph's read nodes."
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
    adapter: AdapterSpec = Field(default_factory=lambda: AdapterSpec())
    training: TrainingSpec = Field(default_factory=lambda: TrainingSpec())
    evaluation: EvaluationSpec = Field(default_factory=lambda: EvaluationSpec())


def experiment_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of an experiment file."""
    schema = ExperimentSpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "causal-reasoning experiment"
    return schema
