"""Load a model and its tokenizer, and put a low-rank adapter on it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch

from causal_reasoning.base_model import base_model_path
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment import LoraSpec

DEFAULT = "default"


def load_model(name: str, precision: str = "float32", *, folder: Path | None = None) -> tuple[Any, Any]:
    """Load a causal language model and its tokenizer.

    Parameters
    ----------
    name : str
        ``"default"`` (the packaged base model), a local folder in Hugging Face format, or a hub id.
    precision : str
        ``"float32"`` or ``"bfloat16"``.
    folder : Path, optional
        Where a relative folder starts, for instance beside the experiment file.

    Returns
    -------
    (PreTrainedModel, PreTrainedTokenizerBase)
        The model on the CPU, in evaluation mode, and the tokenizer with a padding token.

    Raises
    ------
    InputError
        If there is no such model, or the folder is not one.
    """
    tokenizer = load_tokenizer(name, folder=folder)
    return load_weights(name, precision, folder=folder), tokenizer


def load_weights(name: str, precision: str = "float32", *, folder: Path | None = None) -> Any:
    """Load a model without its tokenizer; see `load_model`."""
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        model = AutoModelForCausalLM.from_pretrained(resolve_model(name, folder), dtype=getattr(torch, precision))
    except _LOADING as error:
        raise _not_loaded(name, error) from error
    model.eval()
    return model


def load_config(name: str, *, folder: Path | None = None) -> Any:
    """Load the configuration of a model; see `load_model`."""
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(resolve_model(name, folder))
    except _LOADING as error:
        raise _not_loaded(name, error) from error


def load_without_weights(name: str, *, folder: Path | None = None) -> Any:
    """Build a model from its configuration alone, with shapes and without memory for weights; see `load_model`."""
    from transformers import AutoModelForCausalLM

    config = load_config(name, folder=folder)
    try:
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(config)
    except _LOADING as error:
        raise _not_loaded(name, error) from error


def load_tokenizer(name: str, *, folder: Path | None = None) -> Any:
    """Load the tokenizer of a model, with a padding token; see `load_model`."""
    from transformers import AutoTokenizer

    source = resolve_model(name, folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
    except _LOADING as error:
        raise _not_loaded(name, error) from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


# What transformers raises for a model that is not there, not whole, or of a kind that it does not know.
_LOADING = (OSError, ValueError, KeyError, ImportError, RuntimeError)


def _not_loaded(name: str, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:300]
    return InputError.at(
        f"model {name}", f"cannot be loaded: {reason}; give 'default', a local model folder or a hub id"
    )


def resolve_model(name: str, folder: Path | None = None) -> str:
    """Turn the name of a model into what transformers loads; see `load_model`."""
    if name == DEFAULT:
        return str(base_model_path())
    candidates = [Path(name)] if Path(name).is_absolute() or folder is None else [folder / name, Path(name)]
    for path in candidates:
        if path.is_dir():
            if not (path / "config.json").is_file():
                raise InputError.at(name, "is a folder without config.json; name a model folder in Hugging Face format")
            return str(path)
    looks_like_path = name.startswith((".", "/", "~")) or name.count("/") > 1 or os.sep * 2 in name
    if looks_like_path:
        raise InputError.at(name, "there is no such model folder; give 'default', a local folder or a hub id")
    return name


def attach_lora(model: Any, spec: LoraSpec) -> Any:
    """Put a stock peft LoRA adapter on a model.

    Parameters
    ----------
    model : PreTrainedModel
        The base; it is frozen.
    spec : LoraSpec
        Rank, scale, dropout and targets.

    Returns
    -------
    PeftModel
        Its adapter loads without this package.

    Raises
    ------
    InputError
        If the model has none of the named target modules.
    """
    from peft import LoraConfig, get_peft_model

    if isinstance(spec.targets, list):
        linear = sorted({n.rsplit(".", 1)[-1] for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)})
        for target in spec.targets:
            if target not in linear and not any(n.endswith(target) for n, _ in model.named_modules()):
                raise InputError.at(
                    "adapter.targets", f"the model has no module '{target}'; {did_you_mean(target, linear)}"
                )
    config = LoraConfig(
        r=spec.rank,
        lora_alpha=spec.alpha,
        lora_dropout=spec.dropout,
        target_modules=spec.targets,
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)


def count_parameters(model: Any) -> tuple[int, int]:
    """All and trainable parameters of a model, in numbers of scalars."""
    total = sum(p.numel() for p in model.parameters())
    return total, sum(p.numel() for p in model.parameters() if p.requires_grad)
