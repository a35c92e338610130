"""The peft method: slots put into any decoder of transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from torch import Tensor, nn

from causal_reasoning.adapter.added import WRITERS, Added
from causal_reasoning.adapter.attention import with_slots, without_slots
from causal_reasoning.adapter.choices import Choices
from causal_reasoning.adapter.combine import Combination, FreeHead
from causal_reasoning.adapter.config import SlotsConfig
from causal_reasoning.adapter.low_rank import SlotLinear
from causal_reasoning.adapter.projections import is_attention
from causal_reasoning.adapter.router import Router
from causal_reasoning.adapter.routing import Chooser, Routing
from causal_reasoning.adapter.spec import LowRankSlot, Slot, TokenSlot, slot_from_dict
from causal_reasoning.adapter.tokens import SlotTokens
from causal_reasoning.adapter.views import Views


class SlotsModel(BaseTuner):  # type: ignore[misc]
    """A frozen model with slots.

    Parameters
    ----------
    model : PreTrainedModel
        A decoder that takes its attention from transformers' interface.
    peft_config : SlotsConfig
        The slots.
    adapter_name : str
        Name of this adapter; several can stand side by side.

    Raises
    ------
    ValueError
        If the model has no layers that a slot fits.

    Examples
    --------
    >>> from peft import get_peft_model
    >>> from transformers import LlamaConfig, LlamaForCausalLM
    >>> from causal_reasoning.adapter import SlotsConfig, TokenSlot, slot_to_dict
    >>> base = LlamaForCausalLM(LlamaConfig(vocab_size=9, hidden_size=8, intermediate_size=8, num_hidden_layers=2,
    ...                                     num_attention_heads=2))
    >>> slots = [slot_to_dict(TokenSlot("skill", tokens=3, layers=1))]
    >>> model = get_peft_model(base, SlotsConfig(slots=slots, task_type="CAUSAL_LM"))
    >>> model.get_nb_trainable_parameters()[0]  # 3 · 8 + 2
    26
    """

    if TYPE_CHECKING:  # of peft, which has no types
        active_adapters: list[str]
        model: Any

    prefix = "slots_"
    tuner_layer_cls = BaseTunerLayer
    target_module_mapping: dict[str, list[str]] = {}  # noqa: RUF012 - as in peft

    def _pre_injection_hook(self, model: Any, config: SlotsConfig, adapter_name: str) -> None:
        if not hasattr(self, "choices"):
            self.choices = Choices()
            self.views: Views | None = None
            self.slots_routers = nn.ModuleDict({})
            self.slots_heads = nn.ModuleDict({})
        slots = self.slots(adapter_name)
        if not slots:
            raise ValueError("the adapter has no slots")
        if len({slot.name for slot in slots}) < len(slots):
            raise ValueError("two slots have one name")
        config.target_modules = sorted({*self._attention_targets(model, slots), *self._linear_targets(model, slots)})
        if any(isinstance(slot, TokenSlot) for slot in slots):
            current = str(model.config._attn_implementation)
            model.set_attn_implementation(with_slots(current))
            if model.config._attn_implementation != with_slots(current):
                raise ValueError(
                    f"{type(model).__name__} does not take its attention from transformers' interface; "
                    "use low-rank slots for it"
                )

    def _post_injection_hook(self, model: Any, config: SlotsConfig, adapter_name: str) -> None:
        slots = self.slots(adapter_name)
        combination = Combination.from_dict(config.combine)
        choosers = tuple(Chooser.from_dict(data) for data in config.choosers)
        if not choosers and combination.kind == "sum":
            return
        if self.views is not None:
            raise ValueError("an adapter whose rows choose parts stands alone; unload the other one first")
        width = int(model.config.hidden_size)
        device = next(model.parameters()).device
        routers = {
            c.name: Router(c.router, c.parts, width, temperature=c.temperature) for c in choosers if c.by == "router"
        }
        if routers:
            self.slots_routers[adapter_name] = nn.ModuleDict(routers).to(device)
        head = None
        if combination.kind == "head":
            output = model.get_output_embeddings()
            head = FreeHead(len(combination.groups), width, output.weight.shape[0], output.weight).to(device)
            self.slots_heads[adapter_name] = head
        routing = Routing(model, choosers, routers, self.choices, model.forward)
        self.views = Views(model, combination, tuple(slot.name for slot in slots), routing, head)
        model.forward = self.views

    def slots(self, adapter: str = "default") -> tuple[Slot, ...]:
        """The slots of an adapter."""
        return tuple(slot_from_dict(data) for data in self.peft_config[adapter].slots)

    @staticmethod
    def _check_target_module_exists(peft_config: SlotsConfig, key: str) -> bool:
        # peft shortens long lists of names to suffixes that fit the same modules.
        return any(key == target or key.endswith(f".{target}") for target in peft_config.target_modules or ())

    def _prepare_adapter_config(self, peft_config: SlotsConfig, model_config: Any) -> SlotsConfig:
        return peft_config

    def _create_and_replace(
        self,
        peft_config: SlotsConfig,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
        parameter_name: str | None = None,
    ) -> None:
        slots = [slot_from_dict(data) for data in peft_config.slots]
        inference = bool(peft_config.inference_mode)
        if is_attention(target):
            place = self._attention_modules(self.model).index(current_key)
            layers = len(self._attention_modules(self.model))
            chosen = [s for s in slots if isinstance(s, TokenSlot) and (s.layers == 0 or place >= layers - s.layers)]
            layer = self._tokens_of(target)
            for slot in chosen:
                layer.update_layer(adapter_name, slot, inference)
            if adapter_name not in self.active_adapters:
                layer.requires_grad_(False)
            return
        if isinstance(target, SlotLinear):
            linear = target
        else:
            inputs, outputs = _sizes(target)
            linear = SlotLinear(target, inputs, outputs, self.choices)
            linear._active_adapter = adapter_name
            self._replace_module(parent, target_name, linear, target)
        for low_rank in slots:
            if isinstance(low_rank, LowRankSlot) and _fits(current_key, low_rank):
                linear.update_layer(adapter_name, low_rank, inference)
        if adapter_name not in self.active_adapters:
            linear.requires_grad_(False)

    def _tokens_of(self, attention: Any) -> SlotTokens:
        found = getattr(attention, "slots", None)
        if isinstance(found, SlotTokens):
            return found
        config: Any = attention.config
        layer = SlotTokens(attention, config.num_attention_heads, config.hidden_size, self.choices)
        layer._active_adapter = self.active_adapters
        attention.slots = layer
        return layer

    @staticmethod
    def _attention_modules(model: nn.Module) -> list[str]:
        return [name for name, module in model.named_modules() if is_attention(module)]

    def _attention_targets(self, model: nn.Module, slots: tuple[Slot, ...]) -> set[str]:
        wanted = [slot for slot in slots if isinstance(slot, TokenSlot)]
        if not wanted:
            return set()
        names = self._attention_modules(model)
        if not names:
            raise ValueError(
                f"{type(model).__name__} has no attention modules with known key and value projections; "
                "use low-rank slots for it"
            )
        for slot in wanted:
            if slot.layers > len(names):
                raise ValueError(f"the slot '{slot.name}' asks for {slot.layers} layers, the model has {len(names)}")
        deepest = max(len(names) if slot.layers == 0 else slot.layers for slot in wanted)
        return set(names[len(names) - deepest :])

    @staticmethod
    def _linear_targets(model: Any, slots: tuple[Slot, ...]) -> set[str]:
        wanted = [slot for slot in slots if isinstance(slot, LowRankSlot)]
        head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
        found = {
            name
            for name, module in model.named_modules()
            if module is not head and _is_linear(module) and any(_fits(name, slot) for slot in wanted)
        }
        for slot in wanted:
            if not any(_fits(name, slot) for name in found):
                raise ValueError(
                    f"no linear layer fits the targets of the slot '{slot.name}': {', '.join(slot.targets)}"
                )
        return found

    def unload(self) -> Any:
        """Take all slots out and return the base model as it was."""
        return self._unload_and_optionally_merge(merge=False)

    def _unload_and_optionally_merge(
        self,
        progressbar: bool = True,
        merge: bool = True,
        safe_merge: bool = False,
        adapter_names: list[str] | None = None,
    ) -> Any:
        tokens = [module for module in self.model.modules() if isinstance(getattr(module, "slots", None), SlotTokens)]
        if merge and tokens:
            raise ValueError("slot tokens cannot be merged into the model; only adapters of low-rank slots can")
        for module in tokens:
            del module.slots
        if self.views is not None:
            del self.model.forward
            self.views = None
        if tokens:
            self.model.set_attn_implementation(without_slots(str(self.model.config._attn_implementation)))
        return super()._unload_and_optionally_merge(
            progressbar=progressbar, merge=merge, safe_merge=safe_merge, adapter_names=adapter_names
        )

    def generate(self, *args: Any, **options: Any) -> Any:
        """Generate with the model; routes are chosen by the prompts alone, with and without a cache."""
        if self.views is None:
            return self.model.generate(*args, **options)
        if options.get("num_beams", 1) != 1:
            raise ValueError("beam search is not supported for adapters whose rows choose parts; use num_beams=1")
        given = args[0] if args else options.get("input_ids", options.get("inputs"))
        self.views.prompt = given.shape[1] if isinstance(given, Tensor) else None
        try:
            return self.model.generate(*args, **options)
        finally:
            self.views.prompt = None

    def _enable_adapter_layers(self, enabled: bool = True) -> None:
        super()._enable_adapter_layers(enabled)
        if self.views is not None:
            self.views.enabled = enabled

    def added(self) -> Added:
        """What the slots added in the last forward pass; token slots always, low-rank slots if they are recorded."""
        names = [(name, module) for name, module in self.model.named_modules() if isinstance(module, SlotLinear)]
        combination = self.views.combination if self.views is not None else Combination()
        mixed = self.choices.known(combination.choice) if combination.kind == "mixture" else None
        return Added(
            tuple(
                (module, module.attended, module.beside)
                for module in self.model.modules()
                if isinstance(module, SlotTokens)
            ),
            tuple((_layer(name), m.added) for name, m in names if name.rsplit(".", 1)[-1] in WRITERS and m.added),
            {slot: i for i, group in enumerate(combination.groups) for slot in group},
            mixed if mixed is not None and mixed.is_floating_point() else None,
        )

    def contributions(self, name: str, tokens: tuple[int, ...] = ()) -> dict[str, Tensor]:
        """What a token slot added in the last forward pass, by layer.

        Parameters
        ----------
        name : str
            The slot.
        tokens : tuple of int
            Of which of its tokens; without any, of all.

        Returns
        -------
        dict of str to Tensor
            For each module, the first layer first: shape (B, T, D).
        """
        return {
            key: module.contribution(name, tokens)
            for key, module in self.model.named_modules()
            if isinstance(module, SlotTokens) and name in module.attended
        }


def _layer(name: str) -> int:
    """The number of the layer that a module is in; −1 for one that is in none."""
    return next((int(part) for part in name.split(".") if part.isdigit()), -1)


def _is_linear(module: nn.Module) -> bool:
    from transformers.pytorch_utils import Conv1D

    return isinstance(module, nn.Linear | Conv1D | SlotLinear)


def _fits(name: str, slot: LowRankSlot) -> bool:
    return not slot.targets or any(name == target or name.endswith(f".{target}") for target in slot.targets)


def _sizes(layer: nn.Module) -> tuple[int, int]:
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    weight: Any = layer.weight
    inputs, outputs = weight.shape
    return int(inputs), int(outputs)
