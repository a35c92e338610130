"""The form of a world file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictFloat, StrictInt, StringConstraints

from causal_reasoning.graph.spec import Role
from causal_reasoning.scm.mechanisms import Mechanism

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]
ParameterValue = Annotated[StrictInt, Field(ge=-(10**9), le=10**9)] | Annotated[StrictFloat, Field(allow_inf_nan=False)]
_Several = Annotated[list[str], Field(min_length=1, max_length=20)]
NodeNames = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value, json_schema_input_type=str | _Several),
    Field(min_length=1, max_length=20),
]


class NodeSpec(BaseModel):
    """One node of a world.

    Parameters
    ----------
    role : str
        What the node is in the reasoning process.
    mechanism : Mechanism
        Where its value comes from; its ``kind`` says which other keys there are.
    each_step : bool
        In a world with ``time``: the node has a value at every step.
    initial : Mechanism, optional
        Its mechanism at the steps that have too little past for the other one; implies ``each_step``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    mechanism: Mechanism
    each_step: bool = Field(False, strict=True)
    initial: Mechanism | None = None


class TimeSpec(BaseModel):
    """How often the nodes that are drawn at each step are repeated.

    Parameters
    ----------
    steps : int
        1 to 50.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: Annotated[StrictInt, Field(ge=1, le=50)]


class QuerySpec(BaseModel):
    """What a model trained on this world should serve, as in a graph file.

    Parameters
    ----------
    do : str or list of str
        The treatment.
    read : str or list of str
        What the model is shown.
    write : str or list of str
        What it must produce.
    policy : "marginal" or "uniform"
        Values of the treatment under the intervention.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: NodeNames
    read: NodeNames
    write: NodeNames
    policy: Literal["marginal", "uniform"] = "marginal"


class WorldSpec(BaseModel):
    """A world file: a structural causal model that generates questions and answers.

    Parameters
    ----------
    version : 1
        Version of this format.
    name : str
        A short name.
    description : str
        For readers; not part of the digest.
    parameters : mapping of str to number
        Numbers that mechanisms refer to as ``$name``, with their defaults.
    nodes : mapping of str to NodeSpec
        In any order; the arrows follow from the mechanisms.
    time : TimeSpec, optional
        Steps of a world that unfolds in time: a node n with ``each_step`` becomes n_0, n_1, …
    query : QuerySpec, optional
        By default do(skill), or do(question) where there is none; read the question, write the answer.

    Examples
    --------
    >>> WorldSpec.model_validate({"version": 1, "name": "coin", "nodes": {"side": {"role": "other",
    ...     "mechanism": {"kind": "categorical", "values": ["heads", "tails"]}}}}).name
    'coin'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    name: Name
    description: str = ""
    parameters: dict[Name, ParameterValue] = {}
    time: TimeSpec | None = None
    nodes: Annotated[dict[Name, NodeSpec], Field(min_length=1, max_length=200)]
    query: QuerySpec | None = None


def world_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a world file."""
    schema = WorldSpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "causal-reasoning world"
    return schema
