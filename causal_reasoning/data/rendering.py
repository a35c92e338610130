"""Render rows anew: draw some columns from their own distribution and write every text that a template makes of them.

What is drawn is a permutation of the rows' values: each occurs as often as before, whatever else the rows hold, and
columns that are drawn together keep their joint distribution. All that is not a text made by a template stays as
recorded, categories behind the drawn ones included. A text is written with the wording that its row has, so that a row
whose drawn value is the recorded one comes out as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from causal_reasoning.data.load import load_world_of
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment import Experiment
from causal_reasoning.experiment.spec import FileData, WorldData
from causal_reasoning.files.templates import fields_of, fill
from causal_reasoning.scm.mechanisms import TextMechanism
from causal_reasoning.scm.mechanisms.template import Template


class Renderer(Protocol):
    """Writes rows anew."""

    def writes(self, drawn: Sequence[str]) -> tuple[str, ...]:
        """List the text columns that change with some columns, causes first.

        Parameters
        ----------
        drawn : sequence of str
            Columns to be drawn anew.

        Raises
        ------
        InputError
            If there is no such column, no text is made of one, or a text that cannot be written anew is.
        """

    def render(self, table: Table, drawn: Sequence[str], rng: np.random.Generator) -> Table:
        """Draw columns anew and write the texts that are made of them.

        Parameters
        ----------
        table : Table
            N rows.
        drawn : sequence of str
            Columns that are drawn from their joint distribution in these rows.
        rng : Generator
            Source of randomness.

        Returns
        -------
        Table
            N rows; all other columns are the recorded ones.

        Raises
        ------
        InputError
            As `writes`, and for a row whose text is not one that the templates write.
        """


@dataclass(frozen=True)
class TemplateText:
    """A text column and the templates that write it.

    Parameters
    ----------
    column : str
        The text.
    by : str or None
        The column that chooses the templates.
    wordings : mapping of str to tuple of str
        For each value of that column its templates, one of which is used with equal probabilities; without such a
        column they stand under ``""``.
    """

    column: str
    by: str | None
    wordings: Mapping[str, tuple[str, ...]]

    @property
    def reads(self) -> frozenset[str]:
        """The columns that the text is made of."""
        fields = {field for group in self.wordings.values() for template in group for field in fields_of(template)}
        return frozenset(fields | ({self.by} if self.by is not None else set()))

    def wording(self, row: Mapping[str, str]) -> int | None:
        """Find the template that a row's text was written with, by its place; ``None`` if there is none."""
        group = self.wordings.get(self._key(row), ())
        return next((i for i, template in enumerate(group) if fill(template, row) == row[self.column]), None)

    def write(self, row: Mapping[str, str], wording: int, before: int, rng: np.random.Generator) -> str:
        """Write the text of a row, with a wording of a group of ``before``; drawn anew if the new group's size differs.

        Uniform over the new group either way, and the recorded text if nothing has changed.
        """
        group = self.wordings[self._key(row)]
        place = wording if len(group) == before else int(rng.integers(len(group)))
        return fill(group[place], row)

    def size(self, row: Mapping[str, str]) -> int:
        """How many templates a row chooses from."""
        return len(self.wordings[self._key(row)])

    def _key(self, row: Mapping[str, str]) -> str:
        return "" if self.by is None else row[self.by]


@dataclass(frozen=True)
class TemplateRenderer:
    """A `Renderer` that knows the templates.

    Parameters
    ----------
    texts : tuple of TemplateText
        What can be written anew, causes first.
    fixed : mapping of str to frozenset of str
        Texts that are kept, with the columns that they are made of.
    source : str
        Where the templates come from, for messages.
    """

    texts: tuple[TemplateText, ...]
    fixed: Mapping[str, frozenset[str]]
    source: str

    def writes(self, drawn: Sequence[str]) -> tuple[str, ...]:
        """List the texts that change; see `Renderer`."""
        changed = set(drawn)
        found = []
        for text in self.texts:
            if text.reads & changed:
                found.append(text.column)
                changed.add(text.column)
        known = sorted({name for text in self.texts for name in text.reads})
        for name in drawn:
            if name not in known:
                raise InputError.at(
                    self.source,
                    f"no template makes a text of '{name}', to be written anew; {did_you_mean(name, known)}",
                )
        for column, reads in sorted(self.fixed.items()):
            if heard := sorted(reads & changed):
                raise InputError.at(
                    self.source,
                    f"'{column}' is made of '{heard[0]}', so it would be wrong in rows with another {listed(drawn)}; "
                    "draw something else anew",
                )
        return tuple(found)

    def render(self, table: Table, drawn: Sequence[str], rng: np.random.Generator) -> Table:
        """Draw and write anew; see `Renderer`."""
        for name in drawn:
            if name not in table.columns:
                near = did_you_mean(name, table.columns)
                raise InputError.at(table.source, f"there is no column '{name}' to be drawn anew; {near}")
        order = rng.permutation(len(table)).tolist()
        return self.rewrite(table, {name: [table.columns[name][i] for i in order] for name in sorted(drawn)}, rng)

    def rewrite(self, table: Table, values: Mapping[str, Sequence[str]], rng: np.random.Generator) -> Table:
        """Write the texts anew for given values of some columns.

        Parameters
        ----------
        table : Table
            N rows.
        values : mapping of str to sequence of str
            N values for each column that changes.
        rng : Generator
            For wordings that have no counterpart.
        """
        written = set(self.writes(tuple(values)))
        new = {name: list(column) for name, column in {**table.columns, **values}.items()}
        for text in self.texts:
            if text.column not in written:
                continue
            names = sorted({*text.reads, text.column})
            for i in range(len(table)):
                old = {name: table.columns[name][i] for name in names}
                wording = text.wording(old)
                if wording is None:
                    message = f"the text in '{text.column}' of row {i + 1} is none that the templates of {self.source} "
                    raise InputError(
                        [table.fault(i, f"{message}write of its other columns; it cannot be written anew")]
                    )
                row = {name: new[name][i] for name in names}
                new[text.column][i] = text.write(row, wording, text.size(old), rng)
        return replace(table, columns=new)


def renderer_of(experiment: Experiment) -> Renderer | str:
    """The renderer of an experiment's rows.

    Parameters
    ----------
    experiment : Experiment
        The settings: a world, or files with a planted confounder.

    Returns
    -------
    Renderer or str
        A sentence that says why there is none.

    Examples
    --------
    >>> from causal_reasoning.experiment import load_experiment
    >>> renderer_of(load_experiment("letters")).writes(["style"])
    ('question',)
    """
    data = experiment.spec.data
    if isinstance(data, WorldData):
        return _of_world(experiment, data)
    return _of_files(experiment, data)


def _of_world(experiment: Experiment, data: WorldData) -> Renderer | str:
    world = load_world_of(experiment, data)
    texts, fixed = [], {}
    for name in world.graph().topological_order:
        mechanism = world.nodes[name].mechanism
        if isinstance(mechanism, Template) and name not in experiment.write:
            written = mechanism.texts if mechanism.texts is not None else {"": mechanism.text or ()}
            texts.append(TemplateText(name, mechanism.by, {key: _variants(group) for key, group in written.items()}))
        elif isinstance(mechanism, TextMechanism):
            fixed[name] = frozenset(parent for parent, _ in mechanism.parents())
    if not texts:
        return f"no text of the world {world.name} but the answer is made by a template, so none can be written anew"
    return TemplateRenderer(tuple(texts), fixed, f"world {world.name}")


def _of_files(experiment: Experiment, data: FileData) -> Renderer | str:
    if data.plant is None:
        return (
            "the rows come from files, and nothing says how their texts are made; plant a confounder with templates "
            "(data.plant), or draw the rows from a world"
        )
    plant = data.plant
    templates = {key: _variants(group) for key, group in plant.templates.items()}
    if any(plant.into in fields_of(template) for group in templates.values() for template in group):
        return (
            f"the planted templates are made of '{plant.into}' itself, so a text cannot be written anew from the other "
            "columns; name templates that are (data.plant.templates)"
        )
    fixed = {}
    if data.answer is not None:
        fixed[experiment.write[0]] = frozenset(fields_of(data.answer))
    if plant.noise is not None:
        fixed[plant.noise.column] = frozenset((plant.noise.of,))
    text = TemplateText(plant.into, plant.column, templates)
    return TemplateRenderer((text,), fixed, f"{experiment.document.file}: data.plant")


def _variants(written: str | Sequence[str]) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written)


def listed(names: Sequence[str]) -> str:
    """Names as text, sorted."""
    return ", ".join(sorted(names))
