"""What a graph file may contain: the pydantic models behind the reader and the JSON Schema."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

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

    @property
    def column_name(self) -> str:
        """The column of the data that holds the node."""
        return self.text


class ColumnBinding(_Strict):
    """The node is categorical: a column of the data with few distinct values."""

    column: str = Field(min_length=1, description="Name of the categorical column.")

    @property
    def column_name(self) -> str:
        """The column of the data that holds the node."""
        return self.column


def _binding_kind(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind in ("text", "column") if kind in value), None)
    return "text" if isinstance(value, TextBinding) else "column" if isinstance(value, ColumnBinding) else None


Binding = Annotated[
    Annotated[TextBinding, Tag("text")] | Annotated[ColumnBinding, Tag("column")],
    Discriminator(
        _binding_kind,
        custom_error_type="binding",
        custom_error_message="a binding is {text: COLUMN} or {column: COLUMN}; leave it out for a latent node",
    ),
]


class NodeSpec(_Strict):
    """One node of the graph."""

    role: Role = Field("other", description="What the node stands for in the reasoning process.")
    bind: Binding | None = Field(
        None, description="What the node is in a training run; a node without a binding is latent."
    )
    description: str = Field("", description="For the reader of the graph.")


class QuerySpec(_Strict):
    """The interventional distribution that the model should serve."""

    do: Names = Field(description="The treatment: the node or nodes that are set from outside.")
    read: Names = Field(description="What the model is shown.")
    write: Names = Field(description="What the model must produce.")
    policy: Literal["marginal", "uniform"] | dict[str, Probability] = Field(
        "marginal",
        description="Distribution of the treatment under intervention: 'marginal', 'uniform', or value: probability.",
    )


Estimator = Literal["auto", "likelihood", "weighting"]
Realisation = Literal["resampling", "loss_weights"]


class ObjectiveSpec(_Strict):
    """How the estimand becomes a loss; everything has a default."""

    estimator: Estimator = Field("auto", description="'auto' takes the cheapest valid one.")
    realisation: Realisation = Field(
        "resampling",
        description="Weights as resampling of strata in the batch sampler, or multiplied into the loss.",
    )


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
