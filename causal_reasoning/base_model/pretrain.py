"""Pretrain a small model: ``python -m causal_reasoning.base_model.pretrain --recipe default --output DIR``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from causal_reasoning.errors import CausalReasoningError, InputError
from causal_reasoning.files import write_atomic

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerBase

    from causal_reasoning.base_model.recipe import Recipe

METRICS = "metrics.json"
#: Written when a run is finished; `METRICS` is the last of them.
FILES = ("README.md", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json")


def pretrain(recipe: Recipe, folder: Path, questions: int = 1_000) -> Path:
    """Train a model and write it with its tokenizer, card and figures; the same call again goes on or returns at once.

    Parameters
    ----------
    recipe : Recipe
        All settings.
    folder : Path
        Made if it is missing.
    questions : int
        How many of each world are asked for the card.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        If the folder holds another model, or a checkpoint of another recipe.
    """
    if finished(recipe, folder):
        print(f"{folder} holds this model already", file=sys.stderr)
        return folder
    import torch

    from causal_reasoning.base_model.card import Made
    from causal_reasoning.base_model.checkpoint import NAME
    from causal_reasoning.base_model.display import Display, in_words
    from causal_reasoning.base_model.measure import measure
    from causal_reasoning.base_model.tokenizer import build_tokenizer
    from causal_reasoning.base_model.training import device_of, train

    device = device_of(recipe)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what deterministic products on a GPU ask for
    torch.use_deterministic_algorithms(True, warn_only=device.type != "cpu")
    torch.set_num_threads(recipe.spec.training.threads)
    tokenizer = build_tokenizer()
    with Display(recipe.spec.training.steps) as display:
        trained = train(recipe, tokenizer, folder, display)
        model = trained.model.to(device)
        display.say(f"asking {questions:,} questions of each world")
        scores = measure(
            model, tokenizer, recipe, questions, watch=lambda name, score: display.say(in_words(name, score))
        )
    model = model.cpu()
    where = torch.cuda.get_device_name() if device.type == "cuda" else "cpu"
    made = Made(recipe, model.num_parameters(), trained.seconds, where, scores)
    write_atomic(folder / "training.jsonl", "".join(json.dumps(point) + "\n" for point in trained.curve))
    save(model, tokenizer, folder, made.card(), made.metrics())
    (folder / NAME).unlink(missing_ok=True)
    return folder


def finished(recipe: Recipe, folder: Path) -> bool:
    """Whether a folder holds the finished model of a recipe.

    Parameters
    ----------
    recipe : Recipe
        What it should be.
    folder : Path
        It may be missing.

    Returns
    -------
    bool
        False for an empty folder and for a run under way.

    Raises
    ------
    InputError
        If it holds another model.
    """
    path = folder / METRICS
    if not path.is_file():
        return False
    try:
        digest = json.loads(path.read_text(encoding="utf-8"))["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError.at(str(path), "is not the figures of a model; name another folder") from error
    if digest != recipe.digest:
        raise InputError.at(str(folder), "holds the model of another recipe; name another folder")
    return True


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerBase, folder: Path, card: str, metrics: str) -> None:
    """Write everything into a folder, each file by renaming, the weights and the figures last.

    Parameters
    ----------
    model, tokenizer : model and tokenizer
        What to write.
    folder : Path
        Made if it is missing.
    card, metrics : str
        Text of ``README.md`` and ``metrics.json``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / "README.md", card)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        tokenizer.save_pretrained(scratch)
        model.save_pretrained(scratch)
        for file in sorted(Path(scratch).iterdir(), key=lambda path: (path.suffix == ".safetensors", path.name)):
            file.chmod(0o644)
            file.replace(folder / file.name)
    write_atomic(folder / METRICS, metrics)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        Exit code: 0 done, 2 bad input, 130 interrupted.
    """
    parser = argparse.ArgumentParser(prog="python -m causal_reasoning.base_model.pretrain", description=__doc__)
    parser.add_argument("--recipe", default="default", help="a shipped recipe (default, large) or a YAML file")
    parser.add_argument("--output", type=Path, required=True, help="folder for weights, tokenizer, card and figures")
    parser.add_argument("--questions", type=int, default=1_000, help="asked of each world for the card")
    options = parser.parse_args(arguments)
    if options.questions < 1:
        parser.error("--questions must be at least 1")
    from causal_reasoning.base_model.recipe import load_recipe

    try:
        print(pretrain(load_recipe(options.recipe), options.output, options.questions))
    except CausalReasoningError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; the same command goes on at the last checkpoint", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
