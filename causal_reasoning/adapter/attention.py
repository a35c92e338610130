"""The attention function of models with slot tokens: what it was before, plus what the slots add.

It is registered with transformers under a name for each implementation it wraps, so that any decoder that takes its
attention from that interface works without a change of its code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

PREFIX = "slots_"


def with_slots(implementation: str) -> str:
    """Register the attention function that wraps an implementation.

    Parameters
    ----------
    implementation : str
        Such as ``"sdpa"`` or ``"eager"``; a name that wraps already stays as it is.

    Returns
    -------
    str
        The name for ``model.set_attn_implementation``.

    Examples
    --------
    >>> with_slots("sdpa")
    'slots_sdpa'
    """
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    if implementation.startswith(PREFIX):
        return implementation
    name = PREFIX + implementation
    if name not in ALL_ATTENTION_FUNCTIONS:

        def function(
            module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Any, **options: Any
        ) -> tuple[Tensor, Any]:
            inner = _inner(implementation, module)
            output, weights = inner(module, query, key, value, attention_mask, **options)
            slots = getattr(module, "slots", None)
            added = slots.added(query, options.get("scaling")) if slots is not None else None
            if slots is not None:
                slots.beside = output
            return (output if added is None else output + added), weights

        AttentionInterface.register(name, function)
        if implementation in ALL_MASK_ATTENTION_FUNCTIONS:
            AttentionMaskInterface.register(name, ALL_MASK_ATTENTION_FUNCTIONS[implementation])
    return name


def without_slots(implementation: str) -> str:
    """The implementation that a name from `with_slots` wraps.

    Examples
    --------
    >>> without_slots("slots_eager"), without_slots("sdpa")
    ('eager', 'sdpa')
    """
    return implementation.removeprefix(PREFIX)


def _inner(implementation: str, module: nn.Module) -> Callable[..., tuple[Tensor, Any]]:
    """The wrapped function; every architecture has an eager one of its own."""
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    if implementation != "eager":
        found: Callable[..., tuple[Tensor, Any]] = ALL_ATTENTION_FUNCTIONS[implementation]
        return found
    eager: Callable[..., tuple[Tensor, Any]] | None = getattr(
        sys.modules[type(module).__module__], "eager_attention_forward", None
    )
    if eager is None:
        raise ValueError(f"{type(module).__name__} has no eager attention function; load the model with 'sdpa'")
    return eager
