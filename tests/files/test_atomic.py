"""Writes happen completely or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.files import write_atomic


def test_texts_and_bytes_are_written_into_new_folders(tmp_path: Path) -> None:
    assert write_atomic(tmp_path / "a" / "b" / "c.txt", "naïve ☃\n").read_bytes() == "naïve ☃\n".encode()
    assert write_atomic(str(tmp_path / "raw"), b"\x00\xff").read_bytes() == b"\x00\xff"
    assert stat.S_IMODE((tmp_path / "raw").stat().st_mode) == 0o644


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failure_on_the_way_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    path = tmp_path / "kept.txt"
    write_atomic(path, "old")

    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, function, full)
    with pytest.raises(InputError, match=r"kept.txt: cannot be written: No space left on device$"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_an_interruption_on_the_way_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept.txt"
    write_atomic(path, "old")

    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot be written: it is a folder; name a file$"):
        write_atomic(tmp_path, "text")
    with pytest.raises(InputError, match=r"below: cannot be written: "):
        write_atomic(tmp_path / "file" / "below", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
