"""Measure a model on every split of an experiment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from causal_reasoning.data.load import Split, load_data
from causal_reasoning.data.views import Encoder, components
from causal_reasoning.errors import InputError
from causal_reasoning.evaluation.accuracy import measure
from causal_reasoning.experiment import Experiment
from causal_reasoning.objective.strata import FittedStrata
from causal_reasoning.training.embeddings import embedder
from causal_reasoning.training.model import load_model

ABOUT = "causal_reasoning.json"
"""Beside an adapter: its graph, objective and strata."""


def measure_splits(
    model: Any,
    tokenizer: Any,
    experiment: Experiment,
    splits: tuple[Split, ...],
    strata: FittedStrata | None = None,
    seed: int = 0,
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
    strata : FittedStrata, optional
        What the answer averages over, where the adapter was trained to be shown strata.
    seed : int
        Seed of drawn strata.

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
    encoder = Encoder(tokenizer, spec.prompt, experiment.write, spec.training.max_length)
    for split in splits:
        mixture = components(strata, split.table, encoder, seed) if strata else None
        references = [
            "\n".join(split.table.columns[name][i] for name in experiment.write) for i in range(len(split.table))
        ]
        measured = measure(
            model,
            tokenizer,
            mixture if mixture is not None else encoder(split.table),
            references,
            max_new_tokens=spec.evaluation.max_new_tokens,
            batch_size=spec.evaluation.batch_size,
        )
        labels = split.table.columns.get(experiment.strata) if experiment.strata else None
        results[split.name] = {"title": split.title, **measured.to_dict(labels)}
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
        If the adapter does not fit the model, or the record of its strata is damaged.
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
    strata = saved_strata(adapter) if adapter is not None else None
    return measure_splits(
        model,
        tokenizer,
        experiment,
        load_data(experiment, seed, embed=embedder(experiment.spec.model, folder=experiment.folder)).splits,
        strata,
        seed,
    )


def saved_strata(adapter: Path) -> FittedStrata | None:
    """What an adapter averages over when it answers, from the file beside it; ``None`` for any other adapter.

    Raises
    ------
    InputError
        If the file is there and cannot be read.
    """
    path = adapter / ABOUT
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError.at(str(path), f"cannot be read: {error}") from error
    strata = about.get("strata") if isinstance(about, dict) else None
    return FittedStrata.from_dict(strata, str(path)) if strata else None


def _labels(columns: Mapping[str, list[str]], experiment: Experiment, row: int) -> dict[str, str]:
    names = {name for name in (experiment.treatment, experiment.strata) if name and name in columns}
    return {name: columns[name][row] for name in sorted(names)}
