"""A report of a folder keeps the order and the floor of the sweep that made it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from causal_reasoning.sweeps.sweep import SUMMARY, saved_order


def test_order_and_floor_are_those_of_the_summary(tmp_path: Path) -> None:
    summary = {"arms": [{"name": "erm"}, {"name": "a"}], "reference": {"floor": "erm", "ceiling": None}}
    (tmp_path / SUMMARY).write_text(json.dumps(summary), encoding="utf-8")
    assert saved_order(tmp_path) == (("erm", "a"), "erm")


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"arms": [1]}', '{"arms": []}'])
def test_a_folder_without_a_summary_has_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / SUMMARY).write_text(text, encoding="utf-8")
    assert saved_order(tmp_path) == ((), None)
