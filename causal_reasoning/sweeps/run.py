"""One run: an idempotent function from an arm and a seed to a finished folder."""

from __future__ import annotations

import json
import os
import shutil
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from causal_reasoning.data.encode import Encoded
from causal_reasoning.data.load import RunData, load_data
from causal_reasoning.data.rendered_views import render_rows
from causal_reasoning.data.table import Table
from causal_reasoning.data.text_views import encode_text_views
from causal_reasoning.data.views import Encoder, components, encode_views
from causal_reasoning.errors import CausalReasoningError, RunFailedError
from causal_reasoning.experiment import Arm, Experiment
from causal_reasoning.experiment.adapter_spec import AdapterSpec, describe_adapter
from causal_reasoning.experiment.data_spec import source_title
from causal_reasoning.experiment.reader import digest_of
from causal_reasoning.experiment.spec import WorldData
from causal_reasoning.files import write_atomic, write_jsonl
from causal_reasoning.objective.mixture import LOG_PRIOR
from causal_reasoning.sweeps.answers import write_answers
from causal_reasoning.sweeps.prepare import Prepared, check_rows, prepare
from causal_reasoning.sweeps.store import RESULT, SCHEMA, read_result, run_config, run_folder, versions
from causal_reasoning.training.embeddings import embedder

__all__ = ["Prepared", "Progress", "as_json", "check_rows", "prepare", "run"]

# Rows of a split that are scored at each point of the curve; the final measurement takes all of them.
MONITORED = 250

Progress = Callable[[int, int], None]
"""Called with the step that was reached and the number of steps."""


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

    from causal_reasoning.evaluation.against_sum import against_sum
    from causal_reasoning.evaluation.slot_analysis import analyse_slots
    from causal_reasoning.evaluation.splits import measure_splits
    from causal_reasoning.training.adapters import attach_adapter, settle_adapter
    from causal_reasoning.training.model import count_parameters, load_model
    from causal_reasoning.training.slots import attach_slots
    from causal_reasoning.training.trainer import device_name

    for half in folder.glob(".*.part"):  # what a killed process was writing
        half.unlink()
    spec = experiment.spec
    data = load_data(
        experiment,
        seed,
        interventional=arm.kind == "ceiling",
        embed=embedder(experiment.spec.model, folder=experiment.folder),
    )
    prepared = prepare(experiment, arm, seed, data)
    write_atomic(folder / "config.json", as_json(config))
    derivation = prepared.derivation.to_dict() if prepared.derivation else None
    if arm.graph is not None:
        write_atomic(folder / "graph.yaml", arm.graph.text)
        write_atomic(folder / "derivation.json", as_json(derivation))
    set_seed(seed)
    model, tokenizer = load_model(spec.model, spec.training.precision, folder=experiment.folder)
    layout = prepared.derivation.plan.layout if prepared.derivation else None
    adapter = settle_adapter(model, experiment.adapter(arm)) if arm.kind != "base" else None
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
        "strata": prepared.strata_record,
        "rows": {"train": len(data.train), "validation": len(data.validation)},
        "settings": _settings(experiment, arm, adapter),
        "curve": [],
        "selection": None,
        "device": device_name(),
    }
    seconds: dict[str, float] = {}
    if adapter is not None:
        if layout is not None:
            model = attach_slots(model, layout, arm.graph, prepared.strata)
        else:
            model = attach_adapter(model, adapter)
        record.update(_train(experiment, prepared, data, model, tokenizer, seed, folder, progress, seconds))
    total, trainable = count_parameters(model)
    record["model"] = {
        "name": spec.model,
        "parameters": total,
        "trainable": trainable if arm.kind != "base" else 0,
    }
    started = time.perf_counter()
    record["splits"], answers = measure_splits(
        model, tokenizer, experiment, data.splits, prepared.strata, seed, prepared.questions
    )
    if prepared.strata is not None and record["strata"] is not None:
        rows = data.validation.rows(range(min(len(data.validation), MONITORED)))
        gap = against_sum(model, tokenizer, prepared.strata, rows, Encoder.of(experiment, tokenizer), seed)
        if gap is not None:
            record["strata"]["against_sum"] = gap.to_dict()
    if layout is not None:
        watched = data.validation.rows(range(min(len(data.validation), MONITORED)))
        columns = {name: values for name, values in watched.columns.items() if name not in experiment.write}
        encode = Encoder.of(experiment, tokenizer)
        set_ = next((split.table for split in data.splits if split.name == "do"), None)
        under_do = encode(set_.rows(range(min(len(set_), MONITORED)))) if set_ is not None else None
        record["slots"] = analyse_slots(
            model, encode(watched), tokenizer.pad_token_id, columns, seed=seed, under_do=under_do
        )
    seconds["evaluate"] = time.perf_counter() - started
    record["answers"] = write_answers(folder, answers)
    record["seconds"] = seconds
    record["versions"] = versions()
    write_atomic(folder / RESULT, as_json(record))
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    (folder / "error.txt").unlink(missing_ok=True)
    return record


def _settings(experiment: Experiment, arm: Arm, adapter: AdapterSpec | None) -> dict[str, Any]:
    """What a reader of the report wants to know of the settings, one plain value a name."""
    spec = experiment.spec
    data = spec.data
    if isinstance(data, WorldData):
        rows = ", ".join([f"world {data.world}", *(f"{name} = {value:g}" for name, value in data.set.items())])
    else:
        planted = f", {data.plant.column} planted at {data.plant.strength:g}" if data.plant else ""
        train = Path(data.train).name if isinstance(data.train, str) else source_title(data.train)
        rows = f"{train}{planted}"
    return {
        "data": rows,
        "prompt": spec.prompt,
        **experiment.training(arm).model_dump(),
        **(describe_adapter(experiment.adapter(arm), adapter) if adapter else {}),
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
    from causal_reasoning.evaluation.mixture import score_mixture
    from causal_reasoning.evaluation.question_average import scorer
    from causal_reasoning.training.fit import Scorer, fit

    spec = experiment.spec
    plan = prepared.derivation.plan if prepared.derivation else None
    strata = prepared.strata
    encoder = Encoder.of(experiment, tokenizer)

    def own(table: Table) -> list[Encoded]:
        return encoder.own(strata.model, table) if strata else encoder(table)

    def monitor(table: Table) -> list[Encoded] | Scorer:
        mixture = components(strata, table, encoder, seed) if strata else None
        if prepared.questions is not None:
            return scorer(encoder, table, prepared.questions, tokenizer.pad_token_id)
        if mixture is None:
            return encoder(table)
        return lambda model: score_mixture(model, mixture, tokenizer.pad_token_id)

    def logged(history: list[dict[str, Any]]) -> None:
        write_jsonl(folder / "metrics.jsonl", history)
        if progress is not None:
            progress(int(history[-1]["step"]), spec.training.steps)

    rendered = render_rows(experiment, plan, data, encoder, seed)
    views = encode_views(plan.views, strata, data.train, encoder) if plan and strata else {}
    # What reads several encodings of a row is judged by the objective itself: likelihood is only a part of it.
    held_out = encode_views(plan.views, strata, data.validation, encoder) if plan and strata and plan.views else None
    share = held_out is not None
    if plan and plan.text_views:
        views |= encode_text_views(plan.text_views, rendered.train, own, seed)
        held_out = {**(held_out or {}), **encode_text_views(plan.text_views, rendered.validation, own, seed)}
    fitted = fit(
        model,
        tokenizer,
        train=own(rendered.train),
        validation=own(rendered.validation),
        weights=prepared.weights,
        objective=plan.loss if plan else None,
        views={**views, **rendered.views} or None,
        validation_views=held_out,
        share=share,
        balanced=plan.balanced if plan else False,
        memory={LOG_PRIOR: strata.log_probabilities} if strata else None,
        monitors={
            split.name: monitor(split.table.rows(range(min(len(split.table), MONITORED))))
            for split in data.splits
            if split.name in ("same", "do")
        },
        settings=experiment.training(prepared.arm),
        seed=seed,
        checkpoints=folder / "checkpoints",
        on_log=logged,
    )
    seconds["train"] = fitted.seconds
    _save_adapter(model, tokenizer, prepared, experiment, seed, folder / "adapter")
    rule = "lowest weighted validation loss" if spec.training.select == "best" else "last step"
    return {
        "curve": _curve(fitted.history),
        "selection": {"rule": rule, "step": fitted.step, "validation_nll": fitted.validation_nll},
    }


def _save_adapter(
    model: Any, tokenizer: Any, prepared: Prepared, experiment: Experiment, seed: int, folder: Path
) -> None:
    """Write what was trained with its graph and objective beside it, all or nothing."""
    from causal_reasoning.evaluation.splits import ABOUT
    from causal_reasoning.training.adapters import save_trained

    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    save_trained(model, tokenizer, part)
    graph = prepared.arm.graph
    about = {
        "experiment": experiment.name,
        "arm": prepared.arm.name,
        "seed": seed,
        "graph": graph.canonical() if graph else None,
        "graph_digest": graph.digest if graph else None,
        "derivation": prepared.derivation.to_dict() if prepared.derivation else None,
        "strata": prepared.strata_record,
        "questions": prepared.questions.to_dict() if prepared.questions else None,
        "versions": versions(),
    }
    (part / ABOUT).write_text(as_json(about), encoding="utf-8")
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
