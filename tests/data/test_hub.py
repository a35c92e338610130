"""Data sets of the ``datasets`` library: folders that it wrote, and the hub behind a loader that is not reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest

from causal_reasoning.data.hub import read_hub
from causal_reasoning.errors import InputError
from causal_reasoning.experiment.data_spec import HubSource


def a_set() -> Any:
    features = datasets.Features(
        {
            "question": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["negative", "positive"]),
            "other": datasets.Value("int64"),
        }
    )
    rows = {"question": ["bad", "good", "?"], "label": [0, 1, -1], "other": [1, 2, 3]}
    return datasets.Dataset.from_dict(rows, features=features)


def test_a_set_saved_to_disk_is_read_with_the_names_of_its_labels(tmp_path: Path) -> None:
    a_set().save_to_disk(tmp_path / "set")
    raw = read_hub(HubSource(hub="set"), "train", tmp_path, {"question", "label"}.__contains__)
    assert raw.columns == {"question": ["bad", "good", "?"], "label": ["negative", "positive", None]}
    assert (raw.others, raw.places, raw.unit) == (("other",), (1, 2, 3), "row")
    assert str(raw.fault(2, "wrong")) == "hub:set, train: row 3: wrong"


def test_a_split_of_a_saved_set_is_that_of_the_part_unless_another_is_named(tmp_path: Path) -> None:
    datasets.DatasetDict({"train": a_set(), "test": a_set().select([1])}).save_to_disk(tmp_path / "set")
    assert len(read_hub(HubSource(hub="set"), "train", tmp_path)) == 3
    assert len(read_hub(HubSource(hub="set"), "test", tmp_path)) == 1
    assert len(read_hub(HubSource(hub="set", split="test"), "train", tmp_path)) == 1
    with pytest.raises(InputError, match="hub:set, tests: there is no split 'tests'; did you mean 'test'"):
        read_hub(HubSource(hub="set", split="tests"), "train", tmp_path)


def test_a_folder_of_files_is_loaded_as_the_library_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "set").mkdir()
    a_set().to_parquet(tmp_path / "set" / "train-00000.parquet")
    raw = read_hub(HubSource(hub="set"), "train", tmp_path)
    assert raw.columns["question"] == ["bad", "good", "?"]
    with pytest.raises(InputError, match="there is no split 'validation'"):
        read_hub(HubSource(hub="set"), "validation", tmp_path)


def test_the_hub_is_asked_for_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def load(*arguments: Any, **named: Any) -> Any:
        asked.append((arguments, named))
        return a_set()

    monkeypatch.setattr(datasets, "load_dataset", load)
    source = HubSource(hub="owner/name", config="main", revision="abc")
    assert len(read_hub(source, "validation", tmp_path)) == 3
    assert asked == [(("owner/name", "main"), {"split": "validation", "revision": "abc"})]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ConnectionError("no route\nto host"),
            "the hub cannot be reached: no route to host; name local files, or load",
        ),
        (datasets.exceptions.DatasetNotFoundError("Dataset 'x' doesn't exist"), "there is no such data set: Dataset"),
        (ValueError("Config name is missing. Please pick one"), "'config' must name one of its configurations: Config"),
        (ValueError("Unknown split \"t\". Should be one of ['a']"), "there is no split 'train': Unknown split"),
        (RuntimeError("x" * 500), "cannot be loaded: RuntimeError: x"),
    ],
)
def test_a_set_that_cannot_be_loaded_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: str
) -> None:
    def load(*arguments: Any, **named: Any) -> Any:
        raise error

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(InputError) as caught:
        read_hub(HubSource(hub="owner/name"), "train", tmp_path)
    (told,) = str(caught.value).splitlines()
    assert told.startswith(f"hub:owner/name, train: {expected}")
    assert len(told) < 320


def test_without_a_connection_the_library_itself_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    with pytest.raises(InputError) as caught:
        read_hub(HubSource(hub="nobody-at-all/no-such-set"), "train", tmp_path)
    (told,) = str(caught.value).splitlines()
    assert told.startswith("hub:nobody-at-all/no-such-set, train: ")
