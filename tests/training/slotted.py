"""Adapters of graphs with slots on tiny random models, and a batch of three rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from causal_reasoning.data.encode import Encoded, EncodedRows, collate
from causal_reasoning.graph import AssumptionGraph, load_graph, parse_graph
from causal_reasoning.objective import compile_objective
from causal_reasoning.objective.strata import FittedStrata
from causal_reasoning.training.slots import attach_slots, slots_of
from tests.adapter.small import base, randomise

# Prompts of 4, 2 and 3 tokens, answers of 2, 3 and 1.
ROWS = [Encoded((5, 6, 7, 8), (9, 2)), Encoded((10, 11), (12, 13, 2)), Encoded((14, 15, 16), (2,))]
OTHERS = [Encoded((5, 8), (9, 2)), Encoded((10, 11, 11), (12, 13, 2)), Encoded((14, 16), (2,))]
PRIOR = (0.6, 0.3, 0.1)
"""Probabilities of three domains."""


def changed(name: str, *pairs: tuple[str, str]) -> AssumptionGraph:
    text = Path(load_graph(name).source).read_text(encoding="utf-8")
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return parse_graph(text, f"{name}.yaml")


def attached(graph: AssumptionGraph, prior: tuple[float, ...] = PRIOR, *, scale: float = 0.3, seed: int = 1) -> Any:
    """The adapter of a graph on a random model, with random parameters."""
    plan = compile_objective(graph)
    assert plan.layout is not None
    strata = None
    if plan.strata is not None:
        values = tuple((f"d{i}",) for i in range(len(prior)))
        strata = FittedStrata(plan.strata, values, prior)
    torch.manual_seed(0)
    model = attach_slots(base(), plan.layout, graph, strata)
    if scale:
        randomise(model, scale, seed)
    return model


def batch(rows: list[Encoded] = ROWS, domains: tuple[int, ...] = (0, 2, 0), **views: list[Encoded]) -> dict[str, Any]:
    data = EncodedRows(rows, [1.0] * len(rows), list(domains[: len(rows)]), views, labels={"domain": list(domains)})
    result: dict[str, Any] = collate(0)([data[i] for i in range(len(rows))])
    return result


def with_part(model: Any, part: int) -> Any:
    """A block in which every row uses one part."""
    return model.base_model.choices.making({"domain": torch.full((len(ROWS),), part)})


def gradient(parameter: Tensor) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad.abs()


def parts_in(model: Any, kind: str = "") -> dict[str, Tensor]:
    return {name: p for name, p in model.named_parameters() if p.requires_grad and kind in name}


class Numbers:
    """A tokenizer that writes tokens as numbers."""

    pad_token_id, eos_token_id = 0, None

    def batch_decode(self, rows: Tensor, skip_special_tokens: bool = True) -> list[str]:
        return [" ".join(str(int(token)) for token in row) for row in rows]


def router_of(model: Any) -> Any:
    slots = slots_of(model)
    assert slots is not None and slots.views is not None
    return slots.views.routing.routers["domain"]
