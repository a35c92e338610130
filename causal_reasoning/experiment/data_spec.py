"""What `data:` of an experiment file may contain: worlds, files, hub sets, and how their rows are prepared."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from causal_reasoning.graph.spec import Probability

# Strict: neither a quoted number nor true is a number.
Positive = Annotated[int, Field(ge=1, strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False, strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Column = Annotated[str, Field(min_length=1)]
Text = Annotated[str, Field(min_length=1)]
Plain = Annotated[
    Annotated[str, Field(strict=True)]
    | Annotated[bool, Field(strict=True)]
    | Annotated[int, Field(strict=True)]
    | Annotated[float, Field(strict=True, allow_inf_nan=False)],
    Field(union_mode="left_to_right"),
]
Normaliser = Literal["number", "letter", "yes_no", "lower", "strip"]

HUB = "hub:"
PARTS = ("train", "validation", "test")


class Strict(BaseModel):
    """Settings: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoiseSpec(Strict):
    """A word in the text that names a column's value, and is wrong at some rate."""

    column: Column = Field(description="The column that is written: it can be used as {column} in a template.")
    of: Column = Field(description="The column whose value it names.")
    rate: Probability = Field(description="Share of rows in which it names another value.")
    words: dict[str, str] = Field(
        default_factory=dict, description="Word for each value; a value without one is written as it is."
    )


class PlantSpec(Strict):
    """A confounder planted into real data by rendering its text anew."""

    column: Column = Field("style", description="Name of the planted confounder's column.")
    by: Column = Field(description="The column that it is made to go with (the treatment).")
    pairs: dict[str, str] | None = Field(
        None,
        min_length=2,
        description="For each value of the confounder the value of 'by' that it goes with; by default the values in "
        "sorted order, one after the other.",
    )
    strength: Probability = Field(
        description="Share of rows in which the pair decides; in the others the confounder is drawn at random."
    )
    noise: NoiseSpec | None = Field(None, description="A cue that is wrong at some rate.")
    into: Column = Field("question", description="The text column that is written.")
    templates: dict[str, Text | Annotated[list[Text], Field(min_length=1)]] = Field(
        default_factory=lambda known: _around(known.get("into", "question")),
        min_length=2,
        description="For each value of the confounder the text, with {column} fields; by default four ways of putting "
        "something before and after the text that there is.",
    )


def _around(column: str) -> dict[str, Any]:
    """Four styles that any text can be put in."""
    text = f"{{{column}}}"
    return {
        "plain": text,
        "polite": f"Could you help me with this, please? {text} Thank you!",
        "terse": f"Q: {text}",
        "story": f"An old man stopped me at the gate and asked: {text}",
    }


class WorldData(Strict):
    """Rows drawn from a world, whose truth is known."""

    world: str = Field(min_length=1, description="Name of a shipped world or path of a world file.")
    set: dict[str, Number] = Field(default_factory=dict, description="Parameters of the world.")
    rows: Positive = Field(description="Rows of training and validation data together.")
    validation: Share = Field(0.2, description="Share of the rows that is held out for validation.")


class HubSource(Strict):
    """A data set of the Hugging Face hub, or a folder that the ``datasets`` library can load."""

    hub: str = Field(min_length=1, description="Its id, OWNER/NAME, or a folder relative to the experiment file.")
    config: str | None = Field(None, min_length=1, description="Configuration (subset), where it has several.")
    split: str | None = Field(
        None, min_length=1, description="Split of the set; by default that of the part's name: train, validation, test."
    )
    revision: str | None = Field(None, min_length=1, description="Commit, tag or branch; name one to pin the rows.")


Source = Annotated[str, Field(min_length=1)] | HubSource


class Length(Strict):
    """How long a text may be."""

    min: Count | None = Field(None, description="At least so many characters.")
    max: Count | None = Field(None, description="At most so many characters.")


class Condition(Strict):
    """Which rows are kept: all that is said in one condition must hold."""

    column: Column = Field(description="The column that is looked at.")
    equals: Plain | None = Field(None, description="It has this value.")
    not_equal: Plain | None = Field(None, description="It has another value than this one.")
    one_of: Annotated[list[Plain], Field(min_length=1)] | None = Field(
        None, alias="in", description="It has one of these values."
    )
    none_of: Annotated[list[Plain], Field(min_length=1)] | None = Field(
        None, alias="not_in", description="It has none of these values."
    )
    min: Number | None = Field(None, description="It is a number, at least this one.")
    max: Number | None = Field(None, description="It is a number, at most this one.")
    length: Length | None = Field(None, description="It is a text of this length, in characters.")
    present: bool | None = Field(None, strict=True, description="It is filled in (true) or empty (false).")

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if not self.model_fields_set - {"column"}:
            raise ValueError(
                f"the condition says nothing about '{self.column}'; write equals, not_equal, in, not_in, min, max, "
                "length or present"
            )
        return self


Filter = list[Condition]


class SplitByColumn(Strict):
    """Parts by the values of a column."""

    column: Column = Field(description="The column that names the part of each row.")
    train: Annotated[list[Plain], Field(min_length=1)] = Field(description="Its values in the training part.")
    validation: Annotated[list[Plain], Field(min_length=1)] | None = Field(
        None, description="Its values in the validation part; by default the share or file under 'validation'."
    )
    test: Annotated[list[Plain], Field(min_length=1)] | None = Field(
        None, description="Its values in the test part; by default the share or file under 'test'."
    )


class SplitByHash(Strict):
    """Parts by a digest of a column: a row stays in its part whatever rows are added, and for every seed."""

    hash: Column = Field(description="The column; rows with the same value stand in the same part.")


def _split_kind(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind in ("hash", "column") if kind in value), None)
    return "hash" if isinstance(value, SplitByHash) else "column" if isinstance(value, SplitByColumn) else None


SplitBy = Annotated[
    Annotated[SplitByColumn, Tag("column")] | Annotated[SplitByHash, Tag("hash")],
    Discriminator(
        _split_kind,
        custom_error_type="data",
        custom_error_message="'split' needs 'column' (with the values of each part) or 'hash' (a column)",
    ),
]


class FileData(Strict):
    """Rows of the user's own files or of a hub data set."""

    train: Source = Field(
        description="A file (.jsonl, .json, .csv, .tsv or .parquet; .gz too), relative to the experiment file, or "
        "hub:OWNER/NAME, or a mapping with the keys hub, config, split, revision."
    )
    validation: Share | Source = Field(0.1, description="A share of the rows, or a file or hub set.")
    test: Share | Source = Field(
        0.2, description="A share of the rows, or a file or hub set: the split 'same distribution'."
    )
    columns: dict[Column, Column] = Field(
        default_factory=dict, description="For a column or node of the graphs the column of the file that holds it."
    )
    keep: list[Column] = Field(
        default_factory=list, description="Columns that nothing else names, kept for the table of answers."
    )
    filter: Filter = Field(
        default_factory=list,
        description="Conditions that every row of the three parts must meet; files of further splits have their own.",
    )
    split: SplitBy | None = Field(None, description="Take the parts by a column instead of by shares.")
    group: Column | None = Field(
        None, description="Rows with the same value of this column stay in the same part of a split by share."
    )
    duplicates: Literal["refuse", "drop", "keep"] = Field(
        "refuse",
        description="Texts that stand in the training part and in a held-out one: refuse, drop them from the training "
        "part, or keep them.",
    )
    plant: PlantSpec | None = Field(None, description="Plant a confounder into the rows.")
    normalise: Normaliser | None = Field(
        None, description="Bring answers into one form, those of the rows and those of the model."
    )
    answer: str | None = Field(
        None, description="Template of the answer, with {column} fields, such as '= {answer} ='."
    )

    @model_validator(mode="after")
    def _one_way_to_split(self) -> FileData:
        if self.group is not None and self.split is not None:
            raise ValueError("'group' is for parts by share; leave it out, or split by the hash of that column")
        return self


def _data_kind(value: Any) -> str | None:
    if isinstance(value, dict):
        return next((kind for kind in ("world", "train") if kind in value), None)
    return "world" if isinstance(value, WorldData) else "train" if isinstance(value, FileData) else None


DataSpec = Annotated[
    Annotated[WorldData, Tag("world")] | Annotated[FileData, Tag("train")],
    Discriminator(
        _data_kind,
        custom_error_type="data",
        custom_error_message="the data need 'world' (the name of a world) or 'train' (a file or a hub data set)",
    ),
]


class MeasuredSplit(Strict):
    """Rows to measure on: a file of its own or the test part, perhaps only some of them."""

    file: Source | None = Field(None, description="A file or hub set; by default the rows of the test part.")
    filter: Filter = Field(default_factory=list, description="Conditions that every row must meet.")
    answer: str | None = Field(
        None,
        description="Template of the answers of this file, with {column} fields, such as '= {answer} ='; by default "
        "that of the data.",
    )

    @model_validator(mode="after")
    def _is_another_split(self) -> MeasuredSplit:
        if self.file is None and not self.filter:
            raise ValueError("a split needs 'file', 'filter' or both")
        if self.file is None and self.answer is not None:
            raise ValueError("'answer' is for rows of a file of their own; those of the test part have their form")
        return self


class ChatSpec(Strict):
    """The tokenizer's chat template."""

    system: str | None = Field(None, min_length=1, description="The system message; by default there is none.")


def source_title(source: str | HubSource) -> str:
    """A source as a person writes it.

    Examples
    --------
    >>> source_title(HubSource(hub="openai/gsm8k", config="main", split="train"))
    'hub:openai/gsm8k, main, train'
    """
    if isinstance(source, str):
        return source
    return ", ".join([HUB + source.hub, *filter(None, (source.config, source.split, source.revision))])
