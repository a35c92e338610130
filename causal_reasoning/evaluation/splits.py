"""Measure a model on every split of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from causal_reasoning.data.encode import encode
from causal_reasoning.data.load import Split, load_data
from causal_reasoning.errors import InputError
from causal_reasoning.evaluation.accuracy import measure
from causal_reasoning.experiment import Experiment
from causal_reasoning.training.model import load_model


def measure_splits(
    model: Any, tokenizer: Any, experiment: Experiment, splits: tuple[Split, ...]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Measure a model on some splits.

    Parameters
    ----------
    model, tokenizer
        The model with its adapter, and its tokenizer.
    experiment : Experiment
        Prompt, strata and settings.
    splits : tuple of Split
        The rows.

    Returns
    -------
    (dict, list of dict)
        Per split its title, items, exact match, answer likelihood in nats, strata and worst stratum; and every
        answer with its question and reference.
    """
    if torch.cuda.is_available():  # a trained model is there already, an untrained or loaded one is not
        model.to("cuda")
    spec = experiment.spec
    results: dict[str, Any] = {}
    answers: list[dict[str, Any]] = []
    for split in splits:
        rows = encode(split.table, tokenizer, spec.prompt, experiment.write, spec.training.max_length)
        references = [
            "\n".join(split.table.columns[name][i] for name in experiment.write) for i in range(len(split.table))
        ]
        measured = measure(
            model,
            tokenizer,
            rows,
            references,
            max_new_tokens=spec.evaluation.max_new_tokens,
            batch_size=spec.evaluation.batch_size,
        )
        strata = split.table.columns.get(experiment.strata) if experiment.strata else None
        results[split.name] = {"title": split.title, **measured.to_dict(strata)}
        for i, answer in enumerate(measured.answers):
            answers.append(
                {
                    "split": split.name,
                    **{name: split.table.columns[name][i] for name in experiment.read},
                    "reference": references[i],
                    "answer": answer,
                    "exact_match": bool(measured.exact[i]),
                    "nll": float(measured.nll[i]),
                    **_labels(split.table.columns, experiment, i),
                }
            )
    return results, answers


def evaluate(
    experiment: Experiment, *, adapter: Path | None = None, seed: int = 0
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Measure a saved adapter, or the untrained model, on an experiment's splits.

    Parameters
    ----------
    experiment : Experiment
        Data, model, prompt and settings.
    adapter : Path, optional
        Folder of a peft adapter.
    seed : int
        Seed of the rows; a run's own seed gives the rows of its result.

    Returns
    -------
    (dict, list of dict)
        As `measure_splits`.

    Raises
    ------
    InputError
        If the adapter does not fit the model.
    """
    spec = experiment.spec
    model, tokenizer = load_model(spec.model, spec.training.precision, folder=experiment.folder)
    if adapter is not None:
        from peft import PeftModel

        try:
            model = PeftModel.from_pretrained(model, adapter)
        except (RuntimeError, ValueError, OSError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError.at(str(adapter), f"does not fit the model '{spec.model}': {reason}") from error
    return measure_splits(model, tokenizer, experiment, load_data(experiment, seed).splits)


def _labels(columns: Mapping[str, list[str]], experiment: Experiment, row: int) -> dict[str, str]:
    names = {name for name in (experiment.treatment, experiment.strata) if name and name in columns}
    return {name: columns[name][row] for name in sorted(names)}
