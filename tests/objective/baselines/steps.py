"""A micro-batch with quantities fixed by hand, and a table p(y = 1 | x) in place of a model."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

import torch

from causal_reasoning.objective.loss import MAIN

Tensor = torch.Tensor


class FixedStep:
    """A step of which every quantity is given; one written token a row unless ``rows`` says otherwise.

    What is declared here without a value is set by the test that needs it.
    """

    shuffled: Any
    beta: Any
    mix: Any
    head: Any
    unembed: Any
    attention: Any
    visible: Any
    marked: Any
    gradient: Any
    label: Any
    parts: Any
    contribution: Any
    choose: Any
    router_loss: Any

    def __init__(
        self,
        nll: list[float] | Tensor | None = None,
        group: list[int] | None = None,
        *,
        weight: list[float] | Tensor | None = None,
        groups: int | None = None,
        logits: dict[str, Tensor] | Tensor | None = None,
        targets: list[int] | None = None,
        rows: list[int] | dict[str, list[int]] | None = None,
        states: Tensor | dict[tuple[int, str, bool], Tensor] | None = None,
        views: dict[str, list[float]] | None = None,
        number: int = 0,
        last: int = 0,
        tokens_per_answer: float = 1.0,
        memory: MutableMapping[str, Tensor] | None = None,
    ) -> None:
        self.logits_of = logits if isinstance(logits, dict) else {MAIN: logits}
        self.targets_of = torch.tensor(targets) if targets is not None else None
        scores = self.logits_of[MAIN]
        positions = len(scores) if scores is not None else 0
        given = rows if isinstance(rows, dict) else {MAIN: list(range(positions)) if rows is None else rows}
        self.rows_of = {name: torch.tensor(values) for name, values in given.items()}
        self.tokens_per_answer = tokens_per_answer
        size = len(nll) if nll is not None else int(self.rows_of[MAIN].max()) + 1
        self.weight = torch.ones(size) if weight is None else torch.as_tensor(weight)
        self.group = torch.zeros(size, dtype=torch.long) if group is None else torch.tensor(group)
        self.groups = groups if groups is not None else int(self.group.max()) + 1
        self.number, self.last = number, last
        self.memory: MutableMapping[str, Tensor] = {} if memory is None else memory
        self.states = states
        self.fixed = {name: torch.tensor(values) for name, values in (views or {}).items()}
        if nll is not None:
            self.fixed[MAIN] = torch.as_tensor(nll)
        self.asked: list[str] = []

    def nll(self, view: str = MAIN) -> Tensor:
        self.asked.append(view)
        if view in self.fixed:
            return self.fixed[view]
        assert self.targets_of is not None
        log_p = self.logits(view).log_softmax(-1).gather(1, self.targets_of.unsqueeze(1)).squeeze(1)
        return self.per_row(-log_p, view)

    def prepare(self, views: Sequence[str], *, gradient: bool = True) -> None:
        self.asked += views

    def logits(self, view: str = MAIN, *, gradient: bool = True) -> Tensor:
        scores = self.logits_of[view]
        assert scores is not None
        return scores if gradient else scores.detach()

    def targets(self, view: str = MAIN) -> Tensor:
        assert self.targets_of is not None
        return self.targets_of

    def rows(self, view: str = MAIN) -> Tensor:
        return self.rows_of.get(view, self.rows_of[MAIN])

    def per_row(self, values: Tensor, view: str = MAIN) -> Tensor:
        total = torch.zeros(len(self.weight), dtype=values.dtype)
        return total.index_add(0, self.rows(view), values) / self.tokens_per_answer

    def representation(self, layer: int, pool: str, view: str = MAIN, *, adapter: bool = True) -> Tensor:
        if isinstance(self.states, dict):
            return self.states[layer, pool, adapter]
        assert self.states is not None
        return self.states
