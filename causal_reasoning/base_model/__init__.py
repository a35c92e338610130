"""A small language model that ships with the package, so that everything runs without a download."""

from __future__ import annotations

from pathlib import Path


def base_model_path() -> Path:
    """Return the folder with the weights and the tokenizer.

    Returns
    -------
    Path
        A folder that ``AutoModelForCausalLM.from_pretrained`` and ``AutoTokenizer.from_pretrained`` load.

    Examples
    --------
    >>> base_model_path().name
    'weights'
    """
    return Path(__file__).parent / "weights"


__all__ = ["base_model_path"]
