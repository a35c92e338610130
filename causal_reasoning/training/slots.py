"""Adapters with slots in the training loop: attach them, and tell them what a batch is."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from causal_reasoning.adapter import SlotsModel
from causal_reasoning.adapter.layout import slots_config
from causal_reasoning.data.encode import IGNORED, Encoded, EncodedRows, collate
from causal_reasoning.errors import InputError
from causal_reasoning.graph import AssumptionGraph
from causal_reasoning.objective.layout import AdapterLayout
from causal_reasoning.objective.loss import Loss
from causal_reasoning.objective.strata import FittedStrata

_ROUTED_ROWS = 2000
"""Training rows that k-means is fitted on."""


def attach_slots(
    model: Any, layout: AdapterLayout, graph: AssumptionGraph | None = None, strata: FittedStrata | None = None
) -> Any:
    """Put the adapter that a graph asks for on a model.

    Parameters
    ----------
    model : PreTrainedModel
        The base; it is frozen.
    layout : AdapterLayout
        Slots and who chooses among their parts.
    graph : AssumptionGraph, optional
        Travels in the adapter's configuration.
    strata : FittedStrata, optional
        The values that answers are averaged over, where a column chooses.

    Returns
    -------
    PeftModel
        With the method of `causal_reasoning.adapter`.

    Raises
    ------
    InputError
        If the model has no layers that a slot fits, or fewer than it asks for.
    """
    from peft import get_peft_model

    averaged = any(choice.router is None for choice in layout.choices)
    probabilities = strata.probabilities if averaged and strata is not None else ()
    try:
        return get_peft_model(model, slots_config(layout, probabilities, graph))
    except ValueError as error:
        raise InputError.at(graph.source or graph.name if graph else "adapter", str(error)) from error


def slots_of(model: Any) -> SlotsModel | None:
    """The slots of a model, or nothing if its adapter is of another kind."""
    base = getattr(model, "base_model", None)
    return base if isinstance(base, SlotsModel) else None


def announce(model: Any, labels: torch.Tensor) -> None:
    """Say which tokens of the next batch belong to answers, shape (B, T): routers must not read them."""
    slots = slots_of(model)
    if slots is not None and slots.views is not None:
        slots.views.written(labels != IGNORED)


def choosing(model: Any, choices: Mapping[str, torch.Tensor]) -> AbstractContextManager[None]:
    """Choose the parts of rows within a block."""
    slots = slots_of(model)
    return slots.choices.making(choices) if slots is not None and choices else nullcontext()


def record(model: Any, loss: Loss) -> None:
    """Have the low-rank slots that penalties measure keep what they add.

    Raises
    ------
    InputError
        If a penalty measures a slot that the adapter does not have.
    """
    named = {name for plan in getattr(loss, "penalties", ()) for name in plan.representations}
    measured = {
        name
        for plan in getattr(loss, "penalties", ())
        for name, state in zip(plan.representations, plan.states, strict=True)
        if getattr(state, "kind", "") == "low_rank"
    }
    slots = slots_of(model)
    if slots is not None:
        slots.choices.recorded = frozenset(measured)
    elif measured:
        raise InputError.at("objective.penalties", f"the adapter has no slots, so no {', '.join(sorted(named))}")


@torch.no_grad()
def fit_routers(model: Any, rows: list[Encoded], pad: int, seed: int) -> None:
    """Fit the routers that learn before training: k-means on what they read of some training rows.

    Parameters
    ----------
    model : PeftModel
        A freshly wrapped model.
    rows : list of Encoded
        Training rows; at most 2,000 of them are read.
    pad : int
        Id of the padding token.
    seed : int
        Of the choice of rows and of the first prototypes.
    """
    slots = slots_of(model)
    if slots is None or slots.views is None:
        return
    routing = slots.views.routing
    waiting = [c for c in routing.choosers if c.by == "router" and c.router == "kmeans"]
    if not waiting:
        return
    device, together = next(model.parameters()).device, collate(pad)
    order = np.random.default_rng(seed).permutation(len(rows))[:_ROUTED_ROWS]
    kept = EncodedRows([rows[i] for i in order], [1.0] * len(order))
    for chooser in waiting:
        found = []
        for start in range(0, len(kept), 250):
            batch = together([kept[i] for i in range(start, min(start + 250, len(kept)))])
            inputs = {name: batch[name].to(device) for name in ("input_ids", "attention_mask")}
            found.append(routing.read(chooser.reads, inputs, batch["labels"].to(device) != IGNORED))
        routing.routers[chooser.name].fit(torch.cat(found), seed)
