"""Nodes that are parts of the adapter: a slot, and a router that chooses among the parts of one.

A *slot* is no column of the data. It is a variable that the adapter sets, so an intervention on it holds by
construction, as long as what the slot adds to the model listens to nothing but its drawn causes: that is what is left
to ask for, and can be penalised. What the adapter sets cannot block a path between nodes of the data: a hidden cause
of question and answer confounds as before.

A *router* is a category that the adapter computes from what it reads, and that chooses the part of a slot.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from causal_reasoning.errors import did_you_mean

Count = Annotated[int, Field(ge=1, le=10_000, strict=True)]
Index = Annotated[int, Field(ge=0, le=10_000, strict=True)]
Parts = Annotated[int, Field(ge=2, le=1000, strict=True)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, int | str) else value


class _Part(_Strict):
    choose: str | None = Field(
        None,
        min_length=1,
        description="Node whose value chooses among several parts: a router, or a column that the answer is averaged "
        "over.",
    )
    measured_layers: Count | None = Field(
        None, description="How many of the last layers penalties measure; by default all that have the slot."
    )
    pool: Literal["answer", "prompt", "mean", "each"] = Field(
        "answer",
        description="Positions over which penalties take the mean of what the slot adds: those that predict the "
        "answer, the last one that is read, all that is read; or 'each' position by itself.",
    )


class TokenSlotSpec(_Part):
    """Learned tokens that all positions of some layers attend to, behind a gate for each head that starts at zero."""

    kind: Literal["tokens"]
    tokens: Count = Field(10, description="Tokens in each layer.")
    layers: Count | None = Field(None, description="How many of the last layers have them; by default all.")
    measured: Annotated[
        tuple[Index, ...],
        BeforeValidator(_one_or_many, json_schema_input_type=int | list[int]),
        Field(description="Tokens that penalties measure, counted from 0; [] is all."),
    ] = ()

    @model_validator(mode="after")
    def _measured_are_there(self) -> TokenSlotSpec:
        if self.layers is not None and (self.measured_layers or 0) > self.layers:
            raise ValueError(
                f"'measured_layers' is {self.measured_layers}, but the slot is in {self.layers} layers only"
            )
        for token in self.measured:
            if token >= self.tokens:
                raise ValueError(
                    f"there is no token {token} to be measured: the slot has tokens 0 to {self.tokens - 1}"
                )
        return self

    def text(self) -> str:
        """Print as ``10 tokens``."""
        where = f" in the last {self.layers} layers" if self.layers else ""
        return f"{self.tokens} token{'s' if self.tokens > 1 else ''}{where}"


class LowRankSlotSpec(_Part):
    """Low-rank updates of linear layers: with 'choose', a set of modules of which each row uses one."""

    kind: Literal["low_rank"]
    rank: Count = Field(8, description="Rank of each update.")
    alpha: Count = Field(16, description="The update is scaled by alpha / rank.")
    targets: Annotated[
        tuple[str, ...],
        BeforeValidator(_one_or_many, json_schema_input_type=str | list[str]),
        Field(description="Ends of names of linear layers; [] is all but the output embedding."),
    ] = ()

    def text(self) -> str:
        """Print as ``rank 8``."""
        return f"rank {self.rank}"


SlotSpec = TokenSlotSpec | LowRankSlotSpec


def _known(value: Any) -> Any:
    """Refuse an unknown kind with the nearest known one."""
    kind = value.get("kind") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind not in ("tokens", "low_rank"):
        raise ValueError(f"there is no slot of kind '{kind}'; {did_you_mean(kind, ('tokens', 'low_rank'))}")
    return value


AnySlot = Annotated[
    Annotated[TokenSlotSpec, Tag("tokens")] | Annotated[LowRankSlotSpec, Tag("low_rank")],
    Discriminator(
        lambda value: value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None),
        custom_error_type="binding",
        custom_error_message="a slot needs a kind: tokens (learned tokens in attention) or low_rank (updates of "
        "weights)",
    ),
    BeforeValidator(_known),
]


class SlotBinding(_Strict):
    """The node is a part of the adapter."""

    slot: AnySlot = Field(description="Which part.")

    @property
    def column_name(self) -> str:
        """What is shown in the place of a column: no column of the data holds the node."""
        return self.slot.text()


class RouterSpec(_Strict):
    """A category that the adapter computes from the mean of frozen vectors of what it reads."""

    kind: Literal["vq", "kmeans", "gumbel", "label"] = Field(
        "vq",
        description="How its prototypes are learnt: by moving averages, by k-means before training, by gradient, or "
        "from labels.",
    )
    parts: Parts = Field(4, description="Number of categories.")
    reads: Literal["embeddings", "hidden"] = Field(
        "embeddings", description="Input embeddings, or last hidden states of the frozen model, which costs a pass."
    )
    label: str | None = Field(
        None, min_length=1, description="For 'label': the column of true categories, needed in training only."
    )
    soft: bool = Field(
        False, description="In use, mix the answers of all parts by p(category | text), and not take the nearest part."
    )

    @model_validator(mode="after")
    def _labelled(self) -> RouterSpec:
        if (self.kind == "label") != (self.label is not None):
            raise ValueError("'label', the column of true categories, goes with 'kind: label' and with nothing else")
        return self


class RouterBinding(_Strict):
    """The node is a category that a router in the adapter computes from what the model reads."""

    router: RouterSpec = Field(description="Which router.")

    @property
    def column_name(self) -> str:
        """What is shown in the place of a column: no column of the data holds the node."""
        return f"{self.router.kind}, {self.router.parts} parts"
