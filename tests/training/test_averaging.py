"""What a loss needs of the training loop: averaged weights, heads, a fresh optimiser; the same when resumed."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import PrinterCallback, TrainerCallback, TrainingArguments

from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.experiment import LoraSpec
from causal_reasoning.objective.baselines.cft import TwoModels
from causal_reasoning.objective.baselines.swa import AveragedLikelihood
from causal_reasoning.objective.baselines.vrex import EqualRisks
from causal_reasoning.objective.loss import Loss
from causal_reasoning.training.averaging import AverageWeights
from causal_reasoning.training.equip import ResetOptimizer, equip
from causal_reasoning.training.likelihood import score
from causal_reasoning.training.model import attach_lora, load_model
from causal_reasoning.training.trainer import TargetRiskTrainer
from tests.tiny import make_model

ROWS = [Encoded((5 + i, 6, 7 + i), (9 + i, 2)) for i in range(8)]
STEPS = 6


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return load_model(str(make_model(tmp_path_factory.mktemp("model"))))[0]


@dataclass
class Trained:
    """A run: the weights after every step, at the end, and how many moments the optimiser had before each step."""

    steps: dict[int, dict[str, torch.Tensor]] = field(default_factory=dict)
    final: dict[str, torch.Tensor] = field(default_factory=dict)
    moments: dict[int, int] = field(default_factory=dict)
    evaluated: dict[int, float] = field(default_factory=dict)
    score: float = 0.0


class Spy(TrainerCallback):  # type: ignore[misc]
    def __init__(self, run: Trained) -> None:
        self.run = run

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.run.moments[state.global_step] = len(kwargs["optimizer"].state)

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.run.steps[state.global_step + 1] = weights(kwargs["model"])


def weights(model: Any) -> dict[str, torch.Tensor]:
    return {n: p.detach().clone() for n, p in model.named_parameters() if p.requires_grad}


def train(base: Any, loss: Loss, folder: Path, *, resume: bool = False, best: bool = False) -> Trained:
    torch.manual_seed(3)
    model = attach_lora(copy.deepcopy(base), LoraSpec(rank=2, alpha=8))
    run = Trained()
    trainer = TargetRiskTrainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(folder),
            per_device_train_batch_size=4,
            max_steps=STEPS,
            learning_rate=0.05,
            lr_scheduler_type="constant",
            eval_strategy="steps",
            eval_steps=1,
            save_strategy="steps",
            save_steps=1,
            load_best_model_at_end=best,
            metric_for_best_model="validation_nll",
            greater_is_better=False,
            report_to="none",
            seed=1,
            disable_tqdm=True,
            remove_unused_columns=False,
            label_names=["labels"],
            logging_steps=1,
            use_cpu=True,
        ),
        train_dataset=EncodedRows(ROWS, [1.0] * 8, [0, 1] * 4),
        eval_dataset=EncodedRows(ROWS, [1.0] * 8),
        data_collator=collate(0),
        objective=loss,
        groups=2,
        sampling_weights=np.ones(8),
        tokens_per_answer=2.0,
        validation=ROWS,
        validation_weights=np.ones(8),
        monitors={},
        pad=0,
    )
    trainer.remove_callback(PrinterCallback)
    for callback in (*equip(model, loss), Spy(run)):
        trainer.add_callback(callback)
    trainer.train(resume_from_checkpoint=str(folder / "checkpoint-4") if resume else None)
    run.final = weights(model)
    run.evaluated = {
        e["step"]: e["eval_validation_nll"] for e in trainer.state.log_history if "eval_validation_nll" in e
    }
    run.score = float(score(model, ROWS, 0)[0].mean())
    return run


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_last_weights_are_averaged_and_a_resumed_run_ends_with_the_same(base: Any, tmp_path: Path) -> None:
    whole = train(base, AveragedLikelihood(start=0.5), tmp_path)
    for name, value in whole.final.items():
        mean = (whole.steps[4][name] + whole.steps[5][name] + whole.steps[6][name]) / 3
        assert torch.allclose(value, mean, atol=1e-6)
    assert not same(whole.final, whole.steps[6])
    # The validation loss on record is that of the weights that are kept.
    assert whole.evaluated[6] == pytest.approx(whole.score, rel=1e-6)
    # Training itself is not disturbed by the evaluations with other weights.
    alone = train(base, AveragedLikelihood(start=0.999), tmp_path / "other")
    assert same(alone.steps[6], whole.steps[6])
    assert same(alone.final, alone.steps[6])
    resumed = train(base, AveragedLikelihood(start=0.5), tmp_path, resume=True)
    assert same(resumed.final, whole.final)


def test_the_best_average_is_kept_where_the_best_step_is(base: Any, tmp_path: Path) -> None:
    run = train(base, AveragedLikelihood(start=0.0), tmp_path, best=True)
    best = min(run.evaluated, key=lambda step: run.evaluated[step])
    assert run.score == pytest.approx(run.evaluated[best], rel=1e-6)


def test_heads_are_resumed_with_the_adapter(base: Any, tmp_path: Path) -> None:
    loss = TwoModels(align=1.0, adjust=1.0, shuffles=2, classes=4)
    whole = train(base, loss, tmp_path)
    assert [name for name in whole.final if "objective_heads" in name]
    assert same(train(base, loss, tmp_path, resume=True).final, whole.final)


def test_the_optimiser_forgets_once_when_the_penalty_jumps(base: Any, tmp_path: Path) -> None:
    loss = EqualRisks(weight=10.0, anneal=0.5)
    whole = train(base, loss, tmp_path)
    assert whole.moments[3] == 0
    assert all(whole.moments[step] > 0 for step in (1, 2, 4, 5))
    assert same(train(base, loss, tmp_path, resume=True).final, whole.final)


def test_what_is_needed_is_what_is_added(base: Any) -> None:
    model = attach_lora(copy.deepcopy(base), LoraSpec(rank=2, alpha=4))
    assert [type(c) for c in equip(model, AveragedLikelihood(0.5))] == [AverageWeights]
    assert [type(c) for c in equip(model, EqualRisks(1.0, 0.1))] == [ResetOptimizer]
    assert equip(model, EqualRisks(1.0, 0.0)) == []
