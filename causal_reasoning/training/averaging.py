"""The mean of the trainable weights over the last steps, as a callback of the training loop."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

FILE = "averaged_weights.safetensors"


class AverageWeights(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Keep the mean of the weights after each of the last steps.

    Training goes on with its own weights. Evaluations see the mean once there is one, and training ends with
    it: with that of the last step, or of the best checkpoint where the best one is loaded. The mean is kept in single
    precision and written into every checkpoint, so that a resumed run has the same one.

    Parameters
    ----------
    start : float
        Share of the steps before averaging begins; at least the last step is averaged.

    References
    ----------
    P. Izmailov et al., "Averaging weights leads to wider optima and better generalization" (UAI 2018).
    """

    def __init__(self, start: float) -> None:
        self.start = start
        self.count = 0
        self.mean: dict[str, torch.Tensor] = {}
        self._own: dict[str, torch.Tensor] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the mean out of the checkpoint that is resumed."""
        self._load(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Add the weights to the mean, and show the mean to an evaluation that follows."""
        # The first step that counts is the one after the share, and the last one at the latest.
        if state.global_step > min(math.floor(self.start * state.max_steps), state.max_steps - 1):
            self.count += 1
            for name, value in _trainable(kwargs["model"]).items():
                new = value.detach().float()
                mean = self.mean.get(name, torch.zeros_like(new)).to(new.device)
                self.mean[name] = mean + (new - mean) / self.count
        if self.mean and control.should_evaluate:
            self._own = _swap(kwargs["model"], self.mean)

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Go on with the weights of training."""
        if self._own:
            _swap(kwargs["model"], self._own)
            self._own = {}

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write the mean beside the weights."""
        if self.mean:
            kept = {name: value.cpu().contiguous() for name, value in self.mean.items()}
            kept["count"] = torch.tensor(self.count)
            save_file(kept, Path(args.output_dir) / f"checkpoint-{state.global_step}" / FILE)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Put the mean in place of the weights."""
        if args.load_best_model_at_end and state.best_model_checkpoint:
            self.mean, self.count = {}, 0
            self._load(Path(state.best_model_checkpoint))
        if self.mean:
            _swap(kwargs["model"], self.mean)

    def _load(self, folder: Path) -> None:
        if (folder / FILE).is_file():
            kept = load_file(folder / FILE)
            self.count = int(kept.pop("count"))
            self.mean = kept


def _trainable(model: Any) -> dict[str, torch.nn.Parameter]:
    return {name: value for name, value in model.named_parameters() if value.requires_grad}


@torch.no_grad()
def _swap(model: Any, values: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Set the trainable weights, and return what they were."""
    before = {}
    for name, parameter in _trainable(model).items():
        before[name] = parameter.detach().clone()
        parameter.copy_(values[name])
    return before
