"""One run: an idempotent function from an arm and a seed to a finished folder."""

from __future__ import annotations

import json
import os
import shutil
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from causal_reasoning.data.encode import encode
from causal_reasoning.data.load import RunData, load_data
from causal_reasoning.errors import CausalReasoningError, RunFailedError
from causal_reasoning.experiment import Arm, Experiment
from causal_reasoning.experiment.reader import digest_of
from causal_reasoning.experiment.spec import WorldData
from causal_reasoning.files import write_atomic, write_jsonl
from causal_reasoning.objective import Derivation, derive
from causal_reasoning.sweeps.store import RESULT, SCHEMA, read_result, run_config, run_folder, versions
from causal_reasoning.training.weighting import RowWeights, row_weights

# Rows of a split that are scored at each point of the curve; the final measurement takes all of them.
MONITORED = 250

Progress = Callable[[int, int], None]
"""Called with the step that was reached and the number of steps."""


@dataclass(frozen=True)
class Prepared:
    """What is known before training: the derivation and how far the data carry it.

    Parameters
    ----------
    arm : Arm
        The arm.
    derivation : Derivation or None
        The compiled objective; ``None`` for the base and the ceiling.
    weights : RowWeights
        Weights of the training and validation rows.
    """

    arm: Arm
    derivation: Derivation | None
    weights: RowWeights

    @property
    def overlap(self) -> dict[str, Any] | None:
        """The overlap report of the weights as plain data; ``None`` when all are one."""
        return self.weights.overlap.to_dict() if self.weights.overlap else None


def prepare(experiment: Experiment, arm: Arm, seed: int, data: RunData | None = None) -> Prepared:
    """Compile an arm and estimate its weights, without training anything.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    arm : Arm
        The arm.
    seed : int
        Seed of the data.
    data : RunData, optional
        The rows, if they are loaded already.

    Returns
    -------
    Prepared
        Derivation and weights.

    Raises
    ------
    CausalReasoningError
        If the query is not identified, no plan is valid, or the data are faulty.
    """
    derivation = derive(arm.graph) if arm.graph is not None else None
    if data is None:
        data = load_data(experiment, seed, interventional=arm.kind == "ceiling")
    weights = row_weights(derivation.plan if derivation else None, data.train, data.validation)
    return Prepared(arm, derivation, weights)


def check_rows(experiment: Experiment, seed: int) -> None:
    """Tokenise all rows of a seed, so that what is too long is found before anything is trained.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    seed : int
        Seed of the data.

    Raises
    ------
    InputError
        If the model's tokenizer cannot be loaded, or a row is longer than ``training.max_length`` tokens.
    """
    from causal_reasoning.training.model import load_tokenizer

    spec = experiment.spec
    tokenizer = load_tokenizer(spec.model, folder=experiment.folder)
    data = load_data(experiment, seed)
    for table in (data.train, data.validation, *(split.table for split in data.splits)):
        encode(table, tokenizer, spec.prompt, experiment.write, spec.training.max_length)


def run(
    experiment: Experiment, arm: Arm | str, seed: int, root: Path | str, *, progress: Progress | None = None
) -> dict[str, Any]:
    """Train and measure one arm with one seed, or read back what was done before.

    Everything is kept in one folder named by the digest of the run's settings: the settings, the graph, the
    derivation, checkpoints while it trains, the log, the adapter, every answer, and the result. The result is
    written last, in one step: a folder with a result is finished, any other is resumed by the same call.

    Parameters
    ----------
    experiment : Experiment
        The settings.
    arm : Arm or str
        Which row of the comparison, or its name.
    seed : int
        Which repetition.
    root : path
        Where runs are kept.
    progress : callable, optional
        Called with the step and the number of steps.

    Returns
    -------
    dict
        The content of ``result.json``.

    Raises
    ------
    CausalReasoningError
        With a sentence for the user; the traceback of anything unforeseen is kept in ``error.txt``.
    """
    arm = experiment.arm(arm) if isinstance(arm, str) else arm
    config = run_config(experiment, arm, seed)
    folder = run_folder(Path(root), config, arm)
    finished = read_result(folder)
    if finished is not None:
        return finished
    folder.mkdir(parents=True, exist_ok=True)
    # Two processes may be told to do the same run: the second waits and reads the first one's result.
    with FileLock(folder / ".lock"):
        finished = read_result(folder)
        if finished is not None:
            return finished
        try:
            with warnings.catch_warnings():
                # transformers warns of names that peft still uses; nobody here can act on it.
                warnings.simplefilter("ignore", FutureWarning)
                return _run(experiment, arm, seed, config, folder, progress)
        except CausalReasoningError as error:
            if error.exit_code != RunFailedError.exit_code and not (folder / "checkpoints").exists():
                shutil.rmtree(folder, ignore_errors=True)  # bad input: nothing was begun, so nothing is left
            else:
                write_atomic(folder / "error.txt", f"{error}\n")
            raise
        except Exception as error:
            write_atomic(folder / "error.txt", traceback.format_exc())
            raise RunFailedError(
                f"{arm.name}, seed {seed}: {type(error).__name__}: {error} (traceback in {folder / 'error.txt'})"
            ) from error


def _run(
    experiment: Experiment,
    arm: Arm,
    seed: int,
    config: dict[str, Any],
    folder: Path,
    progress: Progress | None,
) -> dict[str, Any]:
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from transformers import set_seed

    from causal_reasoning.evaluation.splits import measure_splits
    from causal_reasoning.training.model import attach_lora, count_parameters, load_model
    from causal_reasoning.training.trainer import device_name

    for half in folder.glob(".*.part"):  # what a killed process was writing
        half.unlink()
    spec = experiment.spec
    data = load_data(experiment, seed, interventional=arm.kind == "ceiling")
    prepared = prepare(experiment, arm, seed, data)
    write_atomic(folder / "config.json", as_json(config))
    derivation = prepared.derivation.to_dict() if prepared.derivation else None
    if arm.graph is not None:
        write_atomic(folder / "graph.yaml", arm.graph.text)
        write_atomic(folder / "derivation.json", as_json(derivation))
    set_seed(seed)
    model, tokenizer = load_model(spec.model, spec.training.precision, folder=experiment.folder)
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "arm": arm.name,
        "kind": arm.kind,
        "digest": digest_of(config)[:12],
        "seed": seed,
        "graph": {"name": arm.graph.name, "digest": arm.graph.digest, "text": arm.graph.text} if arm.graph else None,
        "derivation": derivation,
        "overlap": prepared.overlap,
        "rows": {"train": len(data.train), "validation": len(data.validation)},
        "settings": _settings(experiment),
        "curve": [],
        "selection": None,
        "device": device_name(),
    }
    seconds: dict[str, float] = {}
    if arm.kind != "base":
        model = attach_lora(model, spec.adapter)
        record.update(_train(experiment, prepared, data, model, tokenizer, seed, folder, progress, seconds))
    total, trainable = count_parameters(model)
    record["model"] = {
        "name": spec.model,
        "parameters": total,
        "trainable": trainable if arm.kind != "base" else 0,
    }
    started = time.perf_counter()
    record["splits"], answers = measure_splits(model, tokenizer, experiment, data.splits)
    seconds["evaluate"] = time.perf_counter() - started
    write_jsonl(folder / "answers.jsonl", answers)
    record["seconds"] = seconds
    record["versions"] = versions()
    write_atomic(folder / RESULT, as_json(record))
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    (folder / "error.txt").unlink(missing_ok=True)
    return record


def _settings(experiment: Experiment) -> dict[str, Any]:
    """What a reader of the report wants to know of the settings, one plain value a name."""
    spec = experiment.spec
    data = spec.data
    if isinstance(data, WorldData):
        rows = ", ".join([f"world {data.world}", *(f"{name} = {value:g}" for name, value in data.set.items())])
    else:
        planted = f", {data.plant.column} planted at {data.plant.strength:g}" if data.plant else ""
        rows = f"{Path(data.train).name}{planted}"
    return {
        "data": rows,
        "prompt": spec.prompt,
        **spec.training.model_dump(),
        "rank": spec.adapter.rank,
        "alpha": spec.adapter.alpha,
        "dropout": spec.adapter.dropout,
    }


def _train(
    experiment: Experiment,
    prepared: Prepared,
    data: RunData,
    model: Any,
    tokenizer: Any,
    seed: int,
    folder: Path,
    progress: Progress | None,
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Train, save the adapter, and return the curve and the selection."""
    from causal_reasoning.training.fit import fit

    spec = experiment.spec

    def tokens(table: Any) -> Any:
        return encode(table, tokenizer, spec.prompt, experiment.write, spec.training.max_length)

    def logged(history: list[dict[str, Any]]) -> None:
        write_jsonl(folder / "metrics.jsonl", history)
        if progress is not None:
            progress(int(history[-1]["step"]), spec.training.steps)

    fitted = fit(
        model,
        tokenizer,
        train=tokens(data.train),
        validation=tokens(data.validation),
        weights=prepared.weights,
        monitors={
            split.name: tokens(split.table.rows(range(min(len(split.table), MONITORED))))
            for split in data.splits
            if split.name in ("same", "do")
        },
        settings=spec.training,
        seed=seed,
        checkpoints=folder / "checkpoints",
        on_log=logged,
    )
    seconds["train"] = fitted.seconds
    _save_adapter(model, prepared, experiment, seed, folder / "adapter")
    rule = "lowest weighted validation loss" if spec.training.select == "best" else "last step"
    return {
        "curve": _curve(fitted.history),
        "selection": {"rule": rule, "step": fitted.step, "validation_nll": fitted.validation_nll},
    }


def _save_adapter(model: Any, prepared: Prepared, experiment: Experiment, seed: int, folder: Path) -> None:
    """Write the adapter in peft's format with its graph and objective beside it, all or nothing."""
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    graph = prepared.arm.graph
    about = {
        "experiment": experiment.name,
        "arm": prepared.arm.name,
        "seed": seed,
        "graph": graph.canonical() if graph else None,
        "graph_digest": graph.digest if graph else None,
        "derivation": prepared.derivation.to_dict() if prepared.derivation else None,
        "versions": versions(),
    }
    (part / "causal_reasoning.json").write_text(as_json(about), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _curve(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One point a step, with the training loss that was logged last."""
    points: dict[int, dict[str, Any]] = {}
    loss: float | None = None
    for entry in history:
        loss = entry.get("loss", loss)
        if "eval_validation_nll" in entry:
            values = {k.removeprefix("eval_"): v for k, v in entry.items() if k.startswith("eval_")}
            points[entry["step"]] = {"step": entry["step"], "train_loss": loss, **values}
    return [points[step] for step in sorted(points)]


def as_json(value: Any) -> str:
    """Plain data as readable JSON; numbers that are not finite are refused."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
