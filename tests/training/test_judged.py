"""What selection goes by: the likelihood, or the whole objective where that is more than a likelihood."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.objective.estimators.distillation import Distillation
from causal_reasoning.objective.mixture import LOG_PRIOR
from causal_reasoning.training.likelihood import score
from causal_reasoning.training.step import TorchStep
from causal_reasoning.training.trainer import TargetRiskTrainer
from tests.training.test_shared_prompt import ANSWERS, CONTROLS, OWN, QUESTIONS, build

MEMORY = {LOG_PRIOR: torch.tensor([0.5, 0.3, 0.2]).log()}
WEIGHTS = [1.0, 0.5, 2.0]


def rows(shown: list[tuple[int, ...]]) -> list[Encoded]:
    return [Encoded((*q, *c), a) for q, c, a in zip(QUESTIONS, shown, ANSWERS, strict=True)]


def trainer(model: Any, judged: EncodedRows | None) -> TargetRiskTrainer:
    """A trainer with nothing in it but what validation reads."""
    made = object.__new__(TargetRiskTrainer)
    made.model, made.judged, made.pad, made.memory = model, judged, 0, dict(MEMORY)
    made.objective, made.groups, made.tokens_per_answer = Distillation(), 3, 2.0
    made.state = SimpleNamespace(global_step=1, max_steps=2)
    made.validation, made.validation_weights = rows([CONTROLS[z] for z in OWN]), np.array(WEIGHTS)
    return made


@pytest.mark.parametrize("share", [True, False])
def test_a_student_is_judged_by_its_divergence_too(share: bool) -> None:
    model = build("llama").train()
    views = {"student": rows([()] * 3)}
    views |= {f"other {j}": rows([CONTROLS[j + (z <= j)] for z in OWN]) for j in range(2)}
    own = rows([CONTROLS[z] for z in OWN])
    found = trainer(model, EncodedRows(own, WEIGHTS, OWN, views, share=share))._validation()
    assert model.training
    # By hand: nats of each row's answer in its stratum, and the divergence of the student, weighted.
    model.eval()
    data = EncodedRows(own, WEIGHTS, OWN, views)
    step = TorchStep(model, collate(0)([data[i] for i in range(3)]), groups=3, memory=dict(MEMORY))
    teacher = Distillation().teacher(step)
    kl = (teacher.exp() * (teacher - step.logits("student").log_softmax(-1))).sum(-1)
    each = step.nll() + step.per_row(kl)
    assert found == pytest.approx(float((torch.tensor(WEIGHTS) * each).mean().detach()), abs=1e-5)


def test_everything_else_is_judged_by_weighted_likelihood() -> None:
    model = build("llama")
    nll, _ = score(model, rows([CONTROLS[z] for z in OWN]), 0)
    assert trainer(model, None)._validation() == pytest.approx(float(np.average(nll, weights=WEIGHTS)), abs=1e-5)
