"""Measure the packaged model, or another one: ``python -m causal_reasoning.base_model.evaluate [--model DIR]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from causal_reasoning.base_model import base_model_path
from causal_reasoning.errors import CausalReasoningError, InputError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        Exit code: 0 done, 1 a model that knows the format of fine-tuning, 2 bad input.
    """
    parser = argparse.ArgumentParser(prog="python -m causal_reasoning.base_model.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=base_model_path(), help="a model folder; the packaged one")
    parser.add_argument("--recipe", default="default", help="whose worlds are asked: a shipped recipe or a YAML file")
    parser.add_argument("--questions", type=int, default=1_000, help="of each world")
    parser.add_argument("--seed", type=int, default=0, help="of the questions; the card's are 0")
    parser.add_argument("--threads", type=int, default=2, help="of the processor")
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")
    options = parser.parse_args(arguments)
    for name in ("questions", "threads"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    if options.seed < 0:
        parser.error("--seed must be at least 0")
    try:
        return _evaluate(options)
    except CausalReasoningError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _evaluate(options: argparse.Namespace) -> int:
    from causal_reasoning.base_model.recipe import load_recipe

    recipe = load_recipe(options.recipe)
    if not (options.model / "config.json").is_file():
        raise InputError.at(str(options.model), "there is no config.json; name a model folder in Hugging Face format")
    import torch
    from rich.console import Console
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from causal_reasoning.base_model.display import in_words, score_table
    from causal_reasoning.base_model.measure import measure

    torch.set_num_threads(options.threads)
    logging.disable_progress_bar()
    try:
        model = AutoModelForCausalLM.from_pretrained(options.model, dtype=torch.float32).eval()
        tokenizer = AutoTokenizer.from_pretrained(options.model, padding_side="left")
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError.at(str(options.model), f"cannot be loaded: {reason}; name a whole model folder") from error
    scores = measure(
        model,
        tokenizer,
        recipe,
        options.questions,
        options.seed,
        watch=lambda name, score: print(in_words(name, score), file=sys.stderr, flush=True),
    )
    if options.json:
        print(json.dumps({name: asdict(score) for name, score in scores.items()}, indent=2))
    else:
        Console().print(score_table(scores))
    return 1 if any(score.format > 0 for score in scores.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
