"""Whatever stands in a world file with steps, reading it ends in a world or in an `InputError`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from causal_reasoning.errors import InputError
from causal_reasoning.scm import load_world
from causal_reasoning.scm.reader import SHIPPED
from tests.scm.test_fuzz import HOSTILE, changed, paths

NAMES = ["number", "digit", "today", "count", "cue", "plan", "order", "rationale", "annotator", "9999", "a week ago"]


@pytest.mark.parametrize("name", ["arithmetic", "dates", "rationale"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_never_ends_in_a_traceback(tmp_path: Path, name: str, data: st.DataObject) -> None:
    yaml = YAML(typ="safe", pure=True)
    content: Any = yaml.load((SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"))
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(paths(content)))
        content = changed(content, path, data.draw(st.sampled_from([*HOSTILE, *NAMES])))
    file = tmp_path / "damaged.yaml"
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(content, stream)
    try:
        columns = load_world(file).sample(3, seed=0)
    except InputError as error:
        assert all(fault.message and "\n" not in str(fault) for fault in error.faults)
    else:
        assert {len(column) for column in columns.values()} == {3}
