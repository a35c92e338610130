"""The one trainer: a thin subclass of transformers' Trainer that minimises a weighted target risk."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import Trainer

from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.data.sampling import GroupBalancedSampler, SystematicSampler
from causal_reasoning.errors import RunFailedError
from causal_reasoning.objective.loss import Loss
from causal_reasoning.training.likelihood import score
from causal_reasoning.training.step import TorchStep

_JUDGED_AT_ONCE = 64


class TargetRiskTrainer(Trainer):  # type: ignore[misc]  # transformers ships no types
    """Minimise a compiled objective over batches.

    Likelihoods are of whole answers, divided by a constant, the mean length of an answer, so that losses read in
    nats per token. The parts of the loss are logged as means since the last log entry.

    Parameters
    ----------
    objective : Loss
        What is minimised, for instance `causal_reasoning.objective.loss.WeightedLikelihood`.
    groups : int
        The number of groups in the training rows.
    sampling_weights : array of shape (N,)
        How often each training row is drawn, relative to the others.
    balanced : array of shape (N,), optional
        The rows' groups, where every batch holds equally many rows of each instead.
    tokens_per_answer : float
        Mean number of tokens of a training answer.
    validation : list of Encoded
        M rows of the training distribution.
    validation_weights : array of shape (M,)
        Their importance weights: the weighted loss estimates the target risk.
    judged : EncodedRows, optional
        The validation rows with all that the objective reads of a row: the validation loss is then the objective itself
        on them, and not the likelihood of ``validation``.
    monitors : mapping of str to list of Encoded
        Other rows whose loss is logged with the curve; never used for selection.
    on_log : callable
        Called with the history of logs after each entry.
    **kwargs
        As for `transformers.Trainer`.
    """

    # The loss is a plain mean over the micro-batch: let the base class divide by the number of micro-batches.
    loss_is_scaled_for_ga = False

    def __init__(
        self,
        *,
        objective: Loss,
        groups: int = 1,
        sampling_weights: NDArray[np.float64],
        balanced: NDArray[np.int64] | None = None,
        tokens_per_answer: float,
        validation: list[Encoded],
        validation_weights: NDArray[np.float64],
        judged: EncodedRows | None = None,
        monitors: Mapping[str, list[Encoded]],
        pad: int,
        on_log: Callable[[list[dict[str, Any]]], None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.objective = objective
        self.groups = groups
        self.memory: dict[str, torch.Tensor] = {}
        self.parts: dict[str, list[float]] = {}
        self.sampling_weights = sampling_weights
        self.balanced = balanced
        self.tokens_per_answer = tokens_per_answer
        self.validation = validation
        self.validation_weights = validation_weights
        self.judged = judged
        self.monitors = monitors
        self.pad = pad
        self.on_log = on_log

    def _get_train_sampler(self, train_dataset: Any = None) -> SystematicSampler | GroupBalancedSampler:
        if self.balanced is not None:
            return GroupBalancedSampler(self.balanced, self.args.per_device_train_batch_size, self.args.seed)
        return SystematicSampler(self.sampling_weights, self.args.seed)

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The loss of one micro-batch; see the class."""
        step = TorchStep(
            model,
            inputs,
            tokens_per_answer=self.tokens_per_answer,
            groups=self.groups,
            number=self.state.global_step,
            last=max(self.state.max_steps - 1, 0),
            memory=self.memory,
        )
        parts = self.objective(step)
        for name, value in parts.items():
            if name != "loss":
                self.parts.setdefault(name, []).append(float(torch.as_tensor(value).detach()))
        return (parts["loss"], step.output()) if return_outputs else parts["loss"]

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: list[str] | None = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """Weighted validation loss, and the loss and accuracy of the monitored rows."""
        metrics = {"eval_validation_nll": self._validation()}
        for name, rows in self.monitors.items():
            nll, exact = score(self.model, rows, self.pad)
            metrics[f"eval_{name}_nll"] = float(nll.mean())
            metrics[f"eval_{name}_exact_match"] = float(exact.mean())
        self.log(dict(metrics))
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    @torch.no_grad()
    def _validation(self) -> float:
        """What selection goes by, in nats per answer: the weighted likelihood, or the objective where it is more."""
        if self.judged is None:
            nll, _ = score(self.model, self.validation, self.pad)
            w = self.validation_weights
            return float((w * nll).sum() / w.sum())
        training = self.model.training
        self.model.eval()
        together, device, total = collate(self.pad), next(self.model.parameters()).device, 0.0
        for start in range(0, len(self.judged), _JUDGED_AT_ONCE):
            rows = range(start, min(start + _JUDGED_AT_ONCE, len(self.judged)))
            step = TorchStep(
                self.model,
                _moved(together([self.judged[i] for i in rows]), device),
                tokens_per_answer=self.tokens_per_answer,
                groups=self.groups,
                number=self.state.global_step,
                last=max(self.state.max_steps - 1, 0),
                memory=dict(self.memory),
            )
            parts = self.objective(step)
            total += float(torch.as_tensor(parts.get("unpenalised", parts["loss"]))) * len(rows)
        self.model.train(training)
        return total / len(self.judged) * self.tokens_per_answer

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log, and stop a run whose loss is no longer a number."""
        for key in ("loss", "eval_validation_nll"):
            if key in logs and not math.isfinite(logs[key]):
                raise RunFailedError(
                    f"the loss is {logs[key]} at step {self.state.global_step}; lower training.learning_rate "
                    f"(now {self.args.learning_rate:g}) or raise training.warmup"
                )
        if "loss" in logs and self.parts:
            logs = {**logs, **{name: float(np.mean(values)) for name, values in self.parts.items()}}
            self.parts.clear()
        super().log(logs, start_time)
        if self.on_log is not None:
            self.on_log(self.state.log_history)


def _moved(batch: Any, device: torch.device) -> Any:
    return {k: _moved(v, device) for k, v in batch.items()} if isinstance(batch, dict) else batch.to(device)


def device_name() -> str:
    """The device that training runs on, for the record."""
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name(0))
    return f"cpu, {torch.get_num_threads()} threads"
