"""Answer in two passes: a rationale to the row's own question, then the answer averaged over drawn questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causal_reasoning.data.encode import Encoded
from causal_reasoning.data.table import Table
from causal_reasoning.data.views import Components, Encoder
from causal_reasoning.evaluation.accuracy import Measured, generate
from causal_reasoning.evaluation.mixture import generate_mixture, score_mixture
from causal_reasoning.evaluation.written import WrittenRationales
from causal_reasoning.objective.questions import DrawnQuestions
from causal_reasoning.training.likelihood import score


def measure_average(
    model: Any,
    tokenizer: Any,
    encoder: Encoder,
    table: Table,
    questions: DrawnQuestions,
    *,
    max_new_tokens: int,
    batch_size: int,
    same: Callable[[str, str], bool] | None = None,
) -> Measured:
    """Let a model write rationales, and average its answers over questions.

    Parameters
    ----------
    model, tokenizer
        The model and its tokenizer.
    encoder : Encoder
        How rows become tokens.
    table : Table
        N rows.
    questions : DrawnQuestions
        What the answer is averaged over.
    max_new_tokens : int
        Longest output of a pass, in tokens.
    batch_size : int
        Rows generated at once.
    same : callable, optional
        Whether an answer is as good as its reference; by default they must be equal.

    Returns
    -------
    Measured
        One answer a row. Likelihoods are those of the right rationale, and of the right answer after it, averaged over
        questions.
    """
    *before, last = encoder.write
    right = table.columns[last]
    rationales = ["\n".join(table.columns[name][i] for name in before) for i in range(len(table))]
    own = encoder(table)
    outputs = generate(model, tokenizer, own, max_new_tokens, batch_size)
    # All lines but the last are the rationale; its number of lines is not known beforehand.
    written = ["\n".join(output.split("\n")[:-1]).strip() for output in outputs]
    # What was written may be longer than any training row, and is one text, whatever columns it should have been.
    loose = replace(encoder, write=(before[0], last), max_length=encoder.max_length + max_new_tokens)
    drawn = after_questions(loose, table.with_columns(**{before[0]: written}), questions)
    answers = generate_mixture(model, tokenizer, drawn, max_new_tokens=max_new_tokens, batch_size=batch_size)
    nll, parts, _ = score_average(model, encoder, table, questions, tokenizer.pad_token_id, batch_size)
    right_enough = same if same is not None else lambda answer, reference: answer == reference.strip()
    exact = np.array([right_enough(a, r) for a, r in zip(answers, right, strict=True)], dtype=np.bool_)
    return Measured(
        tuple(answers), exact, nll, WrittenRationales(tuple(written), tuple(rationales), parts, nll - parts)
    )


def score_average(
    model: Any,
    encoder: Encoder,
    table: Table,
    questions: DrawnQuestions,
    pad: int,
    batch_size: int = 250,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Score the right rationale and the right answer after it, with teacher forcing.

    Returns
    -------
    (array of shape (N,), array of shape (N,), array of shape (N,))
        −log p(rationale | prompt) − log (1/M) Σ_m p(answer | question m, rationale) and its first part, in nats, and
        whether every token of both is the most probable one.
    """
    first, right = score(model, [row.split()[0] for row in encoder(table)], pad, batch_size)
    second, exact = score_mixture(model, after_questions(encoder, table, questions), pad, batch_size)
    return first + second, first, right & exact


def scorer(
    encoder: Encoder, table: Table, questions: DrawnQuestions, pad: int
) -> Callable[[Any], tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Score some rows along the way of training: from a model to both parts' −log p, and whether all is right."""

    def found(model: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        nll, _, exact = score_average(model, encoder, table, questions, pad)
        return nll, exact

    return found


def after_questions(encoder: Encoder, table: Table, questions: DrawnQuestions) -> Components:
    """Encode what is written last, read after each drawn question and the row's rationale."""
    rows: list[list[Encoded]] = []
    for values in questions.values:
        shown = table.with_columns(
            **{column: [value] * len(table) for column, value in zip(questions.model.columns, values, strict=True)}
        )
        rows.append([row.split()[1] for row in encoder(shown)])
    count = len(questions.values)
    return Components(tuple(rows), np.full((len(table), count), -np.log(count)))
