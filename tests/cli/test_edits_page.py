"""The page about edits: its commands print what it says, and its Python runs."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.program import call

PAGE = Path(__file__).resolve().parents[2] / "docs" / "edits.md"
BLOCKS = re.findall(r"```console\n\$ causal-reasoning (.*)\n((?:.*\n)*?)```", PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("command", "printed"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_a_command_prints_what_the_page_says(command: str, printed: str) -> None:
    outcome = call(*shlex.split(command))
    assert outcome.out + outcome.err == printed


def test_the_python_of_the_page_runs() -> None:
    assert len(BLOCKS) == 4
    results = doctest.testfile(str(PAGE), module_relative=False)
    assert results.attempted > 10
    assert results.failed == 0
