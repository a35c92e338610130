"""One micro-batch as losses see it: `causal_reasoning.objective.loss.Step` on torch tensors."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any

import torch
from accelerate.utils import extract_model_from_parallel  # type: ignore[import-untyped]

from causal_reasoning.adapter.added import Added
from causal_reasoning.adapter.attention import without_slots
from causal_reasoning.data.encode import IGNORED
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.objective.loss import MAIN
from causal_reasoning.training.likelihood import sequence_nll
from causal_reasoning.training.mixing import Aligned, align, interpolate
from causal_reasoning.training.shared_prompt import Prompt, continued, read_prompt, split, suffixes
from causal_reasoning.training.slots import announce, choosing, slots_of

HEADS = "objective_heads"
_INPUTS = ("input_ids", "inputs_embeds", "attention_mask", "position_ids")


class TorchStep:
    """Computes what a loss asks for, each forward pass once.

    A loss that wants hidden states or attention maps asks for them before likelihoods, so that one pass gives both.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        The model in training mode.
    inputs : dict
        What the collator made: tensors of the main view, ``weight`` and ``group`` of shape (B,), and perhaps ``views``,
        a dict of further encodings, ``groupings``, one of further numbers of groups, and ``shared``.
    tokens_per_answer : float
        Mean number of tokens of a training answer; losses read in nats per token.
    groups : int
        The number of groups in the training data.
    number, last : int
        The optimiser step and the last one.
    memory : dict of str to Tensor
        What losses remember between steps.
    """

    def __init__(
        self,
        model: Any,
        inputs: dict[str, Any],
        *,
        tokens_per_answer: float = 1.0,
        groups: int = 1,
        number: int = 0,
        last: int = 0,
        memory: MutableMapping[str, torch.Tensor] | None = None,
    ) -> None:
        self.model = model
        self.inputs: dict[str, dict[str, Any]] = {MAIN: inputs, **inputs.get("views", {})}
        self.weight: torch.Tensor = inputs["weight"]
        self.group: torch.Tensor = inputs["group"]
        self.tokens_per_answer = tokens_per_answer
        self.groups, self.number, self.last = groups, number, last
        self.memory: MutableMapping[str, torch.Tensor] = {} if memory is None else memory
        self._outputs: dict[tuple[str, bool], tuple[frozenset[str], Any]] = {}
        self._same_inputs: dict[str, str] = {}
        self._continued: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        self._prompt: Prompt | None = None
        self._slots = slots_of(self._bare())
        self._added: dict[str, Added] = {}
        self._chosen: dict[str, torch.Tensor] = {}
        self._router_loss: torch.Tensor | None = None
        self._shares = "shared" in inputs and int(inputs["shared"].max()) > 0

    def output(
        self,
        view: str = MAIN,
        *,
        hidden: bool = False,
        attention: bool = False,
        adapter: bool = True,
        gradient: bool = True,
    ) -> Any:
        """The model's output on a view, with hidden states and attention maps if anything asked for them first."""
        inputs = self._view(view)
        key = self._same_inputs.get(view, view), adapter
        asked = {"hidden": hidden, "attention": attention, "gradient": gradient and torch.is_grad_enabled()}
        wanted = {name for name, whether in asked.items() if whether}
        computed, output = self._outputs.get(key, (frozenset(), None))
        if output is None or not wanted <= computed:
            wanted |= computed
            passed = {name: inputs[name] for name in _INPUTS if name in inputs}
            options = {"output_hidden_states": "hidden" in wanted, "output_attentions": "attention" in wanted}
            with torch.set_grad_enabled("gradient" in wanted):
                output = self._forward(passed | options, adapter, inputs["labels"])
            self._outputs[key] = frozenset(wanted), output
            if self._slots is not None and adapter:
                self._added[key[0]] = self._slots.added()
        return output

    def prepare(self, views: Sequence[str], *, gradient: bool = True) -> None:
        """Compute the likelihoods of several views, their common prompt once; see `Step.prepare`."""
        views = [view for view in views if not self._whole(view)]
        if not views or not self._shares:
            return
        main = self._view(MAIN)
        if self._prompt is None:
            # With gradient whatever is asked first: it is computed once for all.
            self._prompt = read_prompt(self.model, *split(main, main["shared"]))
            self._shares = self._prompt is not None
        if self._prompt is None:
            return
        ids, mask, labels = suffixes([self._view(view) for view in views], main["shared"])
        rows = torch.arange(len(self.weight), device=ids.device).repeat(len(views))
        with torch.set_grad_enabled(gradient and torch.is_grad_enabled()):
            prompt = self._prompt if gradient else self._prompt.detached()
            scores = continued(self.model, prompt, ids, mask, rows)
        parts = zip(scores.chunk(len(views)), labels.chunk(len(views)), strict=True)
        self._continued.update(zip(views, parts, strict=True))

    def label(self, columns: tuple[str, ...]) -> torch.Tensor:
        """Index of each row's combination of values of some columns: shape (B,)."""
        groupings = self.inputs[MAIN].get("groupings", {})
        name = ", ".join(columns)
        if name not in groupings:
            raise InputError.at("objective", f"it needs to know {name} of every row; {did_you_mean(name, groupings)}")
        found: torch.Tensor = groupings[name]
        return found

    def nll(self, view: str = MAIN) -> torch.Tensor:
        """−log p_θ(answer | prompt) of each row: shape (B,), in nats per token of a mean answer."""
        return sequence_nll(*self._scored(view, True)) / self.tokens_per_answer

    def logits(self, view: str = MAIN, *, gradient: bool = True) -> torch.Tensor:
        """Scores of the next token at the written positions: shape (P, V), in single precision."""
        scores, labels = self._scored(view, gradient)
        chosen: torch.Tensor = scores[:, :-1][labels[:, 1:] != IGNORED].float()
        return chosen if gradient else chosen.detach()

    def targets(self, view: str = MAIN) -> torch.Tensor:
        """The tokens to be written there: shape (P,)."""
        labels: torch.Tensor = self._view(view)["labels"][:, 1:]
        return labels[self._written(view)]

    def rows(self, view: str = MAIN) -> torch.Tensor:
        """The row of the batch of each written position: shape (P,)."""
        return self._written(view).nonzero()[:, 0]

    def parts(self, view: str = MAIN) -> torch.Tensor:
        """Which of the written nodes each written position belongs to: shape (P,), from 0."""
        if "parts" not in self._view(view):
            return torch.zeros_like(self.rows(view))
        parts: torch.Tensor = self._view(view)["parts"][:, 1:]
        return parts[self._written(view)]

    def per_row(self, values: torch.Tensor, view: str = MAIN) -> torch.Tensor:
        """Sum a quantity over the written positions of each row, in the unit of `nll`: shape (P,) to (B,)."""
        total = torch.zeros(len(self.weight), dtype=values.dtype, device=values.device)
        return total.index_add(0, self.rows(view), values) / self.tokens_per_answer

    def representation(self, layer: int, pool: str, view: str = MAIN, *, adapter: bool = True) -> torch.Tensor:
        """Hidden state after a layer, pooled over positions: shape (B, D), in single precision."""
        states: torch.Tensor = self.output(view, hidden=True, adapter=adapter).hidden_states[layer].float()
        return self._pooled(states, pool, view)

    def contribution(
        self, slot: str, tokens: Sequence[int], layers: int, pool: str, view: str = MAIN
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """What a slot adds to the model, and what the frozen layers add at the same places; see `Step.contribution`."""
        self.output(view)
        try:
            added = self._added[self._same_inputs.get(view, view)]
            ours, theirs = added.of(slot, len(self.weight), tuple(tokens), layers)
        except KeyError:
            raise InputError.at(
                "objective",
                f"it measures what the slot '{slot}' adds, and the adapter has no such slot, or none in a layer that "
                "writes to the residual stream",
            ) from None
        return self._pooled(ours, pool, view), self._pooled(theirs, pool, view)

    def choose(self, name: str, values: torch.Tensor, *, fixed: bool) -> None:
        """Tell the adapter by which value each row chooses a part; see `Step.choose`."""
        if self._slots is None or self._slots.views is None:
            raise InputError.at("objective", f"'{name}' chooses parts of the adapter, and this one has none")
        if fixed:
            self._chosen[name] = self._known_parts(name, values)
        else:
            self._slots.views.routing.labels[name] = values

    def _known_parts(self, name: str, values: torch.Tensor) -> torch.Tensor:
        """The parts of rows; a held-out row with a value that no training row has (−1) averages over all of them."""
        assert self._slots is not None and self._slots.views is not None  # noqa: S101 - checked by the caller
        unknown = values < 0
        if not bool(unknown.any()):
            return values
        chooser = next(one for one in self._slots.views.routing.choosers if one.name == name)
        weights = torch.nn.functional.one_hot(values.clamp(min=0), chooser.parts).float()
        weights[unknown] = torch.tensor(chooser.prior, device=weights.device)
        return weights

    def router_loss(self) -> torch.Tensor | None:
        """What routers lose in the passes of this step; nothing where none learns by gradient."""
        return self._router_loss

    def _pooled(self, states: torch.Tensor, pool: str, view: str) -> torch.Tensor:
        """Pool the states of all positions, shape (B, T, D); see `Step.representation`."""
        if pool == "each":
            return states
        batch = self._view(view)
        written = batch["labels"] != IGNORED
        read = batch["attention_mask"].bool() & ~written
        if pool == "prompt":
            last = read.long().cumsum(1).argmax(1)
            return states[torch.arange(len(states), device=states.device), last]
        # The state at position t predicts token t + 1.
        predicts = torch.zeros_like(written)
        predicts[:, :-1] = written[:, 1:]
        chosen = (predicts if pool == "answer" else read).unsqueeze(-1).to(states.dtype)
        return (states * chosen).sum(1) / chosen.sum(1).clamp(min=1)

    def attention(self, view: str = MAIN) -> torch.Tensor:
        """Attention of the positions that predict the answer, averaged over layers and heads: shape (P, T)."""
        kind = without_slots(str(self._bare().config._attn_implementation))
        if kind != "eager":
            raise InputError.at(
                "objective",
                f"it needs attention maps, which the attention implementation '{kind}' does not give; "
                "load the model with attn_implementation='eager'",
            )
        maps = self.output(view, attention=True).attentions
        averaged: torch.Tensor = torch.stack([layer.float().mean(1) for layer in maps]).mean(0)
        return averaged[:, :-1][self._written(view)]

    def visible(self, view: str = MAIN) -> torch.Tensor:
        """Which tokens each position that predicts the answer sees: booleans of shape (P, T)."""
        mask = self._view(view)["attention_mask"].bool()
        place = self._written(view).nonzero()
        earlier = torch.arange(mask.shape[1], device=mask.device) <= place[:, 1:]
        seen: torch.Tensor = mask[place[:, 0]] & earlier
        return seen

    def marked(self, view: str) -> torch.Tensor:
        """Which tokens of the main view a view marks: booleans of shape (B, T)."""
        marks: torch.Tensor = self._view(view)["input_ids"]
        mask: torch.Tensor = self._view(MAIN)["attention_mask"].bool()
        if marks.shape != mask.shape:
            raise InputError.at("objective", f"the view '{view}' must have one mark for each token of the main view")
        return mask & (marks != IGNORED)

    def mix(self, partner: torch.Tensor, share: torch.Tensor) -> tuple[str, str]:
        """Interpolate the input embeddings of each row with another row's; see `Step.mix`."""
        main = self._view(MAIN)
        embeddings = self._bare().get_input_embeddings()(main["input_ids"])
        rows: Aligned = align(embeddings, main["attention_mask"], main["labels"])
        own, other = "mixed: own answer", "mixed: partner's answer"
        mixed = interpolate(rows, partner, share)
        self.inputs[own] = {**mixed, "labels": rows.labels}
        self.inputs[other] = {**mixed, "labels": rows.labels[partner]}
        self._same_inputs[other] = own
        for adapter in (True, False):
            self._outputs.pop((own, adapter), None)
        return own, other

    def shuffled(self) -> torch.Tensor:
        """A random order of the rows: shape (B,)."""
        return torch.randperm(len(self.weight)).to(self.weight.device)

    def beta(self, alpha: float) -> torch.Tensor:
        """Draws from the distribution Beta(alpha, alpha), one a row: shape (B,)."""
        drawn: torch.Tensor = torch.distributions.Beta(alpha, alpha).sample(self.weight.shape)
        return drawn.to(self.weight.device)

    def head(self, name: str, values: torch.Tensor) -> torch.Tensor:
        """Apply a small network that is trained beside the adapter: shape (N, D) to (N, outputs)."""
        heads = getattr(self._bare(), HEADS, {})
        if name not in heads:
            raise InputError.at(
                "objective", f"the model has no head '{name}'; equip it with what the loss needs before training"
            )
        result: torch.Tensor = heads[name](values)
        return result

    def unembed(self, vectors: torch.Tensor) -> torch.Tensor:
        """What adding vectors to the last hidden state adds to the scores: shape (N, D) to (N, V)."""
        layer = self._bare().get_output_embeddings()
        vectors = vectors.to(layer.weight.dtype)
        added: torch.Tensor = (layer(vectors) - layer(torch.zeros_like(vectors[:1]))).float()
        return added

    def gradient(self, value: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
        """Derivative of a scalar, itself differentiable."""
        return torch.autograd.grad(value, of, create_graph=True)[0]

    def _view(self, view: str) -> dict[str, Any]:
        if view not in self.inputs:
            raise InputError.at(
                "objective", f"it needs the view '{view}' of every row; {did_you_mean(view, self.inputs)}"
            )
        return self.inputs[view]

    def _scored(self, view: str, gradient: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Scores of a view's tokens and the labels that belong to them, perhaps without the common prompt."""
        if self._shares and not self._whole(view):
            scores, _ = self._continued.get(view, (None, None))
            if scores is None or (gradient and torch.is_grad_enabled() and not scores.requires_grad):
                self.prepare((view,), gradient=gradient)
            if view in self._continued:
                return self._continued[view]
        return self.output(view, gradient=gradient).logits, self._view(view)["labels"]

    def _whole(self, view: str) -> bool:
        """Whether a pass over the whole view was made, for its hidden states or because nothing is shared."""
        return (self._same_inputs.get(view, view), True) in self._outputs

    def _written(self, view: str) -> torch.Tensor:
        labels: torch.Tensor = self._view(view)["labels"][:, 1:]
        return labels != IGNORED

    def _bare(self) -> Any:
        """The model without what distributes it over devices."""
        return extract_model_from_parallel(self.model)

    def _forward(self, arguments: dict[str, Any], adapter: bool, labels: torch.Tensor) -> Any:
        if adapter:
            bare = self._bare()
            announce(bare, labels)
            with choosing(bare, self._chosen):
                output = self.model(**arguments, use_cache=False)
            found = self._slots.views.routing.loss if self._slots is not None and self._slots.views else None
            if found is not None:
                self._router_loss = found if self._router_loss is None else self._router_loss + found
            return output
        model = self._bare()
        if not hasattr(model, "disable_adapter"):
            raise InputError.at("objective", "it compares with the model without its adapter; this model has none")
        training = [module for module in model.modules() if module.training]
        model.eval()  # the base is a fixed function: no dropout
        try:
            with torch.no_grad(), model.disable_adapter():
                return model(**arguments, use_cache=False)
        finally:
            for module in training:
                module.training = True
