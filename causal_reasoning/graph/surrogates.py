"""Surrogates: categories that are computed from a text column and stand in for a cause that nobody labelled.

A confounder such as the author of a prompt leaves traces in the text: how long it is, how it begins, which other
texts it resembles. A surrogate turns such a trace into a category. For identification it is an observed node like
any other, and that is the user's claim: that it stands for the cause. Where it is a noisy copy, part of the
confounding stays; `causal_reasoning.objective.sensitivity` says how much.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from causal_reasoning.errors import did_you_mean

SurrogateKind = Literal["length", "regex", "kmeans", "mixture"]
SURROGATE_KINDS: tuple[str, ...] = get_args(SurrogateKind)
_MOST = 50
_Seed = Annotated[int, Field(ge=0, strict=True)]


class _Surrogate(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    of: str = Field(min_length=1, description="The text column of the data that it is computed from.")


def _increasing(edges: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if edges is not None and any(a >= b for a, b in pairwise(edges)):
        raise ValueError("'edges' must increase, each is where the next bin begins; write for instance [8, 12]")
    return edges


class LengthSurrogate(_Surrogate):
    """How long the text is, in bins."""

    kind: Literal["length"]
    unit: Literal["words", "characters"] = Field("words", description="What is counted.")
    edges: Annotated[
        tuple[Annotated[int, Field(ge=1, strict=True)], ...] | None,
        Field(min_length=1, max_length=_MOST),
        AfterValidator(_increasing),
    ] = Field(None, description="Where the second, third, … bin begins; by default quantiles of the training rows.")
    bins: Annotated[int, Field(ge=2, le=_MOST, strict=True)] | None = Field(
        None, description="Number of quantile bins where no edges are given; by default 4."
    )

    @model_validator(mode="after")
    def _one_way(self) -> LengthSurrogate:
        if self.edges is not None and self.bins is not None:
            raise ValueError("'edges' say where the bins are, so 'bins' cannot stand beside them; keep one")
        return self


def _patterns(value: Any) -> Any:
    """A mapping of labels to regular expressions, as pairs: their order counts."""
    pairs = list(value.items()) if isinstance(value, dict) else value
    if not isinstance(pairs, list | tuple) or not pairs:
        raise ValueError("'patterns' must be a mapping such as {polite: '^Please'}")
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError("'patterns' must be a mapping such as {polite: '^Please'}")
        label, pattern = pair
        if not isinstance(label, str) or not label.strip() or not isinstance(pattern, str):
            raise ValueError(
                f"'patterns' must map labels to regular expressions, both texts; '{label}: {pattern}' is no such entry"
            )
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"the pattern of '{label}' is not a regular expression: {error}") from error
    return tuple((label, pattern) for label, pattern in pairs)


class RegexSurrogate(_Surrogate):
    """Which regular expression is found in the text."""

    kind: Literal["regex"]
    patterns: Annotated[
        tuple[tuple[str, str], ...], BeforeValidator(_patterns, json_schema_input_type=dict[str, str])
    ] = Field(description="Label: regular expression. The first that is found anywhere in the text gives the label.")
    default: str = Field("other", min_length=1, description="The label where none is found.")


class KMeansSurrogate(_Surrogate):
    """Which cluster the text's embedding is in: the mean hidden state of the frozen base model."""

    kind: Literal["kmeans"]
    clusters: Annotated[int, Field(ge=2, le=_MOST, strict=True)] = Field(4, description="Number of clusters.")
    seed: _Seed = Field(0, description="Seed of the first centres.")


class MixtureSurrogate(_Surrogate):
    """Which component of a mixture of normal distributions the text's embedding most likely comes from."""

    kind: Literal["mixture"]
    components: Annotated[int, Field(ge=2, le=_MOST, strict=True)] = Field(4, description="Number of components.")
    dimensions: Annotated[int, Field(ge=1, le=_MOST, strict=True)] = Field(
        8, description="Leading principal components of the embeddings that are modelled."
    )
    seed: _Seed = Field(0, description="Seed of the first centres.")


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return kind if kind in SURROGATE_KINDS else None


def _known(value: Any) -> Any:
    """Refuse an unknown kind with the nearest known one."""
    if isinstance(value, dict) and _kind(value) is None:
        listed = ", ".join(SURROGATE_KINDS)
        if "kind" not in value:
            raise ValueError(f"a surrogate needs a 'kind': {listed}; for instance {{kind: length, of: COLUMN}}")
        kind = str(value["kind"])
        raise ValueError(f"there is no surrogate of kind '{kind}'; {did_you_mean(kind, SURROGATE_KINDS)}")
    return value


Surrogate = Annotated[
    Annotated[LengthSurrogate, Tag("length")]
    | Annotated[RegexSurrogate, Tag("regex")]
    | Annotated[KMeansSurrogate, Tag("kmeans")]
    | Annotated[MixtureSurrogate, Tag("mixture")],
    Discriminator(
        _kind,
        custom_error_type="binding",
        custom_error_message="a surrogate is a mapping such as {kind: length, of: COLUMN}; the kinds are length, "
        "regex, kmeans and mixture",
    ),
]

AnySurrogate = LengthSurrogate | RegexSurrogate | KMeansSurrogate | MixtureSurrogate


class SurrogateBinding(BaseModel):
    """The node is a category computed from a text column: a stand-in for a cause that nobody labelled."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    surrogate: Annotated[Surrogate, BeforeValidator(_known)] = Field(description="How it is computed.")

    @property
    def column_name(self) -> str:
        """What is shown in the place of a column; the computed column itself is called like the node."""
        return describe(self.surrogate)


def describe(surrogate: AnySurrogate) -> str:
    """Print as ``length of question``.

    Examples
    --------
    >>> describe(KMeansSurrogate(kind="kmeans", of="prompt"))
    'kmeans of prompt'
    """
    return f"{surrogate.kind} of {surrogate.of}"
