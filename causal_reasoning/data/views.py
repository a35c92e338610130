"""Further encodings of the same rows: other prompts before the same answers.

A stratum is shown as control text, behind the prompt or before it. Training rows show their own; to answer, each row
is encoded once per component of the mixture over strata.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.chat import WithoutSpecial, chat_prompts, check_chat
from causal_reasoning.data.encode import Encoded, encode
from causal_reasoning.data.table import Table
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import ChatSpec, Experiment
from causal_reasoning.files.templates import fill
from causal_reasoning.objective.strata import FittedStrata, Place, StratumModel, View


@dataclass(frozen=True)
class Encoder:
    """How rows become tokens, whatever is shown with the prompt.

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
    chat : ChatSpec, optional
        Put the prompt, and what is shown with it, into the tokenizer's chat template.
    """

    tokenizer: Any
    prompt: str
    write: tuple[str, ...]
    max_length: int
    chat: ChatSpec | None = None

    @classmethod
    def of(cls, experiment: Experiment, tokenizer: Any) -> Encoder:
        """How the rows of an experiment become tokens.

        Raises
        ------
        InputError
            If the experiment asks for a chat template and the tokenizer has none.
        """
        check_chat(experiment, tokenizer)
        spec = experiment.spec
        return cls(tokenizer, spec.prompt, experiment.write, spec.training.max_length, experiment.chat)

    def __call__(self, table: Table, control: Sequence[str] | None = None, place: Place = "after") -> list[Encoded]:
        """Encode rows, with a text of its own at each row's prompt; see `causal_reasoning.data.encode.encode`."""
        if control is None:
            return self._encode(table, self.prompt)
        name = "control"
        while name in table.columns:
            name += "_"
        shown = table.with_columns(**{name: list(control)})
        field = f"{{{name}}}"
        prompt = f"{field}{self.prompt}" if place == "before" else f"{self.prompt}{field}"
        return self._encode(shown, prompt)

    def _encode(self, table: Table, prompt: str) -> list[Encoded]:
        if self.chat is None:
            return encode(table, self.tokenizer, prompt, self.write, self.max_length)
        name = "chat"
        while name in table.columns:
            name += "_"
        texts = chat_prompts(prompts(table, prompt), self.tokenizer, self.chat)
        shown = table.with_columns(**{name: texts})
        return encode(shown, WithoutSpecial(self.tokenizer), f"{{{name}}}", self.write, self.max_length)

    def own(self, model: StratumModel, table: Table) -> list[Encoded]:
        """Encode rows that show their own strata, unless the adapter has a part for each."""
        if model.slots:
            return self(table)
        return self(table, [model.text(values) for values in model.rows(table.columns)], model.place)

    def longest(self, strata: FittedStrata, table: Table) -> list[Encoded]:
        """Encode rows with the longest control text that any of them is shown: what `max_length` must hold."""
        if strata.model.slots:
            return self(table)
        longest = max((strata.model.text(values) for values in strata.values), key=lambda text: (len(text), text))
        own = (strata.model.text(values) for values in strata.model.rows(table.columns))
        return self(table, [max(text, longest, key=len) for text in own], strata.model.place)


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
    one_pass : bool
        Whether the answer is that to the mean of the components' input embeddings.
    """

    rows: tuple[list[Encoded], ...]
    log_weights: NDArray[np.float64]
    geometric: bool = False
    one_pass: bool = False

    def __len__(self) -> int:
        return len(self.rows[0])


def prompts(table: Table, prompt: str) -> list[str]:
    """What the model reads of each row, without control text."""
    return [fill(prompt, {name: column[i] for name, column in table.columns.items()}) for i in range(len(table))]


def encode_views(
    views: Sequence[View], strata: FittedStrata, table: Table, encoder: Encoder
) -> dict[str, list[Encoded]]:
    """Encode rows once more for each view that a loss reads.

    Parameters
    ----------
    views : sequence of View
        What the plan asks for.
    strata : FittedStrata
        The strata of the training rows.
    table : Table
        N rows, of training or of validation.
    encoder : Encoder
        How rows become tokens.

    Returns
    -------
    dict of str to list of Encoded
        N entries a view, with the same answers as the rows have in the main view.

    Raises
    ------
    InputError
        If an answer's tokens depend on the control text, or a row is in a stratum of its own.
    """
    place = {values: i for i, values in enumerate(strata.values)}
    unseen = next((i for i, z in enumerate(strata.model.rows(table.columns)) if z not in place), None)
    if unseen is not None:
        value = strata.model.text(strata.model.rows(table.columns)[unseen]).strip()
        message = f"no training row has the stratum {value} of row {unseen + 1}; merge rare values, or give more rows"
        raise InputError([table.fault(unseen, message)])
    own = [place[values] for values in strata.model.rows(table.columns)]
    texts = [strata.model.text(values) for values in strata.values]
    found: dict[str, list[Encoded]] = {}
    for view in views:
        if view.shows == "nothing":
            found[view.name] = encoder(table)
            continue
        for j in range(len(texts) - 1):
            found[f"{view.name} {j}"] = encoder(table, [texts[j + (z <= j)] for z in own], strata.model.place)
    _same_answers(encoder.own(strata.model, table), list(found.values()), table)
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
        ``None`` where the answer needs no control text, or the adapter has a part for each stratum.

    Raises
    ------
    InputError
        If an answer's tokens depend on the control text.
    """
    model, size, rows = strata.model, len(strata), len(table)
    if model.answer == "plain" or model.slots:
        return None
    texts = [model.text(values) for values in strata.values]
    rng = np.random.default_rng([seed, rows])
    if model.answer == "draws" and model.draws < size:
        drawn = rng.choice(size, size=(rows, model.draws), p=strata.probabilities)
        encoded = tuple(encoder(table, [texts[z] for z in column], model.place) for column in drawn.T)
        weights = np.full((rows, model.draws), 1 / model.draws)
    else:
        encoded = tuple(encoder(table, [text] * rows, model.place) for text in texts)
        weights = np.tile(np.array(strata.probabilities), (rows, 1))
        if model.answer == "draws":
            # Every stratum is computed once and weighed by how often it was drawn.
            weights = rng.multinomial(model.draws, strata.probabilities, size=rows) / model.draws
    _same_answers(encoded[0], encoded[1:], table)
    with np.errstate(divide="ignore"):
        return Components(encoded, np.log(weights), model.answer == "geometric_mean", model.answer == "mean_embedding")


def _same_answers(first: list[Encoded], others: Sequence[list[Encoded]], table: Table) -> None:
    """Components and views are compared token by token, so that their answers must be the same tokens."""
    for other in others:
        for i, (one, two) in enumerate(zip(first, other, strict=True)):
            if one.target != two.target:
                fault = table.fault(
                    i,
                    f"the tokens of the answer in row {i + 1} depend on the control text; let the prompt and "
                    "'control' end in a line break, so that no token spans prompt and answer",
                )
                raise InputError([fault])
