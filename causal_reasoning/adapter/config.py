"""Configuration of an adapter with slots; the causal graph travels in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from peft import PeftConfig


class SlotsType(str):
    """The name of the method as peft wants it: a text that also has a ``value``, like a member of its own list."""

    @property
    def value(self) -> str:
        """The text."""
        return str(self)


SLOTS = SlotsType("CAUSAL_SLOTS")


@dataclass
class SlotsConfig(PeftConfig):  # type: ignore[misc]
    """Configuration of `SlotsModel`.

    Parameters
    ----------
    slots : list of dict
        What `causal_reasoning.adapter.spec.slot_to_dict` makes of each slot.
    graph : dict, optional
        ``name``, ``digest`` and ``text`` of the graph that the layout was derived from.
    combine : dict, optional
        How the parts make one answer; see `causal_reasoning.adapter.combine`.
    choosers : list of dict, optional
        How each choice is made where nobody makes it; see `causal_reasoning.adapter.routing.Chooser`.
    target_modules : list of str, optional
        Filled in from the slots: the modules that have one.

    Examples
    --------
    >>> from causal_reasoning.adapter.spec import TokenSlot, slot_to_dict
    >>> SlotsConfig(slots=[slot_to_dict(TokenSlot("skill"))]).peft_type
    'CAUSAL_SLOTS'
    """

    slots: list[dict[str, Any]] = field(default_factory=list, metadata={"help": "The parts of the adapter."})
    graph: dict[str, str] = field(default_factory=dict, metadata={"help": "The causal graph."})
    combine: dict[str, Any] = field(default_factory=dict, metadata={"help": "How parts make one answer."})
    choosers: list[dict[str, Any]] = field(default_factory=list, metadata={"help": "Who chooses parts."})
    target_modules: list[str] | None = field(default=None, metadata={"help": "Modules that have a slot."})
    exclude_modules: list[str] | None = field(default=None, metadata={"help": "Modules that never have one."})
    modules_to_save: list[str] | None = field(default=None, metadata={"help": "Modules trained as a whole."})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = SLOTS
