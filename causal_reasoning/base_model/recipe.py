"""A pretraining recipe: the form of its file, and the worlds that it names, loaded and checked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from causal_reasoning.base_model.formats import plain_answer
from causal_reasoning.base_model.tokenizer import vocabulary
from causal_reasoning.errors import Fault, InputError, did_you_mean
from causal_reasoning.files import Document, parse_yaml, read_yaml, validate
from causal_reasoning.files.templates import fields_of, fill, template_fields
from causal_reasoning.scm import World, load_world

SHIPPED = Path(__file__).parent / "recipes"
_LOOKED_AT = 50  # rows drawn of each world to see that its texts have the form that the formats need

Positive = Annotated[int, Field(ge=1, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, strict=True)]
Above = Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Column = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSpec(_Strict):
    """Shape of the Llama."""

    width: Positive = Field(description="Hidden size; a multiple of twice the number of heads.")
    layers: Positive = Field(description="Blocks.")
    heads: Positive = Field(description="Attention heads.")
    inner: Positive = Field(description="Hidden size of the feed-forward part.")
    deviation: Above = Field(0.06, description="Standard deviation of the initial weights.")
    rope_base: Above = Field(10_000.0, description="Base of the rotary position angles.")

    @model_validator(mode="after")
    def _even_heads(self) -> Self:
        if self.width % (2 * self.heads):
            near = max(2 * self.heads * round(self.width / (2 * self.heads)), 2 * self.heads)
            raise ValueError(f"a width of {self.width} cannot be cut into {self.heads} heads of even size; try {near}")
        return self


class TrainingSpec(_Strict):
    """Optimisation."""

    steps: Positive = Field(description="Optimiser steps.")
    batch: Positive = Field(description="Examples in each.")
    parts: Positive = Field(4, description="A batch is sorted by length and cut into so many, which saves padding.")
    learning_rate: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False, strict=True)] = Field(
        description="Peak, after a linear warm-up and before a cosine down to zero; Adam's, for embeddings and vectors."
    )
    matrix_ratio: Above = Field(
        6.0, description="Learning rate of Muon, for the matrices of the blocks, relative to that of Adam."
    )
    warmup: Annotated[int, Field(ge=0, strict=True)] = Field(60, description="Steps with rising learning rate.")
    weight_decay: Annotated[float, Field(ge=0, allow_inf_nan=False, strict=True)] = Field(
        0.01, description="Decay of the matrices of the blocks."
    )
    max_grad_norm: Above = Field(1.0, description="Clip gradients here.")
    long_answers: Share = Field(
        0.5, description="An answer of n tokens counts n to this power: 1 all tokens alike, 0 all answers alike."
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32", description="Of matrix products; the weights themselves are kept in 32 bits."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto: a GPU if there is one.")
    threads: Positive = Field(2, description="Of the processor; another number rounds differently.")
    checkpoint_every: Positive = Field(100, description="Steps between checkpoints.")


class WorldSpec(_Strict):
    """One world of the mixture, and how its columns become examples."""

    world: str = Field(min_length=1, description="Name of a shipped world, or path of a world file, as seen from here.")
    set: dict[str, Number] = Field(default_factory=dict, description="Parameters that make the draw clean.")
    do: dict[str, str | dict[str, float]] = Field(
        default_factory=dict, description="Interventions: a value, a policy's name or a table for each node."
    )
    share: Above = Field(1.0, description="Part of the examples, relative to the other worlds.")
    step_by_step: Share = Field(0.5, description="Share of its examples that show the steps before the answer.")
    question: Column = Field("{question}", description="What the model reads, with {column} fields.")
    rationale: Column | None = Field("rationale", description="Column with the steps; null for none.")
    answer: Column = Field("answer", description="Column whose content, between '= … =', is the answer.")


class RecipeSpec(_Strict):
    """A recipe file: everything that decides a pretraining run."""

    version: Literal[1] = Field(description="Version of the file format.")
    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$", max_length=64)] = Field(description="Short name.")
    description: str = Field("", description="For the reader.")
    seed: Annotated[int, Field(ge=0, lt=2**31, strict=True)] = Field(0, description="Of the weights and the data.")
    model: ModelSpec = Field(description="Shape of the network.")
    training: TrainingSpec = Field(description="Optimisation.")
    marked: Share = Field(0.2, description="Share of direct answers that stand between random marks.")
    worlds: Annotated[list[WorldSpec], Field(min_length=1)] = Field(description="The mixture of examples.")


@dataclass(frozen=True)
class Drawn:
    """Rows of a world.

    Parameters
    ----------
    questions, answers : list of str
        What is asked, and the world's answers.
    rationales : list of str or None
        The steps between them; ``None`` if the recipe shows none.
    """

    questions: list[str]
    rationales: list[str] | None
    answers: list[str]


@dataclass(frozen=True)
class Source:
    """A world of the mixture.

    Parameters
    ----------
    world : World
        With the recipe's parameters.
    spec : WorldSpec
        What the recipe says about it.
    """

    world: World
    spec: WorldSpec

    def draw(self, rows: int, seed: int) -> Drawn:
        """Draw questions with steps and answers."""
        spec = self.spec
        columns = self.world.sample(rows, seed, do=dict(spec.do) or None)
        fields = {field: columns[field] for field in fields_of(spec.question)}
        questions = [fill(spec.question, {field: fields[field][row] for field in fields}) for row in range(rows)]
        rationales = columns[spec.rationale] if spec.rationale is not None and spec.step_by_step > 0 else None
        return Drawn(questions, rationales, columns[spec.answer])


@dataclass(frozen=True)
class Recipe:
    """A recipe that has been checked.

    Parameters
    ----------
    file : str
        Where it was read from.
    spec : RecipeSpec
        What the file says.
    sources : tuple of Source
        Its worlds by name: their order in the file changes nothing.
    """

    file: str
    spec: RecipeSpec
    sources: tuple[Source, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that decides the weights: settings, content of the worlds, vocabulary; 64 digits."""
        spec = self.spec.model_dump(mode="json", exclude={"description", "worlds"})
        spec["training"].pop("checkpoint_every")
        content = {
            **spec,
            "worlds": [[source.world.digest, source.spec.model_dump(exclude={"world"})] for source in self.sources],
            "vocabulary": vocabulary(),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def load_recipe(name_or_path: str | Path) -> Recipe:
    """Read a recipe by shipped name or from a file, and load its worlds.

    Parameters
    ----------
    name_or_path : str or Path
        ``"default"``, ``"large"``, or a YAML file.

    Returns
    -------
    Recipe
        Checked: all nodes, parameters and policies exist, and the worlds' texts have the form that is needed.

    Raises
    ------
    InputError
        One line for each thing that is wrong: ``file:line:column: message``.

    Examples
    --------
    >>> load_recipe("default").spec.name
    'default'
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or "/" in text or "\\" in text or text.endswith((".yaml", ".yml")):
        return _recipe(read_yaml(name_or_path))
    shipped = {path.stem: path for path in SHIPPED.glob("*.yaml")}
    if text not in shipped:
        raise InputError.at(text, f"there is no shipped recipe of this name; {did_you_mean(text, shipped)}")
    return _recipe(read_yaml(shipped[text]))


def parse_recipe(text: str, file: str = "<text>") -> Recipe:
    """Check a recipe given as YAML text; see `load_recipe`."""
    return _recipe(parse_yaml(text, file))


def recipe_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a recipe file."""
    schema = RecipeSpec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "causal-reasoning pretraining recipe"
    return schema


def _recipe(document: Document) -> Recipe:
    spec = validate(RecipeSpec, document)
    faults: list[Fault] = []
    sources: dict[str, Source] = {}
    for index, written in enumerate(spec.worlds):
        path = ("worlds", index)
        try:
            world = load_world(_beside(document, written.world), written.set)
        except InputError as error:
            faults.extend(_placed(document, (*path, _guilty(document, written)), error))
            continue
        if world.name in sources:
            faults.append(document.fault((*path, "world"), f"the world '{world.name}' stands twice; keep one"))
        sources[world.name] = Source(world, written)
        faults.extend(_columns(document, path, sources[world.name]))
    if not faults:
        for index, written in enumerate(spec.worlds):
            source = next(s for s in sources.values() if s.spec is written)
            faults.extend(_texts(document, ("worlds", index), source))
    if faults:
        raise InputError(sorted(faults))
    return Recipe(document.file, spec, tuple(sources[name] for name in sorted(sources)))


def _beside(document: Document, world: str) -> str:
    """Read the path of a world file as seen from the recipe; leave the name of a shipped world as it is."""
    return str(Path(document.file).parent / world) if world.endswith((".yaml", ".yml")) else world


def _guilty(document: Document, written: WorldSpec) -> str:
    """Whether a world that cannot be loaded is wrong, or the parameters that are set."""
    try:
        load_world(_beside(document, written.world))
    except InputError:
        return "world"
    return "set"


def _placed(document: Document, path: tuple[str | int, ...], error: InputError) -> list[Fault]:
    """Move faults that have no line of their own to a place in the recipe."""
    return [f if f.line is not None else document.fault(path, f.message) for f in error.faults]


def _columns(document: Document, path: tuple[str | int, ...], source: Source) -> list[Fault]:
    """Check that a world has the nodes and the policies that the recipe names."""
    world, spec = source.world, source.spec
    faults: list[Fault] = []
    try:
        wanted = [("question", field) for field in template_fields(spec.question, document, (*path, "question"))]
    except InputError as error:
        return list(error.faults)
    if not wanted:
        faults.append(document.fault((*path, "question"), "names no column; write for instance '{question}'"))
    wanted.append(("answer", spec.answer))
    if spec.step_by_step > 0:
        if spec.rationale is None:
            message = "'step_by_step' needs a column with the steps; name it as 'rationale', or write step_by_step: 0.0"
            faults.append(document.fault(path, message))
        else:
            wanted.append(("rationale", spec.rationale))
    for key, node in wanted:
        if node not in world.nodes:
            message = f"the world '{world.name}' has no node '{node}' for '{key}'; {did_you_mean(node, world.nodes)}"
            faults.append(document.fault((*path, key), message))
    for node, policy in spec.do.items():
        if node not in world.nodes or not world.is_categorical(node):
            known = [name for name in world.nodes if world.is_categorical(name)]
            what = f"'{node}' is a text" if node in world.nodes else f"the world '{world.name}' has no node '{node}'"
            message = f"{what}; do needs a node with a list of values; {did_you_mean(node, known)}"
            faults.append(document.fault((*path, "do", node), message, key=True))
            continue
        try:
            world.probability([node], do={node: policy})
        except InputError as error:
            faults.extend(_placed(document, (*path, "do", node), error))
    return faults


def _texts(document: Document, path: tuple[str | int, ...], source: Source) -> list[Fault]:
    """Draw a few rows and check that answers read ``= … =`` and that no column is empty."""
    name = source.world.name
    drawn = source.draw(_LOOKED_AT, 0)
    for answer in drawn.answers:
        try:
            plain_answer(answer)
        except ValueError as error:
            return [document.fault((*path, "world"), f"an answer of the world '{name}' {error}")]
    if drawn.rationales is not None and "" in drawn.rationales:
        column = source.spec.rationale
        return [document.fault((*path, "rationale"), f"'{column}' of the world '{name}' is empty at times")]
    return []
