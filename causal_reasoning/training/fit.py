"""Train an adapter: from rows and a compiled objective to the adapter's folder, resumable at any moment."""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from transformers import PrinterCallback, ProgressCallback, TrainerCallback, TrainingArguments

from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import TrainingSpec
from causal_reasoning.graph.spec import HiddenState
from causal_reasoning.objective.loss import Loss, WeightedLikelihood
from causal_reasoning.objective.penalties import accumulation_refusal
from causal_reasoning.training.equip import equip, strip
from causal_reasoning.training.slots import fit_routers, record
from causal_reasoning.training.trainer import TargetRiskTrainer
from causal_reasoning.training.weighting import RowWeights

COMPLETE = "complete"
MEMORY = "loss_memory.safetensors"

Scorer = Callable[[Any], tuple[NDArray[np.float64], NDArray[np.bool_]]]
"""From a model to −log p(answer) in nats and whether the answer is right, one entry a row."""


@dataclass(frozen=True)
class Fitted:
    """The outcome of a training run.

    Parameters
    ----------
    history : list of dict
        Log entries, each with its ``step``.
    step : int
        The step whose weights were kept.
    validation_nll : float
        Weighted validation loss there, in nats per answer.
    seconds : float
        Time spent in this process.
    """

    history: list[dict[str, Any]]
    step: int
    validation_nll: float
    seconds: float


class _Complete(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Keep what the loss remembers, and mark a checkpoint once everything in it is written."""

    def __init__(self, memory: dict[str, torch.Tensor]) -> None:
        self.memory = memory

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        save_file({name: value.detach().cpu() for name, value in self.memory.items()}, folder / MEMORY)
        (folder / COMPLETE).touch()


class _Trainer(TargetRiskTrainer):
    """Add rows to the curve that are not scored by one encoding, such as those of a mixture."""

    scorers: Mapping[str, Scorer]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log, with the scored rows beside the validation loss."""
        if "eval_validation_nll" in logs:
            for name, score in self.scorers.items():
                nll, exact = score(self.model)
                logs[f"eval_{name}_nll"] = float(nll.mean())
                logs[f"eval_{name}_exact_match"] = float(exact.mean())
        super().log(logs, start_time)


def fit(
    model: Any,
    tokenizer: Any,
    *,
    train: list[Encoded],
    validation: list[Encoded],
    weights: RowWeights,
    objective: Loss | None = None,
    views: Mapping[str, list[Encoded]] | None = None,
    validation_views: Mapping[str, list[Encoded]] | None = None,
    share: bool = False,
    balanced: bool = False,
    memory: Mapping[str, NDArray[np.float64]] | None = None,
    monitors: Mapping[str, list[Encoded] | Scorer],
    settings: TrainingSpec,
    seed: int,
    checkpoints: Path,
    on_log: Callable[[list[dict[str, Any]]], None] | None = None,
) -> Fitted:
    """Train a model's trainable parameters on a weighted target risk.

    Parameters
    ----------
    model : PeftModel
        A freshly wrapped model; it is changed in place.
    tokenizer : PreTrainedTokenizerBase
        For the padding token.
    train, validation : list of Encoded
        N and M rows.
    weights : RowWeights
        Of these rows.
    objective : Loss, optional
        What is minimised; by default the weighted likelihood.
    views : mapping of str to list of Encoded, optional
        Further encodings of the training rows that the objective asks for.
    validation_views : mapping of str to list of Encoded, optional
        The same of the validation rows: they are then judged by the objective itself, not by their likelihood.
    share : bool
        Whether what all encodings of a row begin with is computed once; see `causal_reasoning.training.shared_prompt`.
    balanced : bool
        Whether every batch holds equally many rows of each group, whatever the weights of sampling.
    memory : mapping of str to array, optional
        What the objective knows of the data beside the rows; see `causal_reasoning.objective.loss.Step`.
    monitors : mapping of str to list of Encoded or Scorer
        Rows whose loss is logged along the way; never used for selection.
    settings : TrainingSpec
        Optimisation.
    seed : int
        Order of the batches and dropout.
    checkpoints : Path
        Folder of the checkpoints; training resumes at the last complete one.
    on_log : callable, optional
        Called with the history after each log entry.

    Returns
    -------
    Fitted
        The history and which step was kept.

    Raises
    ------
    RunFailedError
        If the loss is no longer a number.
    """
    objective = objective or WeightedLikelihood()
    _check(objective, model, settings)
    callbacks = equip(model, objective)
    record(model, objective)
    fit_routers(model, train, tokenizer.pad_token_id, seed)
    best = settings.select == "best"
    evaluate_every = min(settings.evaluate_every, settings.steps)
    # The best step is only kept if it is saved, so both happen together then.
    save_every = evaluate_every if best else min(settings.checkpoint_every, settings.steps)
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation,
        max_steps=settings.steps,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=math.ceil(settings.warmup * settings.steps),
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_grad_norm,
        bf16=False,  # the model is loaded in its precision already
        eval_strategy="steps",
        eval_steps=evaluate_every,
        save_strategy="steps",
        save_steps=save_every,
        save_total_limit=2,
        load_best_model_at_end=best,
        metric_for_best_model="validation_nll",
        greater_is_better=False,
        # A resumed run starts a fresh mean of the loss, so checkpoints must lie where a mean ends.
        logging_steps=math.gcd(10, save_every),
        logging_nan_inf_filter=False,
        report_to="none",
        seed=seed,
        data_seed=seed,
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        dataloader_drop_last=len(train) >= settings.batch_size,
        dataloader_pin_memory=False,
    )
    judged = None
    if validation_views is not None:
        numbers = weights.validation_groups.tolist()
        labels = {name: values.tolist() for name, values in weights.validation_labels.items()}
        judged = EncodedRows(
            validation, weights.validation.tolist(), numbers, validation_views, labels=labels, share=share
        )
    trainer = _Trainer(
        model=model,
        args=arguments,
        train_dataset=EncodedRows(
            train,
            weights.loss.tolist(),
            weights.groups.tolist(),
            views,
            labels={name: numbers.tolist() for name, numbers in weights.labels.items()},
            share=share,
        ),
        eval_dataset=EncodedRows(validation, weights.validation.tolist()),
        data_collator=collate(tokenizer.pad_token_id),
        objective=objective,
        groups=int(weights.groups.max()) + 1,
        sampling_weights=weights.sampling,
        balanced=weights.groups if balanced else None,
        tokens_per_answer=float(np.mean([len(row.target) for row in train])),
        validation=validation,
        validation_weights=weights.validation,
        judged=judged,
        monitors={name: rows for name, rows in monitors.items() if not callable(rows)},
        pad=tokenizer.pad_token_id,
        on_log=on_log,
    )
    trainer.scorers = {name: rows for name, rows in monitors.items() if callable(rows)}
    trainer.memory.update({name: torch.tensor(values).float() for name, values in (memory or {}).items()})
    # What a loss needs beside batches is kept with a checkpoint before the checkpoint counts as complete.
    for callback in (*callbacks, _Complete(trainer.memory)):
        trainer.add_callback(callback)
    trainer.remove_callback(PrinterCallback)
    trainer.remove_callback(ProgressCallback)
    started = time.perf_counter()
    point = _resume_point(checkpoints)
    if point is not None:
        trainer.memory.update(load_file(Path(point) / MEMORY))
    trainer.train(resume_from_checkpoint=point)
    history = trainer.state.log_history
    curve = {e["step"]: e["eval_validation_nll"] for e in history if "eval_validation_nll" in e}
    step = int(trainer.state.best_global_step or settings.steps) if best else settings.steps
    if step not in curve:
        metrics = trainer.evaluate()
        curve[step] = metrics["eval_validation_nll"]
    strip(model)
    return Fitted(list(trainer.state.log_history), step, curve[step], time.perf_counter() - started)


def _check(objective: Loss, model: Any, settings: TrainingSpec) -> None:
    """Refuse what an objective with penalties cannot be trained with."""
    refusal = accumulation_refusal(objective, settings.gradient_accumulation, settings.batch_size)
    if refusal:
        raise InputError.at("training.gradient_accumulation", refusal)
    depth = int(model.config.get_text_config().num_hidden_layers)
    states = [state for penalty in getattr(objective, "penalties", ()) for state in getattr(penalty, "states", ())]
    for layer in sorted({state.layer for state in states if isinstance(state, HiddenState)}):
        if not -depth - 1 <= layer <= depth:
            raise InputError.at(
                "bind.hidden.layer", f"the model has {depth} layers, and a penalty reads the state after layer {layer}"
            )


def _resume_point(folder: Path) -> str | None:
    """The last complete checkpoint; incomplete ones are removed."""
    complete: list[tuple[int, Path]] = []
    for path in sorted(folder.glob("checkpoint-*")):
        number = path.name.removeprefix("checkpoint-")
        if number.isdigit() and (path / COMPLETE).is_file() and _readable(path / "trainer_state.json"):
            complete.append((int(number), path))
        else:
            shutil.rmtree(path, ignore_errors=True)
    return str(max(complete)[1]) if complete else None


def _readable(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
