"""Whatever stands in a world file with steps, reading it ends in a world or in an `InputError`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scm.damage import damaged, ends_in_a_world_or_an_input_error, fuzzed, shipped_text

NAMES = ["number", "digit", "today", "count", "cue", "plan", "order", "rationale", "annotator", "9999", "a week ago"]


@pytest.mark.parametrize("name", ["arithmetic", "dates", "rationale"])
@fuzzed(60)
@given(st.data())
def test_a_damaged_file_never_ends_in_a_traceback(tmp_path: Path, name: str, data: st.DataObject) -> None:
    ends_in_a_world_or_an_input_error(damaged(data, shipped_text(name), NAMES), tmp_path)
