"""The evaluation table of a run: kept beside its result, with a digest that shows whether it is still the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from causal_reasoning.errors import InputError
from causal_reasoning.files import write_jsonl
from causal_reasoning.files.jsonl import read_numbered_jsonl

ANSWERS = "answers.jsonl"


def write_answers(folder: Path, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Write a run's evaluation table, all or nothing.

    Parameters
    ----------
    folder : Path
        The run's folder.
    rows : sequence of dict
        What `causal_reasoning.evaluation.splits.measure_splits` returned.

    Returns
    -------
    dict
        For the run's record: the file, its rows and its SHA-256.
    """
    path = write_jsonl(folder / ANSWERS, rows)
    return {"file": ANSWERS, "rows": len(rows), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def read_answers(folder: Path, record: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the evaluation table of a finished run.

    Parameters
    ----------
    folder : Path
        The run's folder.
    record : dict
        The run's result; one without a digest is of an older version and is not checked.

    Returns
    -------
    list of dict
        One row an answer.

    Raises
    ------
    InputError
        If the table is missing, damaged, or not the one that the run wrote.
    """
    path = folder / ANSWERS
    rows = [row for _, row in read_numbered_jsonl(path)]
    digest = (record.get("answers") or {}).get("sha256")
    if digest is not None and hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        raise InputError.at(str(path), "is not what the run wrote (its digest differs); remove the folder to repeat it")
    return rows
