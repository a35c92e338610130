"""What names a run: files by what they hold, hub sets by what is said of them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import datasets
import pytest

from causal_reasoning.data.identity import sources_identity
from causal_reasoning.errors import InputError
from causal_reasoning.experiment import load_experiment
from causal_reasoning.sweeps.store import run_config


def identity(folder: Path, data: str, more: str = "") -> dict[str, Any]:
    path = folder / "e.yaml"
    path.write_text(f"version: 1\nname: e\nceiling: false\narms: [{{graph: erm}}]\ndata: {{{data}}}\n{more}")
    return sources_identity(load_experiment(path))


def test_a_copy_of_a_file_is_the_same_and_an_edited_one_is_not(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    shutil.copy(tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    first, copy = (identity(tmp_path, f"train: {name}.jsonl") for name in "ab")
    assert first == copy
    (tmp_path / "b.jsonl").write_text('{"question": "q", "answer": "b"}\n')
    assert identity(tmp_path, "train: b.jsonl") != first
    with pytest.raises(InputError, match=r"c\.jsonl: no such file"):
        identity(tmp_path, "train: c.jsonl")


def test_every_source_counts(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.csv").write_text(f"question,answer\n{name},x\n")
    more = "evaluation: {splits: {own: c.csv, more: {file: d.csv}, some: {filter: [{column: answer, equals: x}]}}}\n"
    found = identity(tmp_path, "train: a.csv, test: b.csv", more)
    assert sorted(found) == ["split more", "split own", "test", "train"]
    assert len(set(found.values())) == 4


def test_a_hub_set_is_what_is_said_of_it_and_a_folder_what_it_holds(tmp_path: Path) -> None:
    found = identity(tmp_path, "train: {hub: owner/name, revision: abc}")
    assert found["train"] == {"hub": "owner/name", "config": None, "split": None, "revision": "abc"}
    rows = {"question": ["q"], "answer": ["a"]}
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / "set")
    one = identity(tmp_path, "train: 'hub:set'")
    assert one == identity(tmp_path, "train: 'hub:set'")
    shutil.rmtree(tmp_path / "set")
    datasets.Dataset.from_dict({**rows, "answer": ["b"]}).save_to_disk(tmp_path / "set")
    assert identity(tmp_path, "train: 'hub:set'") != one


def test_the_chat_template_and_new_options_name_a_run_only_where_they_are_used(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    configs = {}
    for data, more in (("", ""), (", normalise: lower", ""), ("", "chat: true\n")):
        identity(tmp_path, f"train: a.jsonl{data}", more)
        loaded = load_experiment(tmp_path / "e.yaml")
        configs[data, more] = run_config(loaded, loaded.arms[0], 1)
    plain, normalised, chat = configs.values()
    assert plain["data"]["spec"] == {"train": "a.jsonl"}
    assert normalised["data"]["spec"] == {"train": "a.jsonl", "normalise": "lower"}
    assert "chat" not in plain
    assert chat["chat"] == {"system": None}
