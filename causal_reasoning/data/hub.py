"""Read data sets of the Hugging Face hub, or folders that the ``datasets`` library can load."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from causal_reasoning.data.readers import Raw, Wanted
from causal_reasoning.errors import InputError, did_you_mean
from causal_reasoning.experiment.data_spec import HubSource, source_title


def read_hub(source: HubSource, part: str, folder: Path, wanted: Wanted | None = None) -> Raw:
    """Read one split of a data set.

    Parameters
    ----------
    source : HubSource
        The set; a folder of this name below ``folder`` comes before the hub.
    part : str
        The split, where the source names none.
    folder : Path
        Where relative folders start.
    wanted : callable, optional
        Which columns are read.

    Returns
    -------
    Raw
        The rows in the order of the set; labels that the set stores as numbers with names are the names.

    Raises
    ------
    InputError
        If there is no such set or split, or it cannot be reached; one sentence.
    """
    split = source.split or part
    title = source_title(source.model_copy(update={"split": split}))
    rows = _load(source, split, folder, title)
    names = list(rows.column_names)
    chosen = [name for name in names if wanted is None or wanted(name)]
    kept = rows.select_columns(chosen)
    if not len(rows):
        raise InputError.at(title, "holds no row")
    columns = {name: _values(kept[name], rows.features[name]) for name in chosen}
    others = tuple(name for name in names if name not in columns)
    return Raw(columns, title, tuple(range(1, len(rows) + 1)), "row", others)


def _load(source: HubSource, split: str, folder: Path, title: str) -> Any:
    """The split as a ``datasets.Dataset``."""
    import datasets

    datasets.disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(
        logging.ERROR
    )  # what it tries again is told in one sentence in the end
    local = folder / source.hub
    try:
        if (local / "dataset_info.json").is_file() or (local / "dataset_dict.json").is_file():
            found = datasets.load_from_disk(str(local))
        else:
            name = str(local) if local.is_dir() else source.hub
            found = datasets.load_dataset(name, source.config, split=split, revision=source.revision)
    except Exception as error:
        # The library lets through whatever its loaders and its network raise.
        raise InputError.at(title, _reason(source, split, error)) from error
    if isinstance(found, datasets.DatasetDict):
        if split not in found:
            raise InputError.at(title, f"there is no split '{split}'; {did_you_mean(split, found)}")
        return found[split]
    return found


def _reason(source: HubSource, split: str, error: Exception) -> str:
    import datasets

    said = " ".join(str(error).split())
    said = said if len(said) <= 200 else said[:199] + "…"
    if isinstance(error, ConnectionError):
        return f"the hub cannot be reached: {said}; name local files, or load the set once with a connection"
    if isinstance(error, datasets.exceptions.DatasetNotFoundError):
        return f"there is no such data set: {said}"
    if "Config name is missing" in said or "BuilderConfig" in said:
        return f"'config' must name one of its configurations: {said}"
    if "Unknown split" in said:
        return f"there is no split '{split}': {said}; say another one with 'split'"
    return f"cannot be loaded: {type(error).__name__}: {said}"


def _values(column: Any, feature: Any) -> list[Any]:
    values = list(column)
    names = getattr(feature, "names", None)
    if names is None or not hasattr(feature, "int2str"):
        return values
    return [None if value is None or value < 0 else names[value] for value in values]
