"""Give a model and a training loop what an objective needs beside batches."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from causal_reasoning.adapter.attention import PREFIX, with_slots
from causal_reasoning.errors import InputError
from causal_reasoning.objective.loss import Equipped, Head, Loss
from causal_reasoning.training.averaging import AverageWeights
from causal_reasoning.training.step import HEADS

FILE = "objective_heads.safetensors"


def equip(model: Any, loss: Loss) -> list[TrainerCallback]:
    """Prepare a model for a loss, before its optimiser is made.

    Parameters
    ----------
    model : PeftModel
        A freshly wrapped model; heads are added to it and attention is switched to the eager implementation
        if the loss says so.
    loss : Loss
        The objective; see `causal_reasoning.objective.loss.Needs`.

    Returns
    -------
    list of TrainerCallback
        To be added to the trainer before whatever marks a checkpoint as complete. Empty for most losses.

    Raises
    ------
    InputError
        If the model has no eager attention.
    """
    if not isinstance(loss, Equipped):
        return []
    needs = loss.needs()
    callbacks: list[TrainerCallback] = []
    if needs.attention:
        _use_eager_attention(model)
    if needs.heads:
        size = model.get_input_embeddings().weight.shape[1]
        heads = torch.nn.ModuleDict({name: _network(head, size) for name, head in sorted(needs.heads.items())})
        model.add_module(HEADS, heads.to(next(model.parameters()).device))
        callbacks.append(KeepHeads())
    if needs.reset_at is not None:
        callbacks.append(ResetOptimizer(needs.reset_at))
    if needs.average_from is not None:
        callbacks.append(AverageWeights(needs.average_from))
    return callbacks


def strip(model: Any) -> None:
    """Throw away the heads that `equip` added; the adapter is what stays."""
    if HEADS in dict(model.named_children()):
        delattr(model, HEADS)


class KeepHeads(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Write an objective's heads into every checkpoint, and read them where training resumes."""

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Read them."""
        file = Path(args.output_dir) / f"checkpoint-{state.global_step}" / FILE
        if file.is_file():
            getattr(kwargs["model"], HEADS).load_state_dict(load_file(file))

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write them."""
        heads = getattr(kwargs["model"], HEADS).state_dict()
        kept = {name: value.cpu().contiguous() for name, value in heads.items()}
        save_file(kept, Path(args.output_dir) / f"checkpoint-{state.global_step}" / FILE)


class ResetOptimizer(TrainerCallback):  # type: ignore[misc]  # transformers ships no types
    """Forget the optimiser's moments once, when a penalty's factor jumps.

    The moments belong to gradients of another size: Adam would take the first steps with them far too long or too
    short. It happens at the beginning of a step, whether or not training resumes there.

    Parameters
    ----------
    share : float
        Share of the steps before it.
    """

    def __init__(self, share: float) -> None:
        self.share = share

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Forget, at the first step with the new factor."""
        if state.global_step == math.ceil(self.share * state.max_steps) and state.global_step:
            kwargs["optimizer"].state.clear()


def _network(head: Head, size: int) -> torch.nn.Module:
    last = torch.nn.Linear(size, head.outputs or size)
    if head.silent:
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.zeros_(last.bias)
    return torch.nn.Sequential(torch.nn.Linear(size, size), torch.nn.GELU(), last)


def _use_eager_attention(model: Any) -> None:
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    try:
        slots = str(base.config._attn_implementation).startswith(PREFIX)  # they stay where they are
        base.set_attn_implementation(with_slots("eager") if slots else "eager")
    except (ValueError, ImportError) as error:
        reason = " ".join(str(error).split())
        raise InputError.at("objective", f"it needs attention maps, which this model cannot give: {reason}") from error
