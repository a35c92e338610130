"""Slot tokens: learned vectors that every position of a layer attends to, behind a gate for each head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import Tensor, nn

from causal_reasoning.adapter.choices import Choices, pick
from causal_reasoning.adapter.projections import keys_and_values, output_projection
from causal_reasoning.adapter.spec import ALWAYS, TokenSlot

#: Standard deviation of fresh tokens: the projections of a layer are used to normed states, of about this size.
INITIAL_SCALE = 1.0


@dataclass(frozen=True)
class Attended:
    """What a slot did in one layer and one forward pass.

    Parameters
    ----------
    gated : Tensor
        tanh(gate) times the softmax over the slot's tokens, shape (B, H, T, N).
    values : Tensor
        Shape (B or 1, H, N, d).
    """

    gated: Tensor
    values: Tensor

    def heads(self, tokens: tuple[int, ...] = ()) -> Tensor:
        """The contribution of some tokens (all without any) before the output projection: shape (B, T, H, d)."""
        gated, values = self.gated, self.values
        if tokens:
            chosen = list(tokens)
            gated, values = gated[..., chosen], values[..., chosen, :]
        return torch.matmul(gated, values).transpose(1, 2)


class SlotTokens(nn.Module, BaseTunerLayer):  # type: ignore[misc]
    """The token slots of one attention module, a child of it.

    Parameters
    ----------
    attention : nn.Module
        The attention module; only its projections are used.
    heads, width : int
        Number of query heads H, hidden size D.
    choices : Choices
        Which part each row uses.

    Notes
    -----
    With the query q of a head of size d, and keys k and values v that the layer's frozen projections make of the
    tokens, the slot adds tanh(g) · softmax(q kᵀ / √d) v to what the head attends to; g = 0 at first, so the model is
    unchanged. The softmax of the text is not touched. Keys carry no position.

    References
    ----------
    R. Zhang et al., "LLaMA-Adapter: Efficient Fine-tuning of Language Models with Zero-init Attention" (2023),
    section 3.2.
    """

    if TYPE_CHECKING:  # of peft, which has no types
        active_adapters: list[str]
        set_adapter: Any
        _active_adapter: Any

    adapter_layer_names = ("slots_tokens", "slots_gates")
    other_param_names = ()

    def __init__(self, attention: nn.Module, heads: int, width: int, choices: Choices) -> None:
        super().__init__()
        self._attention = [attention]  # in a list: the parent is no child of its child
        self.heads, self.width, self.choices = heads, width, choices
        self.slots_tokens: Any = nn.ModuleDict({})  # by adapter, then by slot, as peft wants it
        self.slots_gates: Any = nn.ModuleDict({})
        self.specs: dict[str, dict[str, TokenSlot]] = {}
        self.attended: dict[str, Attended] = {}
        #: What the text attention gave in the last forward pass, shape (B, T, H, d).
        self.beside: Tensor | None = None
        self._disable_adapters = False
        self.merged_adapters: list[str] = []

    @property
    def attention(self) -> nn.Module:
        """The attention module."""
        return self._attention[0]

    def update_layer(self, adapter: str, slot: TokenSlot, inference_mode: bool = False) -> None:
        """Add a slot of an adapter."""
        if adapter not in self.slots_tokens:
            self.slots_tokens[adapter] = nn.ParameterDict({})
            self.slots_gates[adapter] = nn.ParameterDict({})
            self.specs[adapter] = {}
        tokens = torch.empty(slot.parts, slot.tokens, self.width).normal_(std=INITIAL_SCALE)
        self.slots_tokens[adapter][slot.name] = nn.Parameter(tokens)
        self.slots_gates[adapter][slot.name] = nn.Parameter(torch.zeros(slot.parts, self.heads))
        self.specs[adapter][slot.name] = slot
        self._place(adapter)
        self.set_adapter(self.active_adapters, inference_mode=inference_mode)

    def _place(self, adapter: str) -> None:
        """Move fresh parameters to where the attention module is."""
        weight = next((p for n, p in self.attention.named_parameters() if not n.startswith("slots.")), None)
        if weight is None:
            return
        # Quantised weights are integers; the slot then stays in single precision.
        dtype = weight.dtype if weight.is_floating_point() else None
        for part in (self.slots_tokens[adapter], self.slots_gates[adapter]):
            if weight.device.type == "meta":
                part.to("meta")
            elif not any(p.is_meta for p in part.parameters()):
                part.to(device=weight.device, dtype=dtype)

    def added(self, query: Tensor, scaling: float | None) -> Tensor | None:
        """What the active slots add to the heads.

        Parameters
        ----------
        query : Tensor
            Shape (B, H, T, d), rotary position embedding applied.
        scaling : float or None
            The layer's factor of q kᵀ, by default 1 / √d.

        Returns
        -------
        Tensor or None
            Shape (B, T, H, d), or nothing if no slot is active.
        """
        self.attended = {}
        if self.disable_adapters or self.choices.off:
            return None
        factor = scaling if scaling is not None else query.shape[-1] ** -0.5
        total: Tensor | None = None
        for adapter in self.active_adapters:
            for name, slot in self.specs.get(adapter, {}).items():
                choice = None if slot.choose == ALWAYS else self.choices.get(slot.choose, len(query), slot.parts)
                tokens = pick(self.slots_tokens[adapter][name], choice)
                gate = pick(self.slots_gates[adapter][name], choice)
                keys, values = keys_and_values(self.attention, tokens, self.heads)
                scores = torch.matmul(query, keys.to(query.dtype).transpose(-1, -2)) * factor
                weights = torch.softmax(scores.float(), dim=-1) * torch.tanh(gate.float())[:, :, None, None]
                share = self.choices.share(name, len(query))
                if share is not None:
                    weights = weights * share.float()[:, None, None, None]
                found = Attended(weights.to(query.dtype), values.to(query.dtype))
                self.attended[name] = found
                heads = found.heads()
                total = heads if total is None else total + heads
        return total

    def contribution(self, name: str, tokens: tuple[int, ...] = ()) -> Tensor:
        """What a slot added to the residual stream in the last forward pass.

        Parameters
        ----------
        name : str
            The slot.
        tokens : tuple of int
            Of which tokens; without any, of all.

        Returns
        -------
        Tensor
            Shape (B, T, D), after the output projection without its bias; before it, (B, T, H·d), where the name of
            the projection is not known.
        """
        return self.project(self.attended[name].heads(tokens))

    def project(self, heads: Tensor) -> Tensor:
        """From the heads to the residual stream, without the bias: (B, T, H, d) to (B, T, D); see `contribution`."""
        flat = heads.flatten(-2)
        projection = output_projection(self.attention)
        if projection is None:
            return flat
        zero = torch.zeros_like(flat[:1, :1])
        result: Tensor = projection(flat) - projection(zero)
        return result
