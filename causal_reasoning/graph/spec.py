"""What a graph file may contain: the pydantic models behind the reader and the JSON Schema."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from causal_reasoning.graph.slots import RouterBinding, SlotBinding
from causal_reasoning.graph.surrogates import SurrogateBinding

ROLES = (
    "question",
    "skill",
    "confounder",
    "answer",
    "rationale",
    "domain",
    "instrument",
    "selection",
    "other",
)
Role = Literal["question", "skill", "confounder", "answer", "rationale", "domain", "instrument", "selection", "other"]
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")


def _name(value: str) -> str:
    if not NAME.match(value):
        raise ValueError(f"'{value}' is not a name; use letters, digits, '_' and '.', starting with a letter")
    return value


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Name = Annotated[str, AfterValidator(_name)]
Names = Annotated[
    tuple[Name, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str]), Field(min_length=1)
]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class TextBinding(_Strict):
    """The node is free text: a text column of the data."""

    text: str = Field(min_length=1, description="Name of the text column.")
    rendered_by: Annotated[tuple[Name, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])] = (
        Field((), description="Parents for whose other values a template writes the text anew, all else in it kept.")
    )

    @property
    def column_name(self) -> str:
        """The column of the data that holds the node."""
        return self.text

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A text that is not rendered is dumped as before there was rendering, so that old digests stay.
        data: dict[str, Any] = handler(self)
        return data if self.rendered_by else {k: v for k, v in data.items() if k != "rendered_by"}


class ColumnBinding(_Strict):
    """The node is categorical: a column of the data with few distinct values."""

    column: str = Field(min_length=1, description="Name of the categorical column.")

    @property
    def column_name(self) -> str:
        """The column of the data that holds the node."""
        return self.column


class HiddenState(_Strict):
    """Where a representation is read off the model: after which layer, and over which positions."""

    layer: int = Field(
        -1, strict=True, description="Layer after which the state is taken; 0 is the embedding, -1 the last layer."
    )
    pool: Literal["prompt", "answer", "mean", "each"] = Field(
        "prompt",
        description="Positions: the last one that is read, the mean over those that predict the answer, the mean "
        "over all that is read, or each position by itself.",
    )

    def text(self) -> str:
        """Print as ``layer -1 (prompt)``."""
        return f"layer {self.layer} ({self.pool})"


class RepresentationBinding(_Strict):
    """The node is a representation: a hidden state that the model computes from what it reads."""

    hidden: HiddenState = Field(description="Which hidden state.")

    @property
    def column_name(self) -> str:
        """What is shown in the place of a column: no column of the data holds the node."""
        return self.hidden.text()


_KINDS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("text", TextBinding),
    ("column", ColumnBinding),
    ("hidden", RepresentationBinding),
    ("surrogate", SurrogateBinding),
    ("slot", SlotBinding),
    ("router", RouterBinding),
)
COMPUTED = (RepresentationBinding, SlotBinding, RouterBinding)
"""Bindings of nodes that the model computes: no column of the data holds them."""


def _binding_kind(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind, _ in _KINDS if kind in value), None)
    return next((kind for kind, binding in _KINDS if isinstance(value, binding)), None)


Binding = Annotated[
    Annotated[TextBinding, Tag("text")]
    | Annotated[ColumnBinding, Tag("column")]
    | Annotated[RepresentationBinding, Tag("hidden")]
    | Annotated[SurrogateBinding, Tag("surrogate")]
    | Annotated[SlotBinding, Tag("slot")]
    | Annotated[RouterBinding, Tag("router")],
    Discriminator(
        _binding_kind,
        custom_error_type="binding",
        custom_error_message="a binding is {text: COLUMN} or {column: COLUMN}, or {hidden: {layer: NUMBER, pool: "
        "WORD}} for a hidden state of the model, or {surrogate: {kind: WORD, of: COLUMN}} for a category computed from "
        "text, or {slot: {kind: WORD}} for a part of the adapter, or {router: {kind: WORD}} for a category that the "
        "adapter computes; leave it out for a latent node",
    ),
]


class NodeSpec(_Strict):
    """One node of the graph."""

    role: Role = Field("other", description="What the node stands for in the reasoning process.")
    bind: Binding | None = Field(
        None, description="What the node is in a training run; a node without a binding is latent."
    )
    description: str = Field("", description="For the reader of the graph.")


class EnvironmentPolicy(_Strict):
    """The treatments as frequent, jointly, as in the rows of another environment."""

    like: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="A JSON Lines file with the treatments' columns; relative to the graph file."
    )
    split: Name | None = Field(None, description="Or the name of a split of the experiment: see 'evaluation.splits'.")
    where: dict[
        Annotated[str, Field(min_length=1)],
        Annotated[
            tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str]), Field(min_length=1)
        ],
    ] = Field(default_factory=dict, description="Only rows with these values of these columns.")

    @model_validator(mode="after")
    def _one_source(self) -> EnvironmentPolicy:
        if (self.like is None) == (self.split is None):
            raise ValueError("a policy is taken from a file ('like') or from a split ('split'); name one of them")
        return self

    def text(self) -> str:
        """Print as ``as in 'shift.jsonl' where source is a or b``."""
        shown = " and ".join(f"{column} is {' or '.join(values)}" for column, values in sorted(self.where.items()))
        name = f"'{self.like}'" if self.like is not None else f"the split '{self.split}'"
        return f"as in {name}" + (f" where {shown}" if shown else "")

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        return {key: value for key, value in data.items() if value}


def _policy_kind(value: Any) -> str | None:
    if isinstance(value, EnvironmentPolicy):
        return "environment"
    if isinstance(value, dict):
        # A treatment may have the values 'like' and 'split': what belongs to a value is a number.
        texts = [v for v in value.values() if isinstance(v, str) and not v.replace(".", "", 1).isdigit()]
        return "environment" if texts or isinstance(value.get("where"), dict) else "table"
    return "word" if isinstance(value, str) else None


PolicySpec = Annotated[
    Annotated[Literal["marginal", "uniform"], Tag("word")]
    | Annotated[EnvironmentPolicy, Tag("environment")]
    | Annotated[dict[str, Probability], Tag("table")],
    Discriminator(
        _policy_kind,
        custom_error_type="policy",
        custom_error_message="a policy is 'marginal', 'uniform', a mapping of values to probabilities, or "
        "{like: FILE} or {split: NAME} for the distribution in other rows",
    ),
]


class QuerySpec(_Strict):
    """The interventional distribution that the model should serve."""

    do: Names = Field(description="The treatment: the node or nodes that are set from outside.")
    read: Names = Field(description="What the model is shown.")
    write: Names = Field(description="What the model must produce.")
    policy: PolicySpec = Field(
        "marginal",
        description="Distribution of the treatment under intervention: 'marginal', 'uniform', value: probability, or "
        "that of other rows, {like: FILE} or {split: NAME}.",
    )


Estimator = Literal[
    "auto",
    "likelihood",
    "weighting",
    "front_door",
    "rendering",
    "matching",
    "standardization",
    "distillation",
    "doubly_robust",
    "monte_carlo",
    "nwgm",
    "question_average",
]
Realisation = Literal["resampling", "loss_weights"]


PenaltyKind = Literal[
    "variance", "paired", "hsic", "cross_covariance", "lautum", "released_variance", "released_paired"
]
"""Penalties on representations."""
MediationKind = Literal["agreement", "sensitivity"]
"""Penalties on what is written after a rationale."""
Sorted = Annotated[
    tuple[Name, ...],
    BeforeValidator(_one_or_many, json_schema_input_type=str | list[str]),
    AfterValidator(lambda names: tuple(sorted(names))),
]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]


class PenaltySpec(_Strict):
    """One independence penalty that is asked for by name."""

    kind: PenaltyKind | MediationKind | None = Field(
        None, description="How dependence is measured; by default the penalty's name."
    )
    strength: Positive = Field(0.1, description="Factor of the penalty in the loss.")
    of: Sorted | None = Field(
        None, description="One or two representations; by default those of the graph's statements."
    )
    against: Sorted | None = Field(
        None, description="What the one representation must not depend on; by default what it is computed from."
    )
    given: Sorted | None = Field(
        None, description="Given which nodes; by default what the graph says, or [] where it says nothing."
    )
    floor: Probability = Field(
        0.5,
        description="Share of its first activity below which a representation counts as collapsing; 0 is never.",
    )
    bandwidth: Positive | None = Field(
        None, description="For 'hsic': squared width of the kernel; by default the median squared distance."
    )
    clamp: Annotated[float, Field(gt=0, lt=0.5, allow_inf_nan=False, strict=True)] | None = Field(
        None, description="For 'lautum': the smallest probability of a cell; by default 1e-6, as published."
    )
    direction: Literal["lautum", "mutual"] | None = Field(
        None, description="For 'lautum': KL(product, joint), as published and by default, or KL(joint, product)."
    )
    margin: Positive | None = Field(
        None,
        description="For 'sensitivity': how much likelier, in nats, an answer should be after its own rationale than "
        "after another; by default 1.",
    )


def _penalty(value: float | PenaltySpec) -> PenaltySpec:
    return value if isinstance(value, PenaltySpec) else PenaltySpec(strength=value)


Penalties = Literal["auto", "none"] | dict[Name, Annotated[Positive | PenaltySpec, AfterValidator(_penalty)]]


Baselines = Literal["erm", "swa", "mixup", "groupdro", "vrex", "irm", "coral", "counterfactual", "cft", "cat"]
Count = Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)]


Combine = Literal["auto", "sum", "mixture", "experts", "head"]


class ObjectiveSpec(_Strict):
    """How the estimand becomes a loss; everything has a default."""

    estimator: Estimator = Field("auto", description="'auto' takes the cheapest valid one.")
    realisation: Realisation = Field(
        "resampling",
        description="Weights as resampling of strata in the batch sampler, or multiplied into the loss.",
    )
    nuisance: Literal["counts", "logistic", "head"] = Field(
        "counts",
        description="Weights from counts of every combination of columns; from a cross-fitted multinomial logistic "
        "regression, for strata of many columns; or from classifiers on frozen embeddings, where a probability given "
        "a text is needed.",
    )
    smoothing: Count = Field(0.0, description="Added to the count of every combination; shrinks weights, with a bias.")
    clip: Positive | None = Field(None, description="Largest weight; the bias is printed.")
    self_normalise: bool = Field(False, description="Divide the weights by their mean.")
    accept_poor_overlap: bool = Field(
        False, description="Train although the overlap report says that the data can hardly carry it."
    )
    control: str = Field(
        "[{name}: {value}]\n",
        min_length=1,
        description="For 'standardization' and its kin: what is shown with the prompt to tell a node's value.",
    )
    control_place: Literal["before", "after"] = Field(
        "after", description="Where that stands: before the prompt, or behind it, which computes the prompt once."
    )
    draws: Annotated[int, Field(ge=1, le=10_000, strict=True)] = Field(
        8, description="For 'monte_carlo': strata drawn per row."
    )
    mask: str = Field("...", min_length=1, description="What is shown in the place of a text that is hidden.")
    baseline: Baselines | None = Field(
        None, description="Train this known objective instead, whether or not the graph licenses it."
    )
    groups: Sorted | None = Field(
        None, description="Nodes whose values are the groups of a baseline; by default the confounders."
    )
    settings: dict[str, float | str] = Field(default_factory=dict, description="Settings of the baseline.")
    combine: Combine = Field(
        "auto",
        description="How slots make one answer: 'sum' has all on in one pass; 'mixture' averages the answers of the "
        "parts that a node chooses among; 'experts' adds the scores of the chosen and of the other slots, less those "
        "of neither; 'head' puts their last states side by side under a layer of its own. By default a mixture where "
        "parts are averaged over, else the sum.",
    )
    penalties: Penalties = Field(
        "auto",
        description="Independence penalties on representations: 'auto' takes those that the graph implies, 'none' "
        "none, and a mapping of names to strengths those named.",
    )

    @property
    def named_penalties(self) -> dict[str, PenaltySpec]:
        """The penalties that are asked for by name, in the order of the file."""
        return {} if isinstance(self.penalties, str) else {n: _penalty(p) for n, p in self.penalties.items()}


class GraphSpec(_Strict):
    """A graph file: the assumptions about how a question becomes an answer."""

    version: Literal[1] = Field(description="Version of the file format.")
    name: Name = Field(description="Short name of the graph.")
    description: str = Field("", description="What the graph assumes, for the reader.")
    nodes: dict[Name, NodeSpec | None] = Field(min_length=1, description="Nodes by name.")
    edges: list[str] = Field(
        default_factory=list,
        description="Chains of arrows such as 'a -> b -> c' and hidden common causes such as 'a <-> b'.",
    )
    query: QuerySpec = Field(description="What the model should serve.")
    objective: ObjectiveSpec = Field(
        default_factory=lambda: ObjectiveSpec(), description="How to turn the estimand into a loss."
    )


def graph_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a graph file, for editors and other tools.

    Returns
    -------
    dict
        Use it in a graph file's first line: ``# yaml-language-server: $schema=graph.schema.json``.
    """
    schema = GraphSpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "causal-reasoning graph"
    return schema
