"""The evaluation table of a run and its digest."""

from __future__ import annotations

from pathlib import Path

import pytest

from causal_reasoning.errors import InputError
from causal_reasoning.sweeps.answers import ANSWERS, read_answers, write_answers

ROWS = [{"split": "do", "item": 0, "exact_match": True}, {"split": "do", "item": 1, "exact_match": False}]


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    record = {"answers": write_answers(tmp_path, ROWS)}
    assert record["answers"]["rows"] == 2
    assert read_answers(tmp_path, record) == ROWS


def test_a_table_that_is_gone_or_was_changed_is_refused_and_an_old_run_is_read(tmp_path: Path) -> None:
    record = {"answers": write_answers(tmp_path, ROWS)}
    path = tmp_path / ANSWERS
    path.write_text(path.read_text(encoding="utf-8").replace("true", "false"), encoding="utf-8")
    with pytest.raises(InputError, match="is not what the run wrote"):
        read_answers(tmp_path, record)
    assert read_answers(tmp_path, {})[0]["exact_match"] is False
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        read_answers(tmp_path, record)
