"""Low-rank slots: sets of updates of a linear layer, of which each row of a batch uses its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from causal_reasoning.adapter.choices import Choices, pick
from causal_reasoning.adapter.spec import ALWAYS, LowRankSlot


class SlotLinear(nn.Module, BaseTunerLayer):  # type: ignore[misc]
    """A frozen linear layer with low-rank updates.

    Parameters
    ----------
    base_layer : nn.Module
        ``nn.Linear``, a quantised one, or the transposed ``Conv1D`` of GPT-2.
    inputs, outputs : int
        Its sizes.
    choices : Choices
        Which part each row uses.

    Notes
    -----
    y = W x + (alpha / rank) Σ_k c_k B_k A_k x, with the row's choice c. A starts at random, B at zero. One frozen
    layer serves all parts, and rows with different parts share a batch.

    References
    ----------
    E. Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models" (2021), equation 3.
    """

    if TYPE_CHECKING:  # of peft, which has no types
        active_adapters: list[str]
        set_adapter: Any
        _active_adapter: Any
        get_base_layer: Any
        _move_adapter_to_device_of_base_layer: Any

    adapter_layer_names = ("slots_down", "slots_up")
    other_param_names = ()

    def __init__(self, base_layer: nn.Module, inputs: int, outputs: int, choices: Choices) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.in_features, self.out_features, self.choices = inputs, outputs, choices
        self.slots_down: Any = nn.ModuleDict({})  # by adapter, then by slot, as peft wants it
        self.slots_up: Any = nn.ModuleDict({})
        self.specs: dict[str, dict[str, LowRankSlot]] = {}
        #: By slot, what it added in the last pass and what the frozen layer gave, both of shape (B, T, outputs).
        self.added: dict[str, tuple[Tensor, Tensor]] = {}
        self._disable_adapters = False
        self.merged_adapters: list[str] = []

    def update_layer(self, adapter: str, slot: LowRankSlot, inference_mode: bool = False) -> None:
        """Add a slot of an adapter."""
        if adapter not in self.slots_down:
            self.slots_down[adapter] = nn.ParameterDict({})
            self.slots_up[adapter] = nn.ParameterDict({})
            self.specs[adapter] = {}
        down = torch.empty(slot.parts, slot.rank, self.in_features)
        for part in down:
            nn.init.kaiming_uniform_(part, a=math.sqrt(5))
        self.slots_down[adapter][slot.name] = nn.Parameter(down)
        self.slots_up[adapter][slot.name] = nn.Parameter(torch.zeros(slot.parts, self.out_features, slot.rank))
        self.specs[adapter][slot.name] = slot
        self._move_adapter_to_device_of_base_layer(adapter)
        self.set_adapter(self.active_adapters, inference_mode=inference_mode)

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Apply the layer to x of shape (B, T, inputs)."""
        result: Tensor = self.base_layer(x, *args, **kwargs)
        frozen = result
        self.added = {}
        if self.disable_adapters or self.merged or self.choices.off:
            return result
        for adapter in self.active_adapters:
            for name, slot in self.specs.get(adapter, {}).items():
                down, up = self.slots_down[adapter][name], self.slots_up[adapter][name]
                added = self._update(x.to(down.dtype), down, up, slot)
                result = result + added.to(result.dtype)
                if name in self.choices.recorded:
                    self.added[name] = (added, frozen)
        return result

    def _update(self, x: Tensor, down: Tensor, up: Tensor, slot: LowRankSlot) -> Tensor:
        rows = self.choices.rows(len(x) if x.ndim > 2 else None, slot.name, slot.choose)
        flat = x.ndim == 2 and rows is not None
        if x.ndim == 2 and rows is not None:  # some models put all positions of a batch into one axis
            x = x.reshape(rows, -1, x.shape[-1])
        # Factors go to the inner vectors, which are short.
        factor = slot.alpha / slot.rank
        share = self.choices.share(slot.name, len(x))
        scale: Tensor | float = factor
        if share is not None:
            scale = (factor * share.to(x.dtype)).reshape(-1, *(1,) * (x.ndim - 1))
        if slot.choose == ALWAYS:
            added = (x @ down[0].T * scale) @ up[0].T
        else:
            choice = self.choices.get(slot.choose, len(x), slot.parts)
            if choice.is_floating_point():  # a mixture: all parts, then their weighted sum
                inner = torch.einsum("bti,kri->btkr", x, down) * choice.to(x.dtype)[:, None, :, None]
                added = torch.einsum("btkr,kor->bto", inner.flatten(2).mul(scale).view_as(inner), up)
            else:
                a, b = pick(down, choice), pick(up, choice)
                added = (x @ a.transpose(-1, -2) * scale) @ b.transpose(-1, -2)
        return added.flatten(0, 1) if flat else added

    def merge(self, safe_merge: bool = False, adapter_names: list[str] | None = None) -> None:
        """Put the updates of single parts into the frozen weights; refused where rows choose among parts."""
        weight: Any = getattr(self.base_layer, "weight", None)
        names: list[str] = list(self.active_adapters) if adapter_names is None else adapter_names
        for adapter in names:
            for slot in self.specs.get(adapter, {}).values():
                if slot.choose != ALWAYS:
                    raise ValueError(f"the slot '{slot.name}' differs between rows; it cannot be merged into one model")
            if weight is None or not weight.is_floating_point():
                raise ValueError("quantised layers cannot be merged; load the base in floating point")
            if adapter in self.specs and adapter not in self.merged_adapters:
                weight.data += self._delta(adapter).to(weight.dtype)
                self.merged_adapters = [*self.merged_adapters, adapter]

    def unmerge(self) -> None:
        """Take merged updates out again."""
        weight: Any = self.base_layer.weight
        for adapter in self.merged_adapters:
            weight.data -= self._delta(adapter).to(weight.dtype)
        self.merged_adapters = []

    def _delta(self, adapter: str) -> Tensor:
        transposed = not isinstance(self.get_base_layer(), nn.Linear)
        total = torch.zeros(self.out_features, self.in_features)
        for name, slot in self.specs[adapter].items():
            up, down = self.slots_up[adapter][name][0], self.slots_down[adapter][name][0]
            total = total.to(up.device) + slot.alpha / slot.rank * (up @ down).float()
        return total.T if transposed else total
