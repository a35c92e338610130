"""Step time of the weighted objective against a stock Trainer with peft LoRA, on the same batches.

Both trainers see the same rows in the same order; they take turns, so that a busy machine hits both. Prints the
ratio of the medians over all steps, and its range over the rounds.

Usage: python tests/benchmarks/bench_step_time.py [--rounds 5] [--steps 40] [--model default]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from causal_reasoning.data.encode import Encoded, EncodedRows, collate, encode
from causal_reasoning.data.load import load_data
from causal_reasoning.data.sampling import SystematicSampler
from causal_reasoning.experiment import load_experiment
from causal_reasoning.objective import compile_objective
from causal_reasoning.training.model import attach_lora, load_model
from causal_reasoning.training.trainer import TargetRiskTrainer
from causal_reasoning.training.weighting import row_weights

WARM_UP = 5


class Clock(TrainerCallback):  # type: ignore[misc]
    """Time from the beginning of a step to its end, in seconds."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.started = 0.0

    def on_step_begin(self, *args: Any, **kwargs: Any) -> None:
        self.started = time.perf_counter()

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.steps.append(time.perf_counter() - self.started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--model", default="default")
    options = parser.parse_args()
    experiment = load_experiment("letters")
    graph = next(arm.graph for arm in experiment.arms if arm.graph is not None and arm.graph.name == "reasoning")
    data = load_data(experiment, 1)
    weights = row_weights(compile_objective(graph), data.train, data.validation)
    _, tokenizer = load_model(options.model)
    rows = encode(data.train, tokenizer, experiment.spec.prompt, experiment.write, 512)
    importance = np.maximum(weights.loss, weights.sampling)
    medians: dict[str, list[float]] = {"stock": [], "weighted": []}
    for turn in range(options.rounds):
        for name in ("stock", "weighted") if turn % 2 == 0 else ("weighted", "stock"):
            steps = measure(name, options, rows, importance, tokenizer, experiment)
            medians[name].append(statistics.median(steps))
    ratios = [w / s for w, s in zip(medians["weighted"], medians["stock"], strict=True)]
    for name, values in medians.items():
        print(f"{name:9} median step {statistics.median(values) * 1000:7.1f} ms")
    print(
        f"ratio weighted / stock: {statistics.median(ratios):.3f} "
        f"(rounds: {min(ratios):.3f} to {max(ratios):.3f}, {options.rounds} rounds of {options.steps} steps)"
    )


def measure(
    name: str, options: argparse.Namespace, rows: list[Encoded], weights: Any, tokenizer: Any, experiment: Any
) -> list[float]:
    """Step times of one trainer, in seconds."""
    torch.manual_seed(0)
    model, _ = load_model(options.model)
    model = attach_lora(model, experiment.spec.adapter)
    order = list(SystematicSampler(np.ones(len(rows)), seed=0))
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=str(Path(folder)),
            per_device_train_batch_size=options.batch_size,
            max_steps=options.steps + WARM_UP,
            learning_rate=1e-3,
            save_strategy="no",
            logging_steps=10,
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
            label_names=["labels"],
            train_sampling_strategy="sequential",
            dataloader_pin_memory=False,
            seed=0,
        )
        common: dict[str, Any] = {"model": model, "args": arguments, "callbacks": [clock]}
        trainer: Trainer
        if name == "stock":
            together = collate(tokenizer.pad_token_id)

            def plain(batch: list[dict[str, Any]]) -> dict[str, Any]:
                return {key: value for key, value in together(batch).items() if key != "weight"}

            ordered = EncodedRows([rows[i] for i in order], [1.0] * len(rows))
            trainer = Trainer(train_dataset=ordered, data_collator=plain, **common)
        else:
            trainer = TargetRiskTrainer(
                train_dataset=EncodedRows(rows, weights.tolist()),
                data_collator=collate(tokenizer.pad_token_id),
                sampling_weights=np.ones(len(rows)),
                tokens_per_answer=float(np.mean([len(row.target) for row in rows])),
                validation=[],
                validation_weights=np.ones(0),
                monitors={},
                pad=tokenizer.pad_token_id,
                **common,
            )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return clock.steps[WARM_UP:]


if __name__ == "__main__":
    main()
