"""What the rows of an experiment are, as plain data: a run is named by it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from causal_reasoning.errors import InputError
from causal_reasoning.experiment import Experiment
from causal_reasoning.experiment.data_spec import HUB, FileData, HubSource, MeasuredSplit

_SMALL = 1 << 24


def sources_of(experiment: Experiment) -> dict[str, str | HubSource]:
    """The files and hub sets that an experiment reads, by the part that they are for; a split as ``split NAME``."""
    data = experiment.spec.data
    found: dict[str, str | HubSource] = {}
    if isinstance(data, FileData):
        parts = {"train": data.train, "validation": data.validation, "test": data.test}
        found = {name: source for name, source in parts.items() if not isinstance(source, float)}
    for name, split in experiment.spec.evaluation.splits.items():
        source = split.file if isinstance(split, MeasuredSplit) else split
        if source is not None:
            found[f"split {name}"] = source
    return found


def sources_identity(experiment: Experiment) -> dict[str, Any]:
    """What the sources of an experiment hold.

    Parameters
    ----------
    experiment : Experiment
        The settings.

    Returns
    -------
    dict
        For a file its SHA-256, so that a copy counts as the same and an edited one does not; for a hub set its id,
        configuration, split and revision: only a revision pins its rows.

    Raises
    ------
    InputError
        If a file cannot be read.
    """
    return {name: _identity(experiment, source) for name, source in sorted(sources_of(experiment).items())}


def _identity(experiment: Experiment, source: str | HubSource) -> Any:
    if isinstance(source, str) and not source.startswith(HUB):
        return file_digest(experiment.path(source))
    hub = HubSource(hub=source.removeprefix(HUB)) if isinstance(source, str) else source
    folder = experiment.path(hub.hub)
    if not folder.is_dir():
        return hub.model_dump()
    # Large files count by name and size, small files by content.
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = {
        str(path.relative_to(folder)): file_digest(path) if path.stat().st_size < _SMALL else str(path.stat().st_size)
        for path in files
    }
    return {**hub.model_dump(), "files": listed}


def file_digest(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits.

    Raises
    ------
    InputError
        If it is missing or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise InputError.at(str(path), "no such file") from error
    except OSError as error:
        raise InputError.at(str(path), f"cannot be read: {error.strerror or error}") from error
