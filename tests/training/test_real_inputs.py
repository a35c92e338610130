"""The whole path on a really pretrained model and on real rows."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from peft import PeftModel

from causal_reasoning.experiment import load_experiment
from causal_reasoning.sweeps.run import prepare, run
from causal_reasoning.sweeps.store import run_config, run_folder
from causal_reasoning.training.model import load_model
from tests.shared import shared

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_a_pretrained_model_trains_saves_and_reloads_with_equal_logits(tmp_path: Path) -> None:
    model_folder = shared("models/stories260K")
    short = {
        "training.steps": "3",
        "training.evaluate_every": "3",
        "training.batch_size": "8",
        "evaluation.items": "4",
        "evaluation.max_new_tokens": "4",
        "data.set": "{rho: 0.4}",
        "data.rows": "400",
    }
    experiment = load_experiment(EXAMPLES / "stories.yaml", short)
    arm = experiment.arm("reasoning")
    trained: list[torch.Tensor] = []
    ids = torch.arange(3, 40).unsqueeze(0)

    # Catch the trained model's logits where the run saves its adapter.
    save = PeftModel.save_pretrained

    def spy(self: PeftModel, *args: object, **kwargs: object) -> object:
        self.eval()
        with torch.no_grad():
            trained.append(self(input_ids=ids).logits)
        return save(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PeftModel, "save_pretrained", spy)
        record = run(experiment, arm, 1, tmp_path)
    assert record["model"]["parameters"] > 260_032 > record["model"]["trainable"] > 0
    base, _ = load_model(str(model_folder))
    adapter = run_folder(tmp_path, run_config(experiment, arm, 1), arm) / "adapter"
    with torch.no_grad():
        untrained = base(input_ids=ids).logits
        reloaded = PeftModel.from_pretrained(base, adapter).eval()(input_ids=ids).logits
    assert torch.equal(trained[-1], reloaded)
    assert not torch.equal(untrained, reloaded)


def test_real_names_get_a_confounder_whose_strength_is_the_planted_one() -> None:
    shared("data/lconcat/names_3_4.jsonl")
    experiment = load_experiment(EXAMPLES / "names.yaml")
    prepared = prepare(experiment, experiment.arm("reasoning"), 1)
    assert prepared.overlap is not None
    # 70 % of 400 names, four questions each.
    assert prepared.overlap["rows"] == 1120
    # P(skill | style) is .85 on the pair and .05 off it: the share is 1 / Σ (1/4)²/P = .2615, up to sampling noise.
    assert prepared.overlap["effective_share"] == pytest.approx(0.2615, abs=0.04)
