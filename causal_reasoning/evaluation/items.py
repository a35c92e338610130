"""The evaluation table: one row for every answer that a model gave, with all that is known about its question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from causal_reasoning.data.load import Split
from causal_reasoning.data.table import not_categorical
from causal_reasoning.evaluation.accuracy import Measured
from causal_reasoning.experiment import Experiment

SPLIT, ITEM, REFERENCE, ANSWER, CORRECT, NLL = "split", "item", "reference", "answer", "exact_match", "nll"
RATIONALE, RIGHT_RATIONALE = "written_rationale", "reference_rationale"
OWN = (SPLIT, ITEM, REFERENCE, ANSWER, RATIONALE, RIGHT_RATIONALE, CORRECT, NLL)
"""Names of the columns that the evaluation adds."""


def column_of(name: str) -> str:
    """The name of a data column in the evaluation table.

    Examples
    --------
    >>> column_of("style"), column_of("split")
    ('style', 'data.split')
    """
    return f"data.{name}" if name in OWN else name


def item_rows(
    split: Split, measured: Measured, references: Sequence[str], experiment: Experiment
) -> list[dict[str, Any]]:
    """The rows of one split.

    Parameters
    ----------
    split : Split
        Its N rows.
    measured : Measured
        The model's answers to them.
    references : sequence of str
        N right answers.
    experiment : Experiment
        What is read and written, treatment and strata.

    Returns
    -------
    list of dict
        For each item its split, its number in it (the same for all arms of one seed), what was read, reference,
        answer, what was written before it and should have been, where something is, whether the answers are equal,
        −log p(reference) in nats (of all that is written), and every categorical column of the data. A
        column that has a name of ours is called ``data.NAME``.
    """
    columns = split.table.columns
    texts = {*experiment.read, *experiment.write}
    # What was categorical in the training rows stays, even if a small split has nearly as many values as rows.
    wanted = {experiment.treatment, experiment.strata}
    known = [
        name for name in sorted(set(columns) - texts) if name in wanted or not_categorical(split.table, name) is None
    ]
    return [
        {
            SPLIT: split.name,
            ITEM: i,
            **{column_of(name): columns[name][i] for name in experiment.read},
            REFERENCE: references[i],
            ANSWER: answer,
            **(
                {RATIONALE: measured.rationales.texts[i], RIGHT_RATIONALE: measured.rationales.references[i]}
                if measured.rationales
                else {}
            ),
            CORRECT: bool(measured.exact[i]),
            NLL: float(measured.nll[i]),
            **{column_of(name): columns[name][i] for name in known},
        }
        for i, answer in enumerate(measured.answers)
    ]
