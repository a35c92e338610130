"""The form of a world file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, StringConstraints

from causal_reasoning.graph.spec import Role
from causal_reasoning.scm.mechanisms import Mechanism

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=64)]
ParameterValue = Annotated[StrictInt, Field(ge=-(10**9), le=10**9)] | Annotated[StrictFloat, Field(allow_inf_nan=False)]


class NodeSpec(BaseModel):
    """One node of a world.

    Parameters
    ----------
    role : str
        What the node is in the reasoning process.
    mechanism : Mechanism
        Where its value comes from; its ``kind`` says which other keys there are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Role
    mechanism: Mechanism


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
    nodes: Annotated[dict[Name, NodeSpec], Field(min_length=1, max_length=200)]


def world_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a world file."""
    schema = WorldSpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "causal-reasoning world"
    return schema
