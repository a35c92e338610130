"""The program, called as from a shell but inside the test's process."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple
from unittest.mock import patch

from causal_reasoning.cli.main import main
from tests.graph_text import GRAPH as GRAPH

EXPERIMENT = """\
version: 1
name: study
data: {train: rows.jsonl, validation: 0.2, test: 0.2}
arms:
  - graph: graph.yaml
ceiling: false
seeds: [1, 2]
training: {steps: 2}
"""

ROWS = "".join(
    json.dumps(
        {"style": "abc"[i % 3], "skill": ["first", "last"][i // 3 % 2], "question": f"What is {i}?", "answer": f"{i}"}
    )
    + "\n"
    for i in range(60)
)


class Outcome(NamedTuple):
    """What a command leaves."""

    code: int | str | None
    out: str
    err: str


def call(*arguments: str) -> Outcome:
    """Run ``causal-reasoning`` with arguments."""
    out, err = io.StringIO(), io.StringIO()
    code: int | str | None = 0
    with patch.object(sys, "argv", ["causal-reasoning", *arguments]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    return Outcome(code or 0, out.getvalue(), err.getvalue())
