"""What a run trains: one small function for each kind of adapter that puts it on a model."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment.adapter_spec import (
    AdapterSpec,
    AdaptionPromptSpec,
    FullSpec,
    Ia3Spec,
    LoraSpec,
    PrefixSpec,
)
from causal_reasoning.objective.baselines.cft import TwoModels
from causal_reasoning.objective.loss import Equipped, Loss
from causal_reasoning.training.model import (
    attach_lora,
    count_parameters,
    load_config,
    load_model,
    load_tokenizer,
    load_weights,
    load_without_weights,
)

_CAUSAL = "CAUSAL_LM"


def attach_adapter(model: Any, spec: AdapterSpec) -> Any:
    """Put an adapter on a model, or make all of its weights trainable.

    Parameters
    ----------
    model : PreTrainedModel
        The base; it is changed in place.
    spec : AdapterSpec
        What is trained; where it names a number of parameters, the size is chosen as in `settle_adapter`.

    Returns
    -------
    PeftModel or PreTrainedModel
        Stock peft, which loads without this package; the model itself where all weights are trained.

    Raises
    ------
    InputError
        If the model cannot have this adapter.
    """
    spec = settle_adapter(model, spec)
    try:
        with warnings.catch_warnings():
            # transformers warns of a name that peft still uses; nobody here can act on it.
            warnings.simplefilter("ignore", FutureWarning)
            return _KINDS[spec.kind](model, spec)
    except (ValueError, ZeroDivisionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError.at("adapter", f"the model cannot have a '{spec.kind}' adapter: {reason}") from error


def _adaption_prompt(model: Any, spec: AdaptionPromptSpec) -> Any:
    """LLaMA-Adapter as peft has it: one gate a layer."""
    from peft import AdaptionPromptConfig, get_peft_model
    from peft.tuners.adaption_prompt.config import TRANSFORMERS_MODEL_CONFIG

    config = model.config
    if config.model_type not in TRANSFORMERS_MODEL_CONFIG:
        raise InputError.at(
            "adapter.kind",
            f"peft has 'adaption_prompt' for {_listed(TRANSFORMERS_MODEL_CONFIG)} only, and the model is a "
            f"{config.model_type}; take another kind",
        )
    depth = int(config.num_hidden_layers)
    if spec.adapter_layers is not None and spec.adapter_layers > depth:
        raise InputError.at("adapter.adapter_layers", f"the model has {depth} layers, these are {spec.adapter_layers}")
    if getattr(config, "head_dim", None) not in (None, config.hidden_size // config.num_attention_heads):
        raise InputError.at(
            "adapter.kind",
            "peft has 'adaption_prompt' for models whose heads share the hidden size among them, and those of this "
            f"model have {config.head_dim} entries each; take another kind",
        )
    layers = depth if spec.adapter_layers is None else spec.adapter_layers
    return get_peft_model(
        model, AdaptionPromptConfig(adapter_len=spec.adapter_len, adapter_layers=layers, task_type=_CAUSAL)
    )


def _ia3(model: Any, spec: Ia3Spec) -> Any:
    """(IA)³ with the modules of the file, or with those that peft knows for the architecture."""
    from peft import IA3Config, get_peft_model
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING as KNOWN

    if spec.targets is None and model.config.model_type not in KNOWN:
        raise InputError.at(
            "adapter.targets",
            f"peft does not know which modules of a {model.config.model_type} 'ia3' rescales; name them with "
            "'targets' and 'feedforward'",
        )
    for target in spec.targets or ():
        if not any(name.endswith(target) for name, _ in model.named_modules()):
            linear = {n.rsplit(".", 1)[-1] for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
            raise InputError.at(
                "adapter.targets", f"the model has no module '{target}'; {did_you_mean(target, linear)}"
            )
    config = IA3Config(target_modules=spec.targets, feedforward_modules=spec.feedforward, task_type=_CAUSAL)
    return get_peft_model(model, config)


def _prefix(model: Any, spec: PrefixSpec) -> Any:
    """Prefix tuning without a projection: the keys and values themselves are trained."""
    from peft import PrefixTuningConfig, get_peft_model

    most = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if most is not None and spec.num_virtual_tokens >= most:
        raise InputError.at(
            "adapter.num_virtual_tokens",
            f"the model reads at most {most:,} tokens, and the prefix alone has {spec.num_virtual_tokens:,}",
        )
    return get_peft_model(model, PrefixTuningConfig(num_virtual_tokens=spec.num_virtual_tokens, task_type=_CAUSAL))


def _full(model: Any, spec: FullSpec) -> Any:
    """Every weight is trained: there is no adapter."""
    if getattr(model, "is_quantized", False) or getattr(model.config, "quantization_config", None) is not None:
        raise InputError.at("adapter.kind", "the weights of a quantised model cannot be trained; take 'lora'")
    return model.requires_grad_(True)


_KINDS: dict[str, Callable[[Any, Any], Any]] = {
    "lora": attach_lora,
    "adaption_prompt": _adaption_prompt,
    "ia3": _ia3,
    "prefix": _prefix,
    "full": _full,
}


def settle_adapter(model: Any, spec: AdapterSpec) -> AdapterSpec:
    """Choose the size of an adapter whose number of trainable parameters is given.

    Parameters
    ----------
    model : PreTrainedModel
        The base; it is not changed.
    spec : AdapterSpec
        What is trained.

    Returns
    -------
    AdapterSpec
        The same adapter with the size whose number comes nearest, the smaller one of two; a specification
        without ``parameters`` as it is.

    Raises
    ------
    InputError
        If even the smallest adapter is more than half as large again.
    """
    if not isinstance(spec, LoraSpec | AdaptionPromptSpec | PrefixSpec) or spec.parameters is None:
        return spec
    first, second = (trainable_parameters(model, spec.of_size(size)) for size in (1, 2))
    wanted, each = spec.parameters, second - first  # the number is an affine function of the size
    if 2 * first > 3 * wanted:
        raise InputError.at(
            "adapter.parameters",
            f"'{spec.kind}' has at least {first:,} trainable parameters on this model, and {wanted:,} are asked for",
        )
    below = max(1 + (wanted - first) // each, 1)
    return spec.of_size(min((below, below + 1), key=lambda size: (abs(first + each * (size - 1) - wanted), size)))


def trainable_parameters(model: Any, spec: AdapterSpec) -> int:
    """Count what would be trained, on a copy of the model without weights.

    Parameters
    ----------
    model : PreTrainedModel
        The base; it is not changed, and no random numbers are drawn.
    spec : AdapterSpec
        What is trained.

    Returns
    -------
    int
        Trainable scalars.
    """
    with torch.random.fork_rng(devices=[]):
        return count_parameters(attach_adapter(_without_weights(model), spec))[1]


def _without_weights(model: Any) -> Any:
    """A copy with the same shapes and no memory for them."""
    empty: dict[int, Any] = {}
    for parameter in model.parameters():
        empty[id(parameter)] = torch.nn.Parameter(torch.empty_like(parameter, device="meta"), requires_grad=False)
    for buffer in model.buffers():
        empty[id(buffer)] = torch.empty_like(buffer, device="meta")
    return copy.deepcopy(model, empty)


def check_adapter(name: str, spec: AdapterSpec, *, folder: Path | None = None) -> None:
    """See from a model's configuration alone whether it can have an adapter.

    Parameters
    ----------
    name : str
        A model as in `load_model`.
    spec : AdapterSpec
        What is trained.
    folder : Path, optional
        Where a relative folder starts.

    Raises
    ------
    InputError
        If it cannot.
    """
    if isinstance(spec, LoraSpec) and spec.targets == "all-linear" and spec.parameters is None:
        return  # every model has linear layers
    trainable_parameters(load_without_weights(name, folder=folder), spec)


def objective_refusal(spec: AdapterSpec, loss: Loss, answer: str | None = None) -> str | None:
    """Say why an objective cannot be used with an adapter.

    Parameters
    ----------
    spec : AdapterSpec
        What is trained.
    loss : Loss
        What is minimised.
    answer : str, optional
        How an answer averages over strata: see `causal_reasoning.objective.strata.Answer`.

    Returns
    -------
    str or None
        A sentence; ``None`` where nothing stands against it.
    """
    if spec.kind == "prefix" and isinstance(loss, Equipped) and loss.needs().attention:
        return (
            "the objective reads attention maps, which have a place for every token of the text, and a prefix adds "
            "further ones; take 'lora' or 'full'"
        )
    if spec.kind == "prefix" and answer == "mean_embedding":
        return "answers are generated from averaged embeddings, which peft cannot do with a prefix; take another kind"
    inner: Any = loss
    while inner is not None:
        if spec.kind == "full" and isinstance(inner, TwoModels):
            return (
                "the objective compares with the model without its adapter, and where all weights are trained nothing "
                "is left of it; take another kind"
            )
        inner = getattr(inner, "base", None)  # of a loss with penalties
    return None


def load_trained(
    name: str, adapter: Path, precision: str = "float32", *, folder: Path | None = None
) -> tuple[Any, Any]:
    """Load what a run has trained: a model with its adapter, or the whole model.

    Parameters
    ----------
    name : str
        The base as in `load_model`; its tokenizer is used in any case.
    adapter : Path
        The ``adapter`` folder of a run: an adapter of peft, or a model whose weights were all trained.
    precision : str
        ``"float32"`` or ``"bfloat16"``.
    folder : Path, optional
        Where a relative folder of the base starts.

    Returns
    -------
    (PeftModel or PreTrainedModel, PreTrainedTokenizerBase)
        The model in evaluation mode, and the tokenizer.

    Raises
    ------
    InputError
        If the folder is neither, or does not fit the base.
    """
    if is_whole_model(adapter):
        tokenizer = load_tokenizer(name, folder=folder)
        _check_same_kind(name, adapter, folder)
        return load_weights(str(adapter.absolute()), precision), tokenizer
    model, tokenizer = load_model(name, precision, folder=folder)
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, adapter), tokenizer
    except (RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError.at(str(adapter), f"does not fit the model '{name}': {reason}") from error


def save_trained(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write an adapter in peft's format, or a model whose weights were all trained, with its tokenizer."""
    model.save_pretrained(folder)
    if not hasattr(model, "peft_config"):
        tokenizer.save_pretrained(folder)


def is_whole_model(folder: Path) -> bool:
    """Whether a folder holds a model with all its weights, as full fine-tuning saves it."""
    return (folder / "config.json").is_file() and any(folder.glob("model*.safetensors"))


def _check_same_kind(name: str, adapter: Path, folder: Path | None) -> None:
    """A fine-tuned model has the architecture and the vocabulary of its base."""
    trained, base = load_config(str(adapter.absolute())), load_config(name, folder=folder)
    for key in ("model_type", "vocab_size"):
        found, expected = (getattr(config.get_text_config(), key, None) for config in (trained, base))
        if found != expected:
            raise InputError.at(
                str(adapter), f"does not fit the model '{name}': its {key} is {found}, that of the model {expected}"
            )


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
