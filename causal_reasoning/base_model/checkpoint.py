"""What a pretraining run leaves behind so that it can go on after a kill as if nothing had happened."""

from __future__ import annotations

import io
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from causal_reasoning.errors import InputError
from causal_reasoning.files import write_atomic

NAME = "checkpoint.pt"


@dataclass(frozen=True)
class Checkpoint:
    """A run after some steps.

    Parameters
    ----------
    digest : str
        Of the recipe.
    step : int
        Steps done.
    seconds : float
        Wall time spent on them.
    model, optimizer, sums : dict
        States of the model, of the optimiser, and of the means that the curve is waiting for.
    curve : list of dict
        Losses so far.
    """

    digest: str
    step: int
    seconds: float
    model: dict[str, Any]
    optimizer: dict[str, Any]
    sums: dict[str, Any]
    curve: list[dict[str, Any]]

    def save(self, folder: Path) -> None:
        """Write it into a folder by renaming, so that a kill leaves this checkpoint or the one before."""
        buffer = io.BytesIO()
        torch.save(vars(self), buffer)
        write_atomic(folder / NAME, buffer.getvalue())


def find_checkpoint(folder: Path, digest: str) -> Checkpoint | None:
    """Read the checkpoint of a folder.

    Parameters
    ----------
    folder : Path
        Output of a run.
    digest : str
        Of the recipe that is to be trained.

    Returns
    -------
    Checkpoint or None
        ``None`` if there is none.

    Raises
    ------
    InputError
        If it cannot be read, or belongs to another recipe.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        found = Checkpoint(**torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, TypeError, EOFError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError.at(str(path), f"cannot be read: {reason}; remove it to begin anew") from error
    if found.digest != digest:
        raise InputError.at(
            str(path),
            "belongs to another recipe, or a world or the vocabulary has changed since; name another folder, or remove "
            "it to begin anew",
        )
    return found
