"""Who chooses the part of a slot for each row, where nobody says it: a prior, or a router that reads the prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from causal_reasoning.adapter.choices import Choices
from causal_reasoning.adapter.router import Router, RouterKind, pool

By = Literal["given", "prior", "router"]


@dataclass(frozen=True)
class Chooser:
    """How a choice is made.

    Parameters
    ----------
    name : str
        Of the choice.
    parts : int
        Number of parts K.
    by : "given", "prior" or "router"
        Only from outside; with the same probabilities for all rows; or by what a row reads.
    prior : tuple of float
        K probabilities: for ``"prior"``.
    router : str
        Kind of router: for ``"router"``.
    soft : bool
        Whether a router hands on p(part | text), for a mixture, and not its nearest prototype.
    reads : "embeddings" or "hidden"
        What a router reads: input embeddings, or the last hidden states of the frozen base, which costs a pass. Both
        are means over the prompt.
    temperature : float
        Of a router's probabilities.
    """

    name: str
    parts: int
    by: By = "given"
    prior: tuple[float, ...] = ()
    router: RouterKind = "vq"
    soft: bool = False
    reads: Literal["embeddings", "hidden"] = "embeddings"
    temperature: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for ``adapter_config.json``."""
        return {**asdict(self), "prior": list(self.prior)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Chooser:
        """Read what `to_dict` wrote."""
        return cls(**{**data, "prior": tuple(data.get("prior", ()))})


class Routing:
    """Makes the choices of a batch that were not made from outside.

    Parameters
    ----------
    model : PreTrainedModel
        The model; its input embeddings, or its states with all slots off, are what routers read.
    choosers : tuple of Chooser
        All choices.
    routers : mapping of str to Router
        For each choice that has one.
    choices : Choices
        Where the choices go.
    forward : callable
        The model's own forward pass.
    """

    def __init__(
        self,
        model: nn.Module,
        choosers: tuple[Chooser, ...],
        routers: Mapping[str, Router],
        choices: Choices,
        forward: Callable[..., Any],
    ) -> None:
        self.model, self.choosers, self.routers, self.choices, self.forward = model, choosers, routers, choices, forward
        #: Loss of the routers in the last training batch.
        self.loss: Tensor | None = None
        #: True parts of the rows of the next training batch, by choice, for routers that learn from labels.
        self.labels: dict[str, Tensor] = {}

    def route(self, options: Mapping[str, Any], written: Tensor | None) -> None:
        """Choose for a batch.

        Parameters
        ----------
        options : mapping
            Arguments of the forward pass.
        written : Tensor, optional
            Positions of the answer, shape (B, T): routers do not read them.
        """
        self.loss = None
        pooled: dict[str, Tensor] = {}
        for chooser in self.choosers:
            if self.choices.is_made(chooser.name):
                continue
            if chooser.by == "prior":
                rows = _rows(options)
                prior = torch.tensor(chooser.prior, device=next(self.model.parameters()).device)
                self.choices.route(chooser.name, prior.expand(rows, -1))
            elif chooser.by == "router":
                if chooser.reads not in pooled:
                    pooled[chooser.reads] = self.read(chooser.reads, options, written)
                self.choices.route(chooser.name, self._ask(chooser, pooled[chooser.reads]))

    def _ask(self, chooser: Chooser, pooled: Tensor) -> Tensor:
        router = self.routers[chooser.name]
        if self.model.training:
            choice, loss = router.learn(pooled, self.labels.get(chooser.name))
            self.loss = loss if self.loss is None else self.loss + loss
            # What is served as a mixture is trained as one.
            return router.probabilities(pooled).detach() if chooser.soft and choice.ndim == 1 else choice
        with torch.no_grad():
            return router.probabilities(pooled) if chooser.soft else router.choose(pooled)

    @torch.no_grad()
    def read(self, what: str, options: Mapping[str, Any], written: Tensor | None = None) -> Tensor:
        """What routers read of a batch: the mean over its prompts of frozen vectors, shape (B, D)."""
        tokens, embedded, mask = (options.get(n) for n in ("input_ids", "inputs_embeds", "attention_mask"))
        given = embedded if embedded is not None else tokens
        assert given is not None  # noqa: S101 - one of the two is always there
        counted = mask if mask is not None else torch.ones(given.shape[:2], device=given.device)
        if written is not None:
            counted = counted * (~written).to(counted.dtype)
        if what == "hidden":
            passed = {k: v for k, v in options.items() if k in ("input_ids", "inputs_embeds", "attention_mask")}
            training = [module for module in self.model.modules() if module.training]
            self.model.eval()
            try:
                with self.choices.nothing():
                    states = self.forward(**passed, output_hidden_states=True, use_cache=False).hidden_states[-1]
            finally:
                for module in training:
                    module.training = True
        else:
            states = embedded if embedded is not None else self.model.get_input_embeddings()(tokens)  # type: ignore[operator]
        return pool(states, counted)


def _rows(options: Mapping[str, Any]) -> int:
    return next(len(options[name]) for name in ("input_ids", "inputs_embeds") if options.get(name) is not None)
