"""Whatever stands in a world file, reading it ends in a world or in an `InputError`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causal_reasoning.scm import load_world
from causal_reasoning.scm.reader import SHIPPED
from tests.scm.damage import damaged, ends_in_a_world_or_an_input_error, fuzzed, shipped_text

LETTERS = shipped_text("letters")


@fuzzed(150)
@given(st.data())
def test_a_damaged_file_never_ends_in_a_traceback(tmp_path: Path, data: st.DataObject) -> None:
    ends_in_a_world_or_an_input_error(damaged(data, LETTERS), tmp_path)


def test_the_undamaged_file_is_read(tmp_path: Path) -> None:
    assert pytest.approx(0.2125) == load_world(SHIPPED / "letters.yaml").probability(["style", "skill"])[0, 0]
