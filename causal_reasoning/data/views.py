"""Further encodings of the same rows: other prompts before the same answers.

A stratum is shown as control text before the prompt. Training rows show their own; to answer, each row is encoded
once per component of the mixture over strata.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.encode import Encoded, encode
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from causal_reasoning.files.templates import fill
from causal_reasoning.objective.strata import FittedStrata, StratumModel, View


@dataclass(frozen=True)
class Encoder:
    """How rows become tokens, whatever is shown before the prompt.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
        The model's tokenizer.
    prompt : str
        Template of what the model reads, with ``{column}`` fields.
    write : tuple of str
        Columns that it must produce.
    max_length : int
        Longest sequence in tokens.
    """

    tokenizer: Any
    prompt: str
    write: tuple[str, ...]
    max_length: int

    def __call__(self, table: Table, control: Sequence[str] | None = None) -> list[Encoded]:
        """Encode rows, with a text of its own before each row's prompt; see `causal_reasoning.data.encode.encode`."""
        if control is None:
            return encode(table, self.tokenizer, self.prompt, self.write, self.max_length)
        name = "control"
        while name in table.columns:
            name += "_"
        shown = table.with_columns(**{name: list(control)})
        return encode(shown, self.tokenizer, f"{{{name}}}{self.prompt}", self.write, self.max_length)


@dataclass(frozen=True)
class Components:
    """Rows to be answered by a mixture: each encoded once per component.

    Parameters
    ----------
    rows : tuple of list of Encoded
        C encodings of N rows, which differ in what is read only.
    log_weights : array of shape (N, C)
        Logarithms of the components' weights, which sum to one in each row; −∞ for a component of no weight.
    geometric : bool
        Whether the answer is the normalised geometric mean of the components, token by token, and not their sum.
    """

    rows: tuple[list[Encoded], ...]
    log_weights: NDArray[np.float64]
    geometric: bool = False

    def __len__(self) -> int:
        return len(self.rows[0])


def prompts(table: Table, prompt: str) -> list[str]:
    """What the model reads of each row, without control text."""
    return [fill(prompt, {name: column[i] for name, column in table.columns.items()}) for i in range(len(table))]


def own_controls(model: StratumModel, table: Table) -> list[str]:
    """The control text of each row's own stratum."""
    return [model.text(values) for values in model.rows(table.columns)]


def longest_controls(strata: FittedStrata, table: Table) -> list[str]:
    """The longest control text that any row is shown, for each row: what `max_length` must hold."""
    longest = max((strata.model.text(values) for values in strata.values), key=lambda text: (len(text), text))
    return [max(own, longest, key=len) for own in own_controls(strata.model, table)]


def encode_views(
    views: Sequence[View], strata: FittedStrata, table: Table, encoder: Encoder
) -> dict[str, list[Encoded]]:
    """Encode the training rows once more for each view that a loss reads.

    Parameters
    ----------
    views : sequence of View
        What the plan asks for.
    strata : FittedStrata
        The strata of the training rows.
    table : Table
        N training rows.
    encoder : Encoder
        How rows become tokens.

    Returns
    -------
    dict of str to list of Encoded
        N entries a view, with the same answers as the rows have in the main view.

    Raises
    ------
    InputError
        If an answer's tokens depend on what stands before the prompt.
    """
    place = {values: i for i, values in enumerate(strata.values)}
    own = [place[values] for values in strata.model.rows(table.columns)]
    texts = [strata.model.text(values) for values in strata.values]
    found: dict[str, list[Encoded]] = {}
    for view in views:
        if view.shows == "nothing":
            found[view.name] = encoder(table)
            continue
        for j in range(len(texts) - 1):
            found[f"{view.name} {j}"] = encoder(table, [texts[j + (z <= j)] for z in own])
    _same_answers(encoder(table, [texts[z] for z in own]), list(found.values()), table)
    return found


def components(strata: FittedStrata, table: Table, encoder: Encoder, seed: int = 0) -> Components | None:
    """Encode rows once per component of the mixture that answers them.

    Parameters
    ----------
    strata : FittedStrata
        The strata, with their probabilities.
    table : Table
        N rows; their own strata are not looked at.
    encoder : Encoder
        How rows become tokens.
    seed : int
        Seed of the draws, where the answer is made of draws: each row has its own.

    Returns
    -------
    Components or None
        ``None`` where the answer needs no control text.

    Raises
    ------
    InputError
        If an answer's tokens depend on what stands before the prompt.
    """
    model, size, rows = strata.model, len(strata), len(table)
    if model.answer == "plain":
        return None
    texts = [model.text(values) for values in strata.values]
    rng = np.random.default_rng([seed, rows])
    if model.answer == "draws" and model.draws < size:
        drawn = rng.choice(size, size=(rows, model.draws), p=strata.probabilities)
        encoded = tuple(encoder(table, [texts[z] for z in column]) for column in drawn.T)
        weights = np.full((rows, model.draws), 1 / model.draws)
    else:
        encoded = tuple(encoder(table, [text] * rows) for text in texts)
        weights = np.tile(np.array(strata.probabilities), (rows, 1))
        if model.answer == "draws":
            # Every stratum is computed once and weighed by how often it was drawn.
            weights = rng.multinomial(model.draws, strata.probabilities, size=rows) / model.draws
    _same_answers(encoded[0], encoded[1:], table)
    with np.errstate(divide="ignore"):
        return Components(encoded, np.log(weights), model.answer == "geometric_mean")


def _same_answers(first: list[Encoded], others: Sequence[list[Encoded]], table: Table) -> None:
    """Components and views are compared token by token, so that their answers must be the same tokens."""
    for other in others:
        for i, (one, two) in enumerate(zip(first, other, strict=True)):
            if one.target != two.target:
                fault = table.fault(
                    i,
                    f"the tokens of the answer in row {i + 1} depend on the control text before the prompt; let the "
                    "prompt end in a line break, so that no token spans prompt and answer",
                )
                raise InputError([fault])
