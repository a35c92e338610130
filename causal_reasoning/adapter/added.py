"""What slots added to a model in one forward pass, kept so that losses can measure it later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from causal_reasoning.adapter.tokens import Attended, SlotTokens

#: Names of linear layers whose output is added to the residual stream.
WRITERS = ("o_proj", "out_proj", "dense", "down_proj", "c_proj", "fc2", "dense_4h_to_h", "fc_out", "wo", "w2")


@dataclass(frozen=True)
class Added:
    """The contributions of one forward pass, layer by layer; made by `SlotsModel.added`.

    Parameters
    ----------
    tokens : tuple of (SlotTokens, mapping, Tensor or None)
        Each attention module with slots, what they attended to, and what the text attention gave, (B, T, H, d).
    linears : tuple of (int, mapping)
        The layer of each recorded linear, and by slot what it added and what the frozen layer gave, (B, T, D).
    views : mapping of str to int
        The view in which each slot is on, where a pass holds several.
    weights : Tensor, optional
        Where the views of a pass are mixed, how much each counts in each row, (B, views): contributions are mixed so.
    """

    tokens: tuple[tuple[SlotTokens, Mapping[str, Attended], Tensor | None], ...]
    linears: tuple[tuple[int, Mapping[str, tuple[Tensor, Tensor]]], ...]
    views: Mapping[str, int]
    weights: Tensor | None = None

    def of(self, name: str, rows: int, tokens: tuple[int, ...] = (), layers: int = 0) -> tuple[Tensor, Tensor]:
        """What a slot added, and what the frozen layers added at the same places.

        Parameters
        ----------
        name : str
            The slot.
        rows : int
            Rows of the batch B; a pass of several views has more.
        tokens : tuple of int
            Of which of its tokens; without any, of all.
        layers : int
            In how many of the last layers that have the slot; 0 is all.

        Returns
        -------
        (Tensor, Tensor)
            Both of shape (B, T, L · D), layers side by side; the second is a constant.

        Raises
        ------
        KeyError
            If nothing was recorded of such a slot.
        """
        found = [
            (module.project(attended[name].heads(tokens)), module.project(beside).detach())
            for module, attended, beside in self.tokens
            if name in attended and beside is not None
        ]
        by_layer: dict[int, list[tuple[Tensor, Tensor]]] = {}
        for layer, recorded in self.linears:
            if name in recorded:
                by_layer.setdefault(layer, []).append(recorded[name])
        found += [
            (torch.stack([a for a, _ in pairs]).sum(0), torch.stack([b for _, b in pairs]).sum(0).detach())
            for _, pairs in sorted(by_layer.items())
        ]
        if not found:
            raise KeyError(name)
        chosen = found[-layers:] if layers else found
        ours = torch.cat([self._own(a, name, rows) for a, _ in chosen], dim=-1).float()
        theirs = torch.cat([self._own(b, name, rows) for _, b in chosen], dim=-1).float()
        return ours, theirs

    def _own(self, values: Tensor, name: str, rows: int) -> Tensor:
        if len(values) == rows:
            return values
        views = values.reshape(-1, rows, *values.shape[1:])
        if self.weights is not None:
            return torch.einsum("bk,kb...->b...", self.weights.to(views.dtype), views)
        return views[self.views.get(name, 0)]
