"""From the layout that a graph asks for to the configuration of the adapter."""

from __future__ import annotations

from causal_reasoning.adapter.combine import Combination
from causal_reasoning.adapter.config import SlotsConfig
from causal_reasoning.adapter.routing import Chooser
from causal_reasoning.adapter.spec import ALWAYS, LowRankSlot, Slot, TokenSlot, slot_to_dict
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.graph.slots import SlotSpec
from causal_reasoning.objective.layout import AdapterLayout, ChoicePlan


def slots_config(
    layout: AdapterLayout, probabilities: tuple[float, ...] = (), graph: AssumptionGraph | None = None
) -> SlotsConfig:
    """Configure the adapter of a graph.

    Parameters
    ----------
    layout : AdapterLayout
        From the compiled objective.
    probabilities : tuple of float
        P(value) of the node that answers are averaged over, values sorted: one part for each.
    graph : AssumptionGraph, optional
        Travels in the configuration.

    Returns
    -------
    SlotsConfig
        For `peft.get_peft_model`.

    Raises
    ------
    ValueError
        If answers are averaged over a node, and its probabilities are not given.

    Examples
    --------
    >>> from causal_reasoning.graph import load_graph
    >>> from causal_reasoning.objective import compile_objective
    >>> config = slots_config(compile_objective(load_graph("iclm")).layout)
    >>> [(slot["name"], slot["parts"]) for slot in config.slots]
    [('invariant', 1), ('module', 4)]
    """
    parts = {choice.node: _parts(choice, probabilities) for choice in layout.choices}
    slots = [_slot(name, spec, parts.get(spec.choose or "", 1)) for name, spec in layout.slots]
    mixed = next((choice.node for choice in layout.choices if choice.router is None or choice.router.soft), "")
    combination = Combination(layout.combine, mixed if layout.combine == "mixture" else "", layout.groups)
    return SlotsConfig(
        task_type="CAUSAL_LM",
        slots=[slot_to_dict(slot) for slot in slots],
        graph={"name": graph.name, "digest": graph.digest, "text": graph.text} if graph is not None else {},
        combine=combination.to_dict(),
        choosers=[_chooser(choice, parts[choice.node], probabilities).to_dict() for choice in layout.choices],
    )


def _parts(choice: ChoicePlan, probabilities: tuple[float, ...]) -> int:
    if choice.router is not None:
        return choice.router.parts
    if len(probabilities) < 2:
        raise ValueError(
            f"answers are averaged over '{choice.node}', which has {len(probabilities)} value"
            f"{'' if len(probabilities) == 1 else 's'} in the training rows; it needs two"
        )
    return len(probabilities)


def _slot(name: str, spec: SlotSpec, parts: int) -> Slot:
    choose = spec.choose or ALWAYS
    if spec.kind == "tokens":
        return TokenSlot(name, tokens=spec.tokens, layers=spec.layers or 0, parts=parts, choose=choose)
    return LowRankSlot(name, rank=spec.rank, alpha=spec.alpha, targets=spec.targets, parts=parts, choose=choose)


def _chooser(choice: ChoicePlan, parts: int, probabilities: tuple[float, ...]) -> Chooser:
    if choice.router is None:
        return Chooser(choice.node, parts, by="prior", prior=probabilities)
    router = choice.router
    return Chooser(choice.node, parts, by="router", router=router.kind, soft=router.soft, reads=router.reads)
