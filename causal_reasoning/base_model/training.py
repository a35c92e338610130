"""Train a model from scratch on the worlds of a recipe."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from causal_reasoning.base_model.batches import Part, batches
from causal_reasoning.base_model.checkpoint import Checkpoint, find_checkpoint
from causal_reasoning.base_model.examples import DIRECT, STEP_BY_STEP
from causal_reasoning.base_model.muon import Muon
from causal_reasoning.base_model.network import new_model
from causal_reasoning.base_model.recipe import Recipe, TrainingSpec

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

#: Steps over which losses are averaged for the display and the curve.
EVERY = 25


@dataclass(frozen=True)
class Trained:
    """What a training run gives.

    Parameters
    ----------
    model : LlamaForCausalLM
        In evaluation mode.
    seconds : float
        Wall time of the steps, those before a restart included.
    curve : list of dict
        For every 25 steps the mean loss in nats per token, over all and for each world and format.
    """

    model: LlamaForCausalLM
    seconds: float
    curve: list[dict[str, Any]]


Watcher = Callable[[int, float, list[dict[str, Any]]], None]


def train(
    recipe: Recipe,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path | None = None,
    watch: Watcher | None = None,
) -> Trained:
    """Train a model; the loss is taken on what it must write only.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    tokenizer : PreTrainedTokenizerBase
        From `build_tokenizer`.
    folder : Path, optional
        Where checkpoints are kept; a run that finds one goes on there and ends with the same weights.
    watch : callable, optional
        Called after each step with the number of steps done, the wall time in seconds and the curve.

    Returns
    -------
    Trained
        The model and how it got there.

    Raises
    ------
    InputError
        If the folder holds a checkpoint of another recipe.
    """
    settings = recipe.spec.training
    device = device_of(recipe)
    model = new_model(recipe, tokenizer)
    found = find_checkpoint(folder, recipe.digest) if folder is not None else None
    if found is not None:
        model.load_state_dict(found.model)
    model.to(device)
    optimizer = _optimizer(model, settings)
    if found is not None:
        optimizer.load_state_dict(found.optimizer)
    step, before, curve = (found.step, found.seconds, found.curve) if found else (0, 0.0, [])
    sums = _Sums(recipe, found.sums if found else None)
    begun = time.monotonic() - before
    model.train()
    for parts in batches(recipe, tokenizer, step):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step)
        _step(model, parts, recipe, sums, device)
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % EVERY == 0 or step == settings.steps:
            curve.append({"step": step, **sums.means()})
        seconds = time.monotonic() - begun
        if folder is not None and (step % settings.checkpoint_every == 0 or step == settings.steps):
            states = model.state_dict(), optimizer.state_dict(), sums.state()
            Checkpoint(recipe.digest, step, seconds, *states, curve).save(folder)
        if watch is not None:
            watch(step, seconds, curve)
    return Trained(model.cpu().eval(), time.monotonic() - begun, curve)


def device_of(recipe: Recipe) -> torch.device:
    """Return where a recipe is trained on this machine."""
    wanted = recipe.spec.training.device
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def learning_rate(recipe: Recipe, step: int) -> float:
    """Compute the learning rate: a linear warm-up, then a cosine down to zero.

    Parameters
    ----------
    recipe : Recipe
        Peak, steps and warm-up.
    step : int
        Steps done before, from 0.

    Examples
    --------
    >>> from causal_reasoning.base_model.recipe import load_recipe
    >>> recipe = load_recipe("default")
    >>> learning_rate(recipe, recipe.spec.training.warmup) == recipe.spec.training.learning_rate
    True
    """
    settings = recipe.spec.training
    warm = min(settings.warmup, settings.steps)
    if step < warm:
        return settings.learning_rate * (step + 1) / warm
    done = (step - warm) / max(settings.steps - warm, 1)
    return settings.learning_rate * (0.5 + 0.5 * math.cos(math.pi * done))


def _optimizer(model: LlamaForCausalLM, settings: TrainingSpec) -> torch.optim.Optimizer:
    """Muon for the matrices inside the blocks, Adam for embeddings and vectors."""
    matrices = [p for p in model.model.layers.parameters() if p.ndim > 1]
    inside = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in inside]
    return Muon(matrices, others, ratio=settings.matrix_ratio, weight_decay=settings.weight_decay)


def _step(model: LlamaForCausalLM, parts: list[Part], recipe: Recipe, sums: _Sums, device: torch.device) -> None:
    """Add up the gradient of a batch, part after part."""
    power = recipe.spec.training.long_answers - 1
    whole = sum(float((part.lengths.double() ** (1 + power)).sum()) for part in parts)
    for part in parts:
        weights = (part.lengths.double() ** power)[part.rows].float().to(device)
        with _precision(recipe, device):
            losses = token_losses(model, part, device)
        torch.autograd.backward((losses * weights).sum() / whole)
        sums.add(part, losses.detach().cpu())


def _precision(recipe: Recipe, device: torch.device) -> AbstractContextManager[Any]:
    if recipe.spec.training.precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def token_losses(model: LlamaForCausalLM, part: Part, device: torch.device) -> Tensor:
    """Compute the loss of every token of the targets.

    Padding stands on the right, where causal attention never looks, so there is no mask; and logits are computed
    only where they are needed.

    Parameters
    ----------
    model : LlamaForCausalLM
        The model.
    part : Part
        Some examples.
    device : torch.device
        Where the model is.

    Returns
    -------
    Tensor of shape (tokens,)
        −log p of each target token given all before it, in nats.
    """
    hidden = model.model(input_ids=part.inputs.to(device), use_cache=False).last_hidden_state
    logits = model.lm_head(hidden[:, :-1][part.chosen.to(device)])
    return torch.nn.functional.cross_entropy(logits.float(), part.targets.to(device), reduction="none")


class _Sums:
    """Losses since the last point of the curve, by world and format."""

    def __init__(self, recipe: Recipe, state: dict[str, Any] | None = None) -> None:
        self.names = [source.world.name for source in recipe.sources]
        self.clear()
        if state is not None:
            self.loss, self.tokens, self.read = state["loss"], state["tokens"], state["read"]

    def clear(self) -> None:
        self.loss = torch.zeros(len(self.names), 2, dtype=torch.float64)
        self.tokens = torch.zeros(len(self.names), 2, dtype=torch.float64)
        self.read = 0

    def state(self) -> dict[str, Any]:
        return {"loss": self.loss, "tokens": self.tokens, "read": self.read}

    def add(self, part: Part, losses: Tensor) -> None:
        groups = torch.tensor([[source, steps] for source, steps in part.groups], dtype=torch.long)[part.rows]
        place = (groups[:, 0], groups[:, 1])
        self.loss.index_put_(place, losses.double(), accumulate=True)
        self.tokens.index_put_(place, torch.ones_like(losses, dtype=torch.float64), accumulate=True)
        self.read += part.inputs.numel()

    def means(self) -> dict[str, Any]:
        """Return the means, and begin anew."""
        worlds = {
            name: {
                kind: float(self.loss[index, column] / self.tokens[index, column])
                for column, kind in enumerate((DIRECT, STEP_BY_STEP))
                if self.tokens[index, column]
            }
            for index, name in enumerate(self.names)
        }
        result = {"loss": float(self.loss.sum() / self.tokens.sum()), "tokens": self.read, "worlds": worlds}
        self.clear()
        return result
