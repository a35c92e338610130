"""How the attention module of a decoder turns a hidden vector into keys and values."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class UnknownAttentionError(ValueError):
    """An attention module whose projections are not known."""


def is_attention(module: nn.Module) -> bool:
    """Whether a module is self-attention with projections that `keys_and_values` knows."""
    children = {name for name, _ in module.named_children()}
    return any(needed <= children for needed in _KNOWN)


def keys_and_values(attention: nn.Module, vectors: Tensor, heads: int) -> tuple[Tensor, Tensor]:
    """Apply an attention module's frozen key and value projections.

    Rotary position embeddings are left out: the vectors have no position.

    Parameters
    ----------
    attention : nn.Module
        The module; it is not changed.
    vectors : Tensor
        Shape (…, N, D) with hidden size D.
    heads : int
        Number of query heads H; keys and values of grouped-query attention are repeated for it.

    Returns
    -------
    (Tensor, Tensor)
        Keys and values, both of shape (…, H, N, d) with head size d.

    Raises
    ------
    UnknownAttentionError
        If the module has other projections than those of a transformers decoder.
    """
    children = {name for name, _ in attention.named_children()}
    size = _head_size(attention, heads)
    if {"k_proj", "v_proj"} <= children:
        keys, values = _frozen(attention, "k_proj", vectors), _frozen(attention, "v_proj", vectors)
        norm = getattr(attention, "k_norm", None)
        if norm is not None and norm.weight.shape[-1] == keys.shape[-1] != size:  # normed before it is split
            return _split(norm(keys), heads, size), _split(values, heads, size)
        keys, values = _split(keys, heads, size), _split(values, heads, size)
        return (norm(keys) if norm is not None else keys), values
    if "c_attn" in children:  # query, key and value one after the other
        _, keys, values = _frozen(attention, "c_attn", vectors).chunk(3, dim=-1)
        return _split(keys, heads, size), _split(values, heads, size)
    if "query_key_value" in children and not hasattr(attention, "num_kv_heads"):  # query, key, value within each head
        both = _frozen(attention, "query_key_value", vectors)
        mixed = both.reshape(*both.shape[:-1], heads, 3 * size).transpose(-3, -2)
        _, keys, values = mixed.chunk(3, dim=-1)
        return keys, values
    if "qkv_proj" in children:  # all query heads, then key heads, then value heads
        both = _frozen(attention, "qkv_proj", vectors)
        rest = (both.shape[-1] - heads * size) // 2
        _, keys, values = torch.split(both, [heads * size, rest, rest], dim=-1)
        return _split(keys, heads, size), _split(values, heads, size)
    raise UnknownAttentionError(
        f"{type(attention).__name__} has none of the key and value projections k_proj/v_proj, c_attn, query_key_value "
        "or qkv_proj; use a low-rank slot for this model"
    )


def output_projection(attention: nn.Module) -> nn.Module | None:
    """The linear layer after the heads are put together, without its adapter; nothing if its name is not known."""
    for name in ("o_proj", "c_proj", "dense", "out_proj"):
        found = getattr(attention, name, None)
        if isinstance(found, nn.Module):
            return _base(found)
    return None


_KNOWN: tuple[set[str], ...] = ({"k_proj", "v_proj"}, {"c_attn", "c_proj"}, {"query_key_value", "dense"}, {"qkv_proj"})


def _head_size(attention: Any, heads: int) -> int:
    for name in ("head_dim", "head_size"):
        size = getattr(attention, name, None)
        if isinstance(size, int):
            return size
    return int(attention.config.hidden_size) // heads


def _frozen(attention: nn.Module, name: str, vectors: Tensor) -> Tensor:
    layer = _base(getattr(attention, name))
    weight = getattr(layer, "weight", None)
    # Quantised weights are integers; their layers take the type of the input.
    dtype = weight.dtype if weight is not None and weight.is_floating_point() else vectors.dtype
    result: Tensor = layer(vectors.to(dtype))
    return result


def _base(layer: nn.Module) -> nn.Module:
    while hasattr(layer, "base_layer"):
        layer = layer.base_layer  # type: ignore[assignment]
    return layer


def _split(flat: Tensor, heads: int, size: int) -> Tensor:
    """From (…, N, h·d) to (…, H, N, d), repeating each of the h key heads H / h times."""
    split = flat.reshape(*flat.shape[:-1], -1, size).transpose(-3, -2)
    groups = heads // split.shape[-3]
    return split if groups == 1 else split.repeat_interleave(groups, dim=-3)
