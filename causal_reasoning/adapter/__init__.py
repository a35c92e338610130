"""Adapters whose structure follows from a graph: a peft method with a part for each node that is bound to a slot.

Importing the package registers the method, so that `PeftModel.from_pretrained` and `AutoPeftModelForCausalLM` find it.
"""

from __future__ import annotations

from causal_reasoning.adapter.choices import Choices
from causal_reasoning.adapter.config import SLOTS, SlotsConfig
from causal_reasoning.adapter.layout import slots_config
from causal_reasoning.adapter.model import SlotsModel
from causal_reasoning.adapter.spec import LowRankSlot, Slot, TokenSlot, slot_from_dict, slot_to_dict


def _register() -> None:
    """Make the method known to peft; its own registration function serves a closed list only."""
    from peft import mapping

    mapping.PEFT_TYPE_TO_CONFIG_MAPPING[SLOTS] = SlotsConfig
    mapping.PEFT_TYPE_TO_TUNER_MAPPING[SLOTS] = SlotsModel
    mapping.PEFT_TYPE_TO_PREFIX_MAPPING[SLOTS] = SlotsModel.prefix


_register()

__all__ = [
    "Choices",
    "LowRankSlot",
    "Slot",
    "SlotsConfig",
    "SlotsModel",
    "TokenSlot",
    "slot_from_dict",
    "slot_to_dict",
    "slots_config",
]
