"""Measure a model on every split of an experiment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from causal_reasoning.data.answers import answer_form
from causal_reasoning.data.load import Split, load_data
from causal_reasoning.data.views import Encoder, components
from causal_reasoning.errors import InputError
from causal_reasoning.evaluation.accuracy import measure
from causal_reasoning.evaluation.items import item_rows
from causal_reasoning.evaluation.question_average import measure_average
from causal_reasoning.experiment import Experiment
from causal_reasoning.objective.questions import DrawnQuestions
from causal_reasoning.objective.strata import FittedStrata
from causal_reasoning.training.adapters import load_trained
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
    questions: DrawnQuestions | None = None,
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
    questions : DrawnQuestions, optional
        What an answer is averaged over after its rationale was written, where the objective says so.

    Returns
    -------
    (dict, list of dict)
        Per split its title, items, exact match, answer likelihood in nats, strata and worst stratum; and the
        evaluation table, one row an answer: see `causal_reasoning.evaluation.items.item_rows`.
    """
    if torch.cuda.is_available():  # a trained model is there already, an untrained or loaded one is not
        model.to("cuda")
    spec = experiment.spec
    results: dict[str, Any] = {}
    answers: list[dict[str, Any]] = []
    encoder = Encoder.of(experiment, tokenizer)
    for split in splits:
        mixture = components(strata, split.table, encoder, seed) if strata else None
        *before, last = experiment.write
        references = split.table.columns[last]
        rationales = ["\n".join(split.table.columns[name][i] for name in before) for i in range(len(split.table))]
        limits = {"max_new_tokens": spec.evaluation.max_new_tokens, "batch_size": spec.evaluation.batch_size}
        same = answer_form(experiment).same
        if questions is not None:
            measured = measure_average(model, tokenizer, encoder, split.table, questions, same=same, **limits)
        else:
            measured = measure(
                model,
                tokenizer,
                mixture if mixture is not None else encoder(split.table),
                references,
                same=same,
                rationales=rationales if before else None,
                **limits,
            )
        labels = split.table.columns.get(experiment.strata) if experiment.strata else None
        results[split.name] = {"title": split.title, **measured.to_dict(labels)}
        answers += item_rows(split, measured, references, experiment)
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
        Folder of a peft adapter, or of a model whose weights were all trained.
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
    if adapter is None:
        model, tokenizer = load_model(spec.model, spec.training.precision, folder=experiment.folder)
    else:
        model, tokenizer = load_trained(spec.model, adapter, spec.training.precision, folder=experiment.folder)
    strata = saved_strata(adapter) if adapter is not None else None
    return measure_splits(
        model,
        tokenizer,
        experiment,
        load_data(experiment, seed, embed=embedder(experiment.spec.model, folder=experiment.folder)).splits,
        strata,
        seed,
        saved_questions(adapter) if adapter is not None else None,
    )


def saved_strata(adapter: Path) -> FittedStrata | None:
    """What an adapter averages over when it answers, from the file beside it; ``None`` for any other adapter.

    Raises
    ------
    InputError
        If the file is there and cannot be read.
    """
    strata = _saved(adapter, "strata")
    return FittedStrata.from_dict(strata, str(adapter / ABOUT)) if strata else None


def saved_questions(adapter: Path) -> DrawnQuestions | None:
    """The questions that an adapter's answers are averaged over; ``None`` for any other adapter.

    Raises
    ------
    InputError
        If the file is there and cannot be read.
    """
    questions = _saved(adapter, "questions")
    return DrawnQuestions.from_dict(questions, str(adapter / ABOUT)) if questions else None


def _saved(adapter: Path, key: str) -> Any:
    path = adapter / ABOUT
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError.at(str(path), f"cannot be read: {error}") from error
    return about.get(key) if isinstance(about, dict) else None
