"""What `adapter:` of an experiment file may contain: one class for each kind of adapter."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from causal_reasoning.errors import did_you_mean
from causal_reasoning.experiment.data_spec import Positive, Strict
from causal_reasoning.graph.spec import Probability

ADAPTER_KINDS = ("lora", "adaption_prompt", "ia3", "prefix", "full", "slots")

Modules = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class _Adapter(Strict):
    """What every kind has; options that are not used are not written, so that a new one leaves old digests alone."""

    learning_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)] | None = Field(
        None, description="Peak learning rate of runs with this adapter; by default that of 'training'."
    )

    @model_serializer(mode="wrap")
    def _written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        left_out = self._unwritten()
        return {key: value for key, value in data.items() if value is not None and key not in left_out}

    def _unwritten(self) -> set[str]:
        return set()


class _Sized(_Adapter):
    """An adapter whose size can be chosen: its trainable parameters are an affine function of one setting."""

    size: ClassVar[str]
    parameters: Positive | None = Field(
        None, description="Choose the size such that the number of trainable parameters comes nearest to this one."
    )

    @model_validator(mode="after")
    def _one_size(self) -> _Sized:
        if self.parameters is not None and self.size in self.model_fields_set:
            raise ValueError(f"'parameters' chooses '{self.size}', which cannot stand beside it; keep one")
        return self

    def _unwritten(self) -> set[str]:
        return {self.size} if self.parameters is not None else set()


class _Fixed(_Adapter):
    """An adapter whose size follows from the model."""

    @model_validator(mode="before")
    @classmethod
    def _no_size(cls, value: Any) -> Any:
        if isinstance(value, dict) and "parameters" in value:
            raise ValueError(
                f"the number of trainable parameters of '{value.get('kind')}' follows from the model and cannot be "
                "matched; leave 'parameters' out, or give it to lora, prefix or adaption_prompt"
            )
        return value


class LoraSpec(_Sized):
    """Low-rank adapter (LoRA) on the frozen model."""

    size: ClassVar[str] = "rank"

    kind: Literal["lora"] = Field("lora", description="LoRA: low-rank updates of projections.")
    rank: Positive = Field(8, description="Rank r of each update.")
    alpha: Positive = Field(
        16,
        description="The update is scaled by alpha / r; where 'parameters' chooses the rank, alpha is 2 r by default.",
    )
    dropout: Probability = Field(0.0, description="Dropout before the update.")
    targets: Literal["all-linear"] | list[str] = Field(
        "all-linear", description="Projections that get an adapter: all linear ones, or module names."
    )

    def of_size(self, rank: int) -> LoraSpec:
        """The same adapter with a rank.

        Examples
        --------
        >>> LoraSpec(parameters=1000).of_size(5).alpha
        10
        """
        kept = {key: getattr(self, key) for key in self.model_fields_set - {"parameters", "rank"}}
        return LoraSpec(**{"alpha": 2 * rank, **kept, "rank": rank})

    def _unwritten(self) -> set[str]:
        # Files had no kind when there was one only; an alpha that is not named depends on the rank that is chosen.
        free = {"alpha"} - self.model_fields_set if self.parameters is not None else set()
        return super()._unwritten() | {"kind"} | free


class AdaptionPromptSpec(_Sized):
    """LLaMA-Adapter: trained tokens that the topmost layers attend to through a gate, which starts closed."""

    size: ClassVar[str] = "adapter_len"

    kind: Literal["adaption_prompt"] = Field(description="LLaMA-Adapter.")
    adapter_len: Positive = Field(10, description="Trained tokens of each layer.")
    adapter_layers: Positive | None = Field(None, description="Number of layers, from the top; by default all.")

    def of_size(self, adapter_len: int) -> AdaptionPromptSpec:
        """The same adapter with a number of tokens."""
        return self.model_copy(update={"parameters": None, "adapter_len": adapter_len})


class Ia3Spec(_Fixed):
    """(IA)³: trained vectors that rescale keys, values and the input of the last feed-forward projection."""

    kind: Literal["ia3"] = Field(description="(IA)³.")
    targets: Modules | None = Field(None, description="Module names; by default those that peft knows for the model.")
    feedforward: list[str] | None = Field(
        None, description="Those of the targets whose input is rescaled instead of their output."
    )

    @model_validator(mode="after")
    def _together(self) -> Ia3Spec:
        if (self.targets is None) != (self.feedforward is None):
            raise ValueError("'targets' and 'feedforward' go together; give both or neither")
        extra = [name for name in self.feedforward or () if name not in (self.targets or ())]
        if extra:
            raise ValueError(f"'feedforward' names '{extra[0]}', which is not one of the 'targets'")
        return self


class PrefixSpec(_Sized):
    """Prefix tuning: trained keys and values of virtual tokens before the text, in every layer."""

    size: ClassVar[str] = "num_virtual_tokens"

    kind: Literal["prefix"] = Field(description="Prefix tuning.")
    num_virtual_tokens: Positive = Field(20, description="Virtual tokens.")

    def of_size(self, num_virtual_tokens: int) -> PrefixSpec:
        """The same adapter with a number of tokens."""
        return self.model_copy(update={"parameters": None, "num_virtual_tokens": num_virtual_tokens})


class FullSpec(_Fixed):
    """Fine-tuning of all weights, in the precision of ``training.precision``; the whole model is saved."""

    kind: Literal["full"] = Field(description="All weights.")


class SlotsSpec(_Fixed):
    """The parts that the nodes of a graph are bound to: what a graph with slots trains, whatever others do."""

    kind: Literal["slots"] = Field("slots", description="What the graph's slots say.")


AdapterSpec = LoraSpec | AdaptionPromptSpec | Ia3Spec | PrefixSpec | FullSpec | SlotsSpec


def describe_adapter(asked: AdapterSpec, settled: AdapterSpec) -> dict[str, Any]:
    """What a reader of the results wants to know of an adapter, one plain value a name.

    Parameters
    ----------
    asked : AdapterSpec
        What the file says.
    settled : AdapterSpec
        The same with the size that was chosen.

    Examples
    --------
    >>> asked = PrefixSpec(kind="prefix", parameters=1000)
    >>> describe_adapter(asked, asked.of_size(3))
    {'adapter': 'prefix', 'num_virtual_tokens': 3, 'matched_parameters': 1000}
    """
    settings = {key: value for key, value in settled.model_dump().items() if key not in ("kind", "learning_rate")}
    wanted = getattr(asked, "parameters", None)
    return {"adapter": settled.kind, **settings, **({"matched_parameters": wanted} if wanted is not None else {})}


def _kind(value: Any) -> str | None:
    kind = value.get("kind", "lora") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if isinstance(kind, str) and kind in ADAPTER_KINDS else None


def _known(value: Any) -> Any:
    """Refuse an unknown kind with the nearest known one."""
    if isinstance(value, dict) and _kind(value) is None:
        kind = str(value["kind"])
        raise ValueError(f"there is no adapter of kind '{kind}'; {did_you_mean(kind, ADAPTER_KINDS)}")
    return value


Adapter = Annotated[
    Annotated[LoraSpec, Tag("lora")]
    | Annotated[AdaptionPromptSpec, Tag("adaption_prompt")]
    | Annotated[Ia3Spec, Tag("ia3")]
    | Annotated[PrefixSpec, Tag("prefix")]
    | Annotated[FullSpec, Tag("full")]
    | Annotated[SlotsSpec, Tag("slots")],
    Discriminator(
        _kind,
        custom_error_type="adapter",
        custom_error_message="an adapter is a mapping such as {kind: lora, rank: 8}; the kinds are lora, "
        "adaption_prompt, ia3, prefix, full and, for graphs with slots, slots",
    ),
    BeforeValidator(_known),
]
"""An adapter as a field of a file."""
