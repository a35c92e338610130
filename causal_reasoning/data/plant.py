"""Plant a confounder into real rows by rendering their text anew.

The rows and their answers stay as they are. A confounder z is drawn to go with the treatment t of each row, and
the text is rendered in z's template. The three regimes have the same rows and the same templates:

* observational: z goes with t at the stated strength, as if a common cause had chosen both;
* do: z is drawn from its marginal, whatever t is (the mutilated world);
* reversed: the association turned around, P'(t | z) = (1 − P(t | z)) / (K − 1) for K treatments; z is drawn from
  P'(z | t), so that this holds as it stands where the treatments are equally frequent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.table import Table
from causal_reasoning.errors import did_you_mean
from causal_reasoning.experiment import PlantSpec
from causal_reasoning.files import Document
from causal_reasoning.files.templates import fill, template_fields
from causal_reasoning.files.yaml import Path_

Regime = Literal["observational", "do", "reversed"]
_PATH = ("data", "plant")


def complete(spec: PlantSpec, treatment: Sequence[str]) -> PlantSpec:
    """Give a plant its pairs where it names none: the treatments in sorted order, one for each confounder in turn.

    Parameters
    ----------
    spec : PlantSpec
        The plant.
    treatment : sequence of str
        The treatments of all rows of all parts, so that each part gets the same pairs.

    Examples
    --------
    >>> complete(PlantSpec(by="skill", strength=0.9), ["b", "a"]).pairs
    {'plain': 'a', 'polite': 'b', 'terse': 'a', 'story': 'b'}
    """
    if spec.pairs is not None:
        return spec
    values = sorted(set(treatment))
    pairs = {confounder: values[i % len(values)] for i, confounder in enumerate(spec.templates)}
    return spec.model_copy(update={"pairs": pairs})


def _pairs(spec: PlantSpec) -> dict[str, str]:
    if spec.pairs is None:
        raise ValueError("the plant has no pairs; complete it first")
    return spec.pairs


def check_plant(spec: PlantSpec, table: Table, document: Document) -> None:
    """Check a planted confounder against the rows it is planted into.

    Raises
    ------
    InputError
        For unknown columns, values, templates and fields, at their place in the experiment file.
    """
    wanted = [("by", spec.by)] + ([("noise", spec.noise.of)] if spec.noise else [])
    for key, column in wanted:
        if column not in table.columns:
            path = (*_PATH, key) if key == "by" else (*_PATH, key, "of")
            raise document.error(path, f"there is no column '{column}'; {did_you_mean(column, table.columns)}")
    made: list[tuple[Path_, str]] = [(("column",), spec.column), (("into",), spec.into)]
    if spec.noise:
        made.append((("noise", "column"), spec.noise.column))
    taken = [column for _, column in wanted]
    for where, column in made:
        if column in taken:
            raise document.error((*_PATH, *where), f"the column '{column}' is in use by the plant; take another name")
        taken.append(column)
    values = set(table.columns[spec.by])
    pairs = _pairs(spec)
    for confounder, value in pairs.items():
        if value not in values:
            raise document.error(
                (*_PATH, "pairs", confounder),
                f"no row has {spec.by} = '{value}'; {did_you_mean(value, values)}",
            )
        if confounder not in spec.templates:
            raise document.error(
                (*_PATH, "pairs", confounder),
                f"there is no template for '{confounder}'; {did_you_mean(confounder, spec.templates)}",
                key=True,
            )
    if spec.noise:
        named = set(table.columns[spec.noise.of])
        for value in spec.noise.words:
            if value not in named:
                raise document.error(
                    (*_PATH, "noise", "words", value),
                    f"no row has {spec.noise.of} = '{value}'; {did_you_mean(value, named)}",
                    key=True,
                )
    known = {*table.columns, spec.column} | ({spec.noise.column} if spec.noise else set())
    for confounder, written in spec.templates.items():
        if confounder not in pairs:
            raise document.error(
                (*_PATH, "templates", confounder),
                f"'{confounder}' has no entry in 'pairs'; {did_you_mean(confounder, pairs)}",
                key=True,
            )
        for index, template in enumerate(_variants(written)):
            place: Path_ = (*_PATH, "templates", confounder)
            if isinstance(written, list):
                place = (*place, index)
            for field in template_fields(template, document, place):
                if field not in known:
                    raise document.error(place, f"there is no column '{field}'; {did_you_mean(field, known)}")


def association(spec: PlantSpec, treatment: list[str]) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """The joint distribution of treatment and planted confounder in the observational regime.

    Parameters
    ----------
    spec : PlantSpec
        The plant.
    treatment : list of str
        The treatment of each of N rows.

    Returns
    -------
    (list of str, list of str, array of shape (T, Z))
        Values of the treatment, values of the confounder, and P(t, z).
    """
    t_values, counts = np.unique(np.array(treatment), return_counts=True)
    pairs = _pairs(spec)
    z_values = sorted(pairs)
    joint = np.zeros((len(t_values), len(z_values)))
    for i, t in enumerate(t_values):
        partners = np.array([pairs[z] == t for z in z_values], dtype=float)
        uniform = np.full(len(z_values), 1 / len(z_values))
        paired = partners / partners.sum() if partners.sum() else uniform
        joint[i] = counts[i] / len(treatment) * (spec.strength * paired + (1 - spec.strength) * uniform)
    return [str(t) for t in t_values], z_values, joint


def plant(spec: PlantSpec, table: Table, regime: Regime, rng: np.random.Generator) -> Table:
    """Draw the confounder of every row and render its text.

    Parameters
    ----------
    spec : PlantSpec
        What to plant, already checked.
    table : Table
        N rows.
    regime : "observational", "do" or "reversed"
        How the confounder goes with the treatment.
    rng : Generator
        Source of randomness.

    Returns
    -------
    Table
        The rows with the confounder's column, the cue's column and the rendered text.
    """
    treatment = table.columns[spec.by]
    t_values, z_values, joint = association(spec, treatment)
    given_t = _confounder_given_treatment(joint, regime)
    rows = {t: given_t[i] for i, t in enumerate(t_values)}
    styles = [str(rng.choice(z_values, p=rows[t])) for t in treatment]
    columns = {**table.columns, spec.column: styles}
    if spec.noise:
        named = _noisy(table.columns[spec.noise.of], spec.noise.rate, rng)
        columns[spec.noise.column] = [spec.noise.words.get(value, value) for value in named]
    texts = []
    for i, style in enumerate(styles):
        variants = _variants(spec.templates[style])
        template = variants[int(rng.integers(len(variants)))]
        texts.append(fill(template, {name: column[i] for name, column in columns.items()}))
    columns[spec.into] = texts
    return replace(table, columns=columns)


def _confounder_given_treatment(joint: NDArray[np.float64], regime: Regime) -> NDArray[np.float64]:
    marginal = joint.sum(axis=0)
    if regime == "do":
        return np.tile(marginal / marginal.sum(), (len(joint), 1))
    if regime == "reversed" and len(joint) > 1:
        given_z = joint / np.where(marginal > 0, marginal, 1)
        joint = (1 - given_z) / (len(joint) - 1) * marginal
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def _noisy(values: list[str], rate: float, rng: np.random.Generator) -> list[str]:
    known = sorted(set(values))
    others: Mapping[str, list[str]] = {v: [o for o in known if o != v] for v in known}
    wrong = rng.random(len(values)) < rate
    return [str(rng.choice(others[value])) if wrong[i] and others[value] else value for i, value in enumerate(values)]


def _variants(template: str | list[str]) -> list[str]:
    return [template] if isinstance(template, str) else template
