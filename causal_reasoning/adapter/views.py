"""Run the views of a batch together, on one frozen base, and put their scores together."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from causal_reasoning.adapter.combine import Combination, FreeHead, at, experts, mix, predicting, spread
from causal_reasoning.adapter.routing import Routing

_TINY = torch.finfo(torch.float32).tiny
#: Arguments of a model with one entry for each row.
_PER_ROW = ("input_ids", "attention_mask", "position_ids", "inputs_embeds")


class Views:
    """Stands in for the ``forward`` of a model whose rows choose parts, or whose answers join several views.

    Parameters
    ----------
    model : PreTrainedModel
        The model with its slots; its own ``forward`` runs all views as one batch.
    combination : Combination
        The rule.
    slots : tuple of str
        All slots.
    routing : Routing
        Chooses where nobody does.
    head : FreeHead, optional
        For ``"head"``.

    Notes
    -----
    In generation the cache holds the rows of all views; the first pass fixes the choice, and each later one updates
    the weights of a mixture by the token that was written. Beams would reorder the cache by the rows of one view, so
    beam search is refused.
    """

    def __init__(
        self,
        model: nn.Module,
        combination: Combination,
        slots: tuple[str, ...],
        routing: Routing,
        head: FreeHead | None = None,
    ) -> None:
        self.model, self.combination, self.slots, self.head = model, combination, slots, head
        self.routing, self.choices = routing, routing.choices
        self.inner = routing.forward
        self.enabled = True
        #: Last hidden states of each view in the last pass, shape (views, B, T, D), if they were asked for.
        self.states: Tensor | None = None
        #: Length of the prompts while an answer is generated: without a cache, they come again with each token.
        self.prompt: int | None = None
        self._written: Tensor | None = None  # of the next batch
        self._weights: Tensor | None = None
        self._last: Tensor | None = None
        functools.update_wrapper(self, self.inner)

    def written(self, mask: Tensor | None) -> None:
        """Say which positions of the next batch belong to the answer, shape (B, T); in generation nothing is said."""
        self._written = mask

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run all views; the output is that of the model, with one row for each row of the batch."""
        if not self.enabled:
            return self.inner(*args, **options)
        if args:
            options["input_ids"] = args[0]
        labels = options.pop("labels", None)
        continued = _continues(options)
        written, self._written = self._written, None
        if not continued:
            if self.prompt is not None:
                written = _after(self.prompt, options)
            self.routing.route(options, written)
        rows = next(len(options[name]) for name in ("input_ids", "inputs_embeds") if options.get(name) is not None)
        plan = self._plan(rows, options)
        if plan is None:  # one part a row: nothing to mix
            return self._with_loss(self.inner(**options), labels)
        many, made, shares = plan
        for name in _PER_ROW:
            value = options.get(name)
            if isinstance(value, Tensor) and len(value) == rows:
                options[name] = value.repeat(many, *(1,) * (value.ndim - 1))
        hidden = options.get("output_hidden_states")
        options["output_hidden_states"] = bool(hidden) or self.combination.kind == "head"
        kept = options.get("logits_to_keep", 0)
        if self.combination.kind == "head":  # it takes the states, and the model's own scores are not used
            options["logits_to_keep"] = 1
        elif written is not None:  # the weights of a mixture take all that was written so far
            options["logits_to_keep"] = 0
        with self.choices.making(made), self.choices.sharing(shares):
            output = self.inner(**options)
        scores = output.logits.unflatten(0, (many, rows))
        states = None
        if options["output_hidden_states"]:
            states = output.hidden_states[-1].unflatten(0, (many, rows))
            output.hidden_states = output.hidden_states if hidden else None
        self.states = states
        joined = self._together(scores, states, options, rows, None if continued else written, continued)
        output.logits = joined[:, -kept:] if isinstance(kept, int) else joined
        return self._with_loss(output, labels)

    def _plan(self, rows: int, options: Mapping[str, Any]) -> tuple[int, dict[str, Tensor], dict[str, Tensor]] | None:
        """The number of views, the choices of all their rows, and how much of each slot they use."""
        device = next(self.model.parameters()).device
        if self.combination.kind == "sum":
            return None
        known = {name: made for name, made in self.choices.all().items() if len(made) == rows}
        if self.combination.kind == "mixture":
            weights = known.get(self.combination.choice)
            if weights is None or not weights.is_floating_point():
                return None
            many = weights.shape[1]
            repeated = {name: made.repeat(many, *(1,) * (made.ndim - 1)) for name, made in known.items()}
            parts = torch.arange(many, device=device).repeat_interleave(rows)
            return many, {**repeated, self.combination.choice: parts}, {}
        groups = [*self.combination.groups]
        if self.combination.kind == "experts":
            groups.append(())
        many = len(groups)
        repeated = {name: made.repeat(many, *(1,) * (made.ndim - 1)) for name, made in known.items()}
        shares = {
            slot: torch.tensor([float(slot in group) for group in groups], device=device).repeat_interleave(rows)
            for slot in self.slots
        }
        return many, repeated, shares

    def _together(
        self,
        scores: Tensor,
        states: Tensor | None,
        options: Mapping[str, Any],
        rows: int,
        written: Tensor | None,
        continued: bool,
    ) -> Tensor:
        if self.combination.kind == "experts":
            if written is None:
                return experts(scores[0], scores[1], scores[2])
            places = predicting(written)
            return spread(experts(*at(scores, places)), places, written)
        if self.combination.kind == "head":
            assert states is not None and self.head is not None  # noqa: S101 - made together
            joined: Tensor
            if written is None:
                joined = self.head(list(states))
                return joined
            places = predicting(written)
            joined = self.head(list(at(states, places)))
            return spread(joined, places, written)
        tokens = options.get("input_ids")
        own = tokens[:rows] if tokens is not None else None
        if continued and own is not None and self._last is not None and self._weights is not None:
            # The token that was just written changes the weights of the views.
            before = torch.log_softmax(self._last.float(), dim=-1)
            said = before.gather(-1, own[None, :, :1].expand(len(scores), -1, -1))[..., 0].T
            weights = torch.softmax(self._weights.clamp(min=_TINY).log() + said, dim=-1)
        else:
            weights = self.choices.get(self.combination.choice, rows, len(scores)).float()
        if self.model.training or options.get("past_key_values") is None:
            self._weights = self._last = None
        else:
            self._weights, self._last = weights.detach(), scores[:, :, -1].detach()
        return mix(scores, weights, own, written)

    @staticmethod
    def _with_loss(output: Any, labels: Tensor | None) -> Any:
        if labels is not None:
            scores = output.logits[:, :-1].float()
            output.loss = functional.cross_entropy(scores.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)
        return output


def _length(cache: Any) -> int:
    length: int = cache.get_seq_length()
    return length


def _continues(options: Mapping[str, Any]) -> bool:
    """Whether a pass goes on with an answer, so that the choice for its rows stays."""
    cache = options.get("past_key_values")
    return cache is not None and _length(cache) > 0


def _after(prompt: int, options: Mapping[str, Any]) -> Tensor:
    """The positions behind the prompt: shape (B, T)."""
    given = next(options[name] for name in ("input_ids", "inputs_embeds") if options.get(name) is not None)
    rows, length = given.shape[:2]
    return (torch.arange(length, device=given.device) >= prompt).expand(rows, length)
